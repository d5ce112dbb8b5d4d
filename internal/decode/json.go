package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

var errJSON = fault.Define(fault.Invalid, "decode.json", "broken JSON at line {line}, column {column}: {detail}", "JSON hỏng ở dòng {line}, cột {column}: {detail}")

// readJSON reads one value; if more than one follow each other it reads them
// as NDJSON, line by line, and a broken line spoils only itself.
func readJSON(text []byte) (Document, error) {
	root, rest, err := oneJSON(text)
	if err == nil && len(rest) == 0 {
		return Document{Format: JSON, Root: root}, nil
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) < 2 || !startsValue(lines[0]) || !startsValue(lines[len(lines)-1]) || err != nil && !someLineReads(lines) {
		if err == nil {
			at := len(text) - len(rest)
			err = jsonFault(text, int64(at), "more text after the value")
		}
		return Document{}, err
	}
	return readNDJSON(lines)
}

func startsValue(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) > 0 && (line[0] == '{' || line[0] == '[')
}

// someLineReads tells NDJSON with a broken line from one broken value that is
// spread over lines.
func someLineReads(lines [][]byte) bool {
	for _, l := range lines[:min(len(lines), 20)] {
		if startsValue(l) && len(bytes.TrimSpace(l)) > 2 && json.Valid(l) {
			return true
		}
	}
	return false
}

func readNDJSON(lines [][]byte) (Document, error) {
	doc := Document{Format: JSON}
	rows := []any{}
	for i, line := range lines {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if len(rows)+len(doc.Unread) >= MaxRows {
			return Document{}, errTooMany.With("limit", MaxRows)
		}
		v, rest, err := oneJSON(line)
		if err == nil && len(rest) > 0 {
			err = jsonFault(line, int64(len(line)-len(rest)), "more text after the value")
		}
		if err != nil {
			f, _ := fault.As(err)
			if f.Args["line"] == 1 {
				f.Args["line"] = i + 1
			}
			doc.Unread = append(doc.Unread, connector.Unread{Raw: string(line), Err: f})
			continue
		}
		rows = append(rows, v)
	}
	doc.Root = rows
	return doc, nil
}

// oneJSON reads the first value of text and returns what follows it. Every
// error is a *fault.Error.
func oneJSON(text []byte) (root any, rest []byte, err error) {
	if err := measure(text); err != nil {
		return nil, nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		offset := dec.InputOffset()
		var se *json.SyntaxError
		if errors.As(err, &se) {
			offset = se.Offset - 1 // it counts the byte that was wrong
		}
		detail := err.Error()
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			offset, detail = int64(len(text)), "the text ends too early"
		}
		return nil, nil, jsonFault(text, offset, detail)
	}
	return exact(v), bytes.TrimSpace(text[dec.InputOffset():]), nil
}

func jsonFault(text []byte, offset int64, detail string) *fault.Error {
	offset = min(max(offset, 0), int64(len(text)))
	before := text[:offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return errJSON.With("line", line, "column", column, "detail", clip(detail))
}

// measure refuses a text that is too deep or has too many values before
// anything is built of it.
func measure(text []byte) error {
	depth, nodes := 0, 1
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if inString {
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
			continue
		}
		switch c {
		case '"':
			inString = true
		case '{', '[':
			depth++
			nodes++
			if depth > MaxDepth {
				return errTooDeep.With("limit", MaxDepth, "offset", i)
			}
		case '}', ']':
			depth--
		case ',':
			nodes++
		}
		if nodes > MaxNodes {
			return errTooMany.With("limit", MaxNodes)
		}
	}
	return nil
}

// exact replaces each json.Number by int or float64, or by its digits where
// neither can hold it.
func exact(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, sub := range x {
			x[k] = exact(sub)
		}
	case []any:
		for i, sub := range x {
			x[i] = exact(sub)
		}
	case json.Number:
		s := x.String()
		if !strings.ContainsAny(s, ".eE") {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil {
				return int(n)
			}
			return s
		}
		if f, err := x.Float64(); err == nil {
			return f
		}
		return s
	}
	return v
}
