// Package decode turns bytes from outside into trees: JSON, NDJSON, CSV, XML,
// XLSX and the station text files of circular TT 10/2021. Its functions are
// pure, bounded in size and depth, and never panic. Text comes out as NFC
// UTF-8 whatever it went in as. What can be read is returned; each piece that
// cannot be read is returned beside it with the reason.
//
// A tree is made of map[string]any, []any, string, bool, nil, int and
// float64. An integer that does not fit 64 bits, and a number that does not
// fit float64, stays a string of its digits: no digit of an identifier is
// lost.
package decode

import (
	"bytes"
	"path"
	"strings"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

// Format is how bytes are to be read.
type Format string

// The formats. Auto looks at the name and the first bytes.
const (
	Auto   Format = ""
	JSON   Format = "json" // one value, or several one after the other (NDJSON)
	CSV    Format = "csv"
	XML    Format = "xml"
	XLSX   Format = "xlsx"
	TT10   Format = "tt10"   // station file of TT 10/2021/TT-BTNMT
	Number Format = "number" // a bare number
)

// Formats lists the formats that a person can choose.
func Formats() []Format { return []Format{JSON, CSV, XML, XLSX, TT10, Number} }

// The bounds on one document.
const (
	MaxBytes = 16 << 20
	MaxDepth = 64
	MaxNodes = 1_000_000
	MaxRows  = 200_000
)

// Options say how to read.
type Options struct {
	Format  Format
	Name    string // file name or last part of the topic
	Charset string // "", utf-8, utf-16, windows-1258; "" finds out

	Delimiter string // CSV: "," ";" "\t" "|" or "" to find out
	SkipRows  int    // CSV, XLSX: rows above the header
	NoHeader  bool   // CSV, XLSX: columns are c1, c2, …
	Sheet     string // XLSX: "" is the first
}

// Document is what was read.
type Document struct {
	Format Format
	Root   any
	// Pieces holds, for each element of a Root that is a list of rows, the
	// small document that has only that row. Nil where a row stands for
	// itself (JSON, XML).
	Pieces func(i int) string
	Unread []connector.Unread
}

var (
	errTooLarge = fault.Define(fault.TooLarge, "decode.too_large", "the document is larger than {limit} bytes", "tài liệu lớn hơn {limit} byte")
	errTooDeep  = fault.Define(fault.Invalid, "decode.too_deep", "nested deeper than {limit} levels at byte {offset}", "lồng sâu quá {limit} tầng ở byte {offset}")
	errTooMany  = fault.Define(fault.TooLarge, "decode.too_many", "more than {limit} values or rows", "nhiều hơn {limit} giá trị hoặc dòng")
	errEmpty    = fault.Define(fault.Invalid, "decode.empty", "the document is empty", "tài liệu rỗng")
	errFormat   = fault.Define(fault.Invalid, "decode.format", "there is no format {format}", "không có định dạng {format}")
	errNumber   = fault.Define(fault.Invalid, "decode.number", "{text} is not a number", "{text} không phải là số")
)

// Decode reads raw. The error is about the document as a whole; broken pieces
// of a document that is otherwise readable are in Document.Unread.
func Decode(raw []byte, o Options) (Document, error) {
	if len(raw) > MaxBytes {
		return Document{}, errTooLarge.With("limit", MaxBytes)
	}
	f := o.Format
	if f == Auto {
		f = Sniff(raw, o.Name)
	}
	if f == XLSX {
		return readXLSX(raw, o)
	}
	text, err := Text(raw, o.Charset)
	if err != nil {
		return Document{}, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return Document{}, errEmpty.With()
	}
	switch f {
	case JSON:
		return readJSON(text)
	case CSV:
		return readCSV(text, o)
	case XML:
		return readXML(text)
	case TT10:
		return readTT10(text, o.Name)
	case Number:
		return readNumber(text)
	}
	return Document{}, errFormat.With("format", string(f))
}

// Sniff guesses the format from the file name and the first bytes.
func Sniff(raw []byte, name string) Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".ndjson", ".jsonl", ".geojson":
		return JSON
	case ".csv", ".tsv":
		return CSV
	case ".xml":
		return XML
	case ".xlsx", ".xlsm":
		return XLSX
	case ".txt":
		if parseTT10Name(name).time != "" {
			return TT10
		}
	}
	if bytes.HasPrefix(raw, []byte("PK\x03\x04")) {
		return XLSX
	}
	head, err := Text(raw[:min(len(raw), 4096)], "")
	if err != nil {
		return CSV
	}
	head = bytes.TrimSpace(head)
	switch {
	case len(head) == 0:
		return JSON
	case head[0] == '{' || head[0] == '[' || head[0] == '"':
		return JSON
	case head[0] == '<':
		return XML
	}
	if _, ok := Float(string(head)); ok {
		return Number
	}
	first, _, more := strings.Cut(string(head), "\n")
	switch {
	case looksLikeTT10(first):
		return TT10
	case !more: // a table has a header and a row
		return Number
	}
	return CSV
}

// readNumber reads a bare number, with decimal point or comma. true, false,
// on and off are 1 and 0.
func readNumber(text []byte) (Document, error) {
	s := strings.TrimSpace(string(text))
	v, ok := Float(s)
	if !ok {
		switch strings.ToLower(s) {
		case "true", "on":
			v = 1
		case "false", "off":
			v = 0
		default:
			return Document{}, errNumber.With("text", clip(s))
		}
	}
	return Document{Format: Number, Root: map[string]any{"value": v}}, nil
}

// clip shortens text that goes into a sentence.
func clip(s string) string {
	r := []rune(s)
	if len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
