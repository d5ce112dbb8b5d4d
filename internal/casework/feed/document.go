package feed

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
)

var (
	errGzip   = fault.Define(fault.Invalid, "casefeed.gzip", "this is not a readable .gz file", "không đọc được tệp .gz này")
	errObject = fault.Define(fault.Invalid, "casefeed.not_a_record", "a record is an object with fields", "bản ghi phải là đối tượng có các trường")
)

// document decodes a file or an answer into rows.
func document(raw []byte, name string, m Mapping) (batch, error) {
	if strings.HasSuffix(strings.ToLower(name), ".gz") || bytes.HasPrefix(raw, []byte("\x1f\x8b")) {
		plain, err := unzip(raw)
		if err != nil {
			return batch{}, err
		}
		raw, name = plain, strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".GZ")
	}
	doc, err := decode.Decode(raw, m.options(name))
	if err != nil {
		return batch{}, err
	}
	x, f := mapping.CompileExpression(m.Records, nil)
	if f != nil {
		return batch{}, errMapping.With().At("records", f)
	}
	list, f := mapping.NewEvaluator(doc.Root, mapping.Meta{File: name}).Records(x)
	if f != nil {
		return batch{}, f
	}
	b := batch{file: name, root: doc.Root, rows: make([]row, 0, len(list)+len(doc.Unread))}
	if doc.Format == decode.CSV || doc.Format == decode.XLSX {
		b.root = nil // a table is its rows
	}
	for i, v := range list {
		x := row{place: strconv.Itoa(i + 1)}
		if rec, ok := v.(map[string]any); ok {
			x.record = rec
		} else {
			x.err, x.raw = errObject.With(), jsonText(v)
		}
		b.rows = append(b.rows, x)
	}
	for _, u := range doc.Unread {
		b.rows = append(b.rows, unread(u))
	}
	return b, nil
}

// unread is a piece of a file that could not be read; its raw is a JSON text.
func unread(u connector.Unread) row { return row{place: "–", err: u.Err, raw: jsonText(u.Raw)} }

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return `""`
	}
	return string(b)
}

func unzip(raw []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, errGzip.With()
	}
	plain, err := io.ReadAll(io.LimitReader(z, decode.MaxBytes+1))
	if err != nil {
		return nil, errGzip.With()
	}
	return plain, nil
}

// pages cuts rows so that a page is one import; the last carries the mark.
func pages(b batch, size int) []batch {
	var out []batch
	for rest := b.rows; ; {
		n := min(len(rest), size)
		out = append(out, batch{rows: rest[:n], root: b.root, file: b.file})
		if rest = rest[n:]; len(rest) == 0 {
			return out
		}
	}
}

// piece is the mapping for one row of a table that is kept as text.
func (m Mapping) piece() Mapping {
	m.SkipRows, m.Sheet, m.Records, m.Charset = 0, "", "", "utf-8"
	return m
}

// decodeJSON reads a kept row with whole numbers whole.
func decodeJSON(raw string) (any, error) {
	doc, err := decode.Decode([]byte(raw), decode.Options{Format: decode.JSON, Charset: "utf-8"})
	return doc.Root, err
}
