package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/incident"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/store"
)

// action is the second half of the road, from an observation to the unit that
// has closed it: rule, alert, incident, and the engines that they speak
// through. It is setup's continuation, read top to bottom after it.
func (a *App) action(ctx context.Context) error {
	p, cfg, log := &a.parts, a.o.Config, a.log

	for topic, needs := range map[string]access.Permission{"inbox": access.LayerView, "incidents": access.IncidentView, "tasks": access.IncidentView} {
		p.hub.Topic(topic, needs, nil)
	}

	// Who is told, and how.
	guard, err := connector.NewGuard(cfg.Pull.AllowPrivate)
	if err != nil {
		return err
	}
	if p.notify, err = notify.New(ctx, notify.Options{
		Store: p.store, Guard: guard, BaseURL: cfg.Server.PublicURL, Publish: p.hub.PublishTo, Logger: log.With("component", "notify"),
	}); err != nil {
		return err
	}
	a.background("notify", p.notify.Run)
	if p.duty, err = duty.New(ctx, duty.Options{
		Store: p.store, Notify: p.notify, Org: p.org, People: a.peopleOnDuty, Open: a.openItems, Clock: a.clock, Logger: log.With("component", "duty"),
	}); err != nil {
		return err
	}
	a.background("duty", p.duty.Run)
	a.follow("duty", func(tx *store.Tx, _ outbox.Fact) error { tx.After(p.duty.PeopleChanged); return nil }, "ioc.identity.")
	if p.attachments, err = attachment.New(ctx, attachment.Options{
		Store: p.store, Files: p.files, Clock: a.clock, Logger: log.With("component", "attachment"),
	}); err != nil {
		return err
	}
	a.background("attachments", p.attachments.Run)

	known := &reports{service: p.readiness, now: a.clock.Now, log: log.With("component", "readiness")}
	a.background("reports", known.run)

	// Alerts follow what rules find and what incidents take in.
	if p.alerts, err = alert.New(ctx, alert.Options{
		Store: p.store, Clock: a.clock, Hub: p.hub, Logger: log.With("component", "alert"),
		Notify: p.notify.Enqueue, Recipients: p.duty.Recipients, Responsible: p.duty.Responsible, Successor: a.successor,
		UnitName: a.unitNameAt, AreaName: a.areaName, AreaAt: a.areaAt,
		Readiness: known.of, Check: p.attachments.Check, Files: p.attachments.Files, Deliveries: a.deliveriesOf, Operators: a.operators,
	}); err != nil {
		return err
	}
	p.attachments.OnVisible(p.alerts.SeesFile)
	a.background("alert timers", p.alerts.Run)
	a.follow("alert", p.alerts.OnFact, alert.Subjects...)

	// Incidents follow alerts.
	if p.incidents, err = incident.New(ctx, incident.Options{
		Store: p.store, Attachments: p.attachments, Notify: p.notify, Duty: p.duty, UnitName: p.duty.Named,
		AreaName: func(code string, _ time.Time) string { return a.areaName(code) }, AreaAt: a.areaAt, Successor: p.duty.Successor, Alert: alert.Fact,
		Publish: p.hub.PublishTo, Clock: a.clock, Logger: log.With("component", "incident"),
	}); err != nil {
		return err
	}
	a.background("incident timers", p.incidents.Run)
	a.follow("incident", p.incidents.OnFact, incident.SubjectsFollowed...)

	// Rules watch what the writer stores.
	if p.rules, err = rule.New(ctx, rule.Options{
		Store: p.store, Series: p.series, Catalog: p.stations, Thresholds: p.flood.Thresholds,
		UnitName: a.areaName, UnitKnown: a.unitKnown,
		SOPKnown: a.sopKnown, Unit: a.responsible, Confirmed: a.confirmed, Verdicts: a.verdicts, Sources: a.watchedSources(), Provenance: a.provenance,
		Clock: a.clock, EventTime: a.o.Mode == Replay, Logger: log.With("component", "rule"), Registerer: a.reg,
	}); err != nil {
		return err
	}
	if err := p.rules.ApplyShipped(ctx, access.System("setup")); err != nil {
		return err
	}
	p.ingest.OnStored(p.rules.Observe)
	p.catalog.OnChange(p.rules.Changed)
	a.background("rules", p.rules.Run)

	p.layers.Add(p.alerts.Layers()...)
	p.layers.Add(p.incidents.Layers()...)
	p.figures.Add(p.alerts.Indicators()...)
	p.figures.Add(p.incidents.Indicators()...)
	return nil
}

// follow runs what a domain does when others speak.
func (a *App) follow(reader string, handle func(*store.Tx, outbox.Fact) error, subjects ...string) {
	passed := &atomic.Uint64{}
	a.followers = append(a.followers, passed)
	a.background(reader+" reaction", func(ctx context.Context) error {
		return outbox.Follow(ctx, a.parts.store, a.parts.bus, outbox.Reaction{Reader: reader, Subjects: subjects, Handle: handle,
			Passed: passed.Store, Logger: a.log.With("component", reader)})
	})
}

