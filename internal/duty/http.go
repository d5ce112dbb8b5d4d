package duty

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

type dutyUnit struct {
	Code      string     `json:"code" maxLength:"64"`
	Name      string     `json:"name" maxLength:"300"`
	NameEn    string     `json:"name_en" maxLength:"300"`
	Kind      string     `json:"kind" maxLength:"64" doc:"ioc, office, department, branch, force, utility, agency; ward, commune …"`
	Parent    string     `json:"parent" maxLength:"64"`
	ValidFrom *time.Time `json:"valid_from"`
	ValidTo   *time.Time `json:"valid_to" doc:"the first instant no longer"`
	Successor string     `json:"successor" maxLength:"64"`
	Legal     string     `json:"legal,omitempty" maxLength:"500"`
}

func viewOfUnit(u Unit) dutyUnit {
	return dutyUnit{Code: u.Code, Name: u.Name, NameEn: u.NameEn, Kind: u.Kind, Parent: u.Parent,
		ValidFrom: instant(store.Micros(u.ValidFrom)), ValidTo: instant(store.Micros(u.ValidTo)), Successor: u.Successor, Legal: u.Legal}
}

func (v dutyUnit) unit() Unit {
	return Unit{Code: v.Code, Name: tidy(v.Name), NameEn: tidy(v.NameEn), Kind: v.Kind, Parent: v.Parent,
		ValidFrom: store.FromMicros(micros(v.ValidFrom)), ValidTo: store.FromMicros(micros(v.ValidTo)), Successor: v.Successor, Legal: tidy(v.Legal)}
}

type dutyPerson struct {
	User     string      `json:"user"`
	Name     string      `json:"name"`
	Role     access.Role `json:"role"`
	Unit     string      `json:"unit"`
	UnitName string      `json:"unit_name"`
	Phone    string      `json:"phone" doc:"partly hidden"`
	Email    string      `json:"email" doc:"partly hidden"`
}

type addressee struct {
	User  string `json:"user"`
	Name  string `json:"name"`
	Post  string `json:"post" doc:"at the IOC now: lead, officer, on_call; else empty"`
	Level int    `json:"level"`
}

type addressOutput struct {
	Body struct {
		Unit     string      `json:"unit"`
		UnitName string      `json:"unit_name"`
		To       []addressee `json:"to"`
		Why      msg.Text    `json:"why"`
	}
}

type shiftOutput struct{ Body Shift }

type shiftsOutput struct {
	Body struct {
		Shifts []Shift `json:"shifts"`
	}
}

type planInput struct {
	Body struct {
		From    time.Time `json:"from"`
		To      time.Time `json:"to"`
		Pattern string    `json:"pattern" enum:"three_shifts,day_on_call,round_the_clock"`
		People  []string  `json:"people" maxItems:"200" doc:"ids of accounts; they take turns in this order"`
	}
}

type responsibilitiesBody struct {
	Body struct {
		Responsibilities []Responsibility `json:"responsibilities" maxItems:"5000"`
	}
}

type logInput struct {
	From  time.Time `query:"from"`
	To    time.Time `query:"to"`
	Q     string    `query:"q" maxLength:"200" doc:"words, without regard to marks"`
	Limit int       `query:"limit" minimum:"1" maximum:"2000" default:"200"`
}

type entryOutput struct{ Body LogEntry }

type handoverOutput struct{ Body Handover }

// Routes hangs the roster, the duty book and the answers to who on the API.
func (s *Service) Routes(api huma.API) {
	s.rosterRoutes(api)
	s.bookRoutes(api)
	s.whoRoutes(api)
}

func operation(id, method, path, summary string, status int, errors ...int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/duty" + path, Summary: summary, DefaultStatus: status,
		Tags: []string{"duty"}, Security: httpapi.Signed, Errors: append(errors, http.StatusUnauthorized, http.StatusForbidden)}
}

func shiftAnswer(shift Shift, err error) (*shiftOutput, error) {
	if err != nil {
		return nil, err
	}
	return &shiftOutput{shift}, nil
}

