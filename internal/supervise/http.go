package supervise

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/templates"
)

// KindView is a connector kind as the UI shows it.
type KindView struct {
	Name         string               `json:"name"`
	Title        msg.Text             `json:"title"`
	Summary      msg.Text             `json:"summary"`
	Readme       string               `json:"readme" doc:"Markdown, Vietnamese first"`
	ConfigSchema *SchemaView          `json:"config_schema" doc:"JSON Schema of the config, with titles in both languages and the order of the fields"`
	Example      json.RawMessage      `json:"example,omitempty" doc:"a config to start from"`
	Probes       bool                 `json:"probes" doc:"POST connectors/sample can fetch a message"`
	Templates    []templates.Template `json:"templates"`
}

// SchemaView is a JSON Schema; it nests in itself, so the document of the API
// says only that it is an object.
type SchemaView struct{ of *connector.Schema }

// MarshalJSON writes the schema itself.
func (v SchemaView) MarshalJSON() ([]byte, error) { return json.Marshal(v.of) }

// Schema implements huma.SchemaProvider.
func (SchemaView) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true, Description: "JSON Schema"}
}

type kindList struct {
	Body struct {
		Kinds     []KindView         `json:"kinds"`
		Formats   []decode.Format    `json:"formats"`
		Functions []mapping.Function `json:"functions" doc:"of the mapping language"`
	}
}

// TrialBody is a connector to be tried, saved or not.
type TrialBody struct {
	Source string          `json:"source,omitempty" doc:"a saved source whose secrets fill in for ***"`
	Kind   string          `json:"kind"`
	Config json.RawMessage `json:"config,omitempty"`
}

type sampleAnswer struct {
	Body struct {
		Raw         string    `json:"raw"`
		Encoding    string    `json:"encoding,omitempty" doc:"base64 when raw is no text"`
		ContentType string    `json:"content_type"`
		Name        string    `json:"name,omitempty" doc:"topic or file name"`
		At          time.Time `json:"at"`
		Described
	}
}

type previewBody struct {
	TrialBody
	Mapping  json.RawMessage `json:"mapping,omitempty"`
	Raw      string          `json:"raw"`
	Encoding string          `json:"encoding,omitempty" enum:"base64,"`
	Name     string          `json:"name,omitempty" doc:"topic or file name"`
}

type previewView struct {
	Datastream string     `json:"datastream" doc:"the datastream's id, or the key of the message where there is none"`
	Key        string     `json:"key"`
	Name       string     `json:"name,omitempty"`
	Time       *time.Time `json:"time"`
	Value      *float64   `json:"value"`
	Text       string     `json:"text,omitempty"`
	Unit       string     `json:"unit"`
	Flags      []string   `json:"flags"`
	Verdict    string     `json:"verdict" enum:"accepted,duplicate,rejected,quarantined,unread"`
	Code       string     `json:"code,omitempty"`
	Detail     string     `json:"detail"`
	Raw        string     `json:"raw,omitempty"`
}

type previewAnswer struct {
	Body struct {
		Rows   []previewView  `json:"rows" doc:"the first 500"`
		Counts map[string]int `json:"counts" doc:"rows by verdict, of all of them"`
		Described
	}
}

// shownRows is how many rows a preview carries.
const shownRows = 500