// caughtUp waits until everybody has reacted to every fact there is; a replay
// ends then.
func (a *App) caughtUp(ctx context.Context) error {
	for quiet := 0; quiet < 3; { // a reaction may itself speak
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		st, err := a.parts.bus.Stats(ctx, outbox.FactStream)
		if err != nil {
			return err
		}
		behind := a.facts.Pending() > 0
		for _, f := range a.followers {
			behind = behind || f.Load() < st.Last
		}
		if quiet++; behind {
			quiet = 0
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// peopleOnDuty are the accounts that may be told something.
func (a *App) peopleOnDuty(ctx context.Context) ([]duty.Person, error) {
	users, err := a.parts.identity.Users(ctx, access.System("duty"))
	if err != nil {
		return nil, err
	}
	out := make([]duty.Person, 0, len(users))
	for _, u := range users {
		if !u.Disabled {
			out = append(out, duty.Person{User: u.ID, Name: u.Name, Role: u.Role, Unit: u.Unit})
		}
	}
	return out, nil
}

func (a *App) areaName(code string) string {
	u, _ := a.parts.city.Unit(code)
	return u.FullName
}

func (a *App) areaAt(lon, lat float64, at time.Time) string {
	u, _ := a.parts.city.Find(lon, lat, at)
	return u.Code
}

// unitKnown reports whether somebody may belong to a unit: a ward or one of
// the city's bodies.
func (a *App) unitKnown(code string) bool {
	_, ok := a.parts.org.Tree().Unit(code, a.clock.Now())
	return ok
}

func (a *App) unitNameAt(code string, at time.Time) string {
	name, _ := a.parts.duty.Named(code, at)
	return name
}

// successor is who answers for a unit's work: itself while it is in force.
func (a *App) successor(_ *store.Tx, unit string, at time.Time) string {
	if next, ok := a.parts.duty.Successor(unit, at); ok {
		return next
	}
	return unit
}

func (a *App) deliveriesOf(ctx context.Context, id string) (any, error) {
	list, _, err := a.parts.notify.Deliveries(ctx, access.System("alert"), notify.Filter{Alert: id, Limit: 200})
	for i := range list {
		list[i] = list[i].In(httpapi.Lang(ctx))
	}
	return list, err
}

func (a *App) operators(ctx context.Context) (n int) {
	err := a.parts.store.Read(ctx, func(tx *store.Tx) error {
		on, err := a.parts.duty.On(tx, tx.Now)
		n = len(on)
		return err
	})
	if err != nil {
		a.log.Warn("who is on duty", "err", err) // the budget then counts for one operator
	}
	return n
}

func (a *App) responsible(service, area string, at time.Time) (unit, name string) {
	err := a.parts.store.Read(context.Background(), func(tx *store.Tx) (err error) {
		unit, _, err = a.parts.duty.Responsible(tx, service, area, at)
		return err
	})
	if err != nil {
		a.log.Warn("who is responsible", "service", service, "area", area, "err", err)
		return "", ""
	}
	return unit, a.unitNameAt(unit, at)
}

func (a *App) provenance(id string) string {
	s, ok := a.parts.sources.Get(id)
	if !ok {
		return source.Real
	}
	return s.Provenance
}

// watchedSources is nil in a replay: there the only source is this program.
func (a *App) watchedSources() func() []rule.SourceState {
	if a.o.Mode == Replay {
		return nil
	}
	return a.sourceStates
}

// sourceStates tell since when each source that is on is silent.
func (a *App) sourceStates() []rule.SourceState {
	list, err := a.parts.readiness.List(context.Background(), access.System("rule"))
	if err != nil {
		a.log.Warn("sources for the rules", "err", err) // asked again in a minute
		return nil
	}
	out := []rule.SourceState{}
	for _, s := range list {
		if !s.Enabled || s.LastReading == nil {
			continue
		}
		out = append(out, rule.SourceState{ID: s.ID, Name: s.Name, Silence: a.clock.Now().Sub(*s.LastReading).Seconds()})
	}
	return out
}

func (a *App) sopKnown(id string) bool {
	_, err := a.parts.incidents.SOP(context.Background(), access.System("rule"), id)
	return err == nil
}

// verdicts count what people said of each rule's alerts.
func (a *App) verdicts(ctx context.Context) (map[string]rule.Verdicts, error) {
	counts, err := a.parts.alerts.Verdicts(ctx)
	out := make(map[string]rule.Verdicts, len(counts))
	for id, c := range counts {
		out[id] = rule.Verdicts{Right: c.Right, Wrong: c.Wrong, Duplicate: c.Duplicate}
	}
	return out, err
}

// confirmed are the incidents that people confirmed, against which a back-test
// is held.
func (a *App) confirmed(ctx context.Context, from, to time.Time) ([]rule.Incident, error) {
	list, err := a.parts.incidents.Confirmed(ctx, from, to)
	out := make([]rule.Incident, 0, len(list))
	for _, c := range list {
		in := rule.Incident{ID: c.ID, Service: c.Service, Area: c.Area, Things: c.Things, From: c.From}
		if c.To != nil {
			in.To = *c.To
		}
		out = append(out, in)
	}
	return out, err
}

// openItems is what a shift hands over: the gravest alerts, and what the
// incidents' service has open.
func (a *App) openItems(ctx context.Context) (duty.OpenWork, error) {
	out, err := a.parts.incidents.OpenWork(ctx)
	if err != nil {
		return out, err
	}
	open := true
	page, err := a.parts.alerts.List(ctx, access.System("duty"), alert.Filter{Open: &open, Sort: "severity", Limit: 100})
	if err != nil {
		return out, err
	}
	out.Alerts = page.Total
	for _, raw := range page.Alerts {
		var x struct {
			ID, Number, State string
			Severity          int
			Title             msg.Text
		}
		if err := json.Unmarshal(raw, &x); err != nil {
			return out, fmt.Errorf("an open alert: %w", err)
		}
		out.Items = append(out.Items, duty.OpenItem{Kind: "alert", ID: x.ID, Number: x.Number, Title: x.Title.Vi, Severity: x.Severity, State: x.State})
	}
	return out, nil
}
