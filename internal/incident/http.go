package incident

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/httpapi"
)

// list reads "a,b" of a query.
func list(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" && len(out) < 20 {
			out = append(out, p)
		}
	}
	return out
}

func numbers(s string) []int {
	var out []int
	for _, p := range list(s) {
		if n, err := strconv.Atoi(p); err == nil {
			out = append(out, n)
		} else {
			out = append(out, -1) // selects nothing, rather than everything
		}
	}
	return out
}

type incidentOutput struct{ Body Incident }

type taskOutput struct{ Body Task }

type incidentDraftBody struct {
	Title       string   `json:"title"`
	Text        string   `json:"text,omitempty"`
	Service     string   `json:"service"`
	Severity    int      `json:"severity"`
	Alerts      []string `json:"alerts,omitempty" maxItems:"500" nullable:"true"`
	LeadUnit    string   `json:"lead_unit,omitempty"`
	Place       string   `json:"place,omitempty"`
	Lon         *float64 `json:"lon,omitempty"`
	Lat         *float64 `json:"lat,omitempty"`
	SOP         string   `json:"sop,omitempty" doc:"left out: that of the alerts' rule"`
	Attachments []string `json:"attachments,omitempty" nullable:"true"`
}

type incidentStepBody struct {
	Step         string   `json:"step" enum:"confirm,dismiss,lead,resolve,close,reopen,merge,split,add_alerts,remove_alerts,severity,edit"`
	Version      int      `json:"version" doc:"the one the caller saw; another is answered by incident.changed"`
	Comment      string   `json:"comment,omitempty"`
	LeadUnit     *string  `json:"lead_unit,omitempty"`
	HelpingUnits []string `json:"helping_units,omitempty" nullable:"true" doc:"left out: as they are"`
	Into         string   `json:"into,omitempty" doc:"merge: the other incident"`
	Alerts       []string `json:"alerts,omitempty" nullable:"true"`
	Title        *string  `json:"title,omitempty" doc:"edit; split: of the new incident"`
	Text         *string  `json:"text,omitempty"`
	Severity     int      `json:"severity,omitempty"`
	Place        *string  `json:"place,omitempty"`
	Lon          *float64 `json:"lon,omitempty"`
	Lat          *float64 `json:"lat,omitempty"`
	Attachments  []string `json:"attachments,omitempty" nullable:"true"`
}

func op(id, method, path, tag, summary string, status int, errs ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, Tags: []string{tag}, DefaultStatus: status,
		Security: httpapi.Signed, Errors: append([]int{http.StatusForbidden}, errs...),
	}
}

// Routes registers the operations.
func (s *Service) Routes(api huma.API) {
	s.incidentRoutes(api)
	s.taskRoutes(api)
	s.sopRoutes(api)
	s.exportRoutes(api)
}

