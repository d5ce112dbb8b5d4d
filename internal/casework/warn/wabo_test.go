package warn_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/wabotest"
	"openioc.org/ioc/internal/casework/warn"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store/storetest"
)

// permit is what a municipality's log says of one file.
type permit struct {
	known    time.Time // its first row
	due, end time.Time // end zero: still open
}

// permits reads the log: the files, and what was told of each when it
// happened, a row for each step and one for the end.
func permits(t *testing.T) (map[string]*permit, []casework.Event) {
	t.Helper()
	header, rows := wabotest.Rows(t)
	instant := func(r []string, column string) time.Time { return wabotest.At(t, header, r, column) }
	files := map[string]*permit{}
	var evs []casework.Event
	for _, r := range rows {
		code := r[slices.Index(header, "case:concept:name")]
		seen, due, end := instant(r, "time:timestamp"), instant(r, "case:deadline"), instant(r, "case:enddate")
		p := files[code]
		if p == nil {
			p = &permit{known: seen, due: due, end: end}
			files[code] = p
			if !end.IsZero() {
				evs = append(evs, casework.Event{System: "wabo", Code: code, Key: "end-" + code, At: end, Seen: end, Patch: casework.Patch{State: ptr("9"), Finished: &end}})
				p.known = earlier(p.known, end)
			}
		}
		p.known = earlier(p.known, seen)
		received := instant(r, "case:startdate")
		said := casework.Patch{State: ptr("4"), Received: &received, Due: &due}
		if !end.IsZero() && !seen.Before(end) {
			said.State, said.Finished = ptr("9"), &end
		}
		evs = append(evs, casework.Event{System: "wabo", Code: code, Key: r[slices.Index(header, "concept:instance")], At: seen, Seen: seen, Patch: said})
	}
	slices.SortStableFunc(evs, func(a, b casework.Event) int { return a.Seen.Compare(b.Seen) })
	return files, evs
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// hour is the first full hour at which an instant is known.
func hour(at time.Time) time.Time {
	if h := at.Truncate(time.Hour); h.Equal(at) {
		return h
	}
	return at.Truncate(time.Hour).Add(time.Hour)
}

// busy leaves of the hours those in which a row came, a day before a date
// began, or a date went by.
func busy(hours []time.Time, files map[string]*permit, events []casework.Event) []time.Time {
	wanted := map[int64]bool{hours[0].Unix(): true, hours[len(hours)-1].Unix(): true}
	for _, p := range files {
		wanted[hour(p.due.Add(-24*time.Hour)).Unix()] = true
		wanted[hour(p.due.Add(1)).Unix()] = true
	}
	for _, e := range events {
		wanted[hour(e.Seen).Unix()] = true
	}
	return slices.DeleteFunc(hours, func(h time.Time) bool { return !wanted[h.Unix()] })
}

// The real log replayed hour by hour on a virtual clock: which of its late
// files were warned of while there was still time, which could not be, and
// that nothing is said of a file that has ended. Hours in which nothing can
// happen are left out, so that the test is short; IOC_TEST_REPLAY=hourly plays
// all of them.
func TestReplayWABO(t *testing.T) {
	files, events := permits(t)
	hours := full(events[0].Seen.Truncate(time.Hour), events[len(events)-1].Seen)
	last := hours[len(hours)-1]
	if os.Getenv("IOC_TEST_REPLAY") != "hourly" {
		hours = busy(hours, files, events)
	}
	clk := clock.Manual(hours[0])
	began := replay(t, open(t, storetest.SQLite(t, clk), clk), events, hours)

	warned := map[string]time.Time{}
	for _, s := range began {
		p := files[s.code]
		if !p.end.IsZero() && !s.at.Before(p.end) {
			t.Errorf("%s: %s at %s, it ended at %s", s.code, s.rule, s.at, p.end)
		}
		if s.rule == warn.NearDue {
			if s.at.After(p.due) || s.at.Before(p.due.Add(-24*time.Hour)) {
				t.Errorf("%s: warned at %s of %s", s.code, s.at, p.due)
			}
			warned[s.code] = s.at
		}
	}
	// What the log itself says could be done: a file is warned of when at some
	// full hour it is known, not ended, and due within the day.
	late, could, ahead := 0, 0, time.Duration(0)
	for code, p := range files {
		opens := p.due.Add(-24 * time.Hour)
		if p.known.After(opens) {
			opens = p.known
		}
		first := hour(opens)
		possible := !first.After(p.due) && !first.After(last) && (p.end.IsZero() || first.Before(p.end))
		if _, ok := warned[code]; ok != possible {
			t.Errorf("%s: warned %v, could be %v (known %s, due %s, end %s)", code, ok, possible, p.known, p.due, p.end)
		}
		if p.end.IsZero() || !p.end.After(p.due) {
			continue
		}
		late++
		if possible {
			could++
			ahead += p.due.Sub(warned[code])
		}
	}
	t.Logf("%d hours; %d late files, %d warned of by their date (recall %.1f %%; the others were first told of when it had passed), %s ahead on the average; %d warnings in all", len(hours), late, could, 100*float64(could)/float64(late), (ahead / time.Duration(could)).Round(time.Minute), len(warned))
	if late != 377 {
		t.Errorf("%d late files", late)
	}
}
