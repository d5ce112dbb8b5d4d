package decode

import (
	"fmt"
	"strings"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

var (
	errRowWidth = fault.Define(fault.Invalid, "decode.csv_width", "line {line} has {got} columns, the header has {want}", "dòng {line} có {got} cột, dòng tiêu đề có {want}")
	errQuote    = fault.Define(fault.Invalid, "decode.csv_quote", "line {line} opens a quote that does not close", "dòng {line} mở dấu nháy mà không đóng")
	errNoRows   = fault.Define(fault.Invalid, "decode.no_header", "there is no header line", "không có dòng tiêu đề")
)

// maxQuotedLines bounds how far a quoted field may reach, so that one lost
// quote does not swallow the file.
const maxQuotedLines = 20

func readCSV(text []byte, o Options) (Document, error) {
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r", "\n"), "\n")
	if len(lines) > MaxRows {
		return Document{}, errTooMany.With("limit", MaxRows)
	}
	at := min(max(o.SkipRows, 0), len(lines))
	for at < len(lines) && strings.TrimSpace(lines[at]) == "" {
		at++
	}
	if at == len(lines) {
		return Document{}, errNoRows.With()
	}
	delim := delimiter(o.Delimiter, lines[at])
	first, n, ok := logical(lines, at)
	if !ok {
		return Document{}, errQuote.With("line", at+1)
	}
	cells := split(first, delim)
	header, headerLine := names(cells), first
	if o.NoHeader {
		header, headerLine = columns(len(cells)), ""
	} else {
		at += n
	}

	doc := Document{Format: CSV}
	rows, raws := []any{}, []string{}
	piece := func(row string) string {
		if o.NoHeader {
			return row
		}
		return headerLine + "\n" + row
	}
	for at < len(lines) {
		line, n, ok := logical(lines, at)
		number := at + 1
		at += n
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !ok {
			doc.Unread = append(doc.Unread, connector.Unread{Raw: piece(line), Err: errQuote.With("line", number)})
			continue
		}
		cells := split(line, delim)
		for len(cells) > len(header) && cells[len(cells)-1] == "" {
			cells = cells[:len(cells)-1]
		}
		if len(cells) != len(header) {
			doc.Unread = append(doc.Unread, connector.Unread{Raw: piece(line), Err: errRowWidth.With("line", number, "got", len(cells), "want", len(header))})
			continue
		}
		row := make(map[string]any, len(header))
		for i, h := range header {
			row[h] = cells[i]
		}
		rows, raws = append(rows, row), append(raws, line)
	}
	doc.Root = rows
	doc.Pieces = func(i int) string { return piece(raws[i]) }
	return doc, nil
}

// delimiter returns the wanted delimiter, or the one that the header line has
// most of. In doubt the comma loses: it may be a decimal comma.
func delimiter(want, header string) byte {
	switch want {
	case "tab", `\t`:
		return '\t'
	case "":
	default:
		return want[0]
	}
	best, most := byte(','), 0
	for _, c := range []byte("\t;|,") {
		if n := outsideQuotes(header, c); n > most {
			best, most = c, n
		}
	}
	return best
}

func outsideQuotes(s string, c byte) int {
	n, quoted := 0, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == c && !quoted:
			n++
		}
	}
	return n
}

// logical joins the lines of a row whose quoted field holds line breaks. It
// returns the row, the number of lines, and false when a quote stays open;
// then the row is the first line alone.
func logical(lines []string, at int) (row string, n int, ok bool) {
	row = lines[at]
	if strings.Count(row, `"`)%2 == 0 {
		return row, 1, true
	}
	for n = 1; n < maxQuotedLines && at+n < len(lines); n++ {
		row += "\n" + lines[at+n]
		if strings.Count(lines[at+n], `"`)%2 == 1 {
			return row, n + 1, true
		}
	}
	return lines[at], 1, false
}

// split cuts a row into cells; a doubled quote inside quotes is a quote.
func split(row string, delim byte) []string {
	var cells []string
	var cell strings.Builder
	quoted, wasQuoted := false, false
	flush := func() {
		s := cell.String()
		if !wasQuoted {
			s = strings.TrimSpace(s)
		}
		cells = append(cells, s)
		cell.Reset()
		wasQuoted = false
	}
	for i := 0; i < len(row); i++ {
		c := row[i]
		switch {
		case quoted && c == '"' && i+1 < len(row) && row[i+1] == '"':
			cell.WriteByte('"')
			i++
		case quoted && c == '"':
			quoted = false
		case !quoted && c == '"' && strings.TrimSpace(cell.String()) == "":
			cell.Reset()
			quoted, wasQuoted = true, true
		case !quoted && c == delim:
			flush()
		default:
			cell.WriteByte(c)
		}
	}
	flush()
	return cells
}

// names makes the header's cells usable as keys: none empty, none twice.
func names(cells []string) []string {
	out := make([]string, len(cells))
	seen := map[string]bool{}
	for i, c := range cells {
		name := strings.TrimSpace(c)
		if name == "" {
			name = fmt.Sprintf("c%d", i+1)
		}
		for k := 2; seen[name]; k++ {
			name = fmt.Sprintf("%s_%d", strings.TrimSpace(c), k)
		}
		seen[name] = true
		out[i] = name
	}
	return out
}

func columns(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("c%d", i+1)
	}
	return out
}
