package alert

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
)

// The stages whose time is watched.
const (
	stageAcknowledge = "acknowledge"
	stageDispatch    = "dispatch"
	stageAnswer      = "answer"
)

// topLevel is the level of the city's leaders.
const topLevel = 4

// Limit says how long each stage of an alert of one severity may take, and
// who is told when it takes longer. It is in force from From on.
type Limit struct {
	Severity           alertevent.Severity `json:"severity" minimum:"1" maximum:"4"`
	AcknowledgeMinutes int                 `json:"acknowledge_minutes" minimum:"0" maximum:"43200" doc:"0: no limit"`
	DispatchMinutes    int                 `json:"dispatch_minutes" minimum:"0" maximum:"43200"`
	AnswerMinutes      int                 `json:"answer_minutes" minimum:"0" maximum:"43200" doc:"from the dispatch"`
	Escalate           []Rung              `json:"escalate" doc:"levels after a stage was missed, lowest first"`
	From               time.Time           `json:"from"`
}

// Rung is one step of the ladder that a missed stage climbs.
type Rung struct {
	AfterMinutes int `json:"after_minutes" minimum:"0" maximum:"43200" doc:"after the missed time"`
	Level        int `json:"level" minimum:"1" maximum:"4"`
}

func (l Limit) by(now time.Time, minutes int) *time.Time {
	if minutes <= 0 {
		return nil
	}
	t := now.Add(time.Duration(minutes) * time.Minute)
	return &t
}

// above is the first rung higher than a level.
func (l Limit) above(level int) (Rung, bool) {
	for _, r := range l.Escalate {
		if r.Level > level {
			return r, true
		}
	}
	return Rung{}, false
}

// stage is one stage that is still open, and until when.
type stage struct {
	name string
	by   *time.Time
}

func (a *Alert) stages() []stage {
	switch a.State {
	case Raised:
		return []stage{{stageAcknowledge, a.Times.AcknowledgeBy}, {stageDispatch, a.Times.DispatchBy}}
	case Acknowledged, Verified:
		return []stage{{stageDispatch, a.Times.DispatchBy}}
	case Dispatched:
		return []stage{{stageAnswer, a.Times.AnswerBy}}
	}
	return nil
}

// next is the earliest instant at which a stage is missed, or a missed one
// climbs a rung.
func (a *Alert) next(l Limit) (at time.Time, what stage, ok bool) {
	for _, s := range a.stages() {
		if s.by == nil {
			continue
		}
		t := *s.by
		if slices.Contains(a.Times.Late, s.name) {
			r, more := l.above(a.Escalation.Level)
			if !more {
				continue
			}
			t = t.Add(time.Duration(r.AfterMinutes) * time.Minute)
		}
		if !ok || t.Before(at) {
			at, what, ok = t, s, true
		}
	}
	return at, what, ok
}

// schedule sets when the alert escalates next: never while it is closed or
// suppressed.
func (a *Alert) schedule(l Limit, now time.Time) {
	a.Escalation.NextAt, a.Escalation.NextLevel = nil, 0
	if !a.open() || a.SuppressedBy != nil || a.Direct {
		return
	}
	at, _, ok := a.next(l)
	if !ok {
		return
	}
	a.Escalation.NextAt = &at
	a.Escalation.NextLevel = a.Escalation.Level
	if r, more := l.above(a.Escalation.Level); more {
		a.Escalation.NextLevel = r.Level
	}
}

// climb does what is due: a stage is missed for the first time, or the next
// rung has come. It returns the stage.
func (a *Alert) climb(l Limit, now time.Time) string {
	_, s, ok := a.next(l)
	if !ok {
		return ""
	}
	if !slices.Contains(a.Times.Late, s.name) {
		a.Times.Late = append(a.Times.Late, s.name)
	}
	if r, more := l.above(a.Escalation.Level); more {
		a.Escalation.Level = r.Level
	}
	return s.name
}

// begin gives a new alert its times.
func (a *Alert) begin(l Limit, now time.Time) {
	a.Times = Times{AcknowledgeBy: l.by(now, l.AcknowledgeMinutes), DispatchBy: l.by(now, l.DispatchMinutes), Late: []string{}}
	a.Escalation = Escalation{Level: 1}
	a.schedule(l, now)
}

// goDirect begins at the unit: what the shift would have done is done, and who
// raised it sees to it that it is answered in time.
func (a *Alert) goDirect(now time.Time) {
	a.State = Dispatched
	a.Times = Times{DispatchedAt: &now, Late: []string{}}
	a.schedule(Limit{}, now)
}

// tighten shortens what is still open to the times of a higher severity.
func (a *Alert) tighten(l Limit, now time.Time) {
	shorten := func(t **time.Time, minutes int) {
		if by := l.by(now, minutes); by != nil && (*t == nil || by.Before(**t)) {
			*t = by
		}
	}
	switch a.State {
	case Raised:
		shorten(&a.Times.AcknowledgeBy, l.AcknowledgeMinutes)
		shorten(&a.Times.DispatchBy, l.DispatchMinutes)
	case Acknowledged, Verified:
		shorten(&a.Times.DispatchBy, l.DispatchMinutes)
	case Dispatched:
		shorten(&a.Times.AnswerBy, l.AnswerMinutes)
	}
}

// restart gives the open stages their whole time again, after a suppression
// in which nobody was told.
func (a *Alert) restart(l Limit, now time.Time) {
	extend := func(t **time.Time, name string, minutes int) {
		if by := l.by(now, minutes); by != nil && !slices.Contains(a.Times.Late, name) {
			*t = by
		}
	}
	switch a.State {
	case Raised:
		extend(&a.Times.AcknowledgeBy, stageAcknowledge, l.AcknowledgeMinutes)
		extend(&a.Times.DispatchBy, stageDispatch, l.DispatchMinutes)
	case Acknowledged, Verified:
		extend(&a.Times.DispatchBy, stageDispatch, l.DispatchMinutes)
	case Dispatched:
		extend(&a.Times.AnswerBy, stageAnswer, l.AnswerMinutes)
	}
}
