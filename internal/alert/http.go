package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/gzip"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

// Text accepts both {"vi", "en"} and a plain string, which then stands for
// both.
type Text msg.Text

// UnmarshalJSON reads either form.
func (t *Text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = Text{Vi: s, En: s}
		return nil
	}
	return json.Unmarshal(raw, (*msg.Text)(t))
}

// Schema tells the document of both forms.
func (t Text) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeObject, Properties: map[string]*huma.Schema{"vi": s, "en": s}}}}
}

type listInput struct {
	State      []string  `query:"state" doc:"new, acknowledged … closed"`
	Severity   []int     `query:"severity"`
	Service    string    `query:"service"`
	Unit       string    `query:"unit"`
	Area       string    `query:"area"`
	Rule       string    `query:"rule"`
	Thing      string    `query:"thing"`
	Incident   string    `query:"incident"`
	Group      string    `query:"group"`
	Q          string    `query:"q" maxLength:"500" doc:"words in any writing of the tones"`
	Open       string    `query:"open" enum:"true,false" doc:"not closed"`
	Active     string    `query:"active" enum:"true,false" doc:"the condition holds"`
	Suppressed string    `query:"suppressed" enum:"true,false,only" doc:"false leaves out those that are kept quiet, only lists these alone"`
	Direct     string    `query:"direct" enum:"true,false" doc:"that went straight to a unit (cases that fall due); the city's list leaves them out unless asked for by this, by service, rule, group or words"`
	From       time.Time `query:"from" doc:"raised at or after"`
	To         time.Time `query:"to" doc:"raised before"`
	Sort       string    `query:"sort" enum:"severity,raised" doc:"severity (then newest), or newest"`
	Limit      int       `query:"limit" minimum:"0" maximum:"10000" doc:"0: 100"`
	Cursor     string    `query:"cursor" maxLength:"200"`
	Compact    bool      `query:"compact" doc:"rows for a list: without text, rule_name, labels, runbook and other fields of the page of an alert, and without what is empty (\"\", null, false, [])"`
	Accept     string    `header:"Accept-Encoding" hidden:"true"`
}

func flag(s string) *bool {
	if s == "" {
		return nil
	}
	b := s == "true"
	return &b
}

func (in *listInput) filter() Filter {
	f := Filter{Severities: in.Severity, Service: in.Service, Unit: in.Unit, Area: in.Area, Rule: in.Rule, Thing: in.Thing, Incident: in.Incident,
		Group: in.Group, Q: in.Q, Open: flag(in.Open), Active: flag(in.Active), Suppressed: in.Suppressed, Direct: flag(in.Direct), From: in.From, To: in.To,
		Sort: in.Sort, Limit: in.Limit, Cursor: in.Cursor, Compact: in.Compact}
	for _, s := range in.State {
		f.States = append(f.States, State(s))
	}
	return f
}

// listBody is the answer of the list, for the document; the answer itself is
// written from the stored documents.
type listBody struct {
	Alerts []Alert   `json:"alerts"`
	Next   string    `json:"next" doc:"cursor of the next page, empty at the end"`
	Total  int       `json:"total"`
	Counts Counts    `json:"counts"`
	At     time.Time `json:"at"`
}

// write joins the documents without reading them again: ten thousand alerts
// are a few megabytes.
func (p *Page) write() ([]byte, error) {
	tail, err := json.Marshal(struct {
		Next   string    `json:"next"`
		Total  int       `json:"total"`
		Counts Counts    `json:"counts"`
		At     time.Time `json:"at"`
	}{p.Next, p.Total, p.Counts, p.At})
	if err != nil {
		return nil, err
	}
	size := len(tail) + 32
	for _, d := range p.Alerts {
		size += len(d) + 1
	}
	out := make([]byte, 0, size)
	out = append(out, `{"alerts":[`...)
	for i, d := range p.Alerts {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, d...)
	}
	out = append(out, `],`...)
	return append(out, tail[1:]...), nil
}

// worthZipping is from where a list is packed: megabytes cost more on the way
// to a phone than the processor needs for them.
const worthZipping = 64 << 10

