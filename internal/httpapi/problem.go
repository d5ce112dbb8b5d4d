package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/fault"
)

// ProblemDetail is the body of every error answer (RFC 9457).
type ProblemDetail struct {
	Type      string         `json:"type" doc:"urn of the code" example:"urn:ioc:error:access.denied"`
	Title     string         `json:"title" doc:"the status in words"`
	Status    int            `json:"status"`
	Code      string         `json:"code" doc:"stable code other programs may rely on"`
	Detail    string         `json:"detail" doc:"what is wrong and how to mend it, in the caller's language"`
	RequestID string         `json:"request_id,omitempty"`
	Errors    []ProblemField `json:"errors,omitempty"`
}

// ProblemField names one wrong field.
type ProblemField struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Error makes a ProblemDetail usable as huma's error model.
func (p *ProblemDetail) Error() string { return p.Code + ": " + p.Detail }

// GetStatus makes a ProblemDetail usable as huma's error model.
func (p *ProblemDetail) GetStatus() int { return p.Status }

// ContentType makes huma answer application/problem+json.
func (p *ProblemDetail) ContentType(string) string { return "application/problem+json" }

var (
	errInternal = fault.Define(fault.Internal, "internal", "internal error; give the request id {request_id} to the operator",
		"lỗi hệ thống; hãy báo mã yêu cầu {request_id} cho quản trị")
	errInvalid = fault.Define(fault.Invalid, "request.invalid", "the request is not valid: {detail}",
		"yêu cầu không hợp lệ: {detail}")
	errField    = fault.Define(fault.Invalid, "request.field", "{detail}", "giá trị không hợp lệ: {detail}")
	errNotFound = fault.Define(fault.NotFound, "request.not_found", "nothing is here", "không có gì ở địa chỉ này")
	errTooLarge = fault.Define(fault.TooLarge, "request.too_large", "the body is larger than {limit} bytes", "nội dung lớn hơn {limit} byte")
	errCut      = fault.Define(fault.Invalid, "request.cut", "the body ended before it was complete", "nội dung gửi lên bị đứt giữa chừng")
	errCSRF     = fault.Define(fault.Forbidden, "request.csrf", "the request came from another site: send the header X-IOC-CSRF: 1 from our own pages",
		"yêu cầu đến từ trang khác: cần tiêu đề X-IOC-CSRF: 1")
	errTooMany = fault.Define(fault.TooMany, "request.too_many", "too many requests; try again in {seconds} s", "quá nhiều yêu cầu; thử lại sau {seconds} giây")
)

// Status maps a fault's kind to its HTTP status.
func Status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// retryAfter says in the header of an answer when to come again, where the
// fault knows (RFC 9110 §10.2.3).
func retryAfter(err error, set func(name, value string)) {
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.TooMany {
		return
	}
	if n, ok := f.Args["seconds"].(int); ok {
		set("Retry-After", strconv.Itoa(n))
	} else if n, ok := f.Args["minutes"].(int); ok {
		set("Retry-After", strconv.Itoa(60*n))
	}
}

// Describe turns any error into the body people see. What is no fault becomes
// "internal" and is not described further.
func Describe(ctx context.Context, err error) *ProblemDetail {
	lang := Lang(ctx)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = errTooLarge.With("limit", tooLarge.Limit)
	}
	f, ok := fault.As(err)
	if !ok {
		f = errInternal.With("request_id", RequestID(ctx))
	}
	p := &ProblemDetail{
		Type: "urn:ioc:error:" + f.Code, Status: Status(f.Kind), Code: f.Code,
		Detail: f.In(lang), RequestID: RequestID(ctx),
	}
	if len(f.Fields) > 0 && f.Kind == fault.Invalid {
		p.Status = http.StatusUnprocessableEntity
	}
	p.Title = http.StatusText(p.Status)
	for _, fd := range f.Fields {
		p.Errors = append(p.Errors, ProblemField{Path: fd.Path, Code: fd.Err.Code, Detail: fd.Err.In(lang)})
	}
	return p
}

// Problem writes err as problem+json; for handlers that are not huma's.
func Problem(w http.ResponseWriter, r *http.Request, err error) {
	p := Describe(r.Context(), err)
	if p.Status == http.StatusInternalServerError {
		noteInternal(r.Context(), err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	retryAfter(err, w.Header().Set)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// NotFound answers 404 for addresses under the API that do not exist.
func NotFound(w http.ResponseWriter, r *http.Request) { Problem(w, r, errNotFound.With()) }

type internalKey struct{}

func noteInternal(ctx context.Context, err error) {
	if l, ok := ctx.Value(internalKey{}).(*slog.Logger); ok {
		l.ErrorContext(ctx, "request failed", "request_id", RequestID(ctx), "err", err)
	}
}

// humaError is hung on huma: its own validation findings and whatever a
// handler returned become one ProblemDetail.
func humaError(hc huma.Context, status int, message string, errs ...error) huma.StatusError {
	ctx := context.Background()
	if hc != nil {
		ctx = hc.Context()
	}
	if status == http.StatusInternalServerError && message == "cannot read request body" { // huma's word for a sender that stopped
		return Describe(ctx, errCut.With())
	}
	if len(errs) == 1 && status == http.StatusInternalServerError {
		p := Describe(ctx, errs[0])
		if p.Status == http.StatusInternalServerError {
			noteInternal(ctx, errs[0])
		}
		if hc != nil {
			retryAfter(errs[0], hc.SetHeader)
		}
		return p
	}
	p := Describe(ctx, errInvalid.With("detail", message))
	p.Status, p.Title = status, http.StatusText(status)
	switch status {
	case http.StatusRequestEntityTooLarge:
		return Describe(ctx, errTooLarge.With("limit", "?"))
	case http.StatusNotFound:
		return Describe(ctx, errNotFound.With())
	}
	for _, e := range errs {
		var d huma.ErrorDetailer
		field := ProblemField{Code: errField.Code, Detail: e.Error()}
		if errors.As(e, &d) {
			ed := d.ErrorDetail()
			field.Path = ed.Location
			field.Detail = errField.With("detail", ed.Message).In(Lang(ctx))
		}
		p.Errors = append(p.Errors, field)
	}
	return p
}
