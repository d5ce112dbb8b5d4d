package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

// Settings are what a city decides about its alerts.
type Settings struct {
	Grouping  Grouping       `json:"grouping"`
	Flap      FlapSettings   `json:"flap"`
	Budget    BudgetSettings `json:"budget"`
	Times     []Limit        `json:"times" doc:"for each severity the newest that is in force counts"`
	AutoClose bool           `json:"auto_close_info,omitempty" doc:"an information nobody has taken up closes when its condition is over"`
}

// Grouping says what is told together, and how often.
type Grouping struct {
	By              []string `json:"by" doc:"labels whose values make a group"`
	WaitSeconds     int      `json:"wait_seconds" minimum:"0" maximum:"3600" doc:"before a new group is told; a warning is told at once"`
	IntervalSeconds int      `json:"interval_seconds" minimum:"1" maximum:"86400" doc:"between two messages about a group"`
	RepeatSeconds   int      `json:"repeat_seconds" minimum:"0" maximum:"604800" doc:"again while nobody has acknowledged; 0: never"`
	PerMinute       int      `json:"per_minute,omitempty" minimum:"0" maximum:"1000" doc:"groups told one by one in a minute; those beyond are told in a digest; 0: 10"`
	DigestSeconds   int      `json:"digest_seconds,omitempty" minimum:"0" maximum:"3600" doc:"between two digests; 0: 30"`
}

// FlapSettings say when a condition comes and goes too often.
type FlapSettings struct {
	Changes       int `json:"changes" minimum:"0" maximum:"1000" doc:"activations in the window from which on it flaps; 0: never"`
	WindowSeconds int `json:"window_seconds" minimum:"1" maximum:"604800"`
	HoldSeconds   int `json:"hold_seconds" minimum:"1" maximum:"604800" doc:"quiet time after which it is steady again"`
}

// BudgetSettings are the alarms that one operator can bear (EEMUA 191).
type BudgetSettings struct {
	Per10Min  float64 `json:"per_10min" minimum:"0.01" maximum:"1000"`
	Operators int     `json:"operators" minimum:"1" maximum:"1000" doc:"where the duty roster names nobody"`
}

// Defaults are the settings of a new city: the times of the domain notes
// (red 5, orange 15, yellow 60 minutes to acknowledge; 15 to dispatch).
func Defaults() Settings {
	return Settings{
		Grouping: Grouping{By: []string{"rule", "area", "service"}, WaitSeconds: 10, IntervalSeconds: 300, RepeatSeconds: 1800, PerMinute: 10, DigestSeconds: 30},
		Flap:     FlapSettings{Changes: 4, WindowSeconds: 3600, HoldSeconds: 1800},
		Budget:   BudgetSettings{Per10Min: 1, Operators: 2},
		Times: []Limit{
			{Severity: alertevent.Emergency, AcknowledgeMinutes: 5, DispatchMinutes: 15, AnswerMinutes: 30, Escalate: []Rung{{0, 2}, {10, 3}, {30, 4}}},
			{Severity: alertevent.Warning, AcknowledgeMinutes: 15, DispatchMinutes: 15, AnswerMinutes: 120, Escalate: []Rung{{0, 2}, {30, 3}, {120, 4}}},
			{Severity: alertevent.Notice, AcknowledgeMinutes: 60, DispatchMinutes: 240, AnswerMinutes: 1440, Escalate: []Rung{{0, 2}, {720, 3}}},
			{Severity: alertevent.Info, Escalate: []Rung{}},
		},
	}
}

// limit is what holds for a severity at an instant.
func (s *Settings) limit(sev alertevent.Severity, at time.Time) Limit {
	var best Limit
	found := false
	for _, l := range s.Times {
		if l.Severity == sev && !l.From.After(at) && (!found || !l.From.Before(best.From)) {
			best, found = l, true
		}
	}
	return best
}

func (g Grouping) perMinute() int {
	if g.PerMinute <= 0 {
		return 10
	}
	return g.PerMinute
}

func (g Grouping) digestEvery() time.Duration {
	if g.DigestSeconds <= 0 {
		return 30 * time.Second
	}
	return time.Duration(g.DigestSeconds) * time.Second
}

var (
	errSettings = fault.Define(fault.Invalid, "alert.settings", "the settings are not valid", "thiết lập chưa hợp lệ")
	errRange    = fault.Define(fault.Invalid, "alert.range", "must be between {from} and {to}", "phải từ {from} đến {to}")
	errLabel    = fault.Define(fault.Invalid, "alert.label", "there is no label {label} to match", "không có nhãn {label}")
	errLadder   = fault.Define(fault.Invalid, "alert.ladder", "levels go from 1 to 4 and up, times too", "các cấp từ 1 đến 4, tăng dần cùng thời gian")
	errSeverity = fault.Define(fault.Invalid, "alert.severity", "a severity is 1, 2, 3 or 4", "mức là 1, 2, 3 hoặc 4")
	errNoLimit  = fault.Define(fault.Invalid, "alert.times_missing", "severity {severity} has no times that hold from the beginning", "mức {severity} chưa có thời hạn áp dụng từ đầu")
)

