package casework

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"openioc.org/ioc/internal/store"
)

// Line is a file as boards count it: what its class at any instant hangs on,
// and nothing personal.
type Line struct {
	N                        int64
	Change                   int64
	Unit                     string // that had it, not who answers now
	Procedure, ProcedureName string
	Field, FieldName         string
	Channel                  Channel
	Officer, OfficerName     string // the account where it is known, else the system's word
	Received, Due            int64  // µs, 0 none
	Ended                    int64  // since when it is at its end, 0 open
	State                    State
	Outcome                  Class // of an ended file
	Digitized                *bool
	Synthetic                bool
	Plain                    bool // Turns and Dues say nothing more
	Turns                    []Turn
	Dues                     []Deadline // the versions that count
}

// plain reports whether the file has been in progress since its reception,
// under one date, until it ended, if it did.
func (c *Case) plain() bool {
	t := c.Turns
	if c.ReceivedAt == nil || len(t) == 0 || t[0].State != Processing || !t[0].At.Equal(*c.ReceivedAt) || c.DueVersion > 1 {
		return false
	}
	for _, n := range t[1:] {
		if n.State.Clock() != Ended {
			return false
		}
	}
	versions := 0
	for _, d := range c.Deadlines {
		if d.Version > 0 {
			versions++
		}
	}
	return versions <= 1
}

// Line is the file as boards count it.
func (c *Case) Line(w Window) Line {
	ended, _ := c.ended()
	l := Line{
		N: c.number(), Change: c.change, Unit: c.UnitOrigin, Procedure: c.Procedure, ProcedureName: c.ProcedureName, Field: c.Field, FieldName: c.FieldName, Channel: c.Channel,
		Officer: c.OfficerUser, OfficerName: c.OfficerName, Received: us(c.ReceivedAt), Due: us(c.Due), Ended: ended, State: c.State,
		Digitized: c.Digitized, Synthetic: c.Synthetic, Plain: c.plain(),
	}
	if l.Officer == "" {
		l.Officer = c.Officer
	}
	if ended != 0 {
		l.Outcome = c.Class(store.FromMicros(ended), w)
	}
	if !l.Plain {
		l.Turns = c.Turns
		for _, d := range c.Deadlines {
			if d.Version > 0 {
				l.Dues = append(l.Dues, d)
			}
		}
	}
	return l
}

// Lines reads the files that changed after a change, in the order of changes.
func (s *Service) Lines(ctx context.Context, after int64, limit int) ([]Line, error) {
	var out []Line
	w := s.WindowNow()
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = store.All(tx, func(scan store.Scan) (Line, error) { return scanLine(scan, w) },
			`select n, change, unit_origin, procedure, procedure_name, field, field_name, channel, officer, officer_name, officer_user,
				received_at, due_at, ended_at, finished_at, late, state, digitized, synthetic, plain, case when plain = 1 then '' else doc end
			from case_file where change > $1 order by change limit `+strconv.Itoa(limit), after)
		return err
	})
	return out, err
}

func scanLine(scan store.Scan, w Window) (l Line, err error) {
	var channel, user, state, kept string
	var finished, late int64
	var digitized, synthetic, plain int
	if err = scan(&l.N, &l.Change, &l.Unit, &l.Procedure, &l.ProcedureName, &l.Field, &l.FieldName, &channel, &l.Officer, &l.OfficerName, &user,
		&l.Received, &l.Due, &l.Ended, &finished, &late, &state, &digitized, &synthetic, &plain, &kept); err != nil {
		return l, err
	}
	l.Channel, l.State, l.Synthetic, l.Plain = Channel(channel), State(state), synthetic == 1, plain == 1
	if user != "" {
		l.Officer = user
	}
	if digitized >= 0 {
		d := digitized == 1
		l.Digitized = &d
	}
	switch {
	case l.Ended == 0:
	case l.State == Refused:
		l.Outcome = RefusedClass
	case l.State == Withdrawn:
		l.Outcome = WithdrawnClass
	case l.State == Stopped:
		l.Outcome = StoppedClass
	case l.Due == 0:
		l.Outcome = NoDue
	case late > 0:
		l.Outcome = Late
	default:
		l.Outcome = w.Outcome(store.FromMicros(finished), store.FromMicros(l.Due))
	}
	if kept != "" {
		var d doc
		if err := json.Unmarshal([]byte(kept), &d); err != nil {
			return l, fmt.Errorf("file %d: %w", l.N, err)
		}
		l.Turns = d.Turns
		for _, v := range d.Deadlines {
			if v.Version > 0 {
				l.Dues = append(l.Dues, v)
			}
		}
	}
	return l, nil
}

