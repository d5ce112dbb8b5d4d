package org

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
)

// The most that one import takes.
const (
	MostRows  = 5000
	mostErrs  = 200
	mostBytes = 4 << 20
)

var columns = []string{"code", "name", "name_en", "kind", "parent", "valid_from", "valid_to", "successors", "legal"}

var (
	errHeader  = fault.Define(fault.Invalid, "org.csv_header", "the first line names the columns: code, name, and as wanted name_en, kind, parent, valid_from, valid_to, successors, legal", "dòng đầu phải là tên cột: code, name và (nếu có) name_en, kind, parent, valid_from, valid_to, successors, legal")
	errColumn  = fault.Define(fault.Invalid, "org.csv_column", "the column {column} is not known, or stands there twice", "cột {column} không có trong danh mục hoặc lặp lại")
	errShape   = fault.Define(fault.Invalid, "org.csv_shape", "the line cannot be read: {detail}", "không đọc được dòng này: {detail}")
	errText    = fault.Define(fault.Invalid, "org.csv_text", "the file is not UTF-8", "tệp không phải UTF-8")
	errMany    = fault.Define(fault.Invalid, "org.csv_many", "more than {max} lines or 4 MB", "quá {max} dòng hoặc 4 MB")
	errAgain   = fault.Define(fault.Invalid, "org.csv_again", "the same unit and beginning stand on line {line}", "trùng đơn vị và ngày bắt đầu với dòng {line}")
	errNothing = fault.Define(fault.Invalid, "org.csv_nothing", "there is no line with a unit", "không có dòng đơn vị nào")
)

// Row is a unit that a line of a CSV file says.
type Row struct {
	Line int
	Unit Unit
	said map[string]bool // the columns there are; what is not said stays
}

// Problem is what is wrong in a line.
type Problem struct {
	Line  int
	Field string // column; "" the line as a whole
	Err   *fault.Error
}

// ReadCSV reads units from text with a header: commas, semicolons or tabs
// between fields, with or without a byte order mark. Several successors stand
// in one field, apart by spaces or bars.
func ReadCSV(text string) (rows []Row, problems []Problem) {
	text = strings.TrimPrefix(text, "\uFEFF")
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, []Problem{{1, "", errText.With()}}
	}
	if len(text) > mostBytes {
		return nil, []Problem{{1, "", errMany.With("max", MostRows)}}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.TrimLeadingSpace = comma(text), true
	header, err := r.Read()
	if err != nil {
		return nil, []Problem{{1, "", errHeader.With()}}
	}
	at := map[string]int{}
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(h))
		if h == "successor" {
			h = "successors"
		}
		if _, twice := at[h]; twice || !slices.Contains(columns, h) {
			problems = append(problems, Problem{1, "", errColumn.With("column", quoted(h))})
		}
		at[h] = i
	}
	for _, need := range columns[:2] {
		if _, ok := at[need]; !ok {
			return nil, append(problems, Problem{1, need, errHeader.With()})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	for len(problems) < mostErrs {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			problems = append(problems, Problem{parse.Line, "", errShape.With("detail", parse.Err.Error())})
			if errors.Is(parse.Err, csv.ErrFieldCount) {
				continue
			}
			break
		}
		if len(rows) == MostRows {
			return nil, append(problems, Problem{len(rows) + 2, "", errMany.With("max", MostRows)})
		}
		row, bad := readRow(at, fields)
		row.Line, _ = r.FieldPos(0)
		for _, p := range bad {
			p.Line = row.Line
			problems = append(problems, p)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{1, "", errNothing.With()})
	}
	return rows, problems
}

func readRow(at map[string]int, fields []string) (row Row, bad []Problem) {
	row.said = map[string]bool{}
	get := func(column string) string {
		i, ok := at[column]
		if row.said[column] = ok; !ok || i >= len(fields) {
			return ""
		}
		return tidy(fields[i])
	}
	u := &row.Unit
	u.Code, u.Name, u.NameEn, u.Kind, u.Parent, u.Legal = get("code"), get("name"), get("name_en"), get("kind"), get("parent"), get("legal")
	for _, d := range []struct {
		column string
		to     *time.Time
	}{{"valid_from", &u.ValidFrom}, {"valid_to", &u.ValidTo}} {
		text := get(d.column)
		t, ok := parseDay(text)
		if !ok {
			bad = append(bad, Problem{Field: d.column, Err: errDate.With("text", quoted(text))})
		}
		*d.to = t
	}
	u.Successors = strings.FieldsFunc(get("successors"), func(r rune) bool { return r == ' ' || r == '|' || r == ';' || r == ',' })
	return row, bad
}

// comma is what stands most often in the header between the columns.
func comma(text string) rune {
	header, _, _ := strings.Cut(text, "\n")
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}
