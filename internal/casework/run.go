package casework

import (
	"context"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
)

// refoldEvery is after how many seconds it is looked for words whose files are
// still to be folded again: whoever said what they mean may have gone.
const refoldEvery = 10

// Run tells browsers of changes, at most once a second, goes on folding what a
// stop interrupted, looks each day who has succeeded whom, and erases personal
// data past its retention. It ends with ctx.
func (s *Service) Run(ctx context.Context) error {
	var tending sync.WaitGroup
	tending.Go(func() { s.tend(ctx) })
	defer tending.Wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var looked time.Time
	for n := 0; ; n++ {
		if n%refoldEvery == 0 {
			if err := s.Refold(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("files cannot be folded again", "err", err)
			}
		}
		if day := caltime.Day(s.clock.Now()); !day.Equal(looked) {
			if err := s.UnitsChanged(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("open files cannot be given to successors", "err", err)
			}
			looked = day
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		changed := s.changed.Swap(0)
		if changed == 0 || s.o.Publish == nil {
			continue
		}
		err := s.o.Publish("cases", map[string]any{"changed": changed, "at": s.clock.Now()}, func(a access.Actor) bool { return a.Can(access.CaseView, access.Scope{}) })
		if err != nil {
			s.log.Warn("browsers were not told of files", "err", err)
		}
	}
}
