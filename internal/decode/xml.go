package decode

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"openioc.org/ioc/internal/fault"
)

var (
	errXML     = fault.Define(fault.Invalid, "decode.xml", "broken XML at line {line}: {detail}", "XML hỏng ở dòng {line}: {detail}")
	errDoctype = fault.Define(fault.Invalid, "decode.xml_doctype", "XML with a DOCTYPE is refused: it could define entities", "từ chối XML có DOCTYPE: nó có thể định nghĩa thực thể")
)

// readXML turns elements into maps: attributes under "@name", children under
// their local name, a list where a name comes more than once, text under
// "#text" or, for an element that has only text, as the string itself.
func readXML(text []byte) (Document, error) {
	dec := xml.NewDecoder(bytes.NewReader(text))
	// The text is UTF-8 by now, whatever its declaration says.
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	type element struct {
		name string
		m    map[string]any
		text strings.Builder
	}
	top := &element{m: map[string]any{}}
	stack := []*element{top}
	for nodes := 0; ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line, _ := dec.InputPos()
			return Document{}, errXML.With("line", line, "detail", clip(err.Error()))
		}
		cur := stack[len(stack)-1]
		switch t := tok.(type) {
		case xml.Directive:
			return Document{}, errDoctype.With()
		case xml.StartElement:
			if nodes += 1 + len(t.Attr); nodes > MaxNodes {
				return Document{}, errTooMany.With("limit", MaxNodes)
			}
			if len(stack) > MaxDepth {
				return Document{}, errTooDeep.With("limit", MaxDepth, "offset", dec.InputOffset())
			}
			el := &element{name: t.Name.Local, m: map[string]any{}}
			for _, a := range t.Attr {
				el.m["@"+a.Name.Local] = a.Value
			}
			stack = append(stack, el)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			add(stack[len(stack)-1].m, cur.name, value(cur.m, cur.text.String()))
		case xml.CharData:
			cur.text.Write(t)
		}
	}
	if len(top.m) == 0 {
		return Document{}, errEmpty.With()
	}
	return Document{Format: XML, Root: top.m}, nil
}

func value(m map[string]any, text string) any {
	text = strings.TrimSpace(text)
	if len(m) == 0 {
		return text
	}
	if text != "" {
		m["#text"] = text
	}
	return m
}

func add(m map[string]any, name string, v any) {
	old, twice := m[name]
	if !twice {
		m[name] = v
		return
	}
	if list, ok := old.([]any); ok {
		m[name] = append(list, v)
		return
	}
	m[name] = []any{old, v}
}
