package attachment

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

// sendWithin is how long a file may take to arrive, sent over a phone in the
// rain.
const sendWithin = 3 * time.Minute

// uploadInput leaves the body alone: it is read by the handler, as it comes,
// and not by huma, which would hold all of it.
type uploadInput struct {
	Name         string `query:"name" maxLength:"1000" required:"true" doc:"file name; what it is, the content says"`
	KeepPosition bool   `query:"keep_position" default:"false" doc:"keep where the photo was taken, in the record"`

	hc huma.Context
}

// Resolve keeps the request at hand; huma calls it.
func (in *uploadInput) Resolve(hc huma.Context) []error {
	in.hc = hc
	return nil
}

type fileOutput struct{ Body File }

// Routes registers the operations.
func (s *Service) Routes(api huma.API) {
	op := httpapi.Needs(huma.Operation{
		OperationID: "upload-attachment", Method: http.MethodPost, Path: "/api/v1/attachments", Tags: []string{"attachments"},
		Summary: "Upload a file", DefaultStatus: http.StatusCreated, Security: httpapi.Signed, MaxBodyBytes: MaxSize,
		Description: fmt.Sprintf("The body is the file itself, at most %d MiB: JPEG, PNG, WebP, PDF, MP4, DOCX, XLSX, TXT or CSV, found from the content. Photos lose their metadata.", MaxSize>>20),
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
		Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests},
	}, access.AlertHandle, access.AlertAnswer, access.IncidentHandle, access.TaskAnswer, access.DirectiveGive, access.DutyLog)
	huma.Register(api, op, func(ctx context.Context, in *uploadInput) (*fileOutput, error) {
		r, w := humago.Unwrap(in.hc)
		if r.ContentLength > MaxSize { // said beforehand: not a byte is read
			w.Header().Set("Connection", "close")
			return nil, errTooLarge.With("limit", MaxSize>>20)
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(sendWithin)) // of the machine: it is about its patience
		ctx, cancel := context.WithTimeout(ctx, sendWithin)
		defer cancel()
		f, err := s.Add(ctx, httpapi.Actor(ctx), Draft{Name: in.Name, Body: r.Body, KeepPosition: in.KeepPosition})
		if err != nil {
			// What is left of the body is not worth waiting for.
			w.Header().Set("Connection", "close")
			return nil, err
		}
		return &fileOutput{f}, nil
	})
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "get-attachment", Method: http.MethodGet, Path: "/api/v1/attachments/{id}", Tags: []string{"attachments"},
		Summary: "The content of an attachment", Security: httpapi.Signed, Errors: []int{http.StatusNotFound},
	}, access.AlertView, access.IncidentView), func(ctx context.Context, in *struct {
		ID       string `path:"id"`
		Download bool   `query:"download" doc:"save it rather than show it"`
	}) (*huma.StreamResponse, error) {
		f, content, err := s.Open(ctx, httpapi.Actor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer content.Close()
			r, w := humago.Unwrap(hc)
			serve(w, r, f, content, in.Download)
		}}, nil
	})
}

// serve answers with the file; ranges too, so that a video can be sought in.
func serve(w http.ResponseWriter, r *http.Request, f File, content io.ReadSeeker, download bool) {
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", disposition(f, download))
	h.Set("Cache-Control", "private, max-age=86400, immutable") // the content of an id never changes
	h.Set("ETag", `"`+f.SHA256+`"`)
	if f.Type != kindPDF.media { // browsers show no PDF in a sandbox; the policy of our pages holds for it
		// Should a browser take the file for a page after all, it may do nothing.
		h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	}
	http.ServeContent(w, r, "", f.At, content)
}

func disposition(f File, download bool) string {
	how := "attachment"
	if inline(f.Type) && !download {
		how = "inline"
	}
	ascii := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, f.Name)
	return mime.FormatMediaType(how, map[string]string{"filename": ascii}) + "; filename*=UTF-8''" + url.PathEscape(f.Name)
}
