package decode

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/unicode/norm"

	"openioc.org/ioc/internal/fault"
)

var (
	errXLSX    = fault.Define(fault.Invalid, "decode.xlsx", "this is not a readable XLSX file", "không đọc được tệp XLSX này")
	errZipBomb = fault.Define(fault.TooLarge, "decode.xlsx_bomb", "unpacked, the XLSX file is larger than {limit} bytes", "tệp XLSX khi giải nén lớn hơn {limit} byte")
	errNoSheet = fault.Define(fault.Invalid, "decode.xlsx_sheet", "there is no sheet {sheet}; there are {sheets}", "không có trang tính {sheet}; có {sheets}")
)

// maxUnzipped bounds the unpacked size. excelize builds a sheet in memory at
// about ten times that.
const maxUnzipped = 32 << 20

// readXLSX reads a sheet as rows by header. Numbers stay numbers; cells with
// a date format become "2020-10-19T06:00:00", without zone, as the sheet has
// none.
func readXLSX(raw []byte, o Options) (doc Document, err error) {
	if err := weighZip(raw); err != nil {
		return Document{}, err
	}
	// excelize is a large parser of a format full of corners; a panic in it
	// must cost one file only.
	defer func() {
		if r := recover(); r != nil {
			doc, err = Document{}, errXLSX.With().Because(fmt.Errorf("excelize panicked: %v", r))
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(raw), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped, RawCellValue: true})
	if err != nil {
		return Document{}, errXLSX.With().Because(err)
	}
	defer f.Close()
	sheets := f.GetSheetList()
	sheet := o.Sheet
	if sheet == "" && len(sheets) > 0 {
		sheet = sheets[0]
	}
	if i, err := f.GetSheetIndex(sheet); err != nil || i < 0 {
		return Document{}, errNoSheet.With("sheet", clip(o.Sheet), "sheets", clip(strings.Join(sheets, ", ")))
	}
	return readSheet(f, sheet, o)
}

// weighZip adds up the unpacked sizes that the archive declares, which
// archive/zip holds each file to, and then reads every file to its checksum:
// excelize takes what it gets of a damaged sheet and says nothing.
func weighZip(raw []byte) error {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return errXLSX.With().Because(err)
	}
	var sum uint64
	for _, f := range z.File {
		if sum += f.UncompressedSize64; sum > maxUnzipped || f.UncompressedSize64 > maxUnzipped || len(z.File) > 2000 {
			return errZipBomb.With("limit", maxUnzipped)
		}
	}
	for _, f := range z.File {
		if err := readThrough(f); err != nil {
			return errXLSX.With().Because(fmt.Errorf("%s: %w", f.Name, err))
		}
	}
	return nil
}

func readThrough(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

func readSheet(f *excelize.File, sheet string, o Options) (Document, error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return Document{}, errXLSX.With().Because(err)
	}
	defer rows.Close()
	dates := dateStyles{f: f, known: map[int]bool{}}
	var header []string
	out, texts := []any{}, [][]string{}
	for number := 1; rows.Next(); number++ {
		if len(out) >= MaxRows {
			return Document{}, errTooMany.With("limit", MaxRows)
		}
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return Document{}, errXLSX.With().Because(err)
		}
		if number <= o.SkipRows || blank(cells) {
			continue
		}
		if header == nil {
			if o.NoHeader {
				header = columns(len(cells))
			} else {
				for i := range cells {
					cells[i] = norm.NFC.String(cells[i])
				}
				header = names(cells)
				continue
			}
		}
		row := make(map[string]any, len(header))
		text := make([]string, len(header))
		for i, h := range header {
			row[h] = nil
			if i < len(cells) && cells[i] != "" {
				row[h] = cell(f, sheet, i+1, number, cells[i], &dates)
				text[i] = fmt.Sprint(row[h])
			}
		}
		out, texts = append(out, row), append(texts, text)
	}
	if err := rows.Error(); err != nil {
		return Document{}, errXLSX.With().Because(err)
	}
	if header == nil {
		return Document{}, errNoRows.With()
	}
	// A row alone is shown as CSV: a person can mend that by hand.
	piece := func(i int) string {
		var b strings.Builder
		w := csv.NewWriter(&b)
		_ = w.WriteAll([][]string{header, texts[i]}) // a strings.Builder takes everything
		return b.String()
	}
	return Document{Format: XLSX, Root: out, Pieces: piece}, nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// cell types one raw cell.
func cell(f *excelize.File, sheet string, col, row int, raw string, dates *dateStyles) any {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		return raw
	}
	kind, err := f.GetCellType(sheet, name)
	if err != nil {
		return raw
	}
	switch kind {
	case excelize.CellTypeBool:
		return raw == "1" || strings.EqualFold(raw, "true")
	case excelize.CellTypeError:
		return nil
	case excelize.CellTypeUnset, excelize.CellTypeNumber, excelize.CellTypeDate, excelize.CellTypeFormula:
		v, ok := Float(raw)
		if !ok || strings.Contains(raw, ",") {
			break
		}
		if style, err := f.GetCellStyle(sheet, name); err == nil && dates.is(style) {
			if t, err := excelize.ExcelDateToTime(v, false); err == nil {
				// Serial days are floats: 06:00 may come as 05:59:59.999.
				return t.Round(time.Second).Format("2006-01-02T15:04:05")
			}
		}
		return v
	}
	return norm.NFC.String(strings.TrimSpace(raw))
}

// dateStyles remembers which styles of a file show dates.
type dateStyles struct {
	f     *excelize.File
	known map[int]bool
}

var dateFormat = regexp.MustCompile(`(?i)[ydhs]|mm?/|/mm?`)

// literal parts of a number format: quoted text, [colour] and escaped signs.
var formatLiteral = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.`)

func (d *dateStyles) is(style int) bool {
	if v, ok := d.known[style]; ok {
		return v
	}
	date := false
	if s, err := d.f.GetStyle(style); err == nil && s != nil {
		n := s.NumFmt
		date = n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58
		if s.CustomNumFmt != nil && !strings.EqualFold(*s.CustomNumFmt, "general") {
			date = dateFormat.MatchString(formatLiteral.ReplaceAllString(*s.CustomNumFmt, ""))
		}
	}
	d.known[style] = date
	return date
}