// Routes registers what the connect page works with.
func (s *Supervisor) Routes(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1/connectors" + path, Summary: summary, Tags: []string{"sources"},
			Security: httpapi.Signed, MaxBodyBytes: 2 * decode.MaxBytes, BodyReadTimeout: time.Minute,
		}
	}
	huma.Register(api, httpapi.Needs(op("list-connectors", http.MethodGet, "", "The kinds of connectors, with forms, manuals and templates"), access.SourceView),
		func(ctx context.Context, _ *struct{}) (*kindList, error) {
			if err := access.Require(httpapi.Actor(ctx), access.SourceView, access.Scope{}); err != nil {
				return nil, err
			}
			out := &kindList{}
			out.Body.Kinds, out.Body.Formats, out.Body.Functions = s.views(), decode.Formats(), mapping.Functions()
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("sample-connector", http.MethodPost, "/sample", "Fetch one message without taking it in"), access.SourceEdit),
		func(ctx context.Context, in *struct{ Body TrialBody }) (*sampleAnswer, error) {
			if err := access.Require(httpapi.Actor(ctx), access.SourceEdit, access.Scope{Source: in.Body.Source}); err != nil {
				return nil, err
			}
			got, err := s.Sample(ctx, Source{ID: in.Body.Source, Kind: in.Body.Kind, Config: in.Body.Config})
			if err != nil {
				return nil, err
			}
			out := &sampleAnswer{}
			out.Body.Raw, out.Body.Encoding = text(got.Raw)
			out.Body.ContentType, out.Body.Name, out.Body.At = got.ContentType, got.Name, got.At
			out.Body.Described = describe(got.Raw, got.Name, mapping.Mapping{})
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("preview-connector", http.MethodPost, "/preview", "What would be stored of a message; nothing is"), access.SourceEdit),
		func(ctx context.Context, in *struct{ Body previewBody }) (*previewAnswer, error) {
			if err := access.Require(httpapi.Actor(ctx), access.SourceEdit, access.Scope{Source: in.Body.Source}); err != nil {
				return nil, err
			}
			return s.preview(ctx, in.Body)
		})
	huma.Register(api, httpapi.Needs(op("list-message-stations", http.MethodPost, "/stations", "The stations that a message speaks of; enter them in the register"), access.SourceEdit),
		func(ctx context.Context, in *struct{ Body stationsBody }) (*stationsAnswer, error) {
			return s.stations(ctx, in.Body)
		})
}

// metaOf says what the name of a message is: a topic or a file name.
func metaOf(kind, name string) mapping.Meta {
	if kind != "mqtt" && kind != "mqtt_client" {
		return mapping.Meta{File: name}
	}
	m := mapping.Meta{Topic: name}
	if name != "" {
		m.Datastream = path.Base(name)
	}
	return m
}

func (s *Supervisor) views() []KindView {
	out := make([]KindView, 0, len(s.o.Kinds))
	for _, k := range s.o.Kinds {
		v := KindView{
			Name: k.Name, Title: k.Title, Summary: k.Summary, Readme: k.Readme, ConfigSchema: &SchemaView{k.Schema()}, Example: k.Sample,
			Templates: []templates.Template{}, Probes: k.Probes,
		}
		for _, t := range s.o.Templates {
			if t.Kind == k.Name {
				v.Templates = append(v.Templates, t)
			}
		}
		out = append(out, v)
	}
	return out
}

func (s *Supervisor) preview(ctx context.Context, b previewBody) (*previewAnswer, error) {
	raw, err := bytesOf(b.Raw, b.Encoding)
	if err != nil {
		return nil, err
	}
	rows, err := s.Preview(ctx, Source{ID: b.Source, Kind: b.Kind, Config: b.Config, Mapping: b.Mapping}, raw, metaOf(b.Kind, b.Name))
	if err != nil {
		return nil, err
	}
	out := &previewAnswer{}
	out.Body.Rows, out.Body.Counts = []previewView{}, map[string]int{}
	for _, r := range rows {
		out.Body.Counts[r.Verdict]++
		if len(out.Body.Rows) < shownRows {
			out.Body.Rows = append(out.Body.Rows, r.view(httpapi.Lang(ctx)))
		}
	}
	var m mapping.Mapping
	_ = connector.Parse(b.Mapping, &m) // Preview has parsed it
	out.Body.Described = describe(raw, b.Name, m)
	return out, nil
}

func (r PreviewRow) view(lang msg.Lang) previewView {
	v := previewView{
		Datastream: r.Datastream, Key: r.Key, Name: r.Name, Text: r.Text, Unit: r.Unit, Flags: r.Flags.Names(), Verdict: r.Verdict, Raw: r.Raw,
	}
	if v.Datastream == "" {
		v.Datastream = r.Key
	}
	if !r.Time.IsZero() {
		t := r.Time.UTC()
		v.Time = &t
	}
	if r.Verdict != "unread" && r.Text == "" {
		value := r.Value
		v.Value = &value
	}
	if r.Err != nil {
		v.Code, v.Detail = r.Err.Code, r.Err.In(lang)
	}
	return v
}
