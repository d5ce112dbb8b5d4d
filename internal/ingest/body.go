package ingest

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

// Faults of a whole body: nothing of it is taken.
var (
	ErrJSON = fault.Define(fault.Invalid, "ingest.json",
		"not JSON at reading {index}, byte {position}: {what}", "sai cú pháp JSON ở số đo thứ {index}, byte {position}: {what}")
	ErrShape = fault.Define(fault.Invalid, "ingest.body_shape",
		`send an object {"datastream", "time", "value"}, an array of them, or one object a line`,
		`cần một đối tượng {"datastream", "time", "value"}, một mảng, hoặc mỗi dòng một đối tượng`)
	ErrEncoding = fault.Define(fault.Invalid, "ingest.encoding",
		"the body is not UTF-8 (byte {position})", "nội dung không phải UTF-8 (byte {position})")
	ErrDepth = fault.Define(fault.Invalid, "ingest.too_deep",
		"values are nested deeper than {limit} at byte {position}", "JSON lồng sâu quá {limit} cấp ở byte {position}")
)

// Faults of one reading: the others go on.
var (
	errNotObject   = fault.Define(fault.Invalid, "ingest.not_an_object", "this is not an object", "phần tử không phải đối tượng JSON")
	errNoName      = fault.Define(fault.Invalid, "ingest.datastream_missing", "the datastream is missing", "thiếu datastream")
	errNoTime      = fault.Define(fault.Invalid, "ingest.time_missing", "the time is missing", "thiếu thời điểm đo")
	errTimeFormat  = fault.Define(fault.Invalid, "ingest.time_format", "{time} is not a time as 2026-11-23T05:00:00Z", "{time} không đúng dạng 2026-11-23T05:00:00Z")
	errNoValue     = fault.Define(fault.Invalid, "ingest.value_missing", "the value is missing", "thiếu giá trị")
	errValueFormat = fault.Define(fault.Invalid, "ingest.value_format", "{value} is not a number", "{value} không phải số")
	errField       = fault.Define(fault.Invalid, "ingest.field_type", "{field} must be text", "{field} phải là chuỗi")
)

// bodyReader reads readings from a body: one object, an array of objects, or
// objects one after the other (NDJSON). The strings of the readings are parts
// of the body.
type bodyReader struct {
	s     string
	at    int
	index int // of the next reading
	mode  bodyMode
}

type bodyMode uint8

const (
	atStart bodyMode = iota
	inArray
	inSequence
	atEnd
)