func (s *Service) rosterRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(operation("duty-now", http.MethodGet, "/now", "Who is on, who comes, and what is open", http.StatusOK), access.DutyView),
		func(ctx context.Context, _ *struct{}) (*struct{ Body DutyNow }, error) {
			n, err := s.Now(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			return &struct{ Body DutyNow }{n}, nil
		})
	huma.Register(api, httpapi.Needs(operation("list-shifts", http.MethodGet, "/shifts", "Shifts that have a part in a span", http.StatusOK, http.StatusUnprocessableEntity), access.DutyView),
		func(ctx context.Context, in *struct {
			From time.Time `query:"from" required:"true"`
			To   time.Time `query:"to" required:"true"`
		}) (*shiftsOutput, error) {
			shifts, err := s.Shifts(ctx, httpapi.Actor(ctx), in.From, in.To)
			return shiftsAnswer(shifts, err)
		})
	huma.Register(api, httpapi.NeedsEverywhere(operation("plan-shifts", http.MethodPost, "/plan", "Plan the shifts of a span by a pattern", http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity), access.DutyEdit),
		func(ctx context.Context, in *planInput) (*shiftsOutput, error) {
			shifts, err := s.Plan(ctx, httpapi.Actor(ctx), in.Body.From, in.Body.To, in.Body.Pattern, in.Body.People)
			return shiftsAnswer(shifts, err)
		})
	huma.Register(api, httpapi.NeedsEverywhere(operation("create-shift", http.MethodPost, "/shifts", "Add a shift", http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity), access.DutyEdit),
		func(ctx context.Context, in *struct{ Body ShiftDraft }) (*shiftOutput, error) {
			return shiftAnswer(s.AddShift(ctx, httpapi.Actor(ctx), in.Body))
		})
	huma.Register(api, httpapi.NeedsEverywhere(operation("change-shift", http.MethodPatch, "/shifts/{id}", "Write a shift again that is not over", http.StatusOK, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), access.DutyEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body ShiftDraft
		}) (*shiftOutput, error) {
			return shiftAnswer(s.ChangeShift(ctx, httpapi.Actor(ctx), in.ID, in.Body))
		})
	huma.Register(api, httpapi.NeedsEverywhere(operation("delete-shift", http.MethodDelete, "/shifts/{id}", "Remove a shift that is not over", http.StatusNoContent, http.StatusNotFound, http.StatusConflict), access.DutyEdit),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, s.DeleteShift(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, httpapi.Needs(operation("substitute", http.MethodPost, "/shifts/{id}/substitute", "Let somebody come in the place of somebody", http.StatusOK, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), access.DutyLog),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				User   string `json:"user" maxLength:"64"`
				For    string `json:"for" maxLength:"64"`
				Reason string `json:"reason" maxLength:"500"`
			}
		}) (*shiftOutput, error) {
			return shiftAnswer(s.Substitute(ctx, httpapi.Actor(ctx), in.ID, in.Body.User, in.Body.For, in.Body.Reason))
		})
}

func shiftsAnswer(shifts []Shift, err error) (*shiftsOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &shiftsOutput{}
	out.Body.Shifts = append([]Shift{}, shifts...)
	return out, nil
}

