package series

import (
	"context"
	"time"
)

// Scan calls f with the points of a datastream from from to to, both
// included, in ascending order, with corrections applied: Range without the
// memory, for those who read a year at once.
func (db *DB) Scan(ctx context.Context, id string, from, to time.Time, f func(Point)) error {
	st, over, err := db.lookup(id)
	if err != nil {
		return err
	}
	if over == nil {
		return db.scan(ctx, st, from.UnixMilli(), to.UnixMilli(), f)
	}
	return db.scan(ctx, st, from.UnixMilli(), to.UnixMilli(), func(p Point) {
		if over.apply(&p) {
			f(p)
		}
	})
}
