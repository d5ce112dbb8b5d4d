package incident

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var errLink = fault.Define(fault.Invalid, "task.link", "a link is an address of these pages, beginning with /", "liên kết phải là địa chỉ trong hệ thống, bắt đầu bằng /")

// complete fills what the stored document leaves out.
func (s *Service) complete(tx *store.Tx, i *Incident) error {
	alerts, err := alertsOf(tx, i.ID)
	if err != nil {
		return err
	}
	i.Alerts = make([]AlertRef, len(alerts))
	for n := range alerts {
		i.Alerts[n] = alerts[n].ref()
	}
	if i.State == Proposed {
		i.ProposalWhy = whyTogether(len(alerts), i.Service, i.AreaName)
	}
	if i.HelpingUnits == nil {
		i.HelpingUnits = []UnitRef{}
	}
	if i.TasksLate, _, err = store.One(tx, scanInt, "select count(*) from incident_task t where t.incident = $1 and "+fmt.Sprintf(standingSQL[Late], 2), i.ID, tx.Now); err != nil {
		return err
	}
	if i.SOPLate, _, err = store.One(tx, scanInt, "select count(*) from incident_sop_step where incident = $1 and open = 1 and due_at < $2", i.ID, tx.Now); err != nil {
		return err
	}
	i.CandidateCount, _, err = store.One(tx, scanInt, "select count(*) from incident_alert where candidate = $1 and incident = '' and open = 1", i.ID)
	return err
}

// one reads an incident that the actor has just been allowed to see.
func (s *Service) one(ctx context.Context, actor access.Actor, id string) (Incident, error) {
	var i Incident
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		var ok bool
		if i, ok, err = readIncident(tx, actor.Reach(access.IncidentView), id); err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
		}
		return s.complete(tx, &i)
	})
	return i, err
}

// Page is a page of the list of incidents.
type Page struct {
	Incidents []Incident
	Next      string
	Total     int
}

const (
	pageDefault = 100
	pageMost    = 1000
)

// List returns the incidents that the actor may see, newest first.
func (s *Service) List(ctx context.Context, actor access.Actor, f Filter) (Page, error) {
	p := Page{Incidents: []Incident{}}
	if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
		return p, err
	}
	if f.Limit <= 0 {
		f.Limit = pageDefault
	}
	f.Limit = min(f.Limit, pageMost)
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		list, total, err := listIncidents(tx, actor.Reach(access.IncidentView), f)
		if err != nil {
			return err
		}
		for n := range list {
			if err := s.complete(tx, &list[n]); err != nil {
				return err
			}
		}
		if len(list) == f.Limit {
			p.Next = list[len(list)-1].ID
		}
		p.Incidents, p.Total = append(p.Incidents, list...), total
		return nil
	})
	return p, err
}

// File is a file of an incident.
type File struct {
	attachment.File
	Stage string `json:"stage" enum:",before,after" doc:"before the work or after it, as far as the step says at which it was hung up"`
	From  string `json:"from" doc:"the step at which it was hung up"`
	Task  string `json:"task,omitempty"`
}

// stageOf says whether a step shows the place before or after the work.
func stageOf(step string) string {
	switch step {
	case StepResolve, StepClose, "task_" + TaskFinish, "task_" + TaskConfirm:
		return "after"
	case entryOpen, StepConfirm, "give", "task_" + TaskAccept, "task_" + TaskStart:
		return "before"
	}
	return ""
}

// Detail is everything about an incident.
type Detail struct {
	Incident   Incident   `json:"incident"`
	Tasks      []Task     `json:"tasks"`
	Steps      []SOPStep  `json:"steps"`
	Messages   []Message  `json:"messages"`
	Files      []File     `json:"files"`
	Timeline   []Entry    `json:"timeline"`
	Allowed    []string   `json:"allowed"`
	Candidates []AlertRef `json:"candidates" doc:"alerts close by that could belong to it: add_alerts takes them, remove_alerts refuses them"`
}

