package rule

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule/eval"
)

// editable is what people send of a rule; what else a rule shows may stand
// there too and is passed over.
type editable struct {
	_  struct{} `json:"-" additionalProperties:"true"`
	ID string   `json:"id,omitempty" doc:"of a new rule; left out: made from the name" maxLength:"64"`
	Definition
}

type one struct{ Body View }

type checkOutput struct {
	Body struct {
		OK           bool        `json:"ok"`
		PromQL       string      `json:"promql"`
		Selects      int         `json:"selects"`
		Things       []ThingRef  `json:"things"`
		WouldFireNow int         `json:"would_fire_now"`
		Warnings     []warning   `json:"warnings"`
		Errors       []wrongness `json:"errors"`
	}
}

type warning struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type wrongness struct {
	Path     string `json:"path"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	Position int    `json:"position,omitempty" doc:"in the text at path, characters from 1"`
}

type byID struct {
	ID string `path:"id" maxLength:"64"`
}

type verdictInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Version int    `json:"version,omitempty" doc:"left out: the newest"`
		Reason  string `json:"reason,omitempty" maxLength:"2000"`
		Confirm bool   `json:"confirm,omitempty" doc:"that it may fire on nearly everything right now"`
	}
}

// textFile answers with a text of a given type.
type textFile struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

func operation(id, method, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: rulesPath + path, Summary: summary, Tags: []string{"rules"}, Security: httpapi.Signed,
	}
}

// Routes registers the operations.
func (s *Service) Routes(api huma.API) {
	p := newParted(api)
	s.readRoutes(p)
	s.editRoutes(p)
	s.lifeRoutes(p)
	s.fileRoutes(p)
	s.backtestRoutes(p)
	p.close()
}

func (s *Service) readRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(operation("list-rules", http.MethodGet, "", "Every rule in its newest version"), access.RuleView),
		func(ctx context.Context, _ *struct{}) (*struct {
			Body struct {
				Rules []View `json:"rules"`
			}
		}, error) {
			list, err := s.List(ctx, httpapi.Actor(ctx))
			out := &struct {
				Body struct {
					Rules []View `json:"rules"`
				}
			}{}
			out.Body.Rules = list
			return out, err
		})
	huma.Register(api, httpapi.Needs(operation("get-rule", http.MethodGet, "/{id}", "One rule"), access.RuleView),
		func(ctx context.Context, in *struct {
			ID      string `path:"id" maxLength:"64"`
			Version int    `query:"version" minimum:"0" doc:"left out: the newest"`
		}) (*one, error) {
			v, err := s.Get(ctx, httpapi.Actor(ctx), in.ID, in.Version)
			return &one{v}, err
		})
	huma.Register(api, httpapi.Needs(operation("list-rule-versions", http.MethodGet, "/{id}/versions", "Every version of a rule, newest first"), access.RuleView),
		func(ctx context.Context, in *byID) (*struct {
			Body struct {
				Versions []View `json:"versions"`
			}
		}, error) {
			list, err := s.Versions(ctx, httpapi.Actor(ctx), in.ID)
			out := &struct {
				Body struct {
					Versions []View `json:"versions"`
				}
			}{}
			out.Body.Versions = list
			return out, err
		})
	huma.Register(api, httpapi.Needs(operation("explain-rule", http.MethodGet, "/{id}/why", "Why a rule fired for a thing at an instant, or did not"), access.RuleView),
		func(ctx context.Context, in *struct {
			ID      string    `path:"id" maxLength:"64"`
			Thing   string    `query:"thing" required:"true" maxLength:"300" doc:"a thing or a datastream"`
			At      time.Time `query:"at" doc:"left out: now"`
			Version int       `query:"version" minimum:"0" doc:"left out: the one in force"`
		}) (*struct{ Body eval.Trace }, error) {
			t, err := s.Why(ctx, httpapi.Actor(ctx), in.ID, in.Thing, in.At, in.Version)
			return &struct{ Body eval.Trace }{t}, err
		})
	page := httpapi.Needs(operation("get-rule-runbook", http.MethodGet, "/{id}/runbook", "What to do when a shipped rule fires, as Markdown"), access.RuleView, access.AlertView)
	page.Responses = map[string]*huma.Response{"200": {Description: "the page", Content: map[string]*huma.MediaType{
		"text/markdown": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	huma.Register(api, page, func(ctx context.Context, in *byID) (*textFile, error) {
		text, err := s.Runbook(ctx, httpapi.Actor(ctx), in.ID)
		return &textFile{ContentType: "text/markdown; charset=utf-8", CacheControl: "private, max-age=3600", Body: text}, err
	})
}

func (s *Service) editRoutes(api huma.API) {
	create := httpapi.Needs(operation("create-rule", http.MethodPost, "", "Write a new rule; it is a draft"), access.RuleEdit)
	create.DefaultStatus = http.StatusCreated
	huma.Register(api, create, func(ctx context.Context, in *struct{ Body editable }) (*one, error) {
		v, err := s.Create(ctx, httpapi.Actor(ctx), in.Body.ID, in.Body.Definition)
		return &one{v}, err
	})
	huma.Register(api, httpapi.Needs(operation("update-rule", http.MethodPut, "/{id}", "Write a new draft version of a rule"), access.RuleEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"64"`
			Body editable
		}) (*one, error) {
			v, err := s.Update(ctx, httpapi.Actor(ctx), in.ID, in.Body.Definition)
			return &one{v}, err
		})
	huma.Register(api, httpapi.Needs(operation("check-rule", http.MethodPost, "/check", "Judge a definition: what is wrong, what it selects, what would fire now"), access.RuleEdit),
		func(ctx context.Context, in *struct{ Body editable }) (*checkOutput, error) {
			c, err := s.Check(ctx, httpapi.Actor(ctx), in.Body.Definition)
			if err != nil {
				return nil, err
			}
			return shownCheck(c, httpapi.Lang(ctx)), nil
		})
}

