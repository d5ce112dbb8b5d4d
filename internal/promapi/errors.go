package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
)

var (
	errQuery   = fault.Define(fault.Invalid, "promapi.bad_query", "parameter {name}, position {position}: {detail}", "tham số {name}, vị trí {position}: {detail}")
	errParam   = fault.Define(fault.Invalid, "promapi.bad_parameter", "the parameter {name} cannot be {value}", "tham số {name} không thể là {value}")
	errForm    = fault.Define(fault.Invalid, "promapi.bad_form", "the form cannot be read: {detail}", "không đọc được biểu mẫu: {detail}")
	errLong    = fault.Define(fault.Invalid, "promapi.query_too_long", "the parameter {name} is longer than {limit} bytes", "tham số {name} dài quá {limit} byte")
	errSteps   = fault.Define(fault.Invalid, "promapi.too_many_steps", "more than {limit} points for each series; take a longer step", "quá {limit} điểm mỗi chuỗi; hãy tăng step")
	errMethod  = fault.Define(fault.Invalid, "promapi.method", "{method} is not possible, only GET and POST", "không dùng được {method}, chỉ GET và POST")
	errNoRoute = fault.Define(fault.NotFound, "promapi.no_route", "there is nothing at {path}", "không có gì tại {path}")
	errBusy    = fault.Define(fault.Unavailable, "promapi.busy", "too many questions at once; try again", "quá nhiều truy vấn cùng lúc; hãy thử lại")
	errTimeout = fault.Define(fault.Unavailable, "promapi.timeout", "the query took longer than {seconds} s", "truy vấn mất hơn {seconds} giây")
	errSamples = fault.Define(fault.Invalid, "promapi.too_many_samples", "the query reads more than {limit} samples; narrow it", "truy vấn đọc quá {limit} mẫu; hãy thu hẹp")
	errExec    = fault.Define(fault.Invalid, "promapi.execution", "the query cannot be computed: {detail}", "không tính được truy vấn: {detail}")
)

// badQuery makes a fault of a parser's error; people count characters from 1.
func badQuery(name, query string, err error) error {
	var list parser.ParseErrors
	var one *parser.ParseErr
	position, detail := 1, err.Error()
	switch {
	case errors.As(err, &list) && len(list) > 0:
		one = &list[0]
	case errors.As(err, &one):
	}
	if one != nil {
		at := min(max(int(one.PositionRange.Start), 0), len(query))
		position, detail = utf8.RuneCountInString(query[:at])+1, one.Err.Error()
	}
	return errQuery.With("name", name, "position", position, "detail", detail).Because(err)
}

// executing turns the engine's errors into faults.
func executing(ctx context.Context, err error) error {
	var timeout promql.ErrQueryTimeout
	var canceled promql.ErrQueryCanceled
	var many promql.ErrTooManySamples
	var broken promql.ErrStorage
	switch {
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded), errors.As(err, &canceled) && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errTimeout.With("seconds", int(maxTime.Seconds())).Because(err)
	case errors.As(err, &many):
		return errSamples.With("limit", maxSamples).Because(err)
	case errors.As(err, &canceled), errors.Is(err, context.Canceled), errors.As(err, &broken):
		return err
	}
	return errExec.With("detail", err.Error()).Because(err)
}

// errorType is what Prometheus' own clients look at.
func errorType(f *fault.Error) (kind string, status int) {
	switch f.Def {
	case errTimeout, errBusy:
		return "timeout", http.StatusServiceUnavailable
	case errSamples, errExec:
		return "execution", http.StatusUnprocessableEntity
	case errNoRoute:
		return "not_found", http.StatusNotFound
	case errMethod:
		return "bad_data", http.StatusMethodNotAllowed
	}
	switch f.Kind {
	case fault.Unauthenticated:
		return "unauthorized", http.StatusUnauthorized
	case fault.Forbidden:
		return "forbidden", http.StatusForbidden
	case fault.Internal:
		return "internal", http.StatusInternalServerError
	}
	return "bad_data", httpapi.Status(f.Kind)
}

type envelope struct {
	Status    string   `json:"status"`
	Data      any      `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Code      string   `json:"code,omitempty"`
	Position  int      `json:"position,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
}

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	p := httpapi.Describe(r.Context(), err)
	e := envelope{Status: "error", Code: p.Code, Error: p.Detail, ErrorType: "internal"}
	status := p.Status
	if f, ok := fault.As(err); ok {
		e.ErrorType, status = errorType(f)
		e.Position, _ = f.Args["position"].(int)
	}
	write(w, status, e)
}

func writeData(w http.ResponseWriter, data any, warnings []string) {
	write(w, http.StatusOK, envelope{Status: "success", Data: data, Warnings: warnings})
}

func write(w http.ResponseWriter, status int, e envelope) {
	b, err := json.Marshal(e)
	if err != nil { // a value that JSON cannot hold: a fault of ours
		status, b = http.StatusInternalServerError, []byte(`{"status":"error","errorType":"internal","error":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller has gone: nobody is left to tell
}

func parseDuration(s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	return time.Duration(d), err
}
