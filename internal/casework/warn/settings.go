package warn

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

// Settings say when and whom to warn, from a day on.
type Settings struct {
	Window             Near         `json:"window"`
	Digests            []string     `json:"digests" maxItems:"12" doc:"times of day, on working days"`
	OverdueRepeatHours int          `json:"overdue_repeat_hours" doc:"0: the digests remind, nothing else"`
	Escalate           []Escalation `json:"escalate" maxItems:"10"`
	ApologyAfterHours  int          `json:"apology_after_hours" doc:"after the date; 0: at once"`
	Enabled            bool         `json:"enabled"`
	From               *string      `json:"from" doc:"the first day: 2026-04-15; null: what ships"`
	Source             string       `json:"source"`

	from time.Time
}

// Near is the window before the date.
type Near struct {
	Mode  string `json:"mode" enum:"calendar_hours,working_hours,next_working_day"`
	Hours int    `json:"hours"`
}

// Escalation is a step by which an overdue file climbs.
type Escalation struct {
	AfterHours int `json:"after_hours"`
	Level      int `json:"level" doc:"2 leaders of the unit, 3 the IOC, 4 leaders of the city"`
}

// shipped are the settings until the city says otherwise: 24 hours (the rule
// of the article on the IOC), digests at the beginning of each half day.
var shipped = Settings{
	Window: Near{Mode: casework.CalendarHours, Hours: 24}, Digests: []string{"07:30", "13:30"},
	Escalate: []Escalation{{AfterHours: 24, Level: duty.LevelLeader}}, Enabled: true, Source: "Mặc định của hệ thống: cảnh báo trước hạn 24 giờ",
}

var (
	errSettings = fault.Define(fault.Invalid, "warn.settings", "the settings of warnings cannot be kept like this", "thiết lập cảnh báo chưa hợp lệ")
	errMode     = fault.Define(fault.Invalid, "warn.mode", "the window counts calendar_hours, working_hours or next_working_day", "cách tính là calendar_hours, working_hours hoặc next_working_day")
	errHours    = fault.Define(fault.Invalid, "warn.hours", "from {min} to {max} hours", "từ {min} đến {max} giờ")
	errTime     = fault.Define(fault.Invalid, "warn.time", "a time of day is written 07:30", "giờ viết dạng 07:30")
	errLevel    = fault.Define(fault.Invalid, "warn.level", "levels are 2, 3 and 4, each later than the one below", "các cấp là 2, 3 và 4, cấp trên muộn hơn cấp dưới")
	errFrom     = fault.Define(fault.Invalid, "warn.from", "say from which day: 2026-04-15", "cần ngày bắt đầu, dạng 2026-04-15")
	errSource   = fault.Define(fault.Invalid, "warn.source", "say who decided it, in 3 to 500 letters", "cần ghi căn cứ, từ 3 đến 500 ký tự")
)

// mostHours bounds every number of hours: a year.
const mostHours = 366 * 24

func (s *Settings) check() error {
	bad := errSettings.With()
	within := func(path string, n, low int) {
		if n < low || n > mostHours {
			bad.At(path, errHours.With("min", low, "max", mostHours))
		}
	}
	switch s.Window.Mode {
	case casework.CalendarHours, casework.WorkingHours:
		within("window.hours", s.Window.Hours, 1)
	case casework.NextWorkingDay:
		within("window.hours", s.Window.Hours, 0)
	default:
		bad.At("window.mode", errMode.With())
	}
	for i, d := range s.Digests {
		if at, ok := workcal.ReadClock(d); !ok || at == 24*time.Hour {
			bad.At(fmt.Sprintf("digests[%d]", i), errTime.With())
		}
	}
	within("overdue_repeat_hours", s.OverdueRepeatHours, 0)
	within("apology_after_hours", s.ApologyAfterHours, 0)
	for i, e := range s.Escalate {
		within(fmt.Sprintf("escalate[%d].after_hours", i), e.AfterHours, 0)
		if e.Level < duty.LevelLeader || e.Level > duty.LevelCity || i > 0 && (e.Level <= s.Escalate[i-1].Level || e.AfterHours < s.Escalate[i-1].AfterHours) {
			bad.At(fmt.Sprintf("escalate[%d].level", i), errLevel.With())
		}
	}
	if s.From != nil {
		s.from, _ = time.ParseInLocation(time.DateOnly, *s.From, caltime.Zone)
	}
	if y := s.from.Year(); y < 2000 || y > 2100 {
		bad.At("from", errFrom.With())
	}
	if n := len([]rune(s.Source)); n < 3 || n > 500 {
		bad.At("source", errSource.With())
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Settings are those in force now.
func (s *Service) Settings(_ context.Context, actor access.Actor) (Settings, error) {
	if err := access.Require(actor, access.CaseView, access.Scope{}); err != nil {
		return Settings{}, err
	}
	return s.settingsAt(s.clock.Now()), nil
}

// SetSettings writes the settings from a day on; those of the past stay in
// the table. What is warned of now follows within moments.
func (s *Service) SetSettings(ctx context.Context, actor access.Actor, n Settings) error {
	if err := access.Require(actor, access.AlertSilence, access.Scope{Service: "case"}); err != nil {
		return err
	}
	n.Source = strings.Join(strings.Fields(n.Source), " ")
	n.Digests = slices.Compact(slices.Sorted(slices.Values(n.Digests)))
	if n.Digests == nil {
		n.Digests = []string{}
	}
	if n.Escalate == nil {
		n.Escalate = []Escalation{}
	}
	if err := n.check(); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before := s.settingsAt(n.from)
		if err := putSettings(tx, n); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.case.warn_settings." + *n.From, Entity: "case_warn_settings", EntityID: *n.From, Before: before, After: n,
			Summary: "Thiết lập cảnh báo hồ sơ từ " + caltime.FormatDate(msg.Vi, n.from)})
		all, err := listSettings(tx)
		tx.After(func() { s.settings.Store(&all); s.Wake() })
		return err
	})
}

// settingsAt are those in force at an instant.
func (s *Service) settingsAt(at time.Time) Settings {
	in := shipped
	for _, x := range *s.settings.Load() { // by day
		if x.from.After(at) {
			break
		}
		in = x
	}
	return in
}

// Window is what counts as near now, for all who show files.
func (s *Service) Window() casework.Window { return s.windowAt(s.clock.Now()) }

func (s *Service) windowAt(at time.Time) casework.Window { return s.windowOf(s.settingsAt(at)) }

func (s *Service) windowOf(set Settings) casework.Window {
	return casework.Window{Mode: set.Window.Mode, Hours: set.Window.Hours, Calendar: s.calendar()}
}

// stamp changes with everything that the rows of case_watch rest on.
func (s *Service) stamp(set Settings) string {
	b, _ := json.Marshal(set) // numbers and text always marshal
	return s.calendar().Stamp() + string(b)
}
