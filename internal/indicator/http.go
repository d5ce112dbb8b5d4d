package indicator

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/httpapi"
)

type layersOutput struct {
	Body struct {
		Layers []LayerView `json:"layers"`
	}
}

type indicatorsOutput struct {
	Body struct {
		Indicators []IndicatorView `json:"indicators"`
	}
}

// Routes registers the operations.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "list-layers", Method: http.MethodGet, Path: "/api/v1/layers", Tags: []string{"layers"}, Security: httpapi.Signed,
		Summary: "Layers that the caller may see",
	}, access.LayerView), func(ctx context.Context, in *struct {
		Count bool `query:"count" default:"true" doc:"count the features of each layer"`
	}) (*layersOutput, error) {
		if err := access.Require(httpapi.Actor(ctx), access.LayerView, access.Scope{}); err != nil {
			return nil, err
		}
		out := &layersOutput{}
		out.Body.Layers = []LayerView{}
		now := s.instant(time.Time{})
		for _, l := range s.o.Layers.All(httpapi.Actor(ctx)) {
			v := viewOfLayer(l)
			if in.Count {
				fs, err := l.Features(ctx, now)
				if err != nil {
					return nil, err
				}
				n := len(fs)
				v.Count = &n
			}
			out.Body.Layers = append(out.Body.Layers, v)
		}
		return out, nil
	})

	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[LayerAt](), true, "LayerAt")
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "get-layer", Method: http.MethodGet, Path: "/api/v1/layers/{id}", Tags: []string{"layers"}, Security: httpapi.Signed,
		Summary: "Features of a layer at an instant; with .geojson after the id as a GeoJSON FeatureCollection",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK",
			Content: map[string]*huma.MediaType{
				"application/json":     {Schema: schema},
				"application/geo+json": {Schema: &huma.Schema{Type: huma.TypeObject, Description: "RFC 7946 FeatureCollection"}},
			},
		}},
	}, access.LayerView), func(ctx context.Context, in *struct {
		ID       string    `path:"id" doc:"layer, or layer.geojson"`
		At       time.Time `query:"at" doc:"RFC 3339; left out: now"`
		Geometry bool      `query:"geometry" default:"true" doc:"false leaves out polygons that the caller has already"`
	}) (*huma.StreamResponse, error) {
		id, geo := strings.CutSuffix(in.ID, ".geojson")
		l, err := s.LayerAt(ctx, httpapi.Actor(ctx), id, in.At)
		if err != nil {
			return nil, err
		}
		if !in.Geometry && !geo {
			for i := range l.Features {
				l.Features[i].Geometry = nil
			}
		}
		kind, encode := "application/json", func() ([]byte, error) { return json.Marshal(l) }
		if geo {
			kind, encode = "application/geo+json", l.GeoJSON
		}
		body, err := encode()
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", kind)
			_, _ = hc.BodyWriter().Write(body) // the reader went away: nobody is left to tell
		}}, nil
	})

	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "list-indicators", Method: http.MethodGet, Path: "/api/v1/indicators", Tags: []string{"indicators"}, Security: httpapi.Signed,
		Summary: "Indicators with their definitions",
	}, access.LayerView), func(ctx context.Context, _ *struct{}) (*indicatorsOutput, error) {
		if err := access.Require(httpapi.Actor(ctx), access.LayerView, access.Scope{}); err != nil {
			return nil, err
		}
		out := &indicatorsOutput{}
		out.Body.Indicators = []IndicatorView{}
		for _, i := range s.o.Figures.All(httpapi.Actor(ctx)) {
			out.Body.Indicators = append(out.Body.Indicators, viewOfIndicator(i))
		}
		return out, nil
	})

	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "get-indicator", Method: http.MethodGet, Path: "/api/v1/indicators/{id}", Tags: []string{"indicators"}, Security: httpapi.Signed,
		Summary: "The figure of an indicator for a scope at an instant",
	}, access.LayerView), func(ctx context.Context, in *struct {
		ID    string    `path:"id"`
		Unit  string    `query:"unit" doc:"administrative unit code"`
		Thing string    `query:"thing"`
		At    time.Time `query:"at" doc:"RFC 3339; left out: now"`
	}) (*struct{ Body figure.Figure }, error) {
		i, err := s.o.Figures.Get(httpapi.Actor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		f, err := i.Compute(ctx, figure.Scope{Unit: in.Unit, Thing: in.Thing}, s.instant(in.At))
		return &struct{ Body figure.Figure }{f}, err
	})

	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "get-overview", Method: http.MethodGet, Path: "/api/v1/overview", Tags: []string{"indicators"}, Security: httpapi.Signed,
		Summary: "Tiles, feed and state of the sources at an instant",
	}, access.LayerView), func(ctx context.Context, in *struct {
		At time.Time `query:"at" doc:"RFC 3339; left out: now"`
	}) (*struct{ Body *Overview }, error) {
		o, err := s.Overview(ctx, httpapi.Actor(ctx), in.At)
		if err != nil {
			return nil, err
		}
		return &struct{ Body *Overview }{o}, nil
	})
}
