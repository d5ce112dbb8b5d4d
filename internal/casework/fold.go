package casework

import (
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/workcal"
)

// folding is a fold under way.
type folding struct {
	Case
	words     Words
	cal       *workcal.Calendar
	said      []said // every state that was told, repeats too
	supplied  []Supplement
	lastGiven time.Time
	promised  int  // apologies that named another date
	starts    bool // the event at hand is the first that says when it was received

	officerKnown bool
}

// said is a state that was told, and in what words.
type said struct {
	Turn
	word, reason string
}

// Fold makes the file of its events: a pure function, in which the order of
// arrival and repetitions do not matter. ID, names of units and what needs to
// know other files are not its business.
func Fold(events []Event, words Words, cal *workcal.Calendar, proc Procedure) Case {
	f := &folding{words: words, cal: cal}
	f.Channel, f.Problems = UnknownChannel, []Problem{}
	keys := map[string]string{}
	all := ordered(events, words)
	for i := range all {
		e := &all[i]
		if e.Key != "" {
			if id, twice := keys[e.Key]; twice && id != e.id {
				f.problem("contradictory_message", "")
			}
			keys[e.Key] = e.id
		}
		f.apply(e)
	}
	f.Version = len(all)
	f.settle(all, proc)
	f.compute(proc)
	f.judge(proc)
	return f.Case
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

func moment(to **time.Time, v *time.Time) {
	if v != nil && !v.IsZero() {
		t := v.UTC().Truncate(time.Microsecond)
		*to = &t
	}
}

// apply takes one event, in order.
func (f *folding) apply(e *told) {
	f.System, f.Code = e.System, e.Code
	if e.Seen.After(f.UpdatedAt) {
		f.UpdatedAt = e.Seen
	}
	set(&f.procedureRaw, e.Procedure)
	set(&f.ProcedureName, e.ProcedureName)
	set(&f.Field, e.Field)
	set(&f.FieldName, e.FieldName)
	set(&f.Channel, e.Channel)
	set(&f.Applicant.Kind, e.ApplicantKind)
	set(&f.Applicant.Name, e.ApplicantName)
	set(&f.Applicant.Paper, e.ApplicantPaper)
	set(&f.Applicant.Phone, e.ApplicantPhone)
	set(&f.Applicant.Email, e.ApplicantEmail)
	set(&f.Applicant.Address, e.ApplicantAddress)
	if e.Unit != nil && *e.Unit != f.UnitRaw { // the name belongs to its word
		f.UnitRaw, f.UnitName = *e.Unit, ""
	}
	set(&f.UnitName, e.UnitName)
	if e.Officer != nil && *e.Officer != f.Officer {
		f.Officer, f.OfficerName = *e.Officer, ""
	}
	set(&f.OfficerName, e.OfficerName)
	f.starts = f.ReceivedAt == nil && e.Received != nil && !e.Received.IsZero()
	moment(&f.ReceivedAt, e.Received)
	if e.Digitized != nil {
		d := *e.Digitized
		f.Digitized = &d
	}
	set(&f.Synthetic, e.Synthetic)
	f.state(e)
	if e.Supplement != nil {
		f.supplement(e)
	}
	if e.Due != nil && !e.Due.IsZero() {
		f.given(e)
	}
	if e.Apology != nil {
		f.apology(e)
	}
	if e.Step != nil {
		f.step(e)
	}
	for _, n := range e.Notes {
		code, field, _ := strings.Cut(n, ":")
		f.problem(code, field)
	}
	if !e.At.IsZero() && !e.when.Equal(e.At) {
		f.problem("time_in_future", "at")
	}
}

// state takes what an event says of the state. A time of ending without a word
// that is understood is an ending too.
func (f *folding) state(e *told) {
	word := ""
	if e.State != nil {
		word = *e.State
		f.StateRaw = word
		if _, known := f.words.state(e.System, word); !known {
			f.problem("unknown_state", word)
		}
	}
	st, ok := e.says(f.words)
	if !ok {
		return
	}
	at := e.when
	switch {
	case st.Clock() == Ended:
		moment(&f.FinishedAt, e.Finished)
		moment(&f.ReturnedAt, e.Returned)
		switch {
		case st == Returned && e.Finished == nil && f.stands() == Finished: // finished before, handed out now
			if f.ReturnedAt == nil {
				moment(&f.ReturnedAt, &at)
			}
		case e.Finished != nil && !e.Finished.IsZero():
			at = *e.Finished
		case e.Returned != nil && !e.Returned.IsZero():
			at = *e.Returned
		}
		if at.After(e.when.Add(time.Minute)) { // told before it is to happen: known since it was told
			f.problem("finished_in_future", "finished_at")
			at = e.when
		}
		if (st == Finished || st == Returned) && f.FinishedAt == nil {
			moment(&f.FinishedAt, &at)
		}
	case st == Processing && f.starts && f.stands().Clock() == Ended: // an end before the start: being received opens nothing again
		return
	case st == Processing && e.Received != nil && !e.Received.IsZero() && (len(f.said) == 0 || f.stands() == NotAccepted):
		if at = *e.Received; at.After(e.when) {
			at = e.when
		}
		f.reopen()
	default:
		f.reopen()
	}
	reason := ""
	if e.Step != nil {
		reason = e.Step.Comment
	}
	if e.Supplement != nil {
		reason = e.Supplement.Text
	}
	f.said = append(f.said, said{Turn{at.UTC().Truncate(time.Microsecond), st}, word, reason})
}

// stands is the state told last.
func (f *folding) stands() State {
	if len(f.said) == 0 {
		return ""
	}
	return f.said[len(f.said)-1].State
}

// reopen forgets the end of a file that is said to be open after all.
func (f *folding) reopen() { f.FinishedAt, f.ReturnedAt = nil, nil }

func (f *folding) supplement(e *told) {
	s := *e.Supplement
	i := slices.IndexFunc(f.supplied, func(o Supplement) bool { return o.Asked.Equal(s.Asked) })
	switch {
	case s.Asked.IsZero(): // only the state says since when it waits
	case i < 0:
		f.supplied = append(f.supplied, s)
	default:
		f.supplied[i] = s
	}
	from := e.when
	if !s.Answered.IsZero() {
		from = s.Answered
	}
	if !s.DueBefore.IsZero() && f.due() == nil {
		f.version(s.DueBefore, f.since(e.when), GivenDue, "", by(e))
	}
	if !s.DueAfter.IsZero() {
		f.version(s.DueAfter, from, SupplementDue, s.Text, by(e))
	}
}

func by(e *told) string {
	if e.By != "" {
		return e.By
	}
	return e.System
}

// since is from when a first date holds: it was promised at reception.
func (f *folding) since(at time.Time) time.Time {
	if f.ReceivedAt != nil && f.ReceivedAt.Before(at) {
		return *f.ReceivedAt
	}
	return at
}

// due is the version in force, of those that were told.
func (f *folding) due() *Deadline {
	if n := len(f.Deadlines); n > 0 {
		return &f.Deadlines[n-1]
	}
	return nil
}

// version adds a version of the date, unless it is the one in force.
func (f *folding) version(due, from time.Time, kind, reason, by string) {
	due = endOfDay(due).UTC().Truncate(time.Microsecond)
	if last := f.due(); last != nil && last.Due.Equal(due) {
		return
	}
	f.Deadlines = append(f.Deadlines, Deadline{Version: len(f.Deadlines) + 1, Due: due, From: from.UTC().Truncate(time.Microsecond), Kind: kind, Reason: reason, By: by})
}

// endOfDay: a date without a time of day ends with its day (Civil Code
// Art. 148), however the source writes it.
func endOfDay(t time.Time) time.Time {
	if day := caltime.Day(t); day.Equal(t) {
		return day.AddDate(0, 0, 1).Add(-time.Second)
	}
	return t
}

// given takes the date of a message. A system that repeats the date it knows
// does not take back what was promised since.
func (f *folding) given(e *told) {
	moment(&f.DueGiven, e.Due)
	if e.Due.Equal(f.lastGiven) {
		return
	}
	f.lastGiven = *e.Due
	if !endOfDay(*e.Due).Equal(*e.Due) {
		f.problem("due_without_time", "due_given")
	}
	from, reason := e.when, ""
	if f.due() == nil {
		from = f.since(e.when)
	}
	set(&reason, e.DueReason)
	f.version(*e.Due, from, GivenDue, reason, by(e))
}

func (f *folding) apology(e *told) {
	a := *e.Apology
	if a.At.IsZero() {
		a.At = e.when
	}
	moment(&f.ApologyAt, &a.At)
	if a.Due.IsZero() {
		return
	}
	if last := f.due(); last != nil && last.Due.Equal(endOfDay(a.Due)) {
		return
	}
	if f.promised++; f.promised > 1 { // NĐ 61/2018 Art. 19: once only
		f.problem("promised_twice", "due")
	}
	reason := strings.TrimSpace(a.Number + " " + a.Reason)
	f.version(a.Due, a.At, ApologyDue, reason, by(e))
}

func (f *folding) step(e *told) {
	s := e.Step
	from := s.From
	if from.IsZero() {
		from = e.when
	}
	n := Stretch{Name: s.Name, Department: s.Department, Officer: s.OfficerName}
	if n.Officer == "" {
		n.Officer = s.Officer
	}
	moment(&n.From, &from)
	moment(&n.To, &s.Until)
	moment(&n.Due, &s.Due)
	i := slices.IndexFunc(f.Steps, func(o Stretch) bool {
		return o.Name == n.Name && o.Department == n.Department && o.From.Equal(*n.From)
	})
	if i < 0 {
		f.Steps = append(f.Steps, n)
		return
	}
	f.Steps[i] = n
}
