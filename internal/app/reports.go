package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/readiness"
)

// reportsEvery is how old the readiness in an alert's evidence may be.
const reportsEvery = 10 * time.Second

// reports keeps the newest readiness of every source at hand for those who
// ask inside a transaction: readiness itself waits for ingest, which waits for
// the records.
type reports struct {
	service *readiness.Service
	now     func() time.Time
	log     *slog.Logger

	mu     sync.Mutex
	at     time.Time
	source map[string]readiness.SourceReport
}

// frozen is the readiness of a source in the evidence of an alert.
type frozen struct {
	AsOf time.Time `json:"as_of"`
	readiness.SourceReport
}

// of returns what was known of a source last, nil for one that is not known.
func (r *reports) of(source string) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.source[source]; ok {
		return frozen{r.at, s}
	}
	return nil
}

// run refreshes the reports until ctx ends.
func (r *reports) run(ctx context.Context) error {
	tick := time.NewTicker(reportsEvery)
	defer tick.Stop()
	for {
		list, err := r.service.List(ctx, access.System("evidence"))
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			r.log.Warn("readiness for the evidence of alerts", "err", err) // the older one stands, with its time
		default:
			m := make(map[string]readiness.SourceReport, len(list))
			for _, s := range list {
				m[s.ID] = s
			}
			r.mu.Lock()
			r.at, r.source = r.now(), m
			r.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
