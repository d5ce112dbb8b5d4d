package readiness

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// SourceDetail is a SourceReport with all that the page of one source shows.
type SourceDetail struct {
	SourceReport
	Config       json.RawMessage    `json:"config" doc:"secrets read ***"`
	Mapping      json.RawMessage    `json:"mapping"`
	Unit         string             `json:"unit,omitempty"`
	ShiftSeconds float64            `json:"shift_seconds"`
	TokenHint    string             `json:"token_hint" doc:"the last characters of the token"`
	Created      time.Time          `json:"created"`
	Running      bool               `json:"running" doc:"a connector of this program works for it"`
	Restarts     int                `json:"restarts"`
	Note         string             `json:"note,omitempty" doc:"something of its connector that is worth knowing and no failure"`
	Datastreams  []DatastreamReport `json:"datastreams"`
	Rejections   []RejectionSample  `json:"rejections" doc:"open dead letters, newest first"`
	Codes        map[string]int64   `json:"codes" doc:"rejected and quarantined readings of all time by code"`
}

// RejectionSample is an open dead letter in short.
type RejectionSample struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
	Count  int       `json:"count"`
	Sample string    `json:"sample"`
}

// rejectionsShown is how many open letters the page of a source shows.
const rejectionsShown = 50

var errNotFound = fault.Define(fault.NotFound, "readiness.source_not_found", "there is no source {id}", "không có nguồn {id}")

// Detail reports on one source.
func (s *Service) Detail(ctx context.Context, actor access.Actor, id string, lang msg.Lang) (SourceDetail, error) {
	if err := access.Require(actor, access.SourceView, access.Scope{Source: id}); err != nil {
		return SourceDetail{}, err
	}
	src, ok := s.o.Sources.Get(id)
	if !ok {
		return SourceDetail{}, errNotFound.With("id", id)
	}
	src = s.o.Sources.Masked(src)
	var own []*sensing.Datastream
	for _, ds := range s.o.Catalog.Datastreams() {
		if ds.SourceID == id {
			own = append(own, ds)
		}
	}
	d := SourceDetail{
		Config: src.Config, Mapping: src.Mapping, Unit: src.Unit, ShiftSeconds: src.Shift.Seconds(), TokenHint: src.TokenHint,
		Created: src.Created, Rejections: []RejectionSample{}, Codes: map[string]int64{},
	}
	if len(d.Mapping) == 0 {
		d.Mapping = json.RawMessage("null")
	}
	var err error
	if d.SourceReport, d.Datastreams, err = s.report(ctx, src, own); err != nil {
		return SourceDetail{}, err
	}
	if s.o.Runner != nil {
		if run, ok := s.o.Runner(id); ok {
			d.Running, d.Restarts, d.Note = run.Running, run.Restarts, run.Note.In(lang)
		}
	}
	letters, err := s.o.Ingest.Letters(ctx, actor, ingest.LetterFilter{Source: id, State: "open", Limit: rejectionsShown})
	if err != nil {
		return SourceDetail{}, err
	}
	for _, l := range letters {
		v := ingest.ViewLetter(l, lang)
		d.Rejections = append(d.Rejections, RejectionSample{ID: v.ID, At: v.At, Kind: v.Kind, Code: v.Code, Detail: v.Detail, Count: v.Count, Sample: v.Raw})
	}
	rejected, quarantined := s.o.Ingest.Codes(id)
	for _, codes := range []map[string]int64{rejected, quarantined} {
		for code, n := range codes {
			d.Codes[code] += n
		}
	}
	return d, nil
}

// Routes registers GET sources and GET sources/{id}.
func (s *Service) Routes(api huma.API) {
	op := func(id, path, summary string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: "/api/v1/sources" + path, Summary: summary,
			Tags: []string{"sources"}, Security: httpapi.Signed,
		}
	}
	huma.Register(api, httpapi.Needs(op("list-sources", "", "Sources and how they do"), access.SourceView),
		func(ctx context.Context, _ *struct{}) (*struct {
			Body struct {
				Sources []SourceReport `json:"sources"`
			}
		}, error) {
			rs, err := s.List(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Sources []SourceReport `json:"sources"`
				}
			}{}
			out.Body.Sources = rs
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("get-source", "/{id}", "One source, its datastreams, what was refused"), access.SourceView),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{ Body SourceDetail }, error) {
			d, err := s.Detail(ctx, httpapi.Actor(ctx), in.ID, httpapi.Lang(ctx))
			if err != nil {
				return nil, err
			}
			return &struct{ Body SourceDetail }{d}, nil
		})
}
