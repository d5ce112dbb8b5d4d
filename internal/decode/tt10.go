package decode

import (
	"path"
	"regexp"
	"strings"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

var (
	errTT10Line  = fault.Define(fault.Invalid, "decode.tt10_line", "line {line} is not \"symbol, value, unit, time, status\": {text}", "dòng {line} không có dạng \"ký hiệu, giá trị, đơn vị, thời gian, trạng thái\": {text}")
	errTT10Time  = fault.Define(fault.Invalid, "decode.tt10_time", "line {line}: {text} is no time yyyyMMddHHmmss", "dòng {line}: {text} không phải thời gian yyyyMMddHHmmss")
	errTT10Value = fault.Define(fault.Invalid, "decode.tt10_value", "line {line}: {text} is not a number", "dòng {line}: {text} không phải là số")
)

// tt10File is the comment line that carries the file name along with a piece
// of a station file, so that the piece can be read again alone.
const tt10File = "# file: "

// readTT10 reads a station file of circular TT 10/2021/TT-BTNMT, appendix 15:
// one line per parameter, "symbol value unit yyyyMMddHHmmss status". Tabs,
// spaces, commas and semicolons are all met as separators, decimal points and
// commas, lines with and without status. Rows carry what the file name says:
// <province>_<facility>_<station>_<time>.txt, read from the right because
// some loggers write only <station>_<time>.txt.
func readTT10(text []byte, name string) (Document, error) {
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r", "\n"), "\n")
	if len(lines) > MaxRows {
		return Document{}, errTooMany.With("limit", MaxRows)
	}
	if rest, ok := strings.CutPrefix(lines[0], tt10File); ok {
		name = strings.TrimSpace(rest)
		lines[0] = ""
	}
	from := parseTT10Name(name)
	piece := func(line string) string { return tt10File + path.Base(name) + "\n" + line }
	doc := Document{Format: TT10}
	rows, raws := []any{}, []string{}
	for i, line := range lines {
		line = strings.Trim(line, "\x00 \u00a0")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row, f := parseTT10Line(line, i+1)
		if f != nil {
			doc.Unread = append(doc.Unread, connector.Unread{Raw: piece(line), Err: f})
			continue
		}
		row["line"] = i + 1
		row["station"], row["facility"], row["province"], row["file_time"] = from.station, from.facility, from.province, from.time
		rows, raws = append(rows, row), append(raws, line)
	}
	if len(rows) == 0 && len(doc.Unread) == 0 {
		return Document{}, errEmpty.With()
	}
	doc.Root = rows
	doc.Pieces = func(i int) string { return piece(raws[i]) }
	return doc, nil
}

type tt10Name struct{ province, facility, station, time string }

func parseTT10Name(name string) (n tt10Name) {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	base = strings.TrimSuffix(base, path.Ext(base))
	if base == "." || base == "/" {
		return n
	}
	parts := strings.Split(base, "_")
	last := func() string {
		if len(parts) == 0 {
			return ""
		}
		s := parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		return s
	}
	if len(parts) > 1 {
		if t, ok := tt10Time(parts[len(parts)-1]); ok {
			n.time = t
			last()
		}
	}
	n.station, n.facility = last(), last()
	n.province = strings.Join(parts, "_")
	return n
}

var (
	tt10Digits = regexp.MustCompile(`^(\d{14}|\d{12})$`)
	tt10Status = regexp.MustCompile(`^\d{1,2}$`)
)

// tt10Time reads yyyyMMddHHmmss (or without seconds) as local time without
// zone.
func tt10Time(s string) (string, bool) {
	if !tt10Digits.MatchString(s) {
		return "", false
	}
	if len(s) == 12 {
		s += "00"
	}
	t, err := time.Parse("20060102150405", s)
	if err != nil {
		return "", false
	}
	return t.Format("2006-01-02T15:04:05"), true
}

func looksLikeTT10(line string) bool {
	_, f := parseTT10Line(strings.TrimRight(line, "\r"), 1)
	return f == nil
}

// parseTT10Line reads a line from the right: a status if there is one, the
// time, the unit; then the symbol from the left; what stays is the value.
func parseTT10Line(line string, number int) (map[string]any, *fault.Error) {
	bad := func() *fault.Error { return errTT10Line.With("line", number, "text", clip(line)) }
	cells, commas := tt10Cells(line)
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) < 4 {
		return nil, bad()
	}
	status, end := "", len(cells)-1
	if tt10Status.MatchString(cells[end]) {
		status = cells[end]
		if len(status) == 1 {
			status = "0" + status
		}
		end--
	}
	when, ok := tt10Time(cells[end])
	if !ok {
		return nil, errTT10Time.With("line", number, "text", clip(cells[end]))
	}
	unit := cells[end-1]
	symbol, values := tt10Symbol(cells[:end-1], commas)
	if symbol == "" || len(values) == 0 || len(values) > 1 && !commas || len(values) > 2 {
		return nil, bad()
	}
	text := strings.Join(values, ",")
	v, ok := Float(text)
	if !ok {
		return nil, errTT10Value.With("line", number, "text", clip(text))
	}
	if unit == "-" {
		unit = ""
	}
	return map[string]any{"symbol": symbol, "value": v, "unit": unit, "time": when, "status": status}, nil
}

// tt10Cells splits a line by the best separator in it; commas reports that it
// was the comma, so that a value with decimal comma lies in two cells.
func tt10Cells(line string) (cells []string, commas bool) {
	switch {
	case strings.Contains(line, "\t"):
		cells = strings.Split(line, "\t")
	case strings.Contains(line, ";"):
		cells = strings.Split(line, ";")
	case len(strings.Fields(line)) >= 4:
		return strings.Fields(line), false
	default:
		cells, commas = strings.Split(line, ","), true
	}
	out := cells[:0]
	wide := len(cells) > 5 && !commas
	for _, c := range cells {
		if c = strings.TrimSpace(c); c != "" || !wide { // two tabs where one was meant
			out = append(out, c)
		}
	}
	return out, commas
}

// tt10Symbols are the symbols of appendix 15, table 34, by lower case.
var tt10Symbols = func() map[string]string {
	m := map[string]string{"pm2,5": "PM2.5", "pm2.5": "PM2.5", "pm25": "PM2.5"}
	for _, s := range strings.Fields("Flow Temp Color pH TSS COD NH4 TP TN TOC Cl RH P NO NO2 CO SO2 O2 H2S NH3 VHg PM O3 PM10") {
		m[strings.ToLower(s)] = s
	}
	return m
}()

// tt10Symbol takes the symbol off the left and returns the rest. "PM2,5" has
// a comma of its own.
func tt10Symbol(cells []string, commas bool) (symbol string, rest []string) {
	if len(cells) == 0 {
		return "", nil
	}
	symbol, rest = strings.Trim(cells[0], `"'`), cells[1:]
	if commas && strings.EqualFold(symbol, "pm2") && len(rest) > 1 && strings.Trim(rest[0], `"'`) == "5" {
		symbol, rest = "PM2,5", rest[1:]
	}
	if known, ok := tt10Symbols[strings.ToLower(symbol)]; ok {
		symbol = known
	}
	return symbol, rest
}
