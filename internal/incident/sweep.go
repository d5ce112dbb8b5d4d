package incident

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
)

const (
	sweepBatch = 100
	sweepEvery = time.Minute // at the latest: units are dissolved without telling us
	sweepPause = 5 * time.Second
	// keptLoose is how long alerts that belong to nothing are remembered
	// after they were closed.
	keptLoose = 30 * 24 * time.Hour
)

// Run looks at the timers when the next is due, until ctx ends. What the
// program missed while it was off is said when it is on again.
func (s *Service) Run(ctx context.Context) error {
	for {
		next, err := s.Sweep(ctx)
		if ctx.Err() != nil {
			return nil
		}
		wait := sweepEvery
		if err != nil {
			s.log.Error("timers of tasks could not be swept", "err", err)
			wait = sweepPause
		} else if !next.IsZero() {
			wait = min(max(next.Sub(s.clock.Now()), 0), wait)
		}
		if !s.rest(ctx, wait) {
			return nil
		}
	}
}

// rest waits for d of the clock or until a timer may have changed.
func (s *Service) rest(ctx context.Context, d time.Duration) bool {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.wake:
			cancel()
		case <-waiting.Done():
		}
	}()
	_ = s.clock.Sleep(waiting, d)
	return ctx.Err() == nil
}

// Sweep says what is due: reminders, escalations, late steps of procedures,
// tasks of dissolved units. It returns when the next timer runs out, zero for
// none.
func (s *Service) Sweep(ctx context.Context) (next time.Time, err error) {
	for _, part := range []func(context.Context) (bool, error){s.sweepUnits, s.sweepTasks, s.sweepSOP} {
		for more := true; more; {
			if more, err = part(ctx); err != nil {
				return next, err
			}
		}
	}
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		next, err = nextTimer(tx)
		return err
	})
	return next, err
}

var system = access.System("incident")

// sweepTasks says one batch of reminders. The stage is written in the same
// transaction, and the key of the message is made of it and of the deadline:
// it is said once, also across a sudden end.
func (s *Service) sweepTasks(ctx context.Context) (more bool, err error) {
	due := 0
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		ts, err := dueTimers(tx, 1)
		due = len(ts)
		return err
	})
	if err != nil || due == 0 {
		return false, err
	}
	err = s.db.Write(ctx, system, func(tx *store.Tx) error {
		ts, err := dueTimers(tx, sweepBatch)
		if err != nil {
			return err
		}
		for n := range ts {
			if err := s.remind(tx, &ts[n]); err != nil {
				return fmt.Errorf("task %s: %w", ts[n].Number, err)
			}
		}
		more = len(ts) == sweepBatch
		return nil
	})
	return more, err
}

func (s *Service) remind(tx *store.Tx, t *Task) error {
	t.stage++
	// After a long absence only the last that is due is said.
	for t.stage < stageGiver && !t.timerOf(t.stage+1).After(tx.Now) {
		t.stage++
	}
	key := fmt.Sprintf("%d", store.Micros(t.Due))
	k := t.kindTitle()
	m := notify.Message{}
	level, step := duty.LevelFocal, ""
	switch t.stage {
	case stageSoon:
		step = "due_soon"
		m = t.message("soon/"+key, t.severity(), text(k.Vi+" "+t.Number+" sắp đến hạn", k.En+" "+t.Number+" is due soon"), t.body())
	case stageLate:
		step = "overdue"
		m = t.message("late/"+key, max(t.severity(), alertevent.Warning), text(k.Vi+" "+t.Number+" đã quá hạn", k.En+" "+t.Number+" is overdue"), t.body())
	case stageLeader:
		step, level = "escalate", duty.LevelLeader
		m = t.message("leader/"+key, alertevent.Warning, text(k.Vi+" "+t.Number+" quá hạn, báo lãnh đạo đơn vị", k.En+" "+t.Number+" is overdue: to the leader of the unit"), t.body())
		m.Topic = notify.TopicEscalation
	default:
		step = "escalate"
		if err := s.tellGiver(tx, t, "giver/"+key, alertevent.Warning, text("quá hạn, đơn vị chưa hoàn thành", "overdue, the unit has not finished it"), t.body()); err != nil {
			return err
		}
	}
	if t.stage < stageGiver {
		if err := s.tell(tx, m, duty.Query{Unit: t.Unit, Severity: m.Severity, Level: level}, nil); err != nil {
			return err
		}
	}
	t.arm(tx.Now)
	if err := s.entry(tx, Entry{incident: t.Incident, Task: t.ID, Step: step, From: string(t.State), To: string(t.State),
		Data: map[string]any{"number": t.Number, "title": t.Title, "due": t.Due, "stage": t.stage}}); err != nil {
		return err
	}
	return s.commitTask(tx, t, step, k.Vi+" "+t.Number+": "+step)
}

// sweepSOP says which steps of procedures are late.
func (s *Service) sweepSOP(ctx context.Context) (more bool, err error) {
	late := 0
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		ls, err := lateSOPSteps(tx, 1)
		late = len(ls)
		return err
	})
	if err != nil || late == 0 {
		return false, err
	}
	err = s.db.Write(ctx, system, func(tx *store.Tx) error {
		steps, err := lateSOPSteps(tx, sweepBatch)
		if err != nil {
			return err
		}
		for _, st := range steps {
			if _, err := tx.Mark("update incident_sop_step set told = 1 where incident = $1 and n = $2", st.incident, st.N); err != nil {
				return err
			}
			i, ok, err := readIncident(tx, everything, st.incident)
			if err != nil {
				return err
			}
			if !ok || i.State != Open {
				continue
			}
			if err := s.sayLate(tx, &i, st); err != nil {
				return err
			}
		}
		more = len(steps) == sweepBatch
		return nil
	})
	return more, err
}