func (s *Service) bookRoutes(api huma.API) {
	huma.Register(api, httpapi.NeedsEverywhere(operation("duty-log", http.MethodGet, "/log", "The duty book, the newest line first", http.StatusOK, http.StatusUnprocessableEntity), access.DutyView),
		func(ctx context.Context, in *logInput) (*struct {
			Body struct {
				Entries []LogEntry `json:"entries"`
			}
		}, error) {
			es, err := s.Log(ctx, httpapi.Actor(ctx), LogFilter{From: in.From, To: in.To, Query: in.Q, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Entries []LogEntry `json:"entries"`
				}
			}{}
			out.Body.Entries = append([]LogEntry{}, es...)
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("write-duty-log", http.MethodPost, "/log", "Write a line into the duty book; a correction refers to the line it corrects", http.StatusCreated, http.StatusUnprocessableEntity), access.DutyLog),
		func(ctx context.Context, in *struct{ Body LogDraft }) (*entryOutput, error) {
			e, err := s.Write(ctx, httpapi.Actor(ctx), in.Body)
			if err != nil {
				return nil, err
			}
			return &entryOutput{e}, nil
		})
	export := httpapi.NeedsEverywhere(operation("export-duty-log", http.MethodGet, "/log/export", "The duty book as CSV or as a page to print", http.StatusOK, http.StatusUnprocessableEntity), access.DutyView)
	export.Responses = map[string]*huma.Response{"200": {Description: "the book, the oldest line first",
		Content: map[string]*huma.MediaType{"text/csv": {}, "text/html": {}}}}
	huma.Register(api, export, func(ctx context.Context, in *struct {
		From   time.Time `query:"from" required:"true"`
		To     time.Time `query:"to" required:"true"`
		Format string    `query:"format" enum:"csv,html" default:"csv"`
	}) (*huma.StreamResponse, error) {
		if err := checkSpan(in.From, in.To, mostPlanned); err != nil {
			return nil, errPlan.With().At("to", err)
		}
		page, err := s.exportBook(ctx, httpapi.Actor(ctx), in.From, in.To, in.Format)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Cache-Control", "no-store")
			if in.Format == HTML {
				hc.SetHeader("Content-Type", "text/html; charset=utf-8")
				hc.SetHeader("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
			} else {
				hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
				hc.SetHeader("Content-Disposition", `attachment; filename="so-truc-ban-`+in.From.Format("20060102")+`.csv"`)
			}
			_, _ = hc.BodyWriter().Write(page) // the reader is gone: nobody to tell
		}}, nil
	})
	huma.Register(api, httpapi.NeedsEverywhere(operation("list-handovers", http.MethodGet, "/handovers", "Hand-overs, the newest first", http.StatusOK), access.DutyView),
		func(ctx context.Context, in *struct {
			Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
		}) (*struct {
			Body struct {
				Handovers []Handover `json:"handovers"`
			}
		}, error) {
			hs, err := s.Handovers(ctx, httpapi.Actor(ctx), in.Limit)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Handovers []Handover `json:"handovers"`
				}
			}{}
			out.Body.Handovers = append([]Handover{}, hs...)
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("hand-over", http.MethodPost, "/handovers", "Hand a shift over, with what is open now", http.StatusCreated, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), access.DutyLog),
		func(ctx context.Context, in *struct {
			Body struct {
				Shift string `json:"shift" maxLength:"64"`
				Notes string `json:"notes"`
			}
		}) (*handoverOutput, error) {
			h, err := s.HandOver(ctx, httpapi.Actor(ctx), in.Body.Shift, in.Body.Notes)
			if err != nil {
				return nil, err
			}
			return &handoverOutput{h}, nil
		})
	huma.Register(api, httpapi.Needs(operation("accept-handover", http.MethodPost, "/handovers/{id}/accept", "Take a hand-over over", http.StatusOK, http.StatusNotFound, http.StatusConflict), access.DutyLog),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				Comment string `json:"comment,omitempty"`
			}
		}) (*handoverOutput, error) {
			h, err := s.Accept(ctx, httpapi.Actor(ctx), in.ID, in.Body.Comment)
			if err != nil {
				return nil, err
			}
			return &handoverOutput{h}, nil
		})
}

// exportBook makes the book of a span.
func (s *Service) exportBook(ctx context.Context, actor access.Actor, from, to time.Time, format string) ([]byte, error) {
	es, err := s.Log(ctx, actor, LogFilter{From: from, To: to, Limit: mostExported + 1})
	if err != nil {
		return nil, err
	}
	if len(es) > mostExported {
		return nil, errTooMany.With("max", mostExported)
	}
	var b bytes.Buffer
	if format != HTML {
		err = writeBookCSV(&b, es)
		return b.Bytes(), err
	}
	us, now := s.units(), s.clock.Now()
	ioc, _ := us.find(IOC, now)
	above, _ := us.find(ioc.Parent, now)
	err = writeBookHTML(&b, es, from, to, ioc.Name, above.Name)
	return b.Bytes(), err
}

var errTooMany = fault.Define(fault.TooLarge, "duty.too_many", "more than {max} lines: choose a shorter span", "nhiều hơn {max} dòng: hãy chọn khoảng ngắn hơn")

