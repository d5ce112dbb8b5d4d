package station

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/source"
)

// The formats of exports.
const (
	CSV  = "csv"
	XLSX = "xlsx"
)

var contentTypes = map[string]string{
	CSV:  "text/csv; charset=utf-8",
	XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

var (
	errFormat = fault.Define(fault.Invalid, "station.export_format", "the format is csv or xlsx", "định dạng là csv hoặc xlsx")
	errNone   = fault.Define(fault.Invalid, "station.export_empty", "name at least one datastream", "chọn ít nhất một chuỗi đo")
	errMany   = fault.Define(fault.Invalid, "station.export_datastreams", "more than {max} datastreams", "nhiều hơn {max} chuỗi đo")
	errLarge  = fault.Define(fault.TooLarge, "station.export_too_large", "about {rows} rows; make it a job with POST /api/v1/exports", "khoảng {rows} dòng; hãy tạo tác vụ xuất (POST /api/v1/exports)")
)

const (
	mostStreams = 1000
	readSpan    = 20 * 24 * time.Hour // read at a time, so that memory stays small
	sheetRows   = 1_000_000           // below the 1,048,576 of a sheet
)

// Request says what to export.
type Request struct {
	Datastreams []string
	From, To    time.Time
	Format      string
	Lang        msg.Lang
}

// plan is a request that was checked.
type plan struct {
	Request
	streams []*sensing.Datastream
	rows    int // about as many are expected
}

func (s *Service) plan(r Request) (*plan, error) {
	p := &plan{Request: r}
	switch {
	case contentTypes[r.Format] == "":
		return nil, errFormat.With()
	case len(r.Datastreams) == 0:
		return nil, errNone.With()
	case len(r.Datastreams) > mostStreams:
		return nil, errMany.With("max", mostStreams)
	}
	var err error
	if p.From, p.To, err = s.span(r.From, r.To); err != nil {
		return nil, err
	}
	for _, id := range r.Datastreams {
		d, ok := s.o.Catalog.Datastream(id)
		if !ok {
			return nil, errNoStream.With("datastream", id)
		}
		p.streams = append(p.streams, d)
		p.rows += int(p.To.Sub(p.From) / max(d.Rhythm, time.Minute))
	}
	return p, nil
}

// sheet takes the rows of an export.
type sheet interface {
	head(notes []string, columns []string) error
	row(cells []any) error // text, float64
	close() error
}

var columns = []msg.Text{
	{Vi: "Trạm", En: "Station"}, {Vi: "Chuỗi đo", En: "Datastream"}, {Vi: "Thời gian (giờ Việt Nam)", En: "Time (Viet Nam)"},
	{Vi: "Thời gian gốc (giờ Việt Nam)", En: "Original time (Viet Nam)"}, {Vi: "Giá trị", En: "Value"}, {Vi: "Đơn vị", En: "Unit"},
	{Vi: "Cờ chất lượng", En: "Quality flags"}, {Vi: "Nguồn gốc", En: "Provenance"}, {Vi: "Nhận lúc (giờ Việt Nam)", En: "Received (Viet Nam)"},
}

// write exports to w; tell is called now and then with the rows written and
// the share done, 0–1.
func (s *Service) write(ctx context.Context, p *plan, w io.Writer, tell func(rows int, share float64)) (int, error) {
	var out sheet = &csvSheet{w: bufio.NewWriterSize(w, 64<<10)}
	if p.Format == XLSX {
		out = &xlsxSheet{w: w, lang: p.Lang}
	}
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.In(p.Lang)
	}
	if err := out.head(s.notes(p), heads); err != nil {
		return 0, err
	}
	rows := 0
	whole := float64(p.To.Sub(p.From)) * float64(len(p.streams))
	for i, d := range p.streams {
		name := d.ThingID
		if t, ok := s.o.Catalog.Thing(d.ThingID); ok {
			name = t.Name
		}
		provenance := ""
		if src, ok := s.o.Sources.Get(d.SourceID); ok {
			provenance = provenanceWord(src.Provenance).In(p.Lang)
		}
		for from := p.From; from.Before(p.To); from = from.Add(readSpan) {
			to := from.Add(readSpan)
			if to.After(p.To) {
				to = p.To
			}
			ps, err := s.o.Series.Range(ctx, d.ID, from, to.Add(-time.Millisecond))
			if err != nil {
				return rows, err
			}
			for _, pt := range ps {
				t := time.UnixMilli(pt.T)
				original := ""
				if o, ok := s.o.Original(d.SourceID, t); ok {
					original = stamp(o)
				}
				err := out.row([]any{name, d.ID, stamp(t), original, pt.V, d.Unit.Symbol, pt.Flags.String(), provenance, stamp(time.UnixMilli(pt.Received))})
				if err != nil {
					return rows, err
				}
				rows++
			}
			if err := ctx.Err(); err != nil {
				return rows, err
			}
			if tell != nil {
				tell(rows, (float64(i)*float64(p.To.Sub(p.From))+float64(to.Sub(p.From)))/whole)
			}
		}
	}
	return rows, out.close()
}

func stamp(t time.Time) string { return t.In(caltime.Zone).Format("2006-01-02 15:04:05") }

func provenanceWord(p string) msg.Text {
	switch p {
	case source.Reconstructed:
		return msg.Text{Vi: "tái dựng", En: "reconstructed"}
	case source.Simulated:
		return msg.Text{Vi: "mô phỏng", En: "simulated"}
	case source.Real:
		return msg.Text{Vi: "thật", En: "real"}
	}
	return msg.Text{}
}