func (s *Service) sayLate(tx *store.Tx, i *Incident, st SOPStep) error {
	q := duty.Query{Unit: i.LeadUnit, Service: i.Service, Area: i.Area, Severity: i.Severity, Level: duty.LevelFocal}
	if st.Role == RoleIOC || q.Unit == "" {
		q.Unit, q.Level = duty.IOC, duty.LevelShift
	}
	if err := s.tell(tx, notify.Message{
		Key: fmt.Sprintf("sop/%s/%d/%d", i.ID, st.N, store.Micros(st.DueAt)), Topic: notify.TopicTask, Severity: i.Severity, Service: i.Service,
		Title: text("Sự cố "+i.Number+": bước quy trình quá hạn", "Incident "+i.Number+": a step is late"),
		Text:  text(fmt.Sprintf("Bước %d: %s", st.N, st.Title.Vi), fmt.Sprintf("Step %d: %s", st.N, st.Title.In("en"))),
		Link:  "/incidents/" + i.ID, Incident: i.ID,
	}, q, nil); err != nil {
		return err
	}
	if err := s.entry(tx, Entry{incident: i.ID, Step: entrySOPLate, From: string(i.State), To: string(i.State),
		Data: map[string]any{"n": st.N, "title": st.Title, "due_at": st.DueAt}}); err != nil {
		return err
	}
	before := *i
	return s.commit(tx, &before, i, "sop_late", fmt.Sprintf("Sự cố %s: bước %d quá hạn", i.Number, st.N), nil)
}

// sweepUnits readdresses what dissolved units hold to their successors, and
// forgets alerts of long ago that belong to nothing.
func (s *Service) sweepUnits(ctx context.Context) (more bool, err error) {
	gone := map[string]string{}
	var units []string
	old := 0
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if old, _, err = store.One(tx, scanInt, "select count(*) from incident_alert where incident = '' and open = 0 and raised_at < $1", tx.Now.Add(-keptLoose)); err != nil {
			return err
		}
		units, err = heldUnits(tx)
		return err
	})
	if s.o.Successor != nil { // asked outside: it may read records itself
		for _, u := range units {
			if to, ok := s.o.Successor(u, s.clock.Now()); ok && to != "" && to != u {
				gone[u] = to
			}
		}
	}
	if err != nil || len(gone) == 0 && old == 0 {
		return false, err
	}
	return false, s.db.Write(ctx, system, func(tx *store.Tx) error {
		if old > 0 {
			if _, err := tx.Mark("delete from incident_alert where incident = '' and open = 0 and raised_at < $1", tx.Now.Add(-keptLoose)); err != nil {
				return err
			}
		}
		for from, to := range gone {
			if err := s.succeed(tx, from, to); err != nil {
				return fmt.Errorf("unit %s to %s: %w", from, to, err)
			}
		}
		return nil
	})
}

// succeed hands what a dissolved unit holds to its successor.
func (s *Service) succeed(tx *store.Tx, from, to string) error {
	toName, _ := s.unitName(to, tx.Now)
	if toName == "" {
		toName = to
	}
	tasks, err := store.All(tx, scanTask, taskColumns+"where t.unit = $1 and t.state in ('sent', 'accepted', 'in_progress', 'returned', 'finished')", from)
	if err != nil {
		return err
	}
	why := text("Đơn vị cũ đã giải thể, chuyển cho đơn vị kế nhiệm", "the former unit was dissolved; its successor takes over")
	for n := range tasks {
		t := &tasks[n]
		was := t.UnitName
		t.Unit, t.UnitName = to, toName
		t.Version++
		t.Changed = Change{Step: TaskReaddress, By: personOf(tx.Actor), At: tx.Now}
		if err := s.entry(tx, Entry{incident: t.Incident, Task: t.ID, Step: entryReaddress, From: string(t.State), To: string(t.State), Comment: why.Vi,
			Data: map[string]any{"number": t.Number, "title": t.Title, "unit": to, "unit_name": toName, "unit_before": from, "unit_name_before": was, "why": why}}); err != nil {
			return err
		}
		if err := s.tellUnit(tx, t, "successor", duty.LevelFocal, text("chuyển từ "+was, "taken over from "+was)); err != nil {
			return err
		}
		if err := s.commitTask(tx, t, "readdressed", "Nhiệm vụ "+t.Number+" chuyển từ "+was+" sang "+toName); err != nil {
			return err
		}
	}
	incidents, err := store.All(tx, scanDoc[Incident], `select i.doc from incident i where i.state in ('open', 'resolved')
		and (i.lead_unit = $1 or exists (select 1 from incident_unit u where u.incident = i.id and u.unit = $1))`, from)
	if err != nil {
		return err
	}
	for n := range incidents {
		i := incidents[n]
		before := i
		if i.LeadUnit == from {
			i.LeadUnit, i.LeadUnitName = to, toName
		}
		helping := []UnitRef{}
		for _, u := range i.HelpingUnits {
			if u.Code == from {
				u = UnitRef{to, toName}
			}
			if u.Code != i.LeadUnit {
				helping = append(helping, u)
			}
		}
		i.HelpingUnits = helping
		i.Version++
		i.Changed = Change{Step: StepLead, By: personOf(tx.Actor), At: tx.Now}
		if err := s.entry(tx, Entry{incident: i.ID, Step: entryReaddress, From: string(i.State), To: string(i.State), Comment: why.Vi,
			Data: map[string]any{"unit": to, "unit_name": toName, "unit_before": from, "why": why}}); err != nil {
			return err
		}
		if err := s.commit(tx, &before, &i, "changed", "Sự cố "+i.Number+": "+toName+" thay đơn vị đã giải thể", nil); err != nil {
			return err
		}
	}
	return nil
}
