package ingest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

func appendJSONString(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		return append(dst, `""`...)
	}
	return append(dst, b...)
}

// IngestResult is a Result as programs see it.
type IngestResult struct {
	Accepted    int               `json:"accepted"`
	Duplicate   int               `json:"duplicate" doc:"of an instant that is stored already"`
	Rejected    []IngestRejection `json:"rejected"`
	Quarantined int               `json:"quarantined" doc:"kept as dead letters"`
}

// IngestRejection is a reading that was refused.
type IngestRejection struct {
	Index  int    `json:"index"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// ViewResult is the form of a Result for people who read lang.
func ViewResult(r Result, lang msg.Lang) IngestResult {
	out := IngestResult{Accepted: r.Accepted, Duplicate: r.Duplicate, Quarantined: r.Quarantined, Rejected: make([]IngestRejection, len(r.Rejected))}
	for i, x := range r.Rejected {
		out.Rejected[i] = IngestRejection{Index: x.Index, Code: x.Err.Code, Detail: x.Err.In(lang)}
	}
	return out
}

// DeadLetter is a Letter as programs see it.
type DeadLetter struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	At         time.Time       `json:"at"`
	First      time.Time       `json:"first"`
	Count      int             `json:"count" doc:"how many like it came, this one included"`
	Kind       string          `json:"kind" enum:"rejected,quarantined,unread"`
	Code       string          `json:"code"`
	Detail     string          `json:"detail"`
	Datastream string          `json:"datastream,omitempty"`
	Raw        string          `json:"raw"`
	Reading    json.RawMessage `json:"reading,omitempty" doc:"as POST ingest takes it"`
	State      string          `json:"state" enum:"open,replayed,discarded"`
	ClosedBy   string          `json:"closed_by,omitempty"`
	ClosedAt   *time.Time      `json:"closed_at,omitempty"`
}

// ViewLetter is the form of a Letter for people who read lang.
func ViewLetter(l Letter, lang msg.Lang) DeadLetter {
	d := DeadLetter{
		ID: l.ID, Source: l.Source, At: l.At, First: l.First, Count: l.Repeats + 1, Kind: l.Kind, Code: l.Code,
		Detail: l.Detail.In(lang), Datastream: l.Datastream, Raw: l.Raw, State: l.State, ClosedBy: l.ClosedBy,
	}
	if l.Reading != "" {
		d.Reading = json.RawMessage(l.Reading)
	}
	if !l.ClosedAt.IsZero() {
		d.ClosedAt = &l.ClosedAt
	}
	return d
}

// Routes registers the operations on dead letters and quality rules. Push is
// apart: app hangs it on POST /api/v1/ingest/{source}.
func (p *Pipeline) Routes(api huma.API) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary,
			Tags: []string{"ingest"}, DefaultStatus: status, Security: httpapi.Signed,
		}
	}
	huma.Register(api, httpapi.Needs(op("list-dead-letters", http.MethodGet, "/dead-letters", "Readings that were not taken in", http.StatusOK), access.SourceView),
		func(ctx context.Context, in *struct {
			Source string `query:"source"`
			State  string `query:"state" enum:"open,replayed,discarded"`
			Kind   string `query:"kind" enum:"rejected,quarantined,unread"`
			Before string `query:"before" doc:"only those older than this id"`
			Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		}) (*struct {
			Body struct {
				Letters []DeadLetter `json:"letters"`
			}
		}, error) {
			ls, err := p.Letters(ctx, httpapi.Actor(ctx), LetterFilter{Source: in.Source, State: in.State, Kind: in.Kind, Before: in.Before, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Letters []DeadLetter `json:"letters"`
				}
			}{}
			out.Body.Letters = make([]DeadLetter, len(ls))
			for i, l := range ls {
				out.Body.Letters[i] = ViewLetter(l, httpapi.Lang(ctx))
			}
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("replay-dead-letter", http.MethodPost, "/dead-letters/{id}/replay", "Take a dead letter in, edited or as it is", http.StatusOK), access.SourceEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body *struct {
				Raw string `json:"raw,omitempty" doc:"instead of what was kept: readings, or a piece in the source's own format"`
			}
		}) (*struct{ Body IngestResult }, error) {
			raw := ""
			if in.Body != nil {
				raw = in.Body.Raw
			}
			res, err := p.Replay(ctx, httpapi.Actor(ctx), in.ID, raw)
			if err != nil {
				return nil, err
			}
			return &struct{ Body IngestResult }{ViewResult(res, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, httpapi.Needs(op("discard-dead-letter", http.MethodPost, "/dead-letters/{id}/discard", "Give a dead letter up", http.StatusNoContent), access.SourceEdit),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, p.Discard(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, httpapi.Needs(op("list-quality-rules", http.MethodGet, "/quality-rules", "Rules of quality control, dated, with their origin", http.StatusOK), access.SourceView),
		func(ctx context.Context, _ *struct{}) (*struct {
			Body struct {
				Rules []Rule `json:"rules"`
			}
		}, error) {
			rules, err := p.Rules(httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Rules []Rule `json:"rules"`
				}
			}{}
			out.Body.Rules = rules
			return out, nil
		})
}
