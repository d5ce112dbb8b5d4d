package app

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/promapi"
	"openioc.org/ioc/internal/sta"
)

// documentPlain names in the OpenAPI document what is served by plain
// handlers: the hot path of ingest, the event stream, and the standards that
// have documents of their own.
func (a *App) documentPlain() {
	object := func(properties map[string]*huma.Schema) *huma.Schema {
		return &huma.Schema{Type: huma.TypeObject, Properties: properties}
	}
	text, number := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeInteger}
	path := func(name, about string) *huma.Param {
		return &huma.Param{Name: name, In: "path", Required: true, Schema: text, Description: about}
	}
	query := func(name, about string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Schema: text, Description: about}
	}
	problem := &huma.Response{Description: "problem+json (RFC 9457)", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: a.parts.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[httpapi.ProblemDetail](), true, "ProblemDetail")}}}
	answer := func(about, kind string, s *huma.Schema) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: about, Content: map[string]*huma.MediaType{kind: {Schema: s}}}, "default": problem}
	}
	reading := object(map[string]*huma.Schema{
		"datastream": {Type: huma.TypeString, Description: "the source's own key of a datastream, or its id"},
		"time":       {Type: huma.TypeString, Format: "date-time"},
		"value":      {Type: huma.TypeNumber},
		"unit":       {Type: huma.TypeString, Description: "UCUM symbol, when not the datastream's"},
		"quality":    {Type: huma.TypeString, Description: "good, estimated, given, suspect, bad, or a TT 10/2021 status 00 01 02"},
	})
	reading.Required = []string{"datastream", "time", "value"}
	doc := a.parts.api.OpenAPI()
	for _, op := range []*huma.Operation{
		{
			OperationID: "ingest", Extensions: map[string]any{httpapi.PermissionKey: "ingest.write"}, Method: http.MethodPost, Path: "/api/v1/ingest/{source}", Tags: []string{"ingest"},
			Summary:     "Take readings in; answered when they are on disk",
			Description: "One reading, an array, or one a line (NDJSON); gzip or zstd by Content-Encoding. The bearer token is the source's.",
			Security:    []map[string][]string{{"bearer": {}}}, Parameters: []*huma.Param{path("source", "id of the source")},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
				"application/json":     {Schema: &huma.Schema{OneOf: []*huma.Schema{reading, {Type: huma.TypeArray, Items: reading}}}},
				"application/x-ndjson": {Schema: reading},
			}},
			Responses: answer("what became of them", "application/json", object(map[string]*huma.Schema{
				"accepted": number, "duplicate": number, "quarantined": number,
				"rejected": {Type: huma.TypeArray, Items: object(map[string]*huma.Schema{"index": number, "code": text, "detail": text})},
			})),
		},
		{
			OperationID: "live", Extensions: map[string]any{httpapi.PermissionKey: "layer.view"}, Method: http.MethodGet, Path: "/live", Tags: []string{"live"}, Security: httpapi.Signed,
			Summary:    "Server-sent events: snapshot, then deltas {topic, seq, data}; Last-Event-ID resumes",
			Parameters: []*huma.Param{query("topics", "observations, flood, figures, sources; comma between"), query("last_id", "where to resume, for clients that cannot set the header")},
			Responses:  answer("events", "text/event-stream", text),
		},
		{
			OperationID: "sensorthings", Extensions: map[string]any{httpapi.PermissionKey: "observation.view"}, Method: http.MethodGet, Path: sta.Prefix + "/{path}", Tags: []string{"standards"}, Security: httpapi.Signed,
			Summary: "OGC SensorThings API 1.1 (18-088): read; POST, PATCH and DELETE as the standard says", Parameters: []*huma.Param{path("path", "address of an entity or set")},
			Responses: answer("entities", "application/json", object(nil)),
		},
		{
			OperationID: "prometheus", Extensions: map[string]any{httpapi.PermissionKey: "observation.view"}, Method: http.MethodGet, Path: promapi.Prefix + "/{path}", Tags: []string{"standards"}, Security: httpapi.Signed,
			Summary: "Prometheus HTTP API over the city's observations: query, query_range, series, labels", Parameters: []*huma.Param{path("path", "query, query_range, …")},
			Responses: answer("Prometheus envelope", "application/json", object(nil)),
		},
	} {
		doc.AddOperation(op)
	}
}