func zip(body []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(body) / 8)
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // fails for unknown levels only
	_, _ = w.Write(body)                              // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// StepFields are what a step may carry.
type StepFields struct {
	Step        Verb     `json:"step" enum:"acknowledge,verify,dispatch,accept,return,start,finish,check,close,reopen,comment,escalate"`
	Comment     string   `json:"comment,omitempty"`
	Verdict     string   `json:"verdict,omitempty" doc:"true, false or duplicate"`
	Reason      string   `json:"reason,omitempty"`
	DuplicateOf string   `json:"duplicate_of,omitempty"`
	Unit        string   `json:"unit,omitempty" doc:"to which it is dispatched; left out: the one responsible"`
	OK          *bool    `json:"ok,omitempty" doc:"of a check"`
	Attachments []string `json:"attachments,omitempty" maxItems:"50"`
}

func (f *StepFields) command() Command {
	return Command{Verb: f.Step, Comment: f.Comment, Verdict: f.Verdict, Reason: f.Reason, DuplicateOf: f.DuplicateOf, Unit: f.Unit, OK: f.OK, Attachments: f.Attachments}
}

type draftBody struct {
	Title       Text                `json:"title"`
	Text        *Text               `json:"text,omitempty"`
	Severity    alertevent.Severity `json:"severity" minimum:"1" maximum:"4"`
	Service     string              `json:"service" minLength:"1" maxLength:"100"`
	Place       string              `json:"place,omitempty"`
	Lon         *float64            `json:"lon,omitempty"`
	Lat         *float64            `json:"lat,omitempty"`
	Area        string              `json:"area,omitempty"`
	Unit        string              `json:"unit,omitempty"`
	Thing       string              `json:"thing,omitempty"`
	Attachments []string            `json:"attachments,omitempty" maxItems:"50"`
}

