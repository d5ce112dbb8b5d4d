package feed

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

// CaseSystem is a System as programs see it.
type CaseSystem struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Kind         string          `json:"kind" enum:"sql,rest,push,file"`
	Config       json.RawMessage `json:"config" doc:"secrets read ***"`
	Mapping      json.RawMessage `json:"mapping"`
	Enabled      bool            `json:"enabled"`
	EverySeconds float64         `json:"every_seconds"`
	Watermark    string          `json:"watermark" doc:"how far it has been read"`
	State        string          `json:"state" enum:"ok,error,running,off,never"`
	LastRun      *time.Time      `json:"last_run"`
	LastOK       *time.Time      `json:"last_ok"`
	Error        string          `json:"error" doc:"of the last round; empty: it went well"`
	ErrorCode    string          `json:"error_code"`
	ErrorFields  []string        `json:"error_fields" doc:"of the config that have to be mended"`
	Events       int             `json:"events"`
	Cases        int             `json:"cases"`
	Rejected     int             `json:"rejected"`
	LagSeconds   *float64        `json:"lag_seconds" doc:"how old the city's picture of it is; null: it was never read"`
	TokenHint    string          `json:"token_hint"`
	Synthetic    bool            `json:"synthetic"`
	Created      time.Time       `json:"created"`
	Changed      time.Time       `json:"changed"`
}

func (s *Service) view(x System, lang msg.Lang) CaseSystem {
	v := CaseSystem{
		ID: x.ID, Name: x.Name, Kind: x.Kind, Config: object(x.Config), Mapping: object(x.Mapping), Enabled: x.Enabled, EverySeconds: x.Every.Seconds(),
		Watermark: x.Shown, State: x.State, LastRun: when(x.LastRun), LastOK: when(x.LastOK), Error: x.Error.In(lang), ErrorFields: []string{},
		Events: x.Events, Cases: x.Cases, Rejected: x.Rejected, TokenHint: x.TokenHint, Synthetic: x.Synthetic, Created: x.Created, Changed: x.Changed,
	}
	if x.Error != nil {
		v.ErrorCode = x.Error.Code
		for _, f := range x.Error.Fields {
			v.ErrorFields = append(v.ErrorFields, f.Path)
		}
	}
	if lag, ok := x.Lag(s.clock.Now()); ok {
		n := lag.Seconds()
		v.LagSeconds = &n
	}
	return v
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// CaseSystemFields are what a request may set.
type CaseSystemFields struct {
	Name         *string          `json:"name,omitempty" doc:"what people call it"`
	Config       *json.RawMessage `json:"config,omitempty" doc:"of its kind; a secret that reads *** stays as it is"`
	Mapping      *json.RawMessage `json:"mapping,omitempty" doc:"field → {column} or {expr}; constants, zone, time_format"`
	Enabled      *bool            `json:"enabled,omitempty"`
	EverySeconds *float64         `json:"every_seconds,omitempty" doc:"between two rounds"`
	Synthetic    *bool            `json:"synthetic,omitempty" doc:"its files are made up and labelled so"`
}

func (f CaseSystemFields) every() *time.Duration {
	if f.EverySeconds == nil {
		return nil
	}
	d := time.Duration(min(max(*f.EverySeconds, -1e9), 1e9) * float64(time.Second))
	return &d
}

type caseSystemDraft struct {
	ID   string `json:"id,omitempty" doc:"a–z, 0–9, - and _; made from the name if left out"`
	Kind string `json:"kind" enum:"sql,rest,push,file"`
	CaseSystemFields
}

type caseSystemPatch struct {
	CaseSystemFields
	Restart bool `json:"restart,omitempty" doc:"read everything again from the start"`
}

// CaseSystemWithToken is a system and its new token.
type CaseSystemWithToken struct {
	CaseSystem
	Token string `json:"token,omitempty" doc:"of systems that send; shown this once"`
}

type bySystem struct {
	ID string `path:"id"`
}

func operation(id, method, path, summary string, permission access.Permission, status int) huma.Operation {
	return httpapi.Needs(huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1/cases" + path, Summary: summary, Tags: []string{"cases"}, DefaultStatus: status, Security: httpapi.Signed,
	}, permission)
}

// Routes registers the operations on one-stop systems, rejected rows and
// words.
func (s *Service) Routes(api huma.API) {
	s.systemRoutes(api)
	s.importRoutes(api)
	s.wordRoutes(api)
}

