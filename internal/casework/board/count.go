package board

import (
	"runtime"
	"sync"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/store"
)

// tally are the sums of one row of a board.
type tally struct {
	received, direct, online, post int
	carried                        int
	finished, early, onTime, late  int
	inTime, near, overdue, paused  int
	waiting, noDue                 int
	refused, withdrawn, stopped    int
	results, digitized             int
}

func (t *tally) add(o *tally) {
	t.received += o.received
	t.direct += o.direct
	t.online += o.online
	t.post += o.post
	t.carried += o.carried
	t.finished += o.finished
	t.early += o.early
	t.onTime += o.onTime
	t.late += o.late
	t.inTime += o.inTime
	t.near += o.near
	t.overdue += o.overdue
	t.paused += o.paused
	t.waiting += o.waiting
	t.noDue += o.noDue
	t.refused += o.refused
	t.withdrawn += o.withdrawn
	t.stopped += o.stopped
	t.results += o.results
	t.digitized += o.digitized
}

// period is [from, to) and how the open files stand at its end.
type period struct {
	from, to int64
	begin    moment // just before from
	end      moment
}

func periodOf(from, to, at time.Time, w casework.Window) period {
	if at.After(to) {
		at = to
	}
	before := from.Add(-time.Microsecond)
	return period{
		from: store.Micros(from), to: store.Micros(to),
		begin: moment{store.Micros(before), store.Micros(w.Until(before))},
		end:   moment{store.Micros(at), store.Micros(w.Until(at))},
	}
}

// last is the last instant of the period that has come: what happened after
// the instant asked for is not known to it.
func (p *period) last() int64 { return min(p.to-1, p.end.at) }

// take counts a file.
func (t *tally) take(c *columns, r *row, p *period) {
	last := p.last()
	if r.received >= p.from && r.received <= last {
		t.received++
		switch r.channel {
		case 1:
			t.direct++
		case 2:
			t.online++
		case 3:
			t.post++
		}
	}
	if r.ended != 0 && r.ended < p.from {
		return // over before, whatever it was
	}
	if r.received < p.from {
		switch c.class(r, p.begin) {
		case cInTime, cNear, cOverdue, cPaused, cNoDue:
			t.carried++
		}
	}
	if r.ended != 0 && r.ended <= last {
		t.end(r)
		return
	}
	switch c.class(r, p.end) {
	case cWaiting:
		t.waiting++
	case cInTime:
		t.inTime++
	case cNear:
		t.near++
	case cOverdue:
		t.overdue++
	case cPaused:
		t.paused++
	case cNoDue:
		t.noDue++
	}
}

// end counts a file that ended in the period.
func (t *tally) end(r *row) {
	switch r.outcome {
	case cRefused:
		t.refused++
		return
	case cWithdrw:
		t.withdrawn++
		return
	case cStopped:
		t.stopped++
		return
	case cEarly:
		t.early++
	case cOnTime:
		t.onTime++
	case cLate:
		t.late++
	}
	t.finished++
	t.results++
	if r.flags&digitized != 0 {
		t.digitized++
	}
}

// selection says which files count and in which group; a group below 0 is none.
type selection struct {
	unit      []int32 // by number of the unit: group, or -1
	procedure int     // -1: any
	field     int
	channel   int
	officer   int64
	by        string
}

func (s *selection) group(r *row) int32 {
	g := s.unit[r.unit]
	switch {
	case g < 0,
		s.procedure >= 0 && int(r.procedure) != s.procedure,
		s.field >= 0 && int(r.field) != s.field,
		s.channel >= 0 && int(r.channel) != s.channel,
		s.officer >= 0 && int64(r.officer) != s.officer:
		return -1
	}
	switch s.by {
	case ByField:
		return int32(r.field)
	case ByProcedure:
		return int32(r.procedure)
	case ByChannel:
		return int32(r.channel)
	case ByOfficer:
		return int32(r.officer)
	}
	return g
}

// count makes the sums of two periods, by group.
func (c *columns) count(s *selection, groups int, now, before *period) (a, b []tally) {
	workers := min(runtime.GOMAXPROCS(0), max(len(c.chunks), 1))
	as, bs := make([][]tally, workers), make([][]tally, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			as[w], bs[w] = make([]tally, groups), make([]tally, groups)
			from, to := len(c.chunks)*w/workers, len(c.chunks)*(w+1)/workers
			oldest := min(now.from, before.from)
			newest := max(now.last(), before.last())
			for i := from; i < to; i++ {
				p := c.chunks[i]
				for j := range p {
					r := &p[j]
					if r.state == none || r.received > newest && r.flags&overflow == 0 || r.ended != 0 && r.ended < oldest && r.received < oldest {
						continue
					}
					g := s.group(r)
					if g < 0 {
						continue
					}
					as[w][g].take(c, r, now)
					bs[w][g].take(c, r, before)
				}
			}
		})
	}
	wg.Wait()
	for w := 1; w < workers; w++ {
		for g := range groups {
			as[0][g].add(&as[w][g])
			bs[0][g].add(&bs[w][g])
		}
	}
	return as[0], bs[0]
}