// Get returns everything about an incident that the actor may see.
func (s *Service) Get(ctx context.Context, actor access.Actor, id string) (Detail, error) {
	if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
		return Detail{}, err
	}
	d := Detail{Tasks: []Task{}, Steps: []SOPStep{}, Messages: []Message{}, Files: []File{}, Timeline: []Entry{}, Candidates: []AlertRef{}}
	handles := false
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var ok bool
		var err error
		if d.Incident, ok, err = readIncident(tx, actor.Reach(access.IncidentView), id); err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
		}
		handles = may(tx, actor, id, access.IncidentHandle) == nil
		if err := s.complete(tx, &d.Incident); err != nil {
			return err
		}
		tasks, err := tasksOf(tx, id)
		if err != nil {
			return err
		}
		for n := range tasks {
			if err := s.completeTask(tx, &tasks[n]); err != nil {
				return err
			}
		}
		d.Tasks = append(d.Tasks, tasks...)
		steps, err := s.checklist(tx, id)
		if err != nil {
			return err
		}
		d.Steps = append(d.Steps, steps...)
		cands, err := candidatesOf(tx, id, mostProposal)
		if err != nil {
			return err
		}
		for n := range cands {
			d.Candidates = append(d.Candidates, cands[n].ref())
		}
		if err := s.fillFiles(tx, id, &d); err != nil {
			return err
		}
		ids, err := mergedInto(tx, id)
		if err != nil {
			return err
		}
		return s.fillTimeline(tx, ids, &d)
	})
	d.Allowed = mayStep(handles, d.Incident.State)
	return d, err
}

func (s *Service) fillFiles(tx *store.Tx, id string, d *Detail) error {
	refs, err := filesOf(tx, id)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, r := range refs {
		if seen[r.id] {
			continue
		}
		seen[r.id] = true
		fs, err := s.files.Files(tx, []string{r.id})
		if err != nil {
			return err
		}
		for _, f := range fs {
			d.Files = append(d.Files, File{File: f, Stage: stageOf(r.step), From: r.step, Task: r.task})
		}
	}
	return nil
}

func (s *Service) fillTimeline(tx *store.Tx, ids []string, d *Detail) error {
	entries, err := entriesOf(tx, ids)
	if err != nil {
		return err
	}
	for n := range entries {
		e := &entries[n]
		if e.Attachments, err = s.fill(tx, e.files); err != nil {
			return err
		}
		if e.Step == entryMessage {
			m := Message{ID: e.ID, At: e.At, Text: e.Comment, Attachments: e.Attachments}
			if e.Actor != nil {
				m.By = *e.Actor
			}
			d.Messages = append(d.Messages, m)
		}
	}
	d.Timeline = append(d.Timeline, entries...)
	return nil
}

func (s *Service) completeTask(tx *store.Tx, t *Task) error {
	t.Standing = t.standing(tx.Now)
	ids, err := taskFiles(tx, t.ID)
	if err != nil {
		return err
	}
	t.Attachments, err = s.fill(tx, ids)
	return err
}

func (s *Service) oneTask(ctx context.Context, actor access.Actor, id string) (Task, error) {
	var t Task
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		// Whoever readdressed it to another unit sees what became of it.
		var ok bool
		if t, ok, err = readTask(tx, everything, id); err != nil {
			return err
		}
		if !ok {
			return errTaskMissing.With()
		}
		return s.completeTask(tx, &t)
	})
	return t, err
}

// Tasks returns the tasks that the actor may see, the most urgent first.
func (s *Service) Tasks(ctx context.Context, actor access.Actor, f TaskFilter) ([]Task, int, error) {
	if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
		return nil, 0, err
	}
	if f.Limit <= 0 {
		f.Limit = pageDefault
	}
	f.Limit = min(f.Limit, pageMost)
	list, total := []Task{}, 0
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		got, n, err := listTasks(tx, actor.Reach(access.IncidentView), f)
		if err != nil {
			return err
		}
		for k := range got {
			if err := s.completeTask(tx, &got[k]); err != nil {
				return err
			}
		}
		list, total = append(list, got...), n
		return nil
	})
	return list, total, err
}

// TaskDetail is everything about a task.
type TaskDetail struct {
	Task     Task     `json:"task"`
	Timeline []Entry  `json:"timeline"`
	Allowed  []string `json:"allowed"`
}

// Task returns everything about a task that the actor may see.
func (s *Service) Task(ctx context.Context, actor access.Actor, id string) (TaskDetail, error) {
	d := TaskDetail{Timeline: []Entry{}}
	if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
		return d, err
	}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var ok bool
		var err error
		if d.Task, ok, err = readTask(tx, actor.Reach(access.IncidentView), id); err != nil {
			return err
		}
		if !ok {
			return errTaskMissing.With()
		}
		if err := s.completeTask(tx, &d.Task); err != nil {
			return err
		}
		entries, err := taskEntries(tx, id)
		for n := range entries {
			if err == nil {
				entries[n].Attachments, err = s.fill(tx, entries[n].files)
			}
		}
		d.Timeline = append(d.Timeline, entries...)
		return err
	})
	d.Allowed = mayTaskSteps(actor, &d.Task)
	return d, err
}

