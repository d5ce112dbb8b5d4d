package incident

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store       *store.DB
	Attachments *attachment.Service
	Notify      *notify.Service // nil: nobody is told
	Duty        *duty.Service   // who is to be told; nil: nobody
	// UnitName is the name of a unit – agency or ward – and whether it is in
	// force at the instant; nil knows every unit by its code.
	UnitName func(code string, at time.Time) (name string, ok bool)
	// AreaName is the name of an administrative unit; nil: its code.
	AreaName func(code string, at time.Time) string
	// AreaAt finds the administrative unit of a place; nil: none.
	AreaAt func(lon, lat float64, at time.Time) string
	// Successor says who took over from a unit that is in force no more;
	// false while the unit is in force or when nobody did.
	Successor func(unit string, at time.Time) (string, bool)
	// Alert reads an alert of whose facts nothing has come yet; nil: wait for
	// the facts.
	Alert func(tx *store.Tx, id string) (alertevent.Alert, bool, error)
	// Publish tells browsers of a change (live.Hub.PublishTo) on the topics
	// "incidents" and "tasks", with {id, kind}; nil tells nobody.
	Publish func(topic string, data any, who func(access.Actor) bool) error
	Clock   *clock.Clock // of the sweep; nil is the system's
	Logger  *slog.Logger // nil discards
}

// Service is the incidents, tasks and procedures of a city, safe for
// concurrent use.
type Service struct {
	db    *store.DB
	files *attachment.Service
	o     Options
	log   *slog.Logger
	clock *clock.Clock
	wake  chan struct{}

	mu   sync.Mutex
	told map[string]time.Time // proposals of which browsers heard lately
}

// New makes the tables, puts the shipped procedures into the library, and
// answers for the attachments of incidents and tasks.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Attachments == nil {
		return nil, errors.New("incident needs records and attachments")
	}
	s := &Service{db: o.Store, files: o.Attachments, o: o, log: o.Logger, clock: o.Clock, wake: make(chan struct{}, 1), told: map[string]time.Time{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.db.Migrate(ctx, "incident", migrations); err != nil {
		return nil, err
	}
	if err := s.db.Write(ctx, access.System("incident"), seedSOPs); err != nil {
		return nil, err
	}
	s.files.OnVisible(s.attachmentVisible)
	return s, nil
}

func (s *Service) attachmentVisible(ctx context.Context, actor access.Actor, id string) bool {
	if !actor.Can(access.IncidentView, access.Scope{}) {
		return false
	}
	seen := false
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		seen, err = fileVisible(tx, actor.Reach(access.IncidentView), id)
		return err
	})
	if err != nil {
		s.log.Error("who may see an attachment cannot be read", "attachment", id, "err", err)
	}
	return seen && err == nil
}

// unitName is the name of a unit and whether it may be charged now.
func (s *Service) unitName(code string, at time.Time) (string, bool) {
	if s.o.UnitName == nil {
		return code, code != ""
	}
	return s.o.UnitName(code, at)
}

func (s *Service) areaName(code string, at time.Time) string {
	if code == "" || s.o.AreaName == nil {
		return code
	}
	return s.o.AreaName(code, at)
}

// locate fills the area of a place that has none.
func (s *Service) locate(i *Incident, at time.Time) {
	if i.Area == "" && i.Lon != nil && s.o.AreaAt != nil {
		i.Area = s.o.AreaAt(*i.Lon, *i.Lat, at)
	}
	i.AreaName = s.areaName(i.Area, at)
}

func year(at time.Time) int { return at.In(caltime.Zone).Year() }

// wakeUp makes Run look at the timers again.
func (s *Service) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// entry writes a line of the timeline by the actor of the transaction.
func (s *Service) entry(tx *store.Tx, e Entry) error {
	if !tx.Actor.IsSystem() {
		p := personOf(tx.Actor)
		e.Actor = &p
	}
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	return insertEntry(tx, &e)
}

// attach hangs files on an incident or task.
func (s *Service) attach(tx *store.Tx, ids []string, incident, task, step string) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := s.files.Check(tx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := putFile(tx, id, incident, task, step); err != nil {
			return err
		}
	}
	return nil
}

// change is what browsers are told.
type change struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}

func (s *Service) publish(tx *store.Tx, topic, id, kind string, units []string, area, service string) {
	if s.o.Publish == nil {
		return
	}
	tx.After(func() {
		err := s.o.Publish(topic, change{id, kind}, func(a access.Actor) bool {
			return holds(a.Reach(access.IncidentView), units, area, service)
		})
		if err != nil {
			s.log.Warn("browsers could not be told", "topic", topic, "id", id, "err", err)
		}
	})
}

// recount counts again what hangs on the incident.
func (s *Service) recount(tx *store.Tx, i *Incident) error {
	tasks, err := tasksOf(tx, i.ID)
	if err != nil {
		return err
	}
	i.TasksTotal, i.TasksOpen = len(tasks), 0
	for _, t := range tasks {
		if t.State.open() {
			i.TasksOpen++
		}
	}
	steps, err := sopStepsOf(tx, i.ID)
	if err != nil {
		return err
	}
	i.SOPTotal, i.SOPDone = len(steps), 0
	for _, st := range steps {
		if st.State != SOPOpen {
			i.SOPDone++
		}
	}
	i.Attachments, err = countFiles(tx, i.ID)
	return err
}

// commit writes the incident, emits its fact and tells browsers. before is nil
// for a new one; removed are the alerts it lost.
func (s *Service) commit(tx *store.Tx, before, i *Incident, step, summary string, removed []string) error {
	if err := s.recount(tx, i); err != nil {
		return err
	}
	alerts, err := alertsOf(tx, i.ID)
	if err != nil {
		return err
	}
	i.alertCount = len(alerts)
	if err := putIncident(tx, i); err != nil {
		return err
	}
	ids := make([]string, len(alerts))
	for n, a := range alerts {
		ids[n] = a.ID
	}
	after := i.fact(ids)
	after.Removed = removed
	e := store.Event{Subject: "ioc.incident." + step + "." + i.ID, Entity: "incident", EntityID: i.ID, After: after, Summary: summary}
	if before != nil {
		e.Before = before.fact(nil)
	}
	tx.Emit(e)
	units := i.units()
	tasks, err := tasksOf(tx, i.ID)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		units = append(units, t.Unit)
	}
	if i.State == Proposed || i.State == Dismissed {
		units = nil
	}
	s.publish(tx, "incidents", i.ID, step, units, i.Area, i.Service)
	return nil
}

// tell queues a message for the people of a unit, or for those that to names.
func (s *Service) tell(tx *store.Tx, m notify.Message, q duty.Query, to []notify.Recipient) error {
	if s.o.Notify == nil {
		return nil
	}
	if s.o.Duty != nil && (q.Unit != "" || q.Level > 0) {
		a, err := s.o.Duty.Recipients(tx, q)
		if err != nil {
			return err
		}
		m.Unit = a.Unit
		to = append(to, a.To...)
	}
	if len(to) == 0 {
		return nil
	}
	m.To = to
	return s.o.Notify.Enqueue(tx, m)
}

func text(vi, en string) msg.Text { return msg.Text{Vi: vi, En: en} }