func shownCheck(c Checked, lang msg.Lang) *checkOutput {
	out := &checkOutput{}
	b := &out.Body
	b.OK, b.PromQL, b.Selects, b.WouldFireNow = len(c.Errors) == 0, c.PromQL, c.Selects, c.WouldFireNow
	b.Things, b.Warnings, b.Errors = c.Things, []warning{}, []wrongness{}
	if b.Things == nil {
		b.Things = []ThingRef{}
	}
	for _, f := range c.Warnings {
		b.Warnings = append(b.Warnings, warning{f.Path, f.Code, f.Detail.In(lang)})
	}
	for _, f := range c.Errors {
		b.Errors = append(b.Errors, wrongness{f.Path, f.Code, f.Detail.In(lang), f.Position})
	}
	return out
}

func (s *Service) lifeRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(operation("submit-rule", http.MethodPost, "/{id}/submit", "Hand the newest draft in for review"), access.RuleEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"64"`
			Body *struct {
				Confirm bool `json:"confirm,omitempty" doc:"that it may fire on nearly everything right now"`
			}
		}) (*one, error) {
			v, err := s.Submit(ctx, httpapi.Actor(ctx), in.ID, in.Body != nil && in.Body.Confirm)
			return &one{v}, err
		})
	huma.Register(api, httpapi.Needs(operation("approve-rule", http.MethodPost, "/{id}/approve", "Put a version that waits for review into force"), access.RuleApprove),
		func(ctx context.Context, in *verdictInput) (*one, error) {
			v, err := s.Approve(ctx, httpapi.Actor(ctx), in.ID, in.Body.Version, in.Body.Confirm)
			return &one{v}, err
		})
	huma.Register(api, httpapi.Needs(operation("reject-rule", http.MethodPost, "/{id}/reject", "Refuse a version that waits for review"), access.RuleApprove),
		func(ctx context.Context, in *verdictInput) (*one, error) {
			v, err := s.Reject(ctx, httpapi.Actor(ctx), in.ID, in.Body.Version, in.Body.Reason)
			return &one{v}, err
		})
	huma.Register(api, httpapi.Needs(operation("enable-rule", http.MethodPost, "/{id}/enable", "Switch a rule on or off"), access.RuleApprove),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"64"`
			Body struct {
				Enabled bool   `json:"enabled"`
				Reason  string `json:"reason,omitempty" maxLength:"2000" doc:"needed to switch it off"`
			}
		}) (*one, error) {
			v, err := s.Enable(ctx, httpapi.Actor(ctx), in.ID, in.Body.Enabled, in.Body.Reason)
			return &one{v}, err
		})
	retire := httpapi.Needs(operation("retire-rule", http.MethodDelete, "/{id}", "Withdraw a rule for good"), access.RuleApprove)
	retire.DefaultStatus = http.StatusNoContent
	huma.Register(api, retire, func(ctx context.Context, in *byID) (*struct{}, error) {
		return nil, s.Retire(ctx, httpapi.Actor(ctx), in.ID)
	})
}

