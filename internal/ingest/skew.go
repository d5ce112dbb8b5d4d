package ingest

import (
	"slices"
	"sync"
	"time"

	"openioc.org/ioc/internal/sensing"
)

// skews remembers how long the last readings of each source were under way.
type skews struct {
	mu sync.Mutex
	m  map[string]*delays
}

type delays struct {
	ms   [128]int64
	next int
	n    int
}

func (d *delays) add(ms int64) {
	d.ms[d.next] = ms
	d.next = (d.next + 1) % len(d.ms)
	d.n = min(d.n+1, len(d.ms))
}

// note takes a few readings of a batch, so that one great batch does not push
// out all that was before it.
func (s *skews) note(source string, obs []sensing.Observation) {
	if len(obs) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string]*delays{}
	}
	d := s.m[source]
	if d == nil {
		d = &delays{}
		s.m[source] = d
	}
	for i := max(0, len(obs)-8); i < len(obs); i++ {
		d.add(obs[i].Received.UnixMilli() - obs[i].Time.UnixMilli())
	}
}

// ApproxSkew is the median of received minus phenomenon time over the recent
// readings of a source: its clock's error and its delay together. Negative
// means that its clock is ahead of ours. False without readings.
func (p *Pipeline) ApproxSkew(source string) (time.Duration, bool) {
	p.skews.mu.Lock()
	defer p.skews.mu.Unlock()
	d := p.skews.m[source]
	if d == nil || d.n == 0 {
		return 0, false
	}
	ms := slices.Clone(d.ms[:d.n])
	slices.Sort(ms)
	return time.Duration(ms[len(ms)/2]) * time.Millisecond, true
}
