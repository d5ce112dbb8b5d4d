package warn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/warn"
	"openioc.org/ioc/internal/store"
)

// log makes what a system tells of some files: pauses, new dates, letters,
// ends before and after the date, and messages that come hours late or twice.
func log(files int, begin time.Time) []casework.Event {
	r := rand.New(rand.NewPCG(4, 2026))
	hours := func(low, high int) time.Duration { return time.Duration(low+r.IntN(high-low)) * time.Hour }
	var out []casework.Event
	for i := range files {
		name := fmt.Sprintf("H17.19-2603%02d-%04d", 2+i%20, i)
		when := begin.Add(hours(0, 5*24))
		due := when.Add(hours(10, 8*24))
		add := func(at time.Time, p casework.Patch) {
			seen := at.Add(time.Hour)
			if r.IntN(6) == 0 {
				seen = at.Add(hours(2, 30))
			}
			e := casework.Event{System: "mot-cua", Code: name, Key: fmt.Sprint(name, len(out)), At: at, Seen: seen, Patch: p}
			out = append(out, e)
			if r.IntN(8) == 0 {
				e.Seen = seen.Add(hours(1, 9))
				out = append(out, e)
			}
		}
		add(when, casework.Patch{State: ptr("2"), Received: ptr(when), Due: ptr(due), Officer: ptr(fmt.Sprint("cb", i%7)), Unit: ptr("P1")})
		for at := when; r.IntN(5) > 0; {
			at = at.Add(hours(3, 60))
			switch r.IntN(7) {
			case 0:
				add(at, casework.Patch{State: ptr("5")})
			case 1:
				add(at, casework.Patch{State: ptr("4")})
			case 2:
				due = at.Add(hours(10, 90))
				add(at, casework.Patch{State: ptr("4"), Due: ptr(due)})
			case 3:
				add(at, casework.Patch{Apology: &casework.Apology{Number: "1", At: at}})
			case 4:
				due = at.Add(hours(10, 90))
				add(at, casework.Patch{Apology: &casework.Apology{Number: "2", At: at, Due: due}})
			case 5:
				add(at, casework.Patch{State: ptr("4"), Due: ptr(due)}) // says the date again
			}
		}
		if r.IntN(10) > 0 {
			end := due.Add(hours(-60, 40))
			add(end, casework.Patch{State: ptr([]string{"9", "9", "9", "10", "7", "8"}[r.IntN(6)]), Finished: ptr(end)})
			if r.IntN(12) == 0 { // taken up again
				add(end.Add(hours(2, 20)), casework.Patch{State: ptr("4")})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b casework.Event) int { return a.Seen.Compare(b.Seen) })
	return out
}

// judge is the brute force: it knows a file only as the fold of what has been
// told until the hour, and what it said of it an hour before.
type judge struct {
	c       casework.Case
	folded  int // events in c
	holds   map[string]bool
	due     time.Time
	version int
	round   int
	warned  map[string]bool
}

func (j *judge) hour(events []casework.Event, at time.Time, w casework.Window) (edges []string) {
	if len(events) != j.folded {
		j.c, j.folded = casework.Fold(events, casework.Words{}, calendar, casework.Procedure{}), len(events)
	}
	c := &j.c
	class := c.Class(at, w)
	holds := map[string]bool{}
	d := c.DueAt(at)
	switch class {
	case casework.NearDue:
		holds[warn.NearDue] = true
	case casework.Overdue:
		holds[warn.Overdue] = true
		if a := c.ApologyAt; a == nil || a.Before(d.From) || a.Equal(d.From) && d.Kind == casework.ApologyDue {
			holds[warn.NoApology] = true
		}
	}
	changed := d != nil && !d.Due.Equal(j.due)
	if class == casework.PausedClass && len(j.holds) > 0 {
		j.round++
	}
	for rule := range j.holds {
		if !holds[rule] || changed {
			edges = append(edges, "-"+rule)
			delete(j.holds, rule)
		}
	}
	if changed {
		j.due, j.version, j.round = d.Due, d.Version, 0
	}
	for rule := range holds {
		if !j.holds[rule] {
			edges = append(edges, "+"+rule)
			j.warned[fmt.Sprint(rule, j.due.Unix(), "/", j.version, "/", j.round)] = true
		}
	}
	j.holds = holds
	return edges
}

// replay tells the files' events as they were seen, at each of these hours, and
// holds what is said then against the brute force. It gives back the
// conditions that began.
func replay(t *testing.T, r *room, events []casework.Event, hours []time.Time) (began []said) {
	w := casework.Window{Mode: casework.CalendarHours, Hours: 24, Calendar: calendar}
	judges, told := map[string]*judge{}, map[string][]casework.Event{}
	rest := events
	for _, h := range hours {
		r.clk.Set(h)
		n := 0
		for n < len(rest) && !rest[n].Seen.After(h) {
			told[rest[n].Code] = append(told[rest[n].Code], rest[n])
			n++
		}
		if n > 0 {
			if rep, err := r.cases.Import(t.Context(), connect, rest[:n]); err != nil || len(rep.Errors) > 0 {
				t.Fatal(err, rep.Errors)
			}
			rest = rest[n:]
		}
		r.sweep()
		var want, got []string
		for code, evs := range told {
			if judges[code] == nil {
				judges[code] = &judge{holds: map[string]bool{}, warned: map[string]bool{}}
			}
			for _, e := range judges[code].hour(evs, h, w) {
				want = append(want, e+" "+code)
			}
		}
		for _, f := range r.facts {
			sign := "+"
			if f.Severity == alertevent.None {
				sign = "-"
			} else {
				began = append(began, said{f.Rule, f.Labels["code"], h})
			}
			got = append(got, sign+f.Rule+" "+f.Labels["code"])
		}
		r.facts = nil
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("at %s\n got %s\nwant %s", h.Format("02/01 15:04"), strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
	if len(rest) > 0 {
		t.Fatalf("%d events come after the last hour", len(rest))
	}
	want, kept := 0, 0
	for _, j := range judges {
		want += len(j.warned)
	}
	if err := r.db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow("select count(*) from case_warning").Scan(&kept) }); err != nil {
		t.Fatal(err)
	}
	if kept != want || want < 400 {
		t.Errorf("%d warnings were given, the brute force gives %d", kept, want)
	}
	t.Logf("%d events of %d files: %d conditions began, %d warnings", len(events), len(told), len(began), kept)
	return began
}

// said is a condition that began, and when.
type said struct {
	rule, code string
	at         time.Time
}

func TestReplay_AgreesWithBruteForce(t *testing.T) {
	begin := at("2026-03-02 00:00")
	events := log(300, begin)
	end := events[len(events)-1].Seen
	if least := begin.Add(20 * 24 * time.Hour); end.Before(least) {
		end = least
	}
	each(t, "2026-03-02 00:00", func(t *testing.T, r *room) { replay(t, r, events, full(begin, end)) })
}

// full are the full hours of a span, the one that reaches its end included.
func full(begin, end time.Time) (out []time.Time) {
	for h := begin; ; h = h.Add(time.Hour) {
		out = append(out, h)
		if !h.Before(end) {
			return out
		}
	}
}
