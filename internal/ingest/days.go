package ingest

import (
	"context"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/store"
)

// DayCounts are the counts of one local day.
type DayCounts struct {
	Day    string // 2026-08-26, in the city's time zone
	Counts Counts // InFlight is not counted by day
}

// Days returns the counts of a source for the last n days that had any,
// newest first.
func (p *Pipeline) Days(ctx context.Context, source string, n int) (out []DayCounts, err error) {
	if err := p.ledger.save(ctx, p.db, p.series.Sync); err != nil {
		return nil, err
	}
	since := p.clk.Now().In(caltime.Zone).AddDate(0, 0, 1-n).Format(time.DateOnly)
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		out, err = store.All(tx, func(scan store.Scan) (d DayCounts, err error) {
			c := &d.Counts
			return d, scan(&d.Day, &c.Received, &c.Stored, &c.Duplicate, &c.Rejected, &c.Quarantined)
		}, `select day, received, stored, duplicate, rejected, quarantined from ingest_day where source = $1 and day >= $2 order by day desc`, source, since)
		return err
	})
	return out, err
}
