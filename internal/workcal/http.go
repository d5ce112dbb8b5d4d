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

func operation(id, method, path, summary string, errors ...int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/calendar" + path, Summary: summary, Tags: []string{"calendar"}, Errors: errors}
}

// look is an operation for everybody who is signed in.
func look(id, path, summary string) huma.Operation {
	o := operation(id, http.MethodGet, path, summary, http.StatusUnprocessableEntity, http.StatusUnauthorized)
	o.Security = httpapi.Signed
	return httpapi.Needs(o)
}

// edit is an operation for who keeps the calendar.
func edit(id, method, path, summary string, errors ...int) huma.Operation {
	o := operation(id, method, path, summary, append(errors, http.StatusUnauthorized, http.StatusForbidden)...)
	o.Security = httpapi.Signed
	return httpapi.Needs(o, access.CalendarEdit)
}

// Routes hangs the calendar on the API.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, look("get-calendar", "", "A year of the working calendar, day by day"),
		func(_ context.Context, in *yearInput) (*yearOutput, error) {
			return &yearOutput{s.Calendar().Year(s.year(in.Year))}, nil
		})
	huma.Register(api, edit("put-calendar-day", http.MethodPut, "/days/{date}", "Say what a day is, over what ships", http.StatusUnprocessableEntity),
		func(ctx context.Context, in *dayInput) (*yearOutput, error) {
			date, err := readDate(in.Date)
			if err == nil {
				err = s.SetDay(ctx, httpapi.Actor(ctx), Day{Date: date, Kind: in.Body.Kind, Name: in.Body.Name, Status: in.Body.Status, Source: in.Body.Source})
			}
			return s.answer(date.Year(), err)
		})
	huma.Register(api, edit("delete-calendar-day", http.MethodDelete, "/days/{date}", "Take the city's own row of a day away", http.StatusNotFound, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			Date string `path:"date" maxLength:"10"`
		}) (*yearOutput, error) {
			date, err := readDate(in.Date)
			if err == nil {
				err = s.RemoveDay(ctx, httpapi.Actor(ctx), date)
			}
			return s.answer(date.Year(), err)
		})
	huma.Register(api, edit("put-calendar-hours", http.MethodPut, "/hours", "Set the office hours from a day on", http.StatusUnprocessableEntity, http.StatusConflict),
		func(ctx context.Context, in *hoursInput) (*yearOutput, error) {
			from, _ := readDate(in.Body.From) // what cannot be read is none, which SetHours refuses
			periods, _ := readPeriods(in.Body.Periods)
			err := s.SetHours(ctx, httpapi.Actor(ctx), Hours{From: from, Periods: periods, AsGiven: in.Body.AsGiven, Source: in.Body.Source})
			return s.answer(from.Year(), err)
		})
	huma.Register(api, look("compute-term", "/compute", "Count a term, and say why each day on its way counts or not"),
		func(_ context.Context, in *struct {
			Received time.Time `query:"received" required:"true"`
			N        int       `query:"n" minimum:"0" maximum:"3000" required:"true"`
			Unit     string    `query:"unit" enum:"day,hour" default:"day"`
		}) (*struct{ Body Term }, error) {
			if in.Unit == "day" && in.N > 400 { // the page shows every day
				return nil, errLong.With("max", 400)
			}
			return &struct{ Body Term }{s.Calendar().Compute(in.Received, in.N, in.Unit == "hour")}, nil
		})
	file := httpapi.Open(operation("calendar-file", http.MethodGet, "", "Days off and working days in lieu of a year, as a calendar file", http.StatusUnprocessableEntity))
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