func (s *Service) systemRoutes(api huma.API) {
	huma.Register(api, operation("list-case-systems", http.MethodGet, "/systems", "One-stop systems and how they do", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*struct {
			Body struct {
				Systems []CaseSystem `json:"systems"`
			}
		}, error) {
			list, err := s.Systems(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Systems []CaseSystem `json:"systems"`
				}
			}{}
			out.Body.Systems = make([]CaseSystem, len(list))
			for i, x := range list {
				out.Body.Systems[i] = s.view(x, httpapi.Lang(ctx))
			}
			return out, nil
		})
	huma.Register(api, operation("create-case-system", http.MethodPost, "/systems", "Connect a one-stop system", access.CaseConnect, http.StatusCreated),
		func(ctx context.Context, in *struct{ Body caseSystemDraft }) (*struct{ Body CaseSystemWithToken }, error) {
			d := Draft{ID: in.Body.ID, Kind: in.Body.Kind, Enabled: true}
			set(&d.Name, in.Body.Name)
			set(&d.Config, in.Body.Config)
			set(&d.Mapping, in.Body.Mapping)
			set(&d.Enabled, in.Body.Enabled)
			set(&d.Every, in.Body.every())
			set(&d.Synthetic, in.Body.Synthetic)
			x, token, err := s.Create(ctx, httpapi.Actor(ctx), d)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystemWithToken }{CaseSystemWithToken{s.view(x, httpapi.Lang(ctx)), token}}, nil
		})
	huma.Register(api, operation("get-case-system", http.MethodGet, "/systems/{id}", "A one-stop system", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, in *bySystem) (*struct{ Body CaseSystem }, error) {
			x, err := s.System(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystem }{s.view(x, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, operation("update-case-system", http.MethodPatch, "/systems/{id}", "Change a one-stop system, switch it on or off", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body caseSystemPatch
		}) (*struct{ Body CaseSystem }, error) {
			p := Patch{Name: in.Body.Name, Config: in.Body.Config, Mapping: in.Body.Mapping, Enabled: in.Body.Enabled, Every: in.Body.every(), Synthetic: in.Body.Synthetic, Restart: in.Body.Restart}
			x, err := s.Update(ctx, httpapi.Actor(ctx), in.ID, p)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystem }{s.view(x, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, operation("delete-case-system", http.MethodDelete, "/systems/{id}", "Forget a one-stop system; its files stay", access.CaseConnect, http.StatusNoContent),
		func(ctx context.Context, in *bySystem) (*struct{}, error) {
			return nil, s.Delete(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, operation("rotate-case-system-token", http.MethodPost, "/systems/{id}/token", "Give a system that sends a new token", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, in *bySystem) (*struct{ Body CaseSystemWithToken }, error) {
			x, token, err := s.RotateToken(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystemWithToken }{CaseSystemWithToken{s.view(x, httpapi.Lang(ctx)), token}}, nil
		})
	huma.Register(api, operation("run-case-system", http.MethodPost, "/systems/{id}/run", "Read a system now; answers before the round ends", access.CaseConnect, http.StatusAccepted),
		func(ctx context.Context, in *bySystem) (*struct{ Body CaseSystem }, error) {
			x, err := s.RunNow(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystem }{s.view(x, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, operation("list-case-system-kinds", http.MethodGet, "/systems/kinds", "How systems can be connected, and the fields a mapping fills", access.CaseConnect, http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*struct{ Body caseKinds }, error) {
			return &struct{ Body caseKinds }{kindsView()}, nil
		})
}

type caseKinds struct {
	Kinds  []caseKind  `json:"kinds"`
	Fields []caseField `json:"fields"`
}

type caseKind struct {
	Name    string            `json:"name"`
	Title   msg.Text          `json:"title"`
	Summary msg.Text          `json:"summary"`
	Schema  *connector.Schema `json:"schema"`
	Sample  json.RawMessage   `json:"sample"`
}

type caseField struct {
	Name     string   `json:"name"`
	Title    msg.Text `json:"title"`
	Kind     string   `json:"kind" enum:"text,time,flag"`
	Personal bool     `json:"personal"`
	Required bool     `json:"required"`
}

func kindsView() caseKinds {
	var v caseKinds
	for _, k := range Kinds {
		v.Kinds = append(v.Kinds, caseKind{Name: k.Name, Title: k.Title, Summary: k.Summary, Schema: k.Schema(), Sample: k.Sample})
	}
	for _, t := range targets {
		v.Fields = append(v.Fields, caseField{Name: t.Name, Title: t.Title, Kind: t.Kind, Personal: t.Personal, Required: t.Name == "code"})
	}
	return v
}