func (s *Service) incidentRoutes(api huma.API) {
	const tag = "incidents"
	huma.Register(api, httpapi.Needs(op("list-incidents", http.MethodGet, "/incidents", tag, "Incidents that the caller may see, newest first", http.StatusOK), access.IncidentView),
		func(ctx context.Context, in *struct {
			State    string `query:"state" doc:"one or more of proposed, open, resolved, closed, merged, dismissed; comma between"`
			Severity string `query:"severity" doc:"3,4"`
			Service  string `query:"service"`
			Unit     string `query:"unit" doc:"leads or helps"`
			Area     string `query:"area"`
			Q        string `query:"q" maxLength:"200"`
			Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
			Cursor   string `query:"cursor" maxLength:"40"`
		}) (*struct {
			Body struct {
				Incidents []Incident `json:"incidents"`
				Next      string     `json:"next" doc:"cursor of the next page, empty on the last"`
				Total     int        `json:"total"`
			}
		}, error) {
			p, err := s.List(ctx, httpapi.Actor(ctx), Filter{States: list(in.State), Severities: numbers(in.Severity), Service: in.Service,
				Unit: in.Unit, Area: in.Area, Q: in.Q, Limit: in.Limit, Cursor: in.Cursor})
			out := &struct {
				Body struct {
					Incidents []Incident `json:"incidents"`
					Next      string     `json:"next" doc:"cursor of the next page, empty on the last"`
					Total     int        `json:"total"`
				}
			}{}
			out.Body.Incidents, out.Body.Next, out.Body.Total = p.Incidents, p.Next, p.Total
			return out, err
		})
	huma.Register(api, httpapi.Needs(op("open-incident", http.MethodPost, "/incidents", tag, "Open an incident by hand", http.StatusCreated, http.StatusConflict), access.IncidentHandle),
		func(ctx context.Context, in *struct{ Body incidentDraftBody }) (*incidentOutput, error) {
			b := in.Body
			i, err := s.Open(ctx, httpapi.Actor(ctx), Draft{Title: b.Title, Text: b.Text, Service: b.Service, Severity: alertevent.Severity(b.Severity),
				Alerts: b.Alerts, LeadUnit: b.LeadUnit, Place: b.Place, Lon: b.Lon, Lat: b.Lat, SOP: b.SOP, Attachments: b.Attachments})
			return &incidentOutput{i}, err
		})
	huma.Register(api, httpapi.Needs(op("get-incident", http.MethodGet, "/incidents/{id}", tag, "Everything about an incident", http.StatusOK, http.StatusNotFound), access.IncidentView),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{ Body Detail }, error) {
			d, err := s.Get(ctx, httpapi.Actor(ctx), in.ID)
			return &struct{ Body Detail }{d}, err
		})
	huma.Register(api, httpapi.Needs(op("step-incident", http.MethodPost, "/incidents/{id}/steps", tag, "Take a step with an incident", http.StatusOK, http.StatusNotFound, http.StatusConflict), access.IncidentHandle),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body incidentStepBody
		}) (*incidentOutput, error) {
			b := in.Body
			i, err := s.Do(ctx, httpapi.Actor(ctx), in.ID, Step{Step: b.Step, Version: b.Version, Comment: b.Comment, LeadUnit: b.LeadUnit, Helping: b.HelpingUnits,
				Into: b.Into, Alerts: b.Alerts, Title: b.Title, Text: b.Text, Severity: alertevent.Severity(b.Severity), Place: b.Place, Lon: b.Lon, Lat: b.Lat, Attachments: b.Attachments})
			return &incidentOutput{i}, err
		})
	huma.Register(api, httpapi.Needs(op("message-incident", http.MethodPost, "/incidents/{id}/messages", tag, "Write into the thread of an incident", http.StatusCreated, http.StatusNotFound), access.IncidentHandle, access.TaskAnswer, access.DirectiveGive),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				Text        string   `json:"text"`
				Attachments []string `json:"attachments,omitempty" nullable:"true"`
			}
		}) (*struct{ Body Message }, error) {
			m, err := s.Say(ctx, httpapi.Actor(ctx), in.ID, in.Body.Text, in.Body.Attachments)
			return &struct{ Body Message }{m}, err
		})
	type stepsOutput struct {
		Body struct {
			Steps []SOPStep `json:"steps"`
		}
	}
	huma.Register(api, httpapi.Needs(op("mark-incident-sop", http.MethodPost, "/incidents/{id}/sop/{n}", tag, "Do, skip or reopen a step of the checklist", http.StatusOK, http.StatusNotFound, http.StatusConflict), access.IncidentHandle, access.TaskAnswer, access.DirectiveGive),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			N    int    `path:"n"`
			Body struct {
				State       string   `json:"state" enum:"done,skipped,open"`
				Comment     string   `json:"comment,omitempty"`
				Attachments []string `json:"attachments,omitempty" nullable:"true"`
			}
		}) (*stepsOutput, error) {
			steps, err := s.MarkSOP(ctx, httpapi.Actor(ctx), in.ID, in.N, in.Body.State, in.Body.Comment, in.Body.Attachments)
			out := &stepsOutput{}
			out.Body.Steps = steps
			return out, err
		})
	huma.Register(api, httpapi.Needs(op("assign-incident-sop", http.MethodPut, "/incidents/{id}/sop", tag, "Give an incident an SOP; its times run from now", http.StatusOK, http.StatusNotFound), access.IncidentHandle),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				SOP string `json:"sop" doc:"empty: none"`
			}
		}) (*incidentOutput, error) {
			i, err := s.AssignSOP(ctx, httpapi.Actor(ctx), in.ID, in.Body.SOP)
			return &incidentOutput{i}, err
		})
}

type taskDraftBody struct {
	Kind          string    `json:"kind" enum:"task,directive"`
	Incident      string    `json:"incident,omitempty"`
	Alert         string    `json:"alert,omitempty"`
	Indicator     string    `json:"indicator,omitempty"`
	Title         string    `json:"title"`
	Text          string    `json:"text,omitempty"`
	Unit          string    `json:"unit"`
	Due           time.Time `json:"due"`
	ProofRequired bool      `json:"proof_required,omitempty"`
	Lon           *float64  `json:"lon,omitempty"`
	Lat           *float64  `json:"lat,omitempty"`
	Place         string    `json:"place,omitempty"`
	Link          string    `json:"link,omitempty"`
	Attachments   []string  `json:"attachments,omitempty" nullable:"true"`
}

type taskStepBody struct {
	Step        string     `json:"step" enum:"accept,return,start,progress,extend,grant,refuse,finish,confirm,redo,cancel,comment,readdress"`
	Version     int        `json:"version" doc:"the one the caller saw; another is answered by task.changed"`
	Comment     string     `json:"comment,omitempty"`
	Reason      string     `json:"reason,omitempty" doc:"the same as comment, for return, extend, refuse, redo, cancel"`
	Percent     *int       `json:"percent,omitempty"`
	Due         *time.Time `json:"due,omitempty"`
	Unit        string     `json:"unit,omitempty"`
	Attachments []string   `json:"attachments,omitempty" nullable:"true"`
}

