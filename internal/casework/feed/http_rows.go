package feed

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

// CaseImport says what became of rows.
type CaseImport struct {
	Rows     int `json:"rows" doc:"read"`
	Events   int `json:"events"`
	New      int `json:"new"`
	Repeated int `json:"repeated"`
	Cases    int `json:"cases" doc:"touched"`
	Opened   int `json:"opened" doc:"seen for the first time"`
	Problems int `json:"problems"`
	Rejected int `json:"rejected" doc:"kept aside; see GET cases/rejected"`
	Left     int `json:"left" doc:"left out by the mapping's condition"`
}

func viewOutcome(o Outcome) CaseImport {
	return CaseImport{Rows: o.Rows, Events: o.Events, New: o.New, Repeated: o.Repeated, Cases: o.Cases, Opened: o.Opened, Problems: o.Problems, Rejected: o.Rejected, Left: o.Left}
}

type importBody struct{ Body CaseImport }

func (s *Service) importRoutes(api huma.API) {
	upload := operation("upload-case-file", http.MethodPost, "/systems/{id}/upload", "Import a CSV or XLSX file; the body is the file", access.CaseConnect, http.StatusOK)
	upload.MaxBodyBytes = decode.MaxBytes
	huma.Register(api, upload, func(ctx context.Context, in *struct {
		ID      string `path:"id"`
		Name    string `query:"name" doc:"of the file"`
		RawBody []byte `contentType:"application/octet-stream"`
	}) (*importBody, error) {
		o, err := s.Upload(ctx, httpapi.Actor(ctx), in.ID, in.Name, in.RawBody)
		if err != nil {
			return nil, err
		}
		return &importBody{viewOutcome(o)}, nil
	})
	push := operation("push-case-messages", http.MethodPost, "/systems/{id}/push", "National messages DongBoHoSoMC and CapNhatTienDoHoSoMC, one or many; the bearer token is the system's", access.CaseConnect, http.StatusOK)
	push = httpapi.Open(push)
	push.Security = []map[string][]string{{"bearer": {}}}            // of the system, no person's
	push.MaxBodyBytes, push.SkipValidateBody = decode.MaxBytes, true // its shape is the sender's; national reads it
	huma.Register(api, push, func(ctx context.Context, in *struct {
		ID      string `path:"id"`
		RawBody []byte `contentType:"application/json"`
	}) (*importBody, error) {
		o, err := s.Push(ctx, in.ID, httpapi.Token(ctx), in.RawBody)
		if err != nil {
			return nil, err
		}
		return &importBody{viewOutcome(o)}, nil
	})
	huma.Register(api, operation("preview-case-system", http.MethodPost, "/systems/preview", "Rows of a system and the events they would become", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, in *struct{ Body caseTrial }) (*struct{ Body CasePreview }, error) {
			p, err := s.Preview(ctx, httpapi.Actor(ctx), Trial{System: in.Body.System, Kind: in.Body.Kind, Config: in.Body.Config, Mapping: in.Body.Mapping, Text: in.Body.Text})
			if err != nil {
				return nil, err
			}
			return &struct{ Body CasePreview }{viewPreview(p, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, operation("list-rejected-case-rows", http.MethodGet, "/rejected", "Rows that became no event, masked", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, in *struct {
			System string `query:"system"`
			Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
		}) (*struct {
			Body struct {
				Rejected []CaseRejected `json:"rejected"`
			}
		}, error) {
			list, err := s.Rejected(ctx, httpapi.Actor(ctx), in.System, in.Limit)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Rejected []CaseRejected `json:"rejected"`
				}
			}{}
			out.Body.Rejected = make([]CaseRejected, len(list))
			for i, r := range list {
				out.Body.Rejected[i] = viewRejected(r, httpapi.Lang(ctx))
			}
			return out, nil
		})
	huma.Register(api, operation("retry-rejected-case-rows", http.MethodPost, "/rejected/retry", "Read rejected rows again with the mapping of now", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, in *struct {
			Body struct {
				IDs    []string `json:"ids,omitempty" maxItems:"1000"`
				System string   `json:"system,omitempty" doc:"instead of ids: all of the system"`
			}
		}) (*importBody, error) {
			o, err := s.Retry(ctx, httpapi.Actor(ctx), in.Body.IDs, in.Body.System)
			if err != nil {
				return nil, err
			}
			return &importBody{viewOutcome(o)}, nil
		})
}

type caseTrial struct {
	System  string          `json:"system,omitempty" doc:"an existing one, whose secrets a config of *** keeps"`
	Kind    string          `json:"kind" enum:"sql,rest,push,file"`
	Config  json.RawMessage `json:"config,omitempty"`
	Mapping json.RawMessage `json:"mapping,omitempty"`
	Text    string          `json:"text,omitempty" maxLength:"1000000" doc:"a sample, instead of asking the system"`
}

// CasePreview is a Preview as programs see it.
type CasePreview struct {
	Columns []CaseColumn       `json:"columns"`
	Rows    []map[string]any   `json:"rows"`
	Events  []map[string]any   `json:"events" doc:"field → value, personal fields masked"`
	Errors  []CasePreviewError `json:"errors"`
}

// CaseColumn is a column of a sample.
type CaseColumn struct {
	Name       string `json:"name"`
	Example    string `json:"example"`
	Suggestion string `json:"suggestion" doc:"the field its name means; empty: none"`
}

// CasePreviewError is what is wrong with a cell or row (from 1), or with the
// mapping (0).
type CasePreviewError struct {
	Row    int    `json:"row"`
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func viewPreview(p Preview, lang msg.Lang) CasePreview {
	v := CasePreview{Columns: make([]CaseColumn, len(p.Columns)), Rows: p.Rows, Events: p.Events, Errors: make([]CasePreviewError, len(p.Errors))}
	if v.Rows == nil {
		v.Rows = []map[string]any{}
	}
	if v.Events == nil {
		v.Events = []map[string]any{}
	}
	for i, c := range p.Columns {
		v.Columns[i] = CaseColumn(c)
	}
	for i, e := range p.Errors {
		v.Errors[i] = CasePreviewError{Row: e.Row, Field: e.Field, Code: e.Err.Code, Detail: e.Err.In(lang)}
	}
	return v
}

// CaseRejected is a Rejection as programs see it.
type CaseRejected struct {
	ID     string          `json:"id"`
	System string          `json:"system"`
	At     time.Time       `json:"at"`
	Row    string          `json:"row" doc:"line, key or index"`
	Code   string          `json:"code"`
	Error  string          `json:"error"`
	Raw    json.RawMessage `json:"raw" doc:"masked"`
	Taken  bool            `json:"taken" doc:"the event was taken without the broken cells"`
}

func viewRejected(r Rejection, lang msg.Lang) CaseRejected {
	v := CaseRejected{ID: r.ID, System: r.System, At: r.At, Row: r.Place, Code: r.Code, Error: msg.Text{Vi: r.Vi, En: r.En}.In(lang), Taken: r.Taken, Raw: json.RawMessage("null")}
	switch {
	case json.Valid([]byte(r.Raw)):
		v.Raw = json.RawMessage(r.Raw)
	case r.Raw != "":
		v.Raw = json.RawMessage(jsonText(r.Raw))
	}
	return v
}