// newBodyReader takes a body of UTF-8, with or without a byte order mark.
func newBodyReader(body string) (*bodyReader, error) {
	body = strings.TrimPrefix(body, "\ufeff")
	if !utf8.ValidString(body) {
		at := 0
		for at < len(body) {
			r, n := utf8.DecodeRuneInString(body[at:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			at += n
		}
		return nil, ErrEncoding.With("position", at)
	}
	return &bodyReader{s: body}, nil
}

// next reads one reading. bad is what is wrong with this reading alone; err
// ends the body. done is true, and nothing else is set, at its end.
func (r *bodyReader) next() (reading sensing.Reading, bad *fault.Error, done bool, err error) {
	r.space()
	switch r.mode {
	case atStart:
		switch {
		case r.at == len(r.s):
			return reading, nil, false, ErrShape.With()
		case r.s[r.at] == '[':
			r.at++
			r.mode = inArray
			if r.space(); r.peek() == ']' {
				return reading, nil, true, r.finish()
			}
		case r.s[r.at] == '{':
			r.mode = inSequence
		default:
			if err := r.skip(0); err != nil {
				return reading, nil, false, err
			}
			return reading, nil, false, ErrShape.With()
		}
	case inArray:
		switch r.peek() {
		case ',':
			r.at++
			r.space()
		case ']':
			return reading, nil, true, r.finish()
		default:
			return reading, nil, false, r.broken("want , or ]")
		}
	case inSequence:
		if r.peek() == ',' { // some loggers part their lines by commas
			r.at++
			r.space()
		}
		if r.at == len(r.s) {
			r.mode = atEnd
			return reading, nil, true, nil
		}
	case atEnd:
		return reading, nil, true, nil
	}
	start := r.at
	if r.peek() == '{' {
		bad, err = r.object(&reading)
	} else if err = r.skip(0); err == nil {
		bad = errNotObject.With()
	}
	reading.Raw = r.s[start:r.at]
	r.index++
	return reading, bad, false, err
}

// finish passes the ] of an array and allows only space behind it.
func (r *bodyReader) finish() error {
	r.at++
	r.mode = atEnd
	if r.space(); r.at < len(r.s) {
		return r.broken("something follows the array")
	}
	return nil
}

// object reads { … } into a reading. The last of two equal keys holds; keys
// that we do not know are passed over.
func (r *bodyReader) object(out *sensing.Reading) (bad *fault.Error, err error) {
	r.at++ // {
	value, timed := noValue, false
	for first := true; ; first = false {
		r.space()
		if r.peek() == '}' {
			r.at++
			break
		}
		if !first {
			if r.peek() != ',' {
				return nil, r.broken("want , or }")
			}
			r.at++
			r.space()
		}
		if r.peek() != '"' {
			return nil, r.broken("want a name in quotes")
		}
		key, err := r.str()
		if err != nil {
			return nil, err
		}
		if r.space(); r.peek() != ':' {
			return nil, r.broken("want :")
		}
		r.at++
		r.space()
		var wrong *fault.Error
		switch key {
		case "datastream":
			wrong, err = r.text(&out.Datastream, key)
		case "unit":
			wrong, err = r.text(&out.Unit, key)
		case "quality":
			wrong, err = r.text(&out.Quality, key)
		case "time":
			timed = r.peek() != 'n'
			wrong, err = r.time(&out.Time)
		case "value":
			value, wrong, err = r.value(out)
		default:
			err = r.skip(1)
		}
		if err != nil {
			return nil, err
		}
		if bad == nil {
			bad = wrong
		}
	}
	switch {
	case bad != nil:
	case out.Datastream == "":
		bad = errNoName.With()
	case !timed:
		bad = errNoTime.With()
	case value == noValue:
		bad = errNoValue.With()
	}
	return bad, nil
}

// text reads a string, or a number as the text it is written as: many sources
// send codes (431068) and statuses (1) so. null is as if it were not there.
func (r *bodyReader) text(out *string, key string) (bad *fault.Error, err error) {
	switch c := r.peek(); {
	case c == '"':
		*out, err = r.str()
	case c == '-' || (c >= '0' && c <= '9'):
		*out, err = r.number()
	case c == 'n':
		*out, err = "", r.skip(1)
	default:
		bad, err = errField.With("field", key), r.skip(1)
	}
	return bad, err
}

func (r *bodyReader) time(out *time.Time) (*fault.Error, error) {
	start := r.at
	if r.peek() != '"' {
		null := r.peek() == 'n'
		if err := r.skip(1); err != nil || null {
			return nil, err
		}
		return errTimeFormat.With("time", shorten(r.s[start:r.at])), nil
	}
	s, err := r.str()
	if err != nil {
		return nil, err
	}
	t, ok := parseTime(s)
	if !ok {
		return errTimeFormat.With("time", shorten(s)), nil
	}
	*out = t
	return nil, nil
}

type valueKind uint8

const (
	noValue valueKind = iota
	numberValue
	textValue
)

// value reads a number, or a string that holds one, or another text. NaN and
// Infinity are no JSON, but instruments write them: they are read here and
// refused by the checks, for this reading alone.
func (r *bodyReader) value(out *sensing.Reading) (kind valueKind, bad *fault.Error, err error) {
	start := r.at
	switch c := r.peek(); {
	case c == '-' && strings.HasPrefix(r.s[r.at:], "-Infinity"), c == 'N' && strings.HasPrefix(r.s[r.at:], "NaN"), c == 'I' && strings.HasPrefix(r.s[r.at:], "Infinity"):
		r.at += len("NaN")
		if c != 'N' {
			r.at = start + strings.IndexByte(r.s[start:], 'y') + 1
		}
		out.Value = math.NaN()
		return numberValue, nil, nil
	case c == '-' || (c >= '0' && c <= '9'):
		text, err := r.number()
		if err != nil {
			return noValue, nil, err
		}
		out.Value = parseNumber(text)
		return numberValue, nil, nil
	case c == '"':
		s, err := r.str()
		if err != nil {
			return noValue, nil, err
		}
		if v, ok := parseDecimal(s); ok {
			out.Value, out.Text = v, ""
			return numberValue, nil, nil
		}
		out.Text = s
		if strings.TrimSpace(s) == "" {
			return noValue, nil, nil
		}
		return textValue, nil, nil
	case c == 'n':
		return noValue, nil, r.skip(1)
	default:
		if err := r.skip(1); err != nil {
			return noValue, nil, err
		}
		return noValue, errValueFormat.With("value", shorten(r.s[start:r.at])), nil
	}
}
