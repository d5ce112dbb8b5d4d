package ingest

import (
	"context"
	"slices"
	"sync"
	"time"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/sensing"
)

// stream is what the pipeline keeps in memory of one datastream: its rule,
// the history that quality control needs, and the instants that are on the
// bus but not in the series yet. It is made at the first reading, from what
// the series hold.
type stream struct {
	mu      sync.Mutex
	ds      *sensing.Datastream
	rule    Rule
	scale   bool // values are converted from ds's unit to the rule's
	loaded  bool
	newest  int64 // instant of the newest accepted reading, Unix ms
	any     bool  // newest is set
	history history
	pending map[int64]int32 // accepted, not stored yet; how often, as a failed call may leave two
}

// streamOf returns the stream of a datastream, locked and ready.
func (p *Pipeline) streamOf(ctx context.Context, ds *sensing.Datastream) (*stream, error) {
	s, ok := p.streams.get(ds.ID)
	if !ok {
		s = p.streams.add(ds.ID)
	}
	s.mu.Lock()
	if err := p.ready(ctx, s, ds); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	return s, nil
}

// ready brings a locked stream up to date with the register, the rules and,
// once, with the series.
func (p *Pipeline) ready(ctx context.Context, s *stream, ds *sensing.Datastream) error {
	if s.ds != ds { // new, or edited: perhaps deleted and made again
		s.ds, s.loaded = ds, false
		if len(s.pending) == 0 {
			s.any, s.newest = false, 0
		}
		s.rule = p.rules.Load().find(ds.ObservedPropertyID, p.clk.Now(), ds.Properties["qc"])
		s.scale = false
		if s.rule.Unit != "" && !sameUnit(ds.Unit.Symbol, s.rule.Unit) {
			if _, ok := convert(0, ds.Unit.Symbol, s.rule.Unit); ok {
				s.scale = true
			} else { // a rule in metres says nothing about degrees
				s.rule = p.rules.Load().find(anyProperty, p.clk.Now(), nil)
			}
		}
	}
	if s.loaded || !catalog.Numeric(ds) {
		return nil
	}
	s.history = history{}
	last, ok := p.series.Last(ds.ID)
	if ok {
		if !s.any || last.T > s.newest {
			s.any, s.newest = true, last.T
		}
		to := time.UnixMilli(last.T)
		points, err := p.series.Raw(ctx, ds.ID, to.Add(-lookback(&s.rule, ds.Rhythm)), to)
		if err != nil {
			return err
		}
		for _, pt := range points {
			if pt.Flags&noHistory == 0 {
				s.history.next(&s.rule, pt.T, s.inRuleUnit(pt.V))
			}
		}
	}
	s.loaded = true
	return nil
}

// noHistory are the flags of values that say nothing about how the instrument
// behaves.
const noHistory = sensing.Bad | sensing.Estimated | sensing.Given

func (s *stream) inRuleUnit(v float64) float64 {
	if s.scale {
		v, _ = convert(v, s.ds.Unit.Symbol, s.rule.Unit)
	}
	return v
}

// expect notes an accepted instant until the series have it.
func (s *stream) expect(t int64) {
	if s.pending == nil {
		s.pending = map[int64]int32{}
	}
	s.pending[t]++
	if !s.any || t > s.newest {
		s.any, s.newest = true, t
	}
}

// settle forgets an expected instant.
func (s *stream) settle(t int64) {
	switch s.pending[t] {
	case 0:
	case 1:
		delete(s.pending, t)
	default:
		s.pending[t]--
	}
}

// known finds which of the instants, all of them not newer than s.newest, the
// series hold. Instants far apart are asked for separately, so that two late
// readings do not cost reading a year.
func (p *Pipeline) known(ctx context.Context, id string, instants []int64) (map[int64]bool, error) {
	slices.Sort(instants)
	out := map[int64]bool{}
	const gap = int64(24 * time.Hour / time.Millisecond)
	for len(instants) > 0 {
		n := 1
		for n < len(instants) && instants[n]-instants[n-1] <= gap {
			n++
		}
		points, err := p.series.Raw(ctx, id, time.UnixMilli(instants[0]), time.UnixMilli(instants[n-1]))
		if err != nil {
			return nil, err
		}
		for _, pt := range points {
			out[pt.T] = true
		}
		instants = instants[n:]
	}
	return out, nil
}

// streams finds streams by datastream id.
type streams struct {
	mu sync.RWMutex
	m  map[string]*stream
}

func (ss *streams) get(id string) (*stream, bool) {
	ss.mu.RLock()
	defer ss.mu.RUnlock()
	s, ok := ss.m[id]
	return s, ok
}

func (ss *streams) add(id string) *stream {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if s, ok := ss.m[id]; ok {
		return s
	}
	s := &stream{}
	ss.m[id] = s
	return s
}

// each calls f with every stream, unlocked.
func (ss *streams) each(f func(*stream)) {
	ss.mu.RLock()
	all := make([]*stream, 0, len(ss.m))
	for _, s := range ss.m {
		all = append(all, s)
	}
	ss.mu.RUnlock()
	for _, s := range all {
		f(s)
	}
}