// notes are what whoever opens the file must know first.
func (s *Service) notes(p *plan) []string {
	say := func(vn, en string) string { return msg.Text{Vi: vn, En: en}.In(p.Lang) }
	out := []string{
		say("IOC – xuất số liệu quan trắc", "IOC – export of observations"),
		fmt.Sprintf(say("Khoảng thời gian: %s – %s (giờ Việt Nam)", "Range: %s – %s (Viet Nam time)"), stamp(p.From), stamp(p.To)),
		fmt.Sprintf(say("Lập lúc: %s", "Made at: %s"), stamp(s.o.Clock.Now())),
	}
	seen := map[string]bool{}
	for _, d := range p.streams {
		src, ok := s.o.Sources.Get(d.SourceID)
		if !ok || seen[src.ID] {
			continue
		}
		seen[src.ID] = true
		line := fmt.Sprintf(say("Nguồn %s: %s", "Source %s: %s"), src.Name, provenanceWord(src.Provenance).In(p.Lang))
		switch src.Provenance {
		case source.Reconstructed:
			line += say(" – TÁI DỰNG, KHÔNG PHẢI SỐ ĐO (trừ dòng có cờ given)", " – RECONSTRUCTED, NOT MEASURED (but for rows flagged given)")
		case source.Simulated:
			line += say(" – MÔ PHỎNG, KHÔNG PHẢI SỐ ĐO", " – SIMULATED, NOT MEASURED")
		}
		if _, shifted := s.o.Original(d.SourceID, p.To); shifted {
			line += say("; phát lại, dời thời gian: xem cột thời gian gốc", "; replayed, shifted in time: see the original time")
		}
		out = append(out, line)
	}
	return append(out, say("Cờ estimated: ước lượng; corrected: đã hiệu chỉnh; cờ trống: số đo bình thường",
		"Flag estimated: not measured; corrected: a person replaced it; no flag: a good measurement"))
}

// csvSheet writes RFC 4180 with a byte order mark, by which spreadsheets know
// UTF-8; notes are lines that begin with #.
type csvSheet struct {
	w    *bufio.Writer
	cw   *csv.Writer
	rows int
	buf  []string
}

func (c *csvSheet) head(notes, columns []string) error {
	if _, err := c.w.WriteString("\ufeff"); err != nil {
		return err
	}
	for _, n := range notes {
		if _, err := c.w.WriteString("# " + strings.NewReplacer("\r", " ", "\n", " ").Replace(n) + "\r\n"); err != nil {
			return err
		}
	}
	c.cw = csv.NewWriter(c.w)
	c.cw.UseCRLF = true
	return c.cw.Write(columns)
}

func (c *csvSheet) row(cells []any) error {
	c.buf = c.buf[:0]
	for _, v := range cells {
		switch v := v.(type) {
		case float64:
			c.buf = append(c.buf, strconv.FormatFloat(v, 'f', -1, 64))
		case string:
			c.buf = append(c.buf, harmless(v))
		}
	}
	return c.cw.Write(c.buf)
}

func (c *csvSheet) close() error {
	c.cw.Flush()
	if err := c.cw.Error(); err != nil {
		return err
	}
	return c.w.Flush()
}

// harmless keeps a spreadsheet from running a text as a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(s[0])) {
		return "'" + s
	}
	return s
}

// xlsxSheet streams a workbook: the observations, in as many sheets as they
// need, and a sheet that tells what they are.
type xlsxSheet struct {
	w       io.Writer
	lang    msg.Lang
	f       *excelize.File
	sw      *excelize.StreamWriter
	columns []string
	sheets  int
	line    int
	buf     []any
}

func (x *xlsxSheet) head(notes, columns []string) error {
	x.f, x.columns = excelize.NewFile(), columns
	about := msg.Text{Vi: "Thông tin", En: "About"}.In(x.lang)
	if err := x.f.SetSheetName("Sheet1", about); err != nil {
		return err
	}
	for i, n := range notes {
		if err := x.f.SetCellStr(about, fmt.Sprintf("A%d", i+1), n); err != nil {
			return err
		}
	}
	return x.next()
}

// next begins another sheet of observations.
func (x *xlsxSheet) next() error {
	if x.sw != nil {
		if err := x.sw.Flush(); err != nil {
			return err
		}
	}
	x.sheets++
	name := fmt.Sprintf("%s %d", msg.Text{Vi: "Số liệu", En: "Data"}.In(x.lang), x.sheets)
	index, err := x.f.NewSheet(name)
	if err != nil {
		return err
	}
	if x.sheets == 1 {
		x.f.SetActiveSheet(index)
	}
	if x.sw, err = x.f.NewStreamWriter(name); err != nil {
		return err
	}
	for i, w := range []float64{28, 28, 20, 20, 10, 8, 18, 14, 20} {
		if err := x.sw.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	heads := make([]any, len(x.columns))
	for i, c := range x.columns {
		heads[i] = c
	}
	x.line = 1
	return x.sw.SetRow("A1", heads)
}

func (x *xlsxSheet) row(cells []any) error {
	if x.line > sheetRows {
		if err := x.next(); err != nil {
			return err
		}
	}
	x.line++
	// Text goes in as inline text, which no spreadsheet runs; the apostrophe
	// stays away, because here it would be seen.
	x.buf = append(x.buf[:0], cells...)
	return x.sw.SetRow("A"+strconv.Itoa(x.line), x.buf)
}

func (x *xlsxSheet) close() error {
	if err := x.sw.Flush(); err != nil {
		return err
	}
	if err := x.f.Write(x.w); err != nil {
		return err
	}
	return x.f.Close()
}