func (s *Service) fileRoutes(api huma.API) {
	export := httpapi.Needs(operation("export-rules", http.MethodGet, "/export", "Rules as YAML"), access.RuleView)
	export.Responses = map[string]*huma.Response{"200": {Description: "the file", Content: map[string]*huma.MediaType{
		"application/yaml": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	huma.Register(api, export, func(ctx context.Context, in *struct {
		IDs []string `query:"ids" doc:"with commas between; left out: all" maxItems:"5000"`
	}) (*textFile, error) {
		data, err := s.Export(ctx, httpapi.Actor(ctx), in.IDs)
		return &textFile{ContentType: "application/yaml; charset=utf-8", CacheControl: "no-store", Body: data}, err
	})
	load := httpapi.Needs(operation("import-rules", http.MethodPost, "/import", "Make drafts of the rules of a YAML file"), access.RuleEdit)
	load.MaxBodyBytes = MaxYAML + 1
	huma.Register(api, load, func(ctx context.Context, in *struct {
		RawBody []byte `contentType:"application/yaml"`
	}) (*struct {
		Body struct {
			Imported
			Errors []wrongness `json:"errors" doc:"empty: with an error nothing is taken"`
		}
	}, error) {
		done, err := s.Import(ctx, httpapi.Actor(ctx), in.RawBody)
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Imported
				Errors []wrongness `json:"errors" doc:"empty: with an error nothing is taken"`
			}
		}{}
		out.Body.Imported, out.Body.Errors = done, []wrongness{}
		return out, nil
	})
}

func (s *Service) backtestRoutes(api huma.API) {
	start := httpapi.Needs(operation("start-backtest", http.MethodPost, "/backtests", "Run a rule over stored observations"), access.RuleEdit)
	start.DefaultStatus = http.StatusAccepted
	huma.Register(api, start, func(ctx context.Context, in *struct {
		Body struct {
			Rule    string    `json:"rule,omitempty" maxLength:"64"`
			Version int       `json:"version,omitempty" minimum:"0" doc:"left out: the one in force"`
			Draft   *editable `json:"draft,omitempty"`
			From    time.Time `json:"from"`
			To      time.Time `json:"to"`
			Compare bool      `json:"compare,omitempty" doc:"with the version in force"`
			_       struct{}  `json:"-" additionalProperties:"true"`
		}
	}) (*struct{ Body Backtest }, error) {
		t := Trial{Rule: in.Body.Rule, Version: in.Body.Version, From: in.Body.From, To: in.Body.To, Compare: in.Body.Compare}
		if in.Body.Draft != nil {
			t.Draft = &in.Body.Draft.Definition
		}
		b, err := s.StartBacktest(ctx, httpapi.Actor(ctx), t)
		return &struct{ Body Backtest }{b}, err
	})
	huma.Register(api, httpapi.Needs(operation("get-backtest", http.MethodGet, "/backtests/{id}", "How a back-test is doing, and what it found"), access.RuleEdit),
		func(ctx context.Context, in *byID) (*struct{ Body Backtest }, error) {
			b, err := s.Backtest(httpapi.Actor(ctx), in.ID)
			return &struct{ Body Backtest }{b}, err
		})
	cancel := httpapi.Needs(operation("cancel-backtest", http.MethodDelete, "/backtests/{id}", "End a back-test"), access.RuleEdit)
	cancel.DefaultStatus = http.StatusNoContent
	huma.Register(api, cancel, func(ctx context.Context, in *byID) (*struct{}, error) {
		return nil, s.CancelBacktest(httpapi.Actor(ctx), in.ID)
	})
}