func (s *Service) taskRoutes(api huma.API) {
	const tag = "tasks"
	type tasksOutput struct {
		Body struct {
			Tasks []Task `json:"tasks"`
			Total int    `json:"total"`
		}
	}
	huma.Register(api, httpapi.Needs(op("list-tasks", http.MethodGet, "/tasks", tag, "Tasks and directives that the caller may see, the most urgent first", http.StatusOK), access.IncidentView),
		func(ctx context.Context, in *struct {
			Unit     string `query:"unit"`
			State    string `query:"state" doc:"comma between"`
			Standing string `query:"standing" doc:"on_time, due_soon, late, waiting, done; comma between"`
			Kind     string `query:"kind" enum:"task,directive"`
			Incident string `query:"incident"`
			Q        string `query:"q" maxLength:"200"`
			Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		}) (*tasksOutput, error) {
			ts, total, err := s.Tasks(ctx, httpapi.Actor(ctx), TaskFilter{Unit: in.Unit, States: list(in.State), Standings: list(in.Standing),
				Kind: in.Kind, Incident: in.Incident, Q: in.Q, Limit: in.Limit})
			out := &tasksOutput{}
			out.Body.Tasks, out.Body.Total = ts, total
			return out, err
		})
	huma.Register(api, httpapi.Needs(op("give-task", http.MethodPost, "/tasks", tag, "Give a task, or a directive from any place", http.StatusCreated), access.IncidentHandle, access.DirectiveGive),
		func(ctx context.Context, in *struct{ Body taskDraftBody }) (*taskOutput, error) {
			b := in.Body
			t, err := s.Give(ctx, httpapi.Actor(ctx), TaskDraft{Kind: b.Kind, Incident: b.Incident, Alert: b.Alert, Indicator: b.Indicator, Title: b.Title, Text: b.Text,
				Unit: b.Unit, Due: b.Due, ProofRequired: b.ProofRequired, Lon: b.Lon, Lat: b.Lat, Place: b.Place, Link: b.Link, Attachments: b.Attachments})
			return &taskOutput{t}, err
		})
	huma.Register(api, httpapi.Needs(op("task-board", http.MethodGet, "/tasks/board", tag, "How the units stand", http.StatusOK), access.IncidentView),
		func(ctx context.Context, in *struct {
			Kind string `query:"kind" enum:"task,directive"`
		}) (*struct{ Body Board }, error) {
			b, err := s.Board(ctx, httpapi.Actor(ctx), in.Kind)
			return &struct{ Body Board }{b}, err
		})
	huma.Register(api, httpapi.Needs(op("get-task", http.MethodGet, "/tasks/{id}", tag, "Everything about a task", http.StatusOK, http.StatusNotFound), access.IncidentView),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{ Body TaskDetail }, error) {
			d, err := s.Task(ctx, httpapi.Actor(ctx), in.ID)
			return &struct{ Body TaskDetail }{d}, err
		})
	huma.Register(api, httpapi.Needs(op("step-task", http.MethodPost, "/tasks/{id}/steps", tag, "Take a step with a task", http.StatusOK, http.StatusNotFound, http.StatusConflict), access.IncidentHandle, access.TaskAnswer, access.DirectiveGive),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body taskStepBody
		}) (*taskOutput, error) {
			b := in.Body
			if b.Comment == "" {
				b.Comment = b.Reason
			}
			t, err := s.DoTask(ctx, httpapi.Actor(ctx), in.ID, TaskStep{Step: b.Step, Version: b.Version, Comment: b.Comment, Percent: b.Percent, Due: b.Due, Unit: b.Unit, Attachments: b.Attachments})
			return &taskOutput{t}, err
		})
}

func (s *Service) sopRoutes(api huma.API) {
	const tag = "sops"
	type sopOutput struct{ Body SOP }
	type sopsOutput struct {
		Body struct {
			SOPs []SOP `json:"sops"`
		}
	}
	huma.Register(api, httpapi.Needs(op("list-sops", http.MethodGet, "/sops", tag, "The library of operating procedures", http.StatusOK), access.IncidentView),
		func(ctx context.Context, _ *struct{}) (*sopsOutput, error) {
			l, err := s.SOPs(ctx, httpapi.Actor(ctx))
			out := &sopsOutput{}
			out.Body.SOPs = l
			return out, err
		})
	huma.Register(api, httpapi.Needs(op("get-sop", http.MethodGet, "/sops/{id}", tag, "An operating procedure", http.StatusOK, http.StatusNotFound), access.IncidentView),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*sopOutput, error) {
			p, err := s.SOP(ctx, httpapi.Actor(ctx), in.ID)
			return &sopOutput{p}, err
		})
	huma.Register(api, httpapi.Needs(op("save-sop", http.MethodPut, "/sops/{id}", tag, "Write a new version of an operating procedure, or a new one", http.StatusOK, http.StatusConflict), access.IncidentHandle),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body SOPBody
		}) (*sopOutput, error) {
			b := in.Body
			p, err := s.SaveSOP(ctx, httpapi.Actor(ctx), SOP{ID: in.ID, Title: b.Title, Service: b.Service, Steps: b.Steps, ProofToClose: b.ProofToClose, Version: b.Version})
			return &sopOutput{p}, err
		})
}
