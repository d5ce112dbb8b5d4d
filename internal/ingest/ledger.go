package ingest

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/sensing"
)

// Counts say what became of the readings of a source. At every moment
//
//	Received = Stored + Duplicate + Rejected + Quarantined + InFlight
//
// A reading is received when its fate is known to its sender, in flight from
// then until the series have it.
type Counts struct {
	Received    int64 `json:"received"`
	Stored      int64 `json:"stored"`
	Duplicate   int64 `json:"duplicate"`
	Rejected    int64 `json:"rejected"`
	Quarantined int64 `json:"quarantined"`
	InFlight    int64 `json:"in_flight"`
}

// Balanced reports whether the equation above holds.
func (c Counts) Balanced() bool {
	return c.Received == c.Stored+c.Duplicate+c.Rejected+c.Quarantined+c.InFlight
}

func (c *Counts) add(d Counts) {
	c.Received += d.Received
	c.Stored += d.Stored
	c.Duplicate += d.Duplicate
	c.Rejected += d.Rejected
	c.Quarantined += d.Quarantined
	c.InFlight += d.InFlight
}

// account is what the ledger keeps of one source.
type account struct {
	Counts
	rejected    map[string]int64 // by code
	quarantined map[string]int64
	days        map[string]*Counts // of days that changed since they were saved, by date
	dirty       bool
}

// place is how far the observations of the bus are accounted for: what is
// stored up to its sequence, what is received up to its own.
type place struct {
	stored    uint64
	storedAt  time.Time // when the bus took that message
	published uint64
	gaps      gaps // below published, not received yet
}

// ledger counts exactly, across restarts and kills: counts and place are
// saved in one transaction, so that after a kill each message on the bus is
// known to be counted or not.
type ledger struct {
	saving sync.Mutex

	mu       sync.Mutex
	accounts map[string]*account
	base     place // as loaded: messages up to it were counted by an earlier life
	now      place
	dirty    bool
	flying   atomic.Int64        // in flight, of all sources
	waiting  map[uint64]struct{} // published in this life, not stored yet
	early    map[uint64]bool     // stored before Publish has returned
}

// shares tells how many observations of a message belong to which source.
type shares map[string]int64

func sharesOf(obs []sensing.Observation) shares {
	out := shares{}
	for i := 0; i < len(obs); {
		j := i + 1
		for j < len(obs) && obs[j].Source == obs[i].Source {
			j++
		}
		out[obs[i].Source] += int64(j - i)
		i = j
	}
	return out
}

func newLedger() *ledger {
	return &ledger{accounts: map[string]*account{}, waiting: map[uint64]struct{}{}, early: map[uint64]bool{}}
}

func (l *ledger) account(source string) *account {
	a := l.accounts[source]
	if a == nil {
		a = &account{rejected: map[string]int64{}, quarantined: map[string]int64{}, days: map[string]*Counts{}}
		l.accounts[source] = a
	}
	return a
}

// book adds d to a source's counts and to its day; the caller holds the lock.
func (l *ledger) book(source string, at time.Time, d Counts) {
	a := l.account(source)
	a.add(d)
	day := at.In(caltime.Zone).Format(time.DateOnly)
	if a.days[day] == nil {
		a.days[day] = &Counts{}
	}
	a.days[day].add(d)
	a.dirty, l.dirty = true, true
	l.flying.Add(d.InFlight)
}

// tally is what Accept itself decided about a batch.
type tally struct {
	duplicate   int64
	texts       int64 // stored at once, in the records
	rejected    map[string]int64
	quarantined map[string]int64
}

func (t *tally) reject(code string)     { t.rejected = count(t.rejected, code) }
func (t *tally) quarantine(code string) { t.quarantined = count(t.quarantined, code) }

func count(m map[string]int64, code string) map[string]int64 {
	if m == nil {
		m = map[string]int64{}
	}
	m[code]++
	return m
}

func sum(m map[string]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

// settle books what Accept decided.
func (l *ledger) settle(source string, at time.Time, t *tally) {
	d := Counts{Duplicate: t.duplicate, Stored: t.texts, Rejected: sum(t.rejected), Quarantined: sum(t.quarantined)}
	d.Received = d.Duplicate + d.Stored + d.Rejected + d.Quarantined
	if d.Received == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book(source, at, d)
	a := l.account(source)
	for code, n := range t.rejected {
		a.rejected[code] += n
	}
	for code, n := range t.quarantined {
		a.quarantined[code] += n
	}
}

// published books a message as received and in flight, unless the writer was
// quicker.
func (l *ledger) published(seq uint64, s shares, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq > l.now.published+1 {
		l.now.gaps = append(l.now.gaps, gap{after: l.now.published, to: seq - 1})
	}
	l.now.published = max(l.now.published, seq)
	l.dirty = true
	if l.early[seq] {
		delete(l.early, seq)
		return
	}
	l.waiting[seq] = struct{}{}
	for source, n := range s {
		l.book(source, at, Counts{Received: n, InFlight: n})
	}
}

// taken is one message that the writer has put into the series.
type taken struct {
	seq    uint64
	at     time.Time // when the bus took it
	shares shares
}

// outcome is what the series said of the observations of one source.
type outcome struct {
	stored, duplicate int64
	rejected          map[string]int64
}

// stored books messages as done. They come in order; those that an earlier
// life counted are passed by.
func (l *ledger) stored(messages []taken, outcomes map[string]*outcome, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		if m.seq <= l.now.stored {
			continue
		}
		l.now.stored, l.now.storedAt = m.seq, m.at
		_, mine := l.waiting[m.seq]
		delete(l.waiting, m.seq)
		inFlight := mine || m.seq <= l.base.published && !l.base.gaps.hold(m.seq)
		for source, n := range m.shares {
			if inFlight {
				l.book(source, at, Counts{InFlight: -n})
			} else {
				l.book(source, at, Counts{Received: n})
			}
		}
		if !inFlight {
			l.remember(m.seq)
		}
	}
	for source, o := range outcomes {
		l.book(source, at, Counts{Stored: o.stored, Duplicate: o.duplicate, Rejected: sum(o.rejected)})
		a := l.account(source)
		for code, n := range o.rejected {
			a.rejected[code] += n
		}
	}
	l.dirty = true
}

// mostEarly bounds the memory of messages that were stored although Publish
// has not returned, or has returned an error.
const mostEarly = 10_000

func (l *ledger) remember(seq uint64) {
	if len(l.early) >= mostEarly {
		for s := range l.early {
			if s+mostEarly < seq {
				delete(l.early, s)
			}
		}
	}
	l.early[seq] = true
}

// of returns the counts of one source and how they divide by code.
func (l *ledger) of(source string) (c Counts, rejected, quarantined map[string]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[source]
	if a == nil {
		return c, nil, nil
	}
	return a.Counts, maps.Clone(a.rejected), maps.Clone(a.quarantined)
}
