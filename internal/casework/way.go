package casework

import (
	"slices"
	"time"
)

// settle makes the way of the states and what follows from it.
func (f *folding) settle(all []told, proc Procedure) {
	first := time.Time{}
	if len(all) > 0 {
		first = all[0].when
	}
	way := f.way(first)
	for _, s := range way {
		f.Turns = append(f.Turns, s.Turn)
	}
	if n := len(way); n > 0 {
		f.State = way[n-1].State
	}
	f.pauses(way)
	f.StateName, f.Clock = f.State.Title(), f.State.Clock()
	slices.SortStableFunc(f.Steps, func(a, b Stretch) int { return a.From.Compare(*b.From) })
	for i := range f.Steps {
		s := &f.Steps[i]
		if s.To == nil && i+1 < len(f.Steps) {
			s.To = f.Steps[i+1].From
		}
		if s.To == nil && f.State.Clock() == Ended {
			t := f.Turns[len(f.Turns)-1].At
			s.To = &t
		}
		if s.To != nil && s.Due != nil && s.To.After(*s.Due) {
			s.LateSeconds = int64(s.To.Sub(*s.Due) / time.Second)
		}
	}
	if n := len(f.Steps); n > 0 {
		f.Step = f.Steps[n-1].Name
	}
	f.CodeForm = FormOf(f.Code)
	f.Procedure = f.procedureRaw
	if m, ok := f.words.Mean(f.System, ProcedureWord, f.procedureRaw); ok {
		f.Procedure = m
	}
	if proc.Code != "" && proc.Code == f.Procedure {
		if proc.Name != "" {
			f.ProcedureName = proc.Name
		}
		if proc.Field != "" {
			f.Field, f.FieldName = proc.Field, proc.FieldName
		}
	}
	if m, ok := f.words.Mean(f.System, UnitWord, f.UnitRaw); ok {
		f.Unit, f.UnitOrigin = m, m
	}
	if m, ok := f.words.Mean(f.System, OfficerWord, f.Officer); ok {
		if f.officerKnown = true; m != NoAccount {
			f.OfficerUser = m
		}
	}
}

// way is what was told of the state as a way in time: what a later message
// dates back undoes what lies behind it.
func (f *folding) way(first time.Time) []said {
	var way []said
	add := func(s said) {
		for len(way) > 0 && !way[len(way)-1].At.Before(s.At) {
			way = way[:len(way)-1]
		}
		way = append(way, s)
	}
	if len(f.said) == 0 || f.said[0].State.Clock() != NotStarted && f.ReceivedAt != nil && f.ReceivedAt.Before(f.said[0].At) {
		start := said{Turn: Turn{first, NotAccepted}}
		switch {
		case f.ReceivedAt != nil:
			start.Turn = Turn{*f.ReceivedAt, Processing}
			if len(f.said) == 0 && first.Before(start.At) {
				start.At = first
			}
		case len(f.Steps) > 0:
			start.State = Processing
		}
		add(start)
	}
	for _, s := range f.said {
		add(s)
	}
	for _, s := range f.supplied {
		way = lay(way, s)
	}
	return slices.CompactFunc(way, func(a, b said) bool { return a.State == b.State })
}

// lay lays the pause of a request for papers over the way, where the file was
// in progress.
func lay(way []said, s Supplement) []said {
	asked, answered := s.Asked.UTC().Truncate(time.Microsecond), s.Answered.UTC().Truncate(time.Microsecond)
	var out []said
	under := said{} // what holds without the pause
	laid := false
	begin := func() {
		if !laid && under.State == Processing {
			if n := len(out); out[n-1].At.Equal(asked) {
				out = out[:n-1]
			}
			out = append(out, said{Turn{asked, Paused}, "", s.Text})
		}
		laid = true
	}
	for _, w := range way {
		if w.At.After(asked) {
			begin()
		}
		inside := w.At.After(asked) && !s.Answered.IsZero() && w.At.Before(answered)
		if inside && w.State == Processing && len(out) > 0 && out[len(out)-1].State == Paused { // still waiting, whatever it says meanwhile
			under = w
			continue
		}
		if !s.Answered.IsZero() && w.At.After(answered) {
			out = resume(out, answered, under)
		}
		under = w
		out = append(out, w)
	}
	begin()
	if !s.Answered.IsZero() {
		out = resume(out, answered, under)
	}
	return out
}

// resume lets the way go on at the answer, when it stands paused there.
func resume(out []said, at time.Time, under said) []said {
	n := len(out)
	if n == 0 || out[n-1].State != Paused || !out[n-1].At.Before(at) || under.State.Clock() == Ended {
		return out
	}
	return append(out, said{Turn{at, Processing}, "", ""})
}

func (f *folding) pauses(way []said) {
	for i, s := range way {
		if s.State != Paused {
			continue
		}
		p := Pause{From: s.At, State: s.word, Reason: s.reason}
		if i+1 < len(way) {
			t := way[i+1].At
			p.To = &t
		}
		f.Pauses = append(f.Pauses, p)
	}
}
