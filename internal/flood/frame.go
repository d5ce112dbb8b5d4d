package flood

import (
	"context"
	"time"

	"openioc.org/ioc/internal/sensing"
)

// frame is what the service knows at one moment: the stations with their
// observations. It does not change while it is read.
type frame struct {
	now      time.Time // the instant that is asked for
	at       int64     // the same, Unix ms
	stations []*station
	pts      [][]point // by station
	version  uint64
}

// frame gives the observations needed to answer for at: from memory, or from
// the series when at is older than the time slider.
func (s *Service) frame(ctx context.Context, at time.Time) (*frame, error) {
	now := s.opt.Clock.Now()
	if at.IsZero() || at.After(now) {
		at = now
	}
	s.mu.Lock()
	s.refresh()
	f := &frame{now: at, at: at.UnixMilli(), stations: s.stations, pts: make([][]point, len(s.stations)), version: s.version}
	recent := s.warm && now.Sub(at) <= slider
	if recent || !s.warm {
		for i, st := range s.stations {
			f.pts[i] = st.history.settle(now.Add(-st.memory()).UnixMilli())
		}
	}
	s.mu.Unlock()
	if recent || now.Sub(at) <= time.Hour {
		return f, nil // while the memory warms, now is answered from what there is
	}
	for i, st := range f.stations {
		back := 26*time.Hour + st.lookback()
		if st.property == sensing.Rain {
			back = eventLookback + 26*time.Hour
		}
		pts, err := s.read(ctx, st, at.Add(-back), at)
		if err != nil {
			return nil, err
		}
		f.pts[i] = pts
	}
	return f, nil
}

// of lists the stations of a property within a scope, by index.
func (f *frame) of(property, unit, thing string) []int {
	var out []int
	for i, st := range f.stations {
		if st.property == property && (unit == "" || st.unitCode == unit) && (thing == "" || st.thing == thing) {
			out = append(out, i)
		}
	}
	return out
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
