package ingest

import (
	"context"
	"sort"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/store"
)

// DayCounts are the counts of one local day.
type DayCounts struct {
	Day    string // 2026-08-26, in the city's time zone
	Counts Counts // InFlight is not counted by day
}

// Days returns the counts of a source for those of the last n days that had
// any, newest first.
func (p *Pipeline) Days(ctx context.Context, source string, n int) ([]DayCounts, error) {
	since := p.clk.Now().In(caltime.Zone).AddDate(0, 0, 1-n).Format(time.DateOnly)
	// Between two saves every count is either in the records or in memory.
	p.ledger.saving.Lock()
	defer p.ledger.saving.Unlock()
	days := map[string]Counts{}
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := store.All(tx, func(scan store.Scan) (d DayCounts, err error) {
			c := &d.Counts
			return d, scan(&d.Day, &c.Received, &c.Stored, &c.Duplicate, &c.Rejected, &c.Quarantined)
		}, `select day, received, stored, duplicate, rejected, quarantined from ingest_day where source = $1 and day >= $2`, source, since)
		for _, d := range rows {
			days[d.Day] = d.Counts
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	p.ledger.unsaved(source, since, days)
	out := make([]DayCounts, 0, len(days))
	for day, c := range days {
		c.InFlight = 0
		out = append(out, DayCounts{Day: day, Counts: c})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Day > out[j].Day })
	return out, nil
}

// unsaved adds what the records do not have yet.
func (l *ledger) unsaved(source, since string, days map[string]Counts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[source]
	if a == nil {
		return
	}
	for day, d := range a.days {
		if day >= since {
			c := days[day]
			c.add(*d)
			days[day] = c
		}
	}
}