// Board counts the tasks by unit and by how they stand now.
type Board struct {
	Units []BoardRow `json:"units"`
	Total BoardRow   `json:"total"`
}

// Board returns the board of tasks; kind "" is both.
func (s *Service) Board(ctx context.Context, actor access.Actor, kind string) (Board, error) {
	b := Board{Units: []BoardRow{}}
	if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
		return b, err
	}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := board(tx, actor.Reach(access.IncidentView), kind)
		b.Units = append(b.Units, rows...)
		return err
	})
	for n := range b.Units { // named outside: UnitName may read records itself
		r := &b.Units[n]
		if r.Name, _ = s.unitName(r.Unit, s.clock.Now()); r.Name == "" {
			r.Name = r.Unit
		}
		b.Total.OnTime += r.OnTime
		b.Total.DueSoon += r.DueSoon
		b.Total.Late += r.Late
		b.Total.Waiting += r.Waiting
		b.Total.Done += r.Done
		b.Total.Total += r.Total
	}
	return b, err
}

// ConfirmedIncident is an incident that a person confirmed, with its place and
// times; rules are measured against it.
type ConfirmedIncident struct {
	ID       string
	Number   string
	Service  string
	Title    string
	Area     string
	Lon, Lat *float64
	From     time.Time  // when the first of its alerts began, or when it was opened
	To       *time.Time // when it was cleared; nil: not yet
	Things   []string   // the things its alerts were about
	Rules    []string   // the rules that raised them
}

// Confirmed returns the incidents between from and to that a person confirmed
// or opened, for back-tests.
func (s *Service) Confirmed(ctx context.Context, from, to time.Time) ([]ConfirmedIncident, error) {
	var out []ConfirmedIncident
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		list, err := store.All(tx, scanDoc[Incident], `select doc from incident where state in ('open', 'resolved', 'closed')
			and opened_at <= $1 and (cleared_at = 0 or cleared_at >= $2) order by id`, to, from)
		if err != nil {
			return err
		}
		for _, i := range list {
			c := ConfirmedIncident{ID: i.ID, Number: i.Number, Service: i.Service, Title: i.Title, Area: i.Area, Lon: i.Lon, Lat: i.Lat, From: i.OpenedAt, To: i.ClearedAt}
			alerts, err := alertsOf(tx, i.ID)
			if err != nil {
				return err
			}
			for _, a := range alerts {
				if a.Since.Before(c.From) {
					c.From = a.Since
				}
				if a.Thing != "" {
					c.Things = append(c.Things, a.Thing)
				}
				if a.Rule != "" {
					c.Rules = append(c.Rules, a.Rule)
				}
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// mostOpenItems are named in a hand-over of each kind.
const mostOpenItems = 50

// OpenWork is how many incidents and tasks are not finished, and the gravest
// of them, for the hand-over of a shift (duty.Options.Open).
func (s *Service) OpenWork(ctx context.Context) (duty.OpenWork, error) {
	var w duty.OpenWork
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		if w.Incidents, _, err = store.One(tx, scanInt, "select count(*) from incident where state in ('proposed', 'open', 'resolved')"); err != nil {
			return err
		}
		incidents, err := store.All(tx, scanDoc[Incident], "select doc from incident where state in ('open', 'resolved') order by severity desc, id limit $1", mostOpenItems)
		if err != nil {
			return err
		}
		for _, i := range incidents {
			w.Items = append(w.Items, duty.OpenItem{Kind: "incident", ID: i.ID, Number: i.Number, Title: i.Title, Severity: int(i.Severity), State: string(i.State)})
		}
		if w.Tasks, _, err = store.One(tx, scanInt, "select count(*) from incident_task where state not in ('confirmed', 'cancelled')"); err != nil {
			return err
		}
		tasks, err := store.All(tx, scanTask, taskColumns+"where t.state not in ('confirmed', 'cancelled') order by t.due, t.id limit $1", mostOpenItems)
		for _, t := range tasks {
			w.Items = append(w.Items, duty.OpenItem{Kind: "task", ID: t.ID, Number: t.Number, Title: t.Title, Severity: int(t.severity()), State: string(t.State)})
		}
		return err
	})
	return w, err
}