// Sweep counts the open files by class, of the whole city, in the records.
func (s *Service) Sweep(ctx context.Context, at time.Time) (map[Class]int, error) {
	out := map[Class]int{}
	w := s.WindowNow()
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		if tx.Dialect() == store.Postgres {
			return sweepAtOnce(tx, at, w, out)
		}
		for _, c := range []Class{Waiting, PausedClass, InTime, NearDue, Overdue} {
			q := &query{}
			if _, err := q.classes([]Class{c}, at, w); err != nil {
				return err
			}
			var n int
			if err := tx.QueryRow("select count(*) from case_file where "+q.where[0], q.args...).Scan(&n); err != nil {
				return err
			}
			out[c] = n
		}
		return nil
	})
	return out, err
}

// sweepAtOnce counts in one pass: PostgreSQL looks at the rows anyway where
// they are new, SQLite counts five stretches of an index faster.
func sweepAtOnce(tx *store.Tx, at time.Time, w Window, out map[Class]int) error {
	type sum struct {
		class string
		n     int
	}
	sums, err := store.All(tx, func(scan store.Scan) (s sum, err error) { return s, scan(&s.class, &s.n) },
		`select case when clock = 'stopped' then 'paused' when clock = 'not_started' then 'waiting' when due_at = 0 then 'no_due'
			when due_at < $1 then 'overdue' when due_at <= $2 then 'near_due' else 'in_time' end as class, count(*)
		from case_file where clock in ('running', 'stopped', 'not_started') group by 1`, at, w.Until(at))
	for _, s := range sums {
		if s.class != string(NoDue) {
			out[Class(s.class)] += s.n
		}
	}
	return err
}

// ProcedureName is what the list calls a procedure; its code where it calls it
// nothing.
func (s *Service) ProcedureName(code string) string {
	if p, ok := s.known.Load().procedures[code]; ok && p.Name != "" {
		return p.Name
	}
	return code
}

// Step durations and the like look into at most so many files.
const mostLooked = 20000

// StepTime is how long one step of a file took, in seconds of the clock.
type StepTime struct {
	Name string
	From time.Time
	To   time.Time
	Late bool
}

// StepTimes are the finished steps of the files that ended in a period, of
// units (nil: all); of very many files only the newest, which bounded says.
func (s *Service) StepTimes(ctx context.Context, units []string, from, to time.Time) (out []StepTime, bounded bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		args := []any{from, to}
		where := ""
		if units != nil {
			if len(units) == 0 {
				return nil
			}
			where = " and unit in (" + in(&args, units) + ")"
		}
		docs, err := store.All(tx, func(scan store.Scan) (d doc, err error) {
			var kept string
			if err = scan(&kept); err != nil {
				return d, err
			}
			return d, json.Unmarshal([]byte(kept), &d)
		}, "select doc from case_file where ended_at >= $1 and ended_at < $2 and ended_at <> 0"+where+" order by ended_at desc limit "+strconv.Itoa(mostLooked+1), args...)
		if err != nil {
			return err
		}
		if bounded = len(docs) > mostLooked; bounded {
			docs = docs[:mostLooked]
		}
		for _, d := range docs {
			for _, st := range d.Steps {
				if st.From != nil && st.To != nil && !st.To.Before(*st.From) {
					out = append(out, StepTime{st.Name, *st.From, *st.To, st.LateSeconds > 0})
				}
			}
		}
		return nil
	})
	return out, bounded, err
}
