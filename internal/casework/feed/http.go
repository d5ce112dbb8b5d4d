package feed

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/decode"
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

type bySystem struct {
	ID string `path:"id"`
}

func operation(id, method, path, summary, permission string, status int) huma.Operation {
	o := huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1/cases" + path, Summary: summary, Tags: []string{"cases"}, DefaultStatus: status,
		Security: httpapi.Signed, Extensions: map[string]any{"x-permission": permission},
	}
	if permission == "public" {
		o.Security = []map[string][]string{{"bearer": {}}}
	}
	return o
}

// Routes registers the operations on one-stop systems, rejected rows and
// words.
func (s *Service) Routes(api huma.API) {
	s.systemRoutes(api)
	s.importRoutes(api)
	s.wordRoutes(api)
}

func (s *Service) systemRoutes(api huma.API) {
	huma.Register(api, operation("list-case-systems", http.MethodGet, "/systems", "One-stop systems and how they do", "case.connect", http.StatusOK),
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
	huma.Register(api, operation("create-case-system", http.MethodPost, "/systems", "Connect a one-stop system", "case.connect", http.StatusCreated),
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
	huma.Register(api, operation("get-case-system", http.MethodGet, "/systems/{id}", "A one-stop system", "case.connect", http.StatusOK),
		func(ctx context.Context, in *bySystem) (*struct{ Body CaseSystem }, error) {
			x, err := s.System(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystem }{s.view(x, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, operation("update-case-system", http.MethodPatch, "/systems/{id}", "Change a one-stop system, switch it on or off", "case.connect", http.StatusOK),
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
	huma.Register(api, operation("delete-case-system", http.MethodDelete, "/systems/{id}", "Forget a one-stop system; its files stay", "case.connect", http.StatusNoContent),
		func(ctx context.Context, in *bySystem) (*struct{}, error) {
			return nil, s.Delete(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, operation("rotate-case-system-token", http.MethodPost, "/systems/{id}/token", "Give a system that sends a new token", "case.connect", http.StatusOK),
		func(ctx context.Context, in *bySystem) (*struct{ Body CaseSystemWithToken }, error) {
			x, token, err := s.RotateToken(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystemWithToken }{CaseSystemWithToken{s.view(x, httpapi.Lang(ctx)), token}}, nil
		})
	huma.Register(api, operation("run-case-system", http.MethodPost, "/systems/{id}/run", "Read a system now; answers before the round ends", "case.connect", http.StatusAccepted),
		func(ctx context.Context, in *bySystem) (*struct{ Body CaseSystem }, error) {
			x, err := s.RunNow(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CaseSystem }{s.view(x, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, operation("list-case-system-kinds", http.MethodGet, "/systems/kinds", "How systems can be connected, and the fields a mapping fills", "case.connect", http.StatusOK),
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

func (s *Service) importRoutes(api huma.API) {
	upload := operation("upload-case-file", http.MethodPost, "/systems/{id}/upload", "Import a CSV or XLSX file; the body is the file", "case.connect", http.StatusOK)
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
	push := operation("push-case-messages", http.MethodPost, "/systems/{id}/push", "National messages DongBoHoSoMC and CapNhatTienDoHoSoMC, one or many; the bearer token is the system's", "public", http.StatusOK)
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
	huma.Register(api, operation("preview-case-system", http.MethodPost, "/systems/preview", "Rows of a system and the events they would become", "case.connect", http.StatusOK),
		func(ctx context.Context, in *struct{ Body caseTrial }) (*struct{ Body CasePreview }, error) {
			p, err := s.Preview(ctx, httpapi.Actor(ctx), Trial{System: in.Body.System, Kind: in.Body.Kind, Config: in.Body.Config, Mapping: in.Body.Mapping, Text: in.Body.Text})
			if err != nil {
				return nil, err
			}
			return &struct{ Body CasePreview }{viewPreview(p, httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, operation("list-rejected-case-rows", http.MethodGet, "/rejected", "Rows that became no event, masked", "case.connect", http.StatusOK),
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
	huma.Register(api, operation("retry-rejected-case-rows", http.MethodPost, "/rejected/retry", "Read rejected rows again with the mapping of now", "case.connect", http.StatusOK),
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

// CaseWord is a Word as programs see it.
type CaseWord struct {
	System      string        `json:"system"`
	Kind        string        `json:"kind" enum:"unit,officer,state,procedure"`
	Word        string        `json:"word"`
	Name        string        `json:"name" doc:"what the system calls it"`
	N           int           `json:"n" doc:"files that use it"`
	Meaning     string        `json:"meaning" doc:"empty: nobody has said"`
	MeaningName string        `json:"meaning_name"`
	Refolding   bool          `json:"refolding" doc:"files are still being folded with the new meaning"`
	Suggestions []CaseMeaning `json:"suggestions"`
}

// CaseMeaning is something a word may mean.
type CaseMeaning struct {
	Meaning string `json:"meaning"`
	Name    string `json:"name"`
}

func (s *Service) wordRoutes(api huma.API) {
	huma.Register(api, operation("list-case-words", http.MethodGet, "/words", "Words of the one-stop systems, what they mean or may mean", "case.map", http.StatusOK),
		func(ctx context.Context, in *struct {
			Kind     string `query:"kind" enum:"unit,officer,state,procedure"`
			System   string `query:"system"`
			Unmapped bool   `query:"unmapped" doc:"only those nobody has explained"`
		}) (*struct {
			Body struct {
				Words []CaseWord `json:"words"`
			}
		}, error) {
			list, err := s.Words(ctx, httpapi.Actor(ctx), in.Kind, in.System, in.Unmapped)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Words []CaseWord `json:"words"`
				}
			}{}
			out.Body.Words = make([]CaseWord, len(list))
			for i, w := range list {
				out.Body.Words[i] = viewWord(w)
			}
			return out, nil
		})
	huma.Register(api, operation("set-case-word", http.MethodPut, "/words", "Say what a word means; the files that use it are folded again", "case.map", http.StatusNoContent),
		func(ctx context.Context, in *struct {
			Body struct {
				System  string `json:"system"`
				Kind    string `json:"kind" enum:"unit,officer,state,procedure"`
				Word    string `json:"word"`
				Meaning string `json:"meaning" doc:"empty takes it back"`
			}
		}) (*struct{}, error) {
			return nil, s.SetWord(ctx, httpapi.Actor(ctx), in.Body.System, in.Body.Kind, in.Body.Word, in.Body.Meaning)
		})
}

func viewWord(w Word) CaseWord {
	v := CaseWord{System: w.System, Kind: w.Kind, Word: w.Word.Word, Name: w.Name, N: w.N, Meaning: w.Meaning, MeaningName: w.MeaningName, Refolding: w.Refold, Suggestions: make([]CaseMeaning, len(w.Suggestions))}
	for i, c := range w.Suggestions {
		v.Suggestions[i] = CaseMeaning{Meaning: c.Meaning, Name: c.Name}
	}
	return v
}
