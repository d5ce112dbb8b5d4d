package series

import (
	"os"
	"path/filepath"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"
)

// Write writes what is in memory into blocks of at most a day. The engine asks
// for one block at a time and shortens its log after each, for which it reads
// two thirds of it: a year that came in at once took three quarters of an
// hour. Here many days are one request, and the log is read once.
func (c *compactor) Write(dest string, b tsdb.BlockReader, mint, maxt int64, base *tsdb.BlockMeta) (ids []ulid.ULID, err error) {
	c.gate.opened()
	_, head := b.(*tsdb.RangeHead)
	if head {
		ids, err = c.days(dest, b, mint, maxt, base)
	} else {
		ids, err = c.LeveledCompactor.Write(dest, b, mint, maxt, base)
	}
	if head && c.gate.merging.Load() {
		c.gate.shut()
	}
	return ids, err
}

// days writes a block for each day of [mint, maxt), the oldest first: what the
// engine finds after a crash in between is whole up to the end of the newest.
func (c *compactor) days(dest string, b tsdb.BlockReader, mint, maxt int64, base *tsdb.BlockMeta) (ids []ulid.ULID, err error) {
	for from := mint; from < maxt; {
		to := min(floorTo(from, c.ranges[0])+c.ranges[0], maxt)
		day := b
		if from != mint || to != maxt {
			day = tsdb.NewRangeHeadWithIsolationDisabled(c.head(), from, to-1)
		}
		more, err := c.LeveledCompactor.Write(dest, day, from, to, base)
		if err != nil {
			for _, id := range ids {
				_ = os.RemoveAll(filepath.Join(dest, id.String())) // they would be written again
			}
			return nil, err
		}
		ids, from = append(ids, more...), to
	}
	return ids, nil
}
