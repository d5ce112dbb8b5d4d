package app

import (
	"context"
	"path/filepath"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/board"
	"openioc.org/ioc/internal/casework/feed"
	"openioc.org/ioc/internal/casework/warn"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/incident"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

// administration is what the organisation needs of the road and the road of
// it: the calendar, administrative cases, their systems and warnings.
func (a *App) administration(ctx context.Context) (err error) {
	p, cfg, log := &a.parts, a.o.Config, a.log
	if p.calendar, err = workcal.New(ctx, workcal.Options{Store: p.store, Clock: a.clock}); err != nil {
		return err
	}
	p.hub.Topic("cases", access.CaseView, nil)
	if p.cases, err = casework.New(ctx, casework.Options{
		Store: p.store, Calendar: p.calendar.Calendar, Unit: a.caseUnit, Units: a.caseUnits, Subtree: orgUnits{p.org, a.clock.Now}.Subtree, User: a.userName,
		Window: a.caseWindow, SubjectKey: p.subjectKey, Publish: p.hub.PublishTo, Clock: a.clock, Logger: log.With("component", "casework"),
	}); err != nil {
		return err
	}
	if p.board, err = board.New(board.Options{
		Cases: p.cases, Calendar: p.calendar.Calendar, Unit: a.caseUnit, Units: a.caseUnits, Subtree: orgUnits{p.org, a.clock.Now}.Subtree, Shape: a.wardShape,
		Clock: a.clock, Logger: log.With("component", "board"),
	}); err != nil {
		return err
	}
	if p.warn, err = warn.New(ctx, warn.Options{
		Store: p.store, Cases: p.cases, Calendar: p.calendar.Calendar, Notify: p.notify, Recipients: p.duty.Recipients,
		Subtree: orgUnits{p.org, a.clock.Now}.Subtree, Alerts: p.alerts.ByFingerprint, Clock: a.clock, Logger: log.With("component", "warn"),
	}); err != nil {
		return err
	}
	guard, err := connector.NewGuard(cfg.Pull.AllowPrivate)
	if err != nil {
		return err
	}
	if p.feed, err = feed.New(ctx, feed.Options{
		Store: p.store, Cases: p.cases, Guard: guard, Roots: append([]string{filepath.Join(cfg.Data.Dir, "cases")}, cfg.Pull.Folders...),
		Choices: a.caseChoices, Clock: a.clock, Logger: log.With("component", "feed"),
	}); err != nil {
		return err
	}
	p.calendar.OnChange(func(*workcal.Calendar) { p.warn.Wake() })
	a.background("cases", p.cases.Run)
	a.background("board", p.board.Run)
	a.background("warn", p.warn.Run)
	a.background("feed", p.feed.Run)
	p.layers.Add(p.board.Layers()...)
	p.figures.Add(p.board.Indicators()...)
	a.follow("accounts", func(tx *store.Tx, _ outbox.Fact) error { tx.After(func() { p.names.Store(nil) }); return nil }, "ioc.identity.")
	a.follow("units", func(tx *store.Tx, _ outbox.Fact) error {
		tx.After(func() {
			p.identity.UnitsChanged()
			if err := p.cases.UnitsChanged(context.WithoutCancel(ctx)); err != nil {
				log.Warn("files of units that changed", "err", err) // casework looks again each day
			}
		})
		return nil
	}, "ioc.org.")
	return nil
}

// caseWindow says when a file is near its date: warn keeps the settings, and
// is made after the files it hangs on.
func (a *App) caseWindow() casework.Window {
	if a.parts.warn == nil {
		return casework.Window{Mode: casework.CalendarHours, Hours: 24}
	}
	return a.parts.warn.Window()
}

// caseUnit is a unit as files name it.
func (a *App) caseUnit(code string, at time.Time) (casework.Unit, bool) {
	u, ok := a.parts.org.Tree().Unit(code, at)
	return ofOrg(u, at), ok
}

func (a *App) caseUnits(at time.Time) (out []casework.Unit) {
	for _, u := range a.parts.org.Tree().Units(at) {
		out = append(out, ofOrg(u, at))
	}
	return out
}

// openWork counts what is not finished at some units, as far as the actor may
// know. The root of the tree stands for the whole city.
func (a *App) openWork(ctx context.Context, actor access.Actor, units []string) (w org.Work, err error) {
	p := &a.parts
	if len(units) > wholeCity {
		units = []string{""}
	}
	yes := true
	count := func(may access.Permission, one func(unit string) (int, error)) (*int, error) {
		if !actor.Can(may, access.Scope{}) {
			return nil, nil
		}
		sum := 0
		for _, u := range units {
			n, err := one(u)
			if err != nil {
				return nil, err
			}
			sum += n
		}
		return &sum, nil
	}
	if w.Alerts, err = count(access.AlertView, func(unit string) (int, error) {
		page, err := p.alerts.List(ctx, actor, alert.Filter{Unit: unit, Open: &yes, Limit: 1})
		return page.Total, err
	}); err != nil {
		return w, err
	}
	if w.Tasks, err = count(access.IncidentView, func(unit string) (int, error) {
		_, n, err := p.incidents.Tasks(ctx, actor, incident.TaskFilter{Unit: unit, States: []string{"sent", "accepted", "in_progress", "returned", "finished"}, Limit: 1})
		return n, err
	}); err != nil {
		return w, err
	}
	w.Cases, err = count(access.CaseView, func(unit string) (int, error) {
		sheet, err := p.board.Count(ctx, actor, board.Ask{By: board.ByChannel, Unit: unit})
		return sheet.Total.InProgress + sheet.Total.Waiting, err
	})
	return w, err
}

// wholeCity is from how many units on the city is meant: asking for each would
// take longer than counting everything.
const wholeCity = 40

func ofOrg(u org.Unit, at time.Time) casework.Unit {
	return casework.Unit{Code: u.Code, Name: u.Name, NameEn: u.NameEn, Parent: u.Parent, Successors: u.Successors, InForce: u.In(at), Ward: u.Ward}
}

func (a *App) wardShape(code string) (lon, lat float64, geometry []byte, ok bool) {
	u, ok := a.parts.city.Unit(code)
	return u.Lon, u.Lat, a.parts.city.Geometry(code), ok
}

// userName is asked for each file that is folded; the accounts are read anew
// after a change.
func (a *App) userName(id string) (string, bool) {
	names := a.parts.names.Load()
	if names == nil {
		users, err := a.parts.identity.Users(context.Background(), access.System("cases"))
		if err != nil {
			a.log.Warn("the names of the accounts", "err", err) // asked again for the next file
			return "", false
		}
		m := make(map[string]string, len(users))
		for _, u := range users {
			m[u.ID] = u.Name
		}
		names = &m
		a.parts.names.Store(names)
	}
	name, ok := (*names)[id]
	return name, ok
}

// caseChoices are what a word of a one-stop system may mean.
func (a *App) caseChoices(ctx context.Context, actor access.Actor, kind string) (out []feed.Choice, err error) {
	switch kind {
	case casework.UnitWord:
		for _, u := range a.parts.org.Tree().Units(a.clock.Now()) {
			out = append(out, feed.Choice{Meaning: u.Code, Name: u.Name, Hints: []string{u.NameEn}})
		}
	case casework.OfficerWord:
		users, err := a.parts.identity.Users(ctx, actor)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			out = append(out, feed.Choice{Meaning: u.ID, Name: u.Name, Hints: []string{u.Username}})
		}
	}
	return out, nil
}
