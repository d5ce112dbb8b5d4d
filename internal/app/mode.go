package app

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/scenario"
)

// people makes sure that somebody can sign in.
func (a *App) people(ctx context.Context) error {
	id := a.parts.identity
	if a.o.Mode != Serve {
		return id.EnsureDemoUsers(ctx, a.o.DemoPassword)
	}
	first, err := id.EnsureFirstAdmin(ctx, a.o.AdminPassword)
	if err != nil {
		return err
	}
	if first != "" {
		a.say(msg.Text{
			Vi: "Tài khoản đầu tiên: {user} / {password} (phải đổi khi đăng nhập; không hiện lại)",
			En: "First account: {user} / {password} (to be changed at sign-in; not shown again)",
		}, "user", identity.FirstAdmin, "password", first)
	}
	return nil
}

// startMode starts what only the demo or a replay does.
func (a *App) startMode(ctx context.Context) error {
	switch a.o.Mode {
	case Demo:
		return a.startDemo(ctx)
	case Replay:
		a.startReplay()
	}
	return nil
}

func (a *App) startDemo(ctx context.Context) error {
	p := &a.parts
	list := []*scenario.Scenario{}
	for _, id := range scenario.IDs() {
		s, err := scenario.Load(id)
		if err != nil {
			return err
		}
		list = append(list, s)
	}
	a.demo = scenario.NewDemo(scenario.DemoOptions{
		Scenarios: list, Register: p.catalog, Sources: p.sources, Units: p.city, Sink: p.ingest, Series: p.series,
		Clock: a.clock, Logger: a.log.With("component", "demo"), Progress: a.progress(),
	})
	if err := a.demo.Install(ctx); err != nil {
		return err
	}
	a.background("demo", a.demo.Run)
	if a.o.DemoCases > 0 {
		a.background("demo cases", func(ctx context.Context) error {
			return p.cases.RunDemo(ctx, casework.DemoOptions{Files: a.o.DemoCases, Officers: a.demoOfficers(ctx)})
		})
	}
	return p.duty.SeedDemo(ctx, a.clock.Now())
}

// demoOfficers are the accounts that work on made-up files.
func (a *App) demoOfficers(ctx context.Context) (out []casework.DemoOfficer) {
	users, err := a.parts.identity.Users(ctx, access.System("demo"))
	if err != nil {
		a.log.Warn("officers of the demo", "err", err) // their files then have made-up ones
	}
	for _, u := range users {
		if u.Role == access.Officer && !u.Disabled {
			out = append(out, casework.DemoOfficer{User: u.ID, Name: u.Name, Unit: u.Unit})
		}
	}
	return out
}

func (a *App) startReplay() {
	p := &a.parts
	a.background("replay", func(ctx context.Context) error {
		last := time.Time{}
		report, err := scenario.Replay(ctx, scenario.ReplayOptions{
			Scenario: a.scenario, Register: p.catalog, Sources: p.sources, Units: p.city, Sink: p.ingest, Series: p.series,
			Clock: a.clock, Speed: a.o.Speed, Alarm: p.flood.Alarm,
			Progress: func(at time.Time, sent, total int) {
				if time.Since(last) < time.Second && sent < total {
					return
				}
				last = time.Now()
				fmt.Fprintf(a.o.Out, "%s  %3d%%  %d/%d\n", at.In(caltime.Zone).Format("02/01/2006 15:04"), 100*sent/max(total, 1), sent, total)
			},
		})
		if err != nil {
			return err
		}
		if err := report.Write(a.o.Out, a.o.Lang); err != nil {
			return err
		}
		if err := a.endReplay(ctx, a.scenario.End); err != nil {
			return err
		}
		if !a.o.Stay {
			a.finished <- nil
		}
		return nil
	})
}

// progress prints how much of the demo's history is there, once a tenth.
func (a *App) progress() func(done, total int) {
	said := -1
	return func(done, total int) {
		if tenth := 10 * done / max(total, 1); tenth > said {
			said = tenth
			a.say(msg.Text{Vi: "Lịch sử 14 ngày: {percent} % ({done} số đo)", En: "14 days of history: {percent} % ({done} observations)"},
				"percent", 10*tenth, "done", done)
		}
	}
}

func (a *App) say(t msg.Text, kv ...any) {
	args := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		args[fmt.Sprint(kv[i])] = kv[i+1]
	}
	fmt.Fprintln(a.o.Out, t.Format(a.o.Lang, args))
}

// greet prints where the city answers and, in a demo, who may sign in and
// what is real.
func (a *App) greet() {
	a.say(msg.Text{Vi: "IOC {version}: {url}", En: "IOC {version}: {url}"}, "version", a.o.Version, "url", a.scheme+"://"+a.address)
	if a.mqttAddress != "" {
		a.say(msg.Text{Vi: "MQTT: {address}", En: "MQTT: {address}"}, "address", a.mqttAddress)
	}
	if a.o.Mode == Serve {
		return
	}
	a.say(msg.Text{Vi: "Tài khoản: {accounts}; mật khẩu: {password}", En: "Accounts: {accounts}; password: {password}"},
		"accounts", identity.DemoAccounts(), "password", a.o.DemoPassword)
	for _, f := range a.feeds() {
		a.say(msg.Text{Vi: "- {title}: {note}", En: "- {title}: {note}"}, "title", f.Title, "note", f.Note)
	}
	if a.o.Mode == Replay {
		return
	}
	a.say(msg.Text{
		Vi: "Vị trí 94 đơn vị, 82 trạm mưa, 93 trạm nước là thật; số liệu là phát lại như nói ở trên.",
		En: "The places of the 94 units, 82 rain gauges and 93 water stations are real; the figures are replayed as said above.",
	})
}

// feeds lists what is replayed now; the interface shows it always.
func (a *App) feeds() []scenario.Feed {
	now := a.clock.Now()
	if a.scenario != nil {
		s := a.scenario
		return []scenario.Feed{{Source: s.ID, Title: s.Title, Note: s.Note, Provenance: s.Provenance, OriginalNow: now}}
	}
	return a.demo.Feeds(now)
}

// cityInfo is what the interface needs to know of the city.
func (a *App) cityInfo() map[string]any {
	i := a.parts.city.Info()
	return map[string]any{"name": i.Name, "name_en": i.NameEn, "center": i.Center, "zoom": i.Zoom, "view": i.View, "timezone": i.Timezone}
}

func (a *App) demoInfo() any {
	if a.o.Mode == Serve {
		return nil
	}
	return map[string]any{"accounts": identity.DemoAccounts(), "replay": a.o.Mode == Replay}
}

func (a *App) sessionExtra(context.Context) identity.SessionExtra {
	return identity.SessionExtra{Demo: a.demoInfo(), City: a.cityInfo(), Version: a.o.Version, MQTT: a.mqttAddress, Feeds: a.feeds()}
}