func (s *Service) whoRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(operation("list-duty-units", http.MethodGet, "/units", "The agencies, also those that ended, and the wards in force", http.StatusOK), access.DutyView),
		func(ctx context.Context, _ *struct{}) (*struct {
			Body struct {
				Units []dutyUnit `json:"units"`
			}
		}, error) {
			us, err := s.Units(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Units []dutyUnit `json:"units"`
				}
			}{}
			out.Body.Units = make([]dutyUnit, len(us))
			for i, u := range us {
				out.Body.Units[i] = viewOfUnit(u)
			}
			return out, nil
		})
	huma.Register(api, httpapi.NeedsEverywhere(operation("put-duty-unit", http.MethodPut, "/units/{code}", "Add an agency, or change one: its name, its end, its successor", http.StatusOK, http.StatusUnprocessableEntity), access.UnitEdit),
		func(ctx context.Context, in *struct {
			Code string `path:"code" maxLength:"64"`
			Body dutyUnit
		}) (*struct{ Body dutyUnit }, error) {
			in.Body.Code = in.Code
			u, err := s.SetUnit(ctx, httpapi.Actor(ctx), in.Body.unit())
			if err != nil {
				return nil, err
			}
			return &struct{ Body dutyUnit }{viewOfUnit(u)}, nil
		})
	huma.Register(api, httpapi.Needs(operation("list-duty-people", http.MethodGet, "/people", "The phone book, numbers partly hidden", http.StatusOK), access.DutyView),
		func(ctx context.Context, _ *struct{}) (*struct {
			Body struct {
				People []dutyPerson `json:"people"`
			}
		}, error) {
			ps, err := s.People(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					People []dutyPerson `json:"people"`
				}
			}{}
			out.Body.People = make([]dutyPerson, len(ps))
			for i, p := range ps {
				out.Body.People[i] = dutyPerson{p.User, p.Name, p.Role, p.Unit, p.UnitName, p.Phone, p.Email}
			}
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("duty-person-contact", http.MethodGet, "/people/{user}/contact", "Number and address of a person; that they were seen is recorded", http.StatusOK, http.StatusNotFound, http.StatusUnprocessableEntity), access.DutyLog),
		func(ctx context.Context, in *struct {
			User   string `path:"user" maxLength:"64"`
			Reason string `query:"reason" maxLength:"500"`
		}) (*struct {
			Body struct {
				Phone string `json:"phone"`
				Email string `json:"email"`
			}
		}, error) {
			phone, email, err := s.Contact(ctx, httpapi.Actor(ctx), in.User, in.Reason)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Phone string `json:"phone"`
					Email string `json:"email"`
				}
			}{}
			out.Body.Phone, out.Body.Email = phone, email
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("list-responsibilities", http.MethodGet, "/responsibilities", "Who answers for what", http.StatusOK), access.DutyView),
		func(ctx context.Context, _ *struct{}) (*responsibilitiesBody, error) {
			rs, err := s.Responsibilities(ctx, httpapi.Actor(ctx))
			return responsibilitiesAnswer(rs, err)
		})
	huma.Register(api, httpapi.NeedsEverywhere(operation("put-responsibilities", http.MethodPut, "/responsibilities", "Replace the table of who answers for what", http.StatusOK, http.StatusUnprocessableEntity), access.DutyEdit),
		func(ctx context.Context, in *responsibilitiesBody) (*responsibilitiesBody, error) {
			rs, err := s.SetResponsibilities(ctx, httpapi.Actor(ctx), in.Body.Responsibilities)
			return responsibilitiesAnswer(rs, err)
		})
	huma.Register(api, httpapi.Needs(operation("duty-address", http.MethodGet, "/address", "Who would be told now, and why they", http.StatusOK, http.StatusUnprocessableEntity), access.DutyView),
		func(ctx context.Context, in *struct {
			Service  string `query:"service" maxLength:"64"`
			Area     string `query:"area" maxLength:"64"`
			Unit     string `query:"unit" maxLength:"64"`
			Severity int    `query:"severity" minimum:"1" maximum:"4" default:"3"`
			Level    int    `query:"level" minimum:"1" maximum:"4" default:"1"`
		}) (*addressOutput, error) {
			return s.answerAddress(ctx, httpapi.Actor(ctx), Query{Unit: in.Unit, Service: in.Service, Area: in.Area, Severity: alertevent.Severity(in.Severity), Level: in.Level})
		})
}

func responsibilitiesAnswer(rs []Responsibility, err error) (*responsibilitiesBody, error) {
	if err != nil {
		return nil, err
	}
	out := &responsibilitiesBody{}
	out.Body.Responsibilities = append([]Responsibility{}, rs...)
	return out, nil
}

func (s *Service) answerAddress(ctx context.Context, actor access.Actor, q Query) (*addressOutput, error) {
	if err := access.Require(actor, access.DutyView, access.Scope{}); err != nil {
		return nil, err
	}
	out := &addressOutput{}
	out.Body.To = []addressee{}
	return out, s.db.Read(ctx, func(tx *store.Tx) error {
		a, err := s.Recipients(tx, q)
		if err != nil {
			return err
		}
		on, err := s.on(tx, tx.Now)
		posts := map[string]string{}
		for _, o := range on {
			posts[o.User] = o.Post
		}
		out.Body.Unit, out.Body.UnitName, out.Body.Why = a.Unit, a.UnitName, a.Why
		for _, r := range a.To {
			out.Body.To = append(out.Body.To, addressee{r.User, r.Name, posts[r.User], r.Level})
		}
		return err
	})
}