type bulkFailed struct {
	ID     string `json:"id"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func alertOperation(id, method, path, summary string, status int, errors ...int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, DefaultStatus: status,
		Tags: []string{"alerts"}, Security: httpapi.Signed, Errors: append(errors, http.StatusUnauthorized, http.StatusForbidden)}
}

// Routes registers the operations on alerts.
func (s *Service) Routes(api huma.API) {
	s.listRoutes(api)
	s.stepRoutes(api)
	s.silenceRoutes(api)
	s.settingRoutes(api)
}

type out[T any] struct{ Body T }

func answer[T any](body T, err error) (*out[T], error) {
	if err != nil {
		return nil, err
	}
	return &out[T]{Body: body}, nil
}

func (s *Service) listRoutes(api huma.API) {
	op := httpapi.Needs(alertOperation("list-alerts", http.MethodGet, "/alerts", "Alerts, filtered", http.StatusOK, http.StatusUnprocessableEntity), access.AlertView)
	op.Responses = map[string]*huma.Response{"200": {Description: "A page of alerts", Content: map[string]*huma.MediaType{
		"application/json": {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, typeOf[listBody]())}}}}
	huma.Register(api, op, func(ctx context.Context, in *listInput) (*huma.StreamResponse, error) {
		page, err := s.List(ctx, httpapi.Actor(ctx), in.filter())
		if err != nil {
			return nil, err
		}
		body, err := page.write()
		if err != nil {
			return nil, err
		}
		zipped := len(body) > worthZipping && strings.Contains(in.Accept, "gzip")
		if zipped {
			body = zip(body)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", "application/json")
			hc.SetHeader("Vary", "Accept-Encoding")
			if zipped {
				hc.SetHeader("Content-Encoding", "gzip")
			}
			hc.SetHeader("Content-Length", strconv.Itoa(len(body)))
			_, _ = hc.BodyWriter().Write(body) // the reader may be gone
		}}, nil
	})
	huma.Register(api, httpapi.Needs(alertOperation("alerts-summary", http.MethodGet, "/alerts/summary", "The open alerts in a few figures", http.StatusOK), access.AlertView),
		func(ctx context.Context, _ *struct{}) (*out[Summary], error) {
			return answer(s.Summary(ctx, httpapi.Actor(ctx)))
		})
	huma.Register(api, httpapi.Needs(alertOperation("alerts-budget", http.MethodGet, "/alerts/budget", "The load of the operators against EEMUA 191, and the noisiest rules", http.StatusOK), access.AlertView),
		func(ctx context.Context, in *struct {
			Hours int `query:"hours" minimum:"0" maximum:"744" doc:"0: 8, a shift"`
		}) (*out[Budget], error) {
			if in.Hours == 0 {
				in.Hours = 8
			}
			return answer(s.Budget(ctx, httpapi.Actor(ctx), in.Hours))
		})
	huma.Register(api, httpapi.Needs(alertOperation("get-alert", http.MethodGet, "/alerts/{id}", "An alert with its timeline and evidence", http.StatusOK, http.StatusNotFound), access.AlertView),
		func(ctx context.Context, in *byID) (*out[Detail], error) {
			return answer(s.Detail(ctx, httpapi.Actor(ctx), in.ID))
		})
}

type byID struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Service) stepRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(alertOperation("raise-alert", http.MethodPost, "/alerts", "Raise an alert by hand", http.StatusCreated, http.StatusUnprocessableEntity), access.AlertHandle),
		func(ctx context.Context, in *struct{ Body draftBody }) (*out[Alert], error) {
			b := in.Body
			d := Draft{Title: msg.Text(b.Title), Severity: b.Severity, Service: b.Service, Place: b.Place, Lon: b.Lon, Lat: b.Lat,
				Area: b.Area, Unit: b.Unit, Thing: b.Thing, Attachments: b.Attachments}
			if b.Text != nil {
				d.Text = msg.Text(*b.Text)
			}
			return answer(s.Raise(ctx, httpapi.Actor(ctx), d))
		})
	huma.Register(api, httpapi.Needs(alertOperation("alert-step", http.MethodPost, "/alerts/{id}/steps", "Do the next step with an alert", http.StatusOK,
		http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), access.AlertView),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"64"`
			Body struct {
				StepFields
				Version int `json:"version" minimum:"1" doc:"as last seen; 409 says who changed what meanwhile"`
			}
		}) (*out[Alert], error) {
			c := in.Body.command()
			c.Version = in.Body.Version
			return answer(s.Do(ctx, httpapi.Actor(ctx), in.ID, c))
		})
	huma.Register(api, httpapi.Needs(alertOperation("alert-steps", http.MethodPost, "/alerts/steps", "Do one step with many alerts", http.StatusOK, http.StatusUnprocessableEntity), access.AlertView),
		func(ctx context.Context, in *struct {
			Body struct {
				IDs []string `json:"ids" minItems:"1" maxItems:"2000"`
				StepFields
			}
		}) (*out[struct {
			Done   []string     `json:"done"`
			Failed []bulkFailed `json:"failed"`
		}], error) {
			done, failed, err := s.DoAll(ctx, httpapi.Actor(ctx), in.Body.IDs, in.Body.command())
			if err != nil {
				return nil, err
			}
			res := &out[struct {
				Done   []string     `json:"done"`
				Failed []bulkFailed `json:"failed"`
			}]{}
			res.Body.Done, res.Body.Failed = append([]string{}, done...), []bulkFailed{}
			for _, f := range failed {
				row := bulkFailed{ID: f.ID}
				if e, ok := fault.As(f.Err); ok {
					row.Code, row.Detail = e.Code, e.In(httpapi.Lang(ctx))
					for _, field := range e.Fields {
						row.Detail = strings.Join([]string{row.Detail, field.Err.In(httpapi.Lang(ctx))}, "; ")
					}
				}
				res.Body.Failed = append(res.Body.Failed, row)
			}
			return res, nil
		})
	huma.Register(api, httpapi.Needs(alertOperation("view-alert", http.MethodPost, "/alerts/{id}/viewing", "Say that one has the alert open; each 15 s", http.StatusOK, http.StatusNotFound), access.AlertView),
		func(ctx context.Context, in *byID) (*out[struct {
			Viewers []Viewer `json:"viewers"`
		}], error) {
			v, err := s.Viewing(ctx, httpapi.Actor(ctx), in.ID)
			return answer(struct {
				Viewers []Viewer `json:"viewers"`
			}{v}, err)
		})
}