// Labels are those that every alert can be matched by; conditions bring more.
var Labels = []string{"severity", "service", "rule", "thing", "datastream", "area", "unit", "source", "kind", "property"}

func between(bad *fault.Error, path string, v, from, to int) {
	if v < from || v > to {
		bad.At(path, errRange.With("from", from, "to", to))
	}
}

// check finds everything that is wrong, and puts the ladders in order.
func (s *Settings) check() error {
	bad := errSettings.With()
	if len(s.Grouping.By) > 10 {
		bad.At("grouping.by", errRange.With("from", 0, "to", 10))
	}
	for i, l := range s.Grouping.By {
		if !validLabel(l) {
			bad.At(fmt.Sprintf("grouping.by[%d]", i), errLabel.With("label", l))
		}
	}
	between(bad, "grouping.wait_seconds", s.Grouping.WaitSeconds, 0, 3600)
	between(bad, "grouping.interval_seconds", s.Grouping.IntervalSeconds, 1, 86400)
	between(bad, "grouping.repeat_seconds", s.Grouping.RepeatSeconds, 0, 604800)
	between(bad, "grouping.per_minute", s.Grouping.PerMinute, 0, 1000)
	between(bad, "grouping.digest_seconds", s.Grouping.DigestSeconds, 0, 3600)
	between(bad, "flap.changes", s.Flap.Changes, 0, 1000)
	between(bad, "flap.window_seconds", s.Flap.WindowSeconds, 1, 604800)
	between(bad, "flap.hold_seconds", s.Flap.HoldSeconds, 1, 604800)
	between(bad, "budget.operators", s.Budget.Operators, 1, 1000)
	if !(s.Budget.Per10Min > 0) || s.Budget.Per10Min > 1000 {
		bad.At("budget.per_10min", errRange.With("from", 0, "to", 1000))
	}
	first := map[alertevent.Severity]bool{}
	for i, l := range s.Times {
		path := fmt.Sprintf("times[%d]", i)
		if !l.Severity.Valid() {
			bad.At(path+".severity", errSeverity.With())
		}
		first[l.Severity] = first[l.Severity] || l.From.IsZero() || l.From.Year() < 2000
		for name, v := range map[string]int{"acknowledge_minutes": l.AcknowledgeMinutes, "dispatch_minutes": l.DispatchMinutes, "answer_minutes": l.AnswerMinutes} {
			between(bad, path+"."+name, v, 0, 43200)
		}
		after, level := -1, 0
		for _, r := range l.Escalate {
			if r.AfterMinutes < 0 || r.AfterMinutes > 43200 || r.AfterMinutes <= after && after >= 0 || r.Level <= level || r.Level > topLevel {
				bad.At(path+".escalate", errLadder.With())
				break
			}
			after, level = r.AfterMinutes, r.Level
		}
		if s.Times[i].Escalate == nil {
			s.Times[i].Escalate = []Rung{}
		}
	}
	for sev := alertevent.Info; sev <= alertevent.Emergency; sev++ {
		if !first[sev] {
			bad.At("times", errNoLimit.With("severity", sev.Title()))
		}
	}
	if len(s.Times) > 200 {
		bad.At("times", errRange.With("from", 4, "to", 200))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

const (
	settingMain    = "settings"
	settingInhibit = "inhibitions"
)

// Settings returns what is in force.
func (s *Service) Settings(ctx context.Context, actor access.Actor) (out Settings, err error) {
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return out, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		c, err := loadConfig(tx)
		if err == nil {
			out = c.settings
		}
		return err
	})
	return out, err
}

// PutSettings replaces the settings. Times that changed count for alerts from
// their next step on; a line of times for the past is refused nowhere, because
// what was judged stays judged.
func (s *Service) PutSettings(ctx context.Context, actor access.Actor, next Settings) (Settings, error) {
	if err := access.RequireEverywhere(actor, access.AlertSilence); err != nil {
		return Settings{}, err
	}
	next.Times = slices.Clone(next.Times)
	if next.Grouping.By == nil {
		next.Grouping.By = []string{}
	}
	if err := next.check(); err != nil {
		return Settings{}, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, err := loadConfig(tx)
		if err != nil {
			return err
		}
		if err := putSetting(tx, settingMain, next); err != nil {
			return err
		}
		s.stale(tx)
		tx.Emit(store.Event{Subject: "ioc.alertsetting.updated." + settingMain, Entity: "alert_setting", EntityID: settingMain,
			Before: before.settings, After: next, Summary: "Đổi thiết lập cảnh báo"})
		return nil
	})
	return next, err
}

func readSetting(tx *store.Tx, key string, into any) error {
	text, ok, err := store.One(tx, func(scan store.Scan) (v string, err error) { return v, scan(&v) }, "select value from alert_setting where key = $1", key)
	if err != nil || !ok {
		return err
	}
	return json.Unmarshal([]byte(text), into)
}

func putSetting(tx *store.Tx, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into alert_setting (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value", key, string(text))
	return err
}
