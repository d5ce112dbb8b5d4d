// Package fault is the only error type that crosses a boundary of the
// program. A fault has a kind (which the HTTP edge maps to a status), a
// stable code that other programs may rely on, a sentence in Vietnamese and
// English, and the fields of the input that were wrong. Every other error is
// internal: people see a request id, operators see the log.
package fault

import (
	"errors"
	"fmt"
	"sort"
	"sync"

	"openioc.org/ioc/internal/msg"
)

// Kind says what sort of fault it is.
type Kind uint8

// The kinds, with the HTTP status the edge gives them.
const (
	Internal        Kind = iota // 500
	Invalid                     // 400, or 422 where fields are named
	Unauthenticated             // 401
	Forbidden                   // 403
	NotFound                    // 404
	Conflict                    // 409
	TooLarge                    // 413
	TooMany                     // 429
	Unavailable                 // 503
)

// Def is a fault that can happen, defined once, at package level.
type Def struct {
	Kind Kind
	Code string // "ingest.value_not_finite"
	Text msg.Text
}

var (
	defsMu sync.Mutex
	defs   = map[string]*Def{}
)

// Define registers a fault. The code is "<package>.<what>" and unique;
// defining it twice is a programmer's mistake and panics at start.
func Define(kind Kind, code, en, vi string) *Def {
	defsMu.Lock()
	defer defsMu.Unlock()
	if _, twice := defs[code]; twice {
		panic("fault: code defined twice: " + code)
	}
	d := &Def{Kind: kind, Code: code, Text: msg.Text{Vi: vi, En: en}}
	defs[code] = d
	return d
}

// All returns every fault defined so far, by code; the reference page of
// error codes is made from it.
func All() []*Def {
	defsMu.Lock()
	defer defsMu.Unlock()
	out := make([]*Def, 0, len(defs))
	for _, d := range defs {
		out = append(out, d)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out
}

// With makes an error of the definition; kv are argument names and values,
// alternating.
func (d *Def) With(kv ...any) *Error {
	e := &Error{Def: d}
	if len(kv) > 0 {
		e.Args = make(map[string]any, len(kv)/2)
		for i := 0; i+1 < len(kv); i += 2 {
			e.Args[fmt.Sprint(kv[i])] = kv[i+1]
		}
	}
	return e
}

// Field names one wrong field of the input: a JSON path or a configuration
// key, and the fault found there.
type Field struct {
	Path string
	Err  *Error
}

// Error is a fault that happened.
type Error struct {
	*Def
	Args   map[string]any
	Fields []Field
	cause  error
}

// At adds a wrong field and returns e.
func (e *Error) At(path string, field *Error) *Error {
	e.Fields = append(e.Fields, Field{Path: path, Err: field})
	return e
}

// Because keeps the cause for the log; people never see it.
func (e *Error) Because(err error) *Error {
	e.cause = err
	return e
}

// Error gives the English sentence with its code and, for the log, the cause.
func (e *Error) Error() string {
	s := e.Code + ": " + e.In(msg.En)
	for _, f := range e.Fields {
		s += "; " + f.Path + ": " + f.Err.In(msg.En)
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// In gives the sentence in a language.
func (e *Error) In(lang msg.Lang) string { return e.Text.Format(lang, e.Args) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, def.With()) and errors.Is between two errors of one
// definition true.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Def == e.Def
}

// As returns the fault in err's chain, if there is one.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// Is reports whether err is a fault of this definition.
func Is(err error, d *Def) bool {
	e, ok := As(err)
	return ok && e.Def == d
}

// KindOf returns the kind of err; an error that is no fault is Internal.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}
