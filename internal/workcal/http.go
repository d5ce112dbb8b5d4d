package workcal

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

type dayInput struct {
	Date string `path:"date" maxLength:"10"`
	Body struct {
		Kind   Kind     `json:"kind" enum:"workday,weekend,holiday,compensation,makeup"`
		Name   msg.Text `json:"name"`
		Status string   `json:"status" enum:"confirmed,unconfirmed"`
		Source string   `json:"source"`
	}
}

type hoursInput struct {
	Body struct {
		From    string     `json:"from" doc:"the first day: 2026-04-15"`
		Periods [][]string `json:"periods" minItems:"1" maxItems:"6" doc:"07:30 to 11:30, 13:00 to 17:00"`
		AsGiven bool       `json:"as_given,omitempty" doc:"what comes in outside office hours counts as received on its own day"`
		Source  string     `json:"source"`
	}
}

type yearInput struct {
	Year int `query:"year" minimum:"1990" maximum:"2100" doc:"left out: this year"`
}

type yearOutput struct{ Body YearPage }

func operation(id, method, path, summary, permission string, errors ...int) huma.Operation {
	o := huma.Operation{OperationID: id, Method: method, Path: "/api/v1/calendar" + path, Summary: summary, Tags: []string{"calendar"},
		Errors: errors, Extensions: map[string]any{"x-permission": permission}}
	if permission != "public" {
		o.Security = httpapi.Signed
		o.Errors = append(o.Errors, http.StatusUnauthorized)
	}
	if permission != "public" && permission != "" {
		o.Errors = append(o.Errors, http.StatusForbidden)
	}
	return o
}

// signedIn refuses visitors; everybody else may look.
func signedIn(ctx context.Context) error {
	if actor := httpapi.Actor(ctx); !actor.Known() {
		return access.Require(actor, access.CalendarEdit, access.Scope{})
	}
	return nil
}

// Routes hangs the calendar on the API.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, operation("get-calendar", http.MethodGet, "", "A year of the working calendar, day by day", "", http.StatusUnprocessableEntity),
		func(ctx context.Context, in *yearInput) (*yearOutput, error) {
			if err := signedIn(ctx); err != nil {
				return nil, err
			}
			return &yearOutput{s.Calendar().Year(s.year(in.Year))}, nil
		})
	huma.Register(api, operation("put-calendar-day", http.MethodPut, "/days/{date}", "Say what a day is, over what ships", string(access.CalendarEdit), http.StatusUnprocessableEntity),
		func(ctx context.Context, in *dayInput) (*yearOutput, error) {
			date, err := readDate(in.Date)
			if err == nil {
				err = s.SetDay(ctx, httpapi.Actor(ctx), Day{Date: date, Kind: in.Body.Kind, Name: in.Body.Name, Status: in.Body.Status, Source: in.Body.Source})
			}
			return s.answer(date.Year(), err)
		})
	huma.Register(api, operation("delete-calendar-day", http.MethodDelete, "/days/{date}", "Take the city's own row of a day away", string(access.CalendarEdit), http.StatusNotFound, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			Date string `path:"date" maxLength:"10"`
		}) (*yearOutput, error) {
			date, err := readDate(in.Date)
			if err == nil {
				err = s.RemoveDay(ctx, httpapi.Actor(ctx), date)
			}
			return s.answer(date.Year(), err)
		})
	huma.Register(api, operation("put-calendar-hours", http.MethodPut, "/hours", "Set the office hours from a day on", string(access.CalendarEdit), http.StatusUnprocessableEntity, http.StatusConflict),
		func(ctx context.Context, in *hoursInput) (*yearOutput, error) {
			if err := access.Require(httpapi.Actor(ctx), access.CalendarEdit, access.Scope{}); err != nil {
				return nil, err
			}
			from, err := time.ParseInLocation(time.DateOnly, in.Body.From, caltime.Zone)
			bad := errHours.With()
			if err != nil {
				bad.At("from", wrongDate())
			}
			periods, err := readPeriods(in.Body.Periods)
			if err != nil {
				bad.At("periods", errPeriods.With())
			}
			if err := wrong(bad); err != nil {
				return nil, err
			}
			err = s.SetHours(ctx, httpapi.Actor(ctx), Hours{From: from, Periods: periods, AsGiven: in.Body.AsGiven, Source: in.Body.Source})
			return s.answer(from.Year(), err)
		})
	huma.Register(api, operation("compute-term", http.MethodGet, "/compute", "Count a term, and say why each day on its way counts or not", "", http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			Received time.Time `query:"received" required:"true"`
			N        int       `query:"n" minimum:"0" maximum:"3000" required:"true"`
			Unit     string    `query:"unit" enum:"day,hour" default:"day"`
		}) (*struct{ Body Term }, error) {
			if err := signedIn(ctx); err != nil {
				return nil, err
			}
			if in.Unit == "day" && in.N > 400 { // the page shows every day
				return nil, errLong.With("max", 400)
			}
			return &struct{ Body Term }{s.Calendar().Compute(in.Received, in.N, in.Unit == "hour")}, nil
		})
	file := operation("calendar-file", http.MethodGet, "", "Days off and working days in lieu of a year, as a calendar file", "public", http.StatusUnprocessableEntity)
	file.Path = "/api/v1/calendar.ics"
	file.Responses = map[string]*huma.Response{"200": {Description: "RFC 5545", Content: map[string]*huma.MediaType{"text/calendar": {}}}}
	huma.Register(api, file, func(ctx context.Context, in *yearInput) (*huma.StreamResponse, error) {
		year := s.year(in.Year)
		body := s.Calendar().ICS(year, httpapi.Lang(ctx), s.clock.Now())
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", "text/calendar; charset=utf-8")
			hc.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="lich-lam-viec-%d.ics"`, year))
			_, _ = hc.BodyWriter().Write(body) // the reader is gone: nobody to tell
		}}, nil
	})
}

func (s *Service) year(asked int) int {
	if asked == 0 {
		return s.clock.Now().In(caltime.Zone).Year()
	}
	return asked
}

func (s *Service) answer(year int, err error) (*yearOutput, error) {
	if err != nil {
		return nil, err
	}
	return &yearOutput{s.Calendar().Year(year)}, nil
}

func readDate(text string) (time.Time, error) {
	d, err := time.ParseInLocation(time.DateOnly, text, caltime.Zone)
	if err != nil {
		return d, errDay.With().At("date", wrongDate())
	}
	return d, nil
}
