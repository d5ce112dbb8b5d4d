package workcal

import (
	"context"
	"embed"
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store *store.DB
	Clock *clock.Clock // stamps calendar files; nil is the system's
}

// Service keeps the rows of the city and the calendar made of them.
type Service struct {
	db      *store.DB
	clock   *clock.Clock
	current atomic.Pointer[Calendar]

	mu    sync.Mutex
	hooks []func(*Calendar)
}

// New makes the tables and the calendar.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.Store, clock: o.Clock}
	if err := s.db.Migrate(ctx, "workcal", migrations); err != nil {
		return nil, err
	}
	return s, s.db.Read(ctx, func(tx *store.Tx) error {
		c, err := read(tx)
		if err == nil {
			s.current.Store(c)
		}
		return err
	})
}

// Calendar is the calendar as committed last; it never waits.
func (s *Service) Calendar() *Calendar { return s.current.Load() }

// OnChange hangs f on every change of the calendar, after its commit.
func (s *Service) OnChange(f func(*Calendar)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, f)
}

func read(tx *store.Tx) (*Calendar, error) {
	days, err := listDays(tx)
	if err != nil {
		return nil, err
	}
	hours, err := listHours(tx)
	if err != nil {
		return nil, err
	}
	return NewCalendar(days, hours), nil
}

// renew makes the calendar of the transaction's rows the current one when it
// commits. Writers queue, so the last to commit is the last to be read.
func (s *Service) renew(tx *store.Tx) error {
	c, err := read(tx)
	if err != nil {
		return err
	}
	tx.After(func() {
		s.mu.Lock()
		s.current.Store(c)
		hooks := s.hooks
		s.mu.Unlock()
		for _, f := range hooks {
			f(c)
		}
	})
	return nil
}

// dayFact and hoursFact are what the trail keeps.
type dayFact struct {
	Date   string   `json:"date"`
	Kind   Kind     `json:"kind"`
	Name   msg.Text `json:"name"`
	Status string   `json:"status"`
	Source string   `json:"source"`
}

type hoursFact struct {
	From    string     `json:"from"`
	Periods [][]string `json:"periods"`
	AsGiven bool       `json:"as_given"`
	Source  string     `json:"source"`
}

func factOfDay(d Day, ok bool) any {
	if !ok {
		return nil
	}
	return dayFact{d.Date.Format(time.DateOnly), d.Kind, d.Name, d.Status, d.Source}
}

func factOfHours(h Hours, ok bool) any {
	if !ok {
		return nil
	}
	return hoursFact{h.From.Format(time.DateOnly), pairsOf(h.Periods), h.AsGiven, h.Source}
}

// SetDay writes the city's row of a date over whatever ships for it.
func (s *Service) SetDay(ctx context.Context, actor access.Actor, d Day) error {
	if err := access.Require(actor, access.CalendarEdit, access.Scope{}); err != nil {
		return err
	}
	d.Name, d.Source = msg.Text{Vi: tidy(d.Name.Vi), En: tidy(d.Name.En)}, tidy(d.Source)
	if err := d.check(); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, had, err := findDay(tx, d.Date)
		if err != nil {
			return err
		}
		if err := putDay(tx, d); err != nil {
			return err
		}
		date := d.Date.Format(time.DateOnly)
		tx.Emit(store.Event{Subject: "ioc.calendar.day_set." + date, Entity: "calendar_day", EntityID: date, Before: factOfDay(before, had), After: factOfDay(d, true),
			Summary: "Lịch làm việc: " + caltime.FormatDate(msg.Vi, d.Date) + " là " + d.Kind.Title().Vi + " – " + d.Name.Vi + unsure(d.Status)})
		return s.renew(tx)
	})
}

func unsure(status string) string {
	if status == Unconfirmed {
		return " (chưa xác nhận)"
	}
	return ""
}

// RemoveDay takes the city's row of a date away: what ships holds again.
func (s *Service) RemoveDay(ctx context.Context, actor access.Actor, date time.Time) error {
	if err := access.Require(actor, access.CalendarEdit, access.Scope{}); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, had, err := findDay(tx, date)
		if err != nil {
			return err
		}
		key := date.Format(time.DateOnly)
		if !had {
			return errNoRow.With("date", key)
		}
		if err := deleteDay(tx, date); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.calendar.day_removed." + key, Entity: "calendar_day", EntityID: key, Before: factOfDay(before, true),
			Summary: "Lịch làm việc: bỏ dòng riêng của ngày " + caltime.FormatDate(msg.Vi, date)})
		return s.renew(tx)
	})
}

// mostHours is how many changes of office hours are kept.
const mostHours = 200

// SetHours writes the office hours from a date on, until the next row.
func (s *Service) SetHours(ctx context.Context, actor access.Actor, h Hours) error {
	if err := access.Require(actor, access.CalendarEdit, access.Scope{}); err != nil {
		return err
	}
	h.Source = tidy(h.Source)
	bad := errHours.With()
	if y := h.From.Year(); h.From.IsZero() || y < firstYear || y > lastYear {
		bad.At("from", wrongDate())
	}
	if _, err := readPeriods(pairsOf(h.Periods)); err != nil {
		bad.At("periods", errPeriods.With())
	}
	checkSource(bad, h.Source)
	if err := wrong(bad); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		all, err := listHours(tx)
		if err != nil {
			return err
		}
		before, had, err := findHours(tx, h.From)
		if err != nil {
			return err
		}
		if !had && len(all) >= mostHours {
			return errMany.With("max", mostHours)
		}
		if err := putHours(tx, h); err != nil {
			return err
		}
		key := h.From.Format(time.DateOnly)
		tx.Emit(store.Event{Subject: "ioc.calendar.hours_set." + key, Entity: "calendar_hours", EntityID: key, Before: factOfHours(before, had), After: factOfHours(h, true),
			Summary: "Giờ làm việc từ " + caltime.FormatDate(msg.Vi, h.From) + ": " + wordsOf(h.Periods)})
		return s.renew(tx)
	})
}
