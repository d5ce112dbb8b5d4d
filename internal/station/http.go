package station

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

type stationsOutput struct {
	Body struct {
		Stations []Station `json:"stations"`
	}
}

type exportJobInput struct {
	Body struct {
		Datastreams []string  `json:"datastreams" minItems:"1" maxItems:"1000"`
		From        time.Time `json:"from"`
		To          time.Time `json:"to"`
		Format      string    `json:"format" enum:"csv,xlsx"`
	}
}

// Routes registers the operations.
func (s *Service) Routes(api huma.API) {
	op := func(id, method, path, tag, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary, Security: httpapi.Signed}
	}
	huma.Register(api, httpapi.Needs(op("list-stations", http.MethodGet, "/api/v1/stations", "stations", "Stations with their newest values"), access.LayerView),
		func(ctx context.Context, in *struct {
			Q string `query:"q" maxLength:"200" doc:"part of a name, code or unit; tones may be left out"`
		}) (*stationsOutput, error) {
			list, err := s.List(ctx, httpapi.Actor(ctx), in.Q)
			out := &stationsOutput{}
			out.Body.Stations = list
			return out, err
		})
	huma.Register(api, httpapi.Needs(op("get-station", http.MethodGet, "/api/v1/stations/{thing}", "stations", "One station with its thresholds"), access.LayerView),
		func(ctx context.Context, in *struct {
			Thing string `path:"thing"`
		}) (*struct{ Body *Station }, error) {
			st, err := s.Get(ctx, httpapi.Actor(ctx), in.Thing)
			return &struct{ Body *Station }{st}, err
		})
	huma.Register(api, httpapi.Needs(op("get-series", http.MethodGet, "/api/v1/datastreams/{id}/series", "datastreams", "A datastream over a range, summed up to about as many points as a chart needs"), access.LayerView),
		func(ctx context.Context, in *struct {
			ID     string    `path:"id"`
			From   time.Time `query:"from" doc:"left out: a day before to"`
			To     time.Time `query:"to" doc:"left out: now"`
			Points int       `query:"points" default:"2000" minimum:"1" maximum:"20000"`
			Agg    string    `query:"agg" default:"auto" enum:"auto,raw,sum,mean"`
		}) (*struct{ Body *Chart }, error) {
			c, err := s.Chart(ctx, httpapi.Actor(ctx), in.ID, in.From, in.To, in.Points, in.Agg)
			return &struct{ Body *Chart }{c}, err
		})
	huma.Register(api, httpapi.Needs(op("list-observations", http.MethodGet, "/api/v1/datastreams/{id}/observations", "datastreams", "The raw table, newest first"), access.ObservationView),
		func(ctx context.Context, in *struct {
			ID     string    `path:"id"`
			From   time.Time `query:"from"`
			To     time.Time `query:"to" doc:"not included"`
			Limit  int       `query:"limit" default:"200" minimum:"1" maximum:"1000"`
			Cursor time.Time `query:"cursor" doc:"next_cursor of the page before"`
		}) (*struct{ Body *Table }, error) {
			if !in.Cursor.IsZero() {
				in.To = in.Cursor
			}
			t, err := s.Table(ctx, httpapi.Actor(ctx), in.ID, in.From, in.To, in.Limit)
			return &struct{ Body *Table }{t}, err
		})
	s.exportRoutes(api, op)
}

func (s *Service) exportRoutes(api huma.API, op func(id, method, path, tag, summary string) huma.Operation) {
	files := map[string]*huma.Response{"200": {Description: "the file", Content: map[string]*huma.MediaType{
		contentTypes[CSV]: {Schema: &huma.Schema{Type: huma.TypeString}}, contentTypes[XLSX]: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}}
	direct := httpapi.Needs(op("export", http.MethodGet, "/api/v1/export", "export", "Observations as CSV or XLSX, for small ranges"), access.ExportData)
	direct.Responses = files
	huma.Register(api, direct, func(ctx context.Context, in *struct {
		Datastreams []string  `query:"datastreams" required:"true" doc:"ids, with commas between"`
		From        time.Time `query:"from"`
		To          time.Time `query:"to"`
		Format      string    `query:"format" default:"csv" enum:"csv,xlsx"`
	}) (*huma.StreamResponse, error) {
		if err := access.Require(httpapi.Actor(ctx), access.ExportData, access.Scope{}); err != nil {
			return nil, err
		}
		p, err := s.plan(Request{Datastreams: in.Datastreams, From: in.From, To: in.To, Format: in.Format, Lang: httpapi.Lang(ctx)})
		if err != nil {
			return nil, err
		}
		if p.rows > smallRows {
			return nil, errLarge.With("rows", p.rows)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			attach(hc, p.Format, p.From, p.To)
			if _, err := s.write(hc.Context(), p, hc.BodyWriter(), nil); err != nil && hc.Context().Err() == nil {
				s.o.Logger.Error("export", "err", err)
				panic(http.ErrAbortHandler) // the answer has begun: cut it, so that nobody takes it for whole
			}
		}}, nil
	})

	start := httpapi.Needs(op("start-export", http.MethodPost, "/api/v1/exports", "export", "Export a long range as a job"), access.ExportData)
	start.DefaultStatus = http.StatusAccepted
	huma.Register(api, start, func(ctx context.Context, in *exportJobInput) (*struct{ Body Job }, error) {
		j, err := s.Export(ctx, httpapi.Actor(ctx), Request{
			Datastreams: in.Body.Datastreams, From: in.Body.From, To: in.Body.To, Format: in.Body.Format, Lang: httpapi.Lang(ctx),
		})
		return &struct{ Body Job }{j}, err
	})
	huma.Register(api, httpapi.Needs(op("get-export", http.MethodGet, "/api/v1/exports/{id}", "export", "How an export is doing"), access.ExportData),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{ Body Job }, error) {
			j, err := s.Job(httpapi.Actor(ctx), in.ID)
			return &struct{ Body Job }{j}, err
		})
	file := httpapi.Needs(op("get-export-file", http.MethodGet, "/api/v1/exports/{id}/file", "export", "The file of a finished export"), access.ExportData)
	file.Responses = files
	huma.Register(api, file, func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*huma.StreamResponse, error) {
		j, f, err := s.File(ctx, httpapi.Actor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer f.Close()
			attach(hc, j.Format, j.Made, j.Made)
			_, _ = io.Copy(hc.BodyWriter(), f) // the reader went away: nobody is left to tell
		}}, nil
	})
}

func attach(hc huma.Context, format string, from, to time.Time) {
	name := strings.ReplaceAll(fmt.Sprintf("ioc-%s-%s.%s", from.Format("20060102"), to.Format("20060102"), format), `"`, "")
	hc.SetHeader("Content-Type", contentTypes[format])
	hc.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
	hc.SetHeader("Cache-Control", "no-store")
}
