package sta

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

var errBudget = fault.Define(fault.Invalid, "sta.too_much",
	"the question looks at more than {limit} entities; narrow it, best by phenomenonTime",
	"truy vấn phải xét hơn {limit} thực thể; hãy thu hẹp, tốt nhất theo phenomenonTime")

// run answers one request on one state of the register.
type run struct {
	s    *Service
	ctx  context.Context
	snap *catalog.Snapshot
	now  time.Time
	base string // https://host/sta/v1.1
	left int    // entities it may still look at
}

// maxLooked is how many entities one request may look at.
const maxLooked = 2_000_000

// spend counts n entities looked at.
func (r *run) spend(n int) error {
	before := r.left
	r.left -= n
	if r.left < 0 {
		return errBudget.With("limit", maxLooked)
	}
	if before>>12 != r.left>>12 {
		return r.ctx.Err()
	}
	return nil
}

// targets lists where a navigation leads.
func (r *run) targets(n *navigation, v any) ([]any, error) {
	if n.scope == nil {
		return n.get(r, v), nil
	}
	sc, err := n.scope(r, v)
	if err != nil {
		return nil, err
	}
	var out []any
	err = r.each(sc, nil, false, func(o *observation) (bool, error) {
		out = append(out, o)
		return true, nil
	})
	return out, err
}

// featureOf is what an observation is about: the place of its Thing, unless
// it was posted with a feature of its own.
func (r *run) featureOf(o *observation) *sensing.FeatureOfInterest {
	id, err := r.s.catalog.FeatureAt(r.ctx, o.stream.ID, o.time())
	if f := r.snap.Feature(id); err == nil && f != nil {
		return f
	}
	return r.snap.FeatureOfDatastream(o.stream)
}

// observationsAbout are those of the Things whose place the feature is, and
// those posted with it.
func (r *run) observationsAbout(f *sensing.FeatureOfInterest) (scope, error) {
	var sc scope
	for _, t := range r.snap.ThingsAt(f.ID) {
		for _, d := range r.snap.DatastreamsOf(t.ID) {
			if r.snap.FeatureOfDatastream(d) == f {
				sc.streams = append(sc.streams, d)
			}
		}
	}
	at, err := r.s.catalog.FeatureTimes(r.ctx, f.ID)
	if err != nil {
		return sc, err
	}
	for id, times := range at {
		if d := r.snap.Datastream(id); d != nil {
			sc.single = append(sc.single, instants{d, times})
		}
	}
	return sc, nil
}

// observedArea is where a Datastream's Thing is.
func (r *run) observedArea(d *sensing.Datastream) any {
	if f := r.snap.FeatureOfDatastream(d); f != nil {
		return rawShape(f.Feature)
	}
	return nil
}

// phenomenonTime spans from a Datastream's first to its last observation.
func (r *run) phenomenonTime(d *sensing.Datastream) any {
	last, ok := r.s.series.Last(d.ID)
	if !ok {
		return nil
	}
	first, ok, err := r.first(d, earliest)
	if err != nil || !ok {
		return nil
	}
	return interval{time.UnixMilli(first).UTC(), time.UnixMilli(last.T).UTC()}
}

// first finds the first observation of a numeric Datastream at or after from,
// reading no further.
func (r *run) first(d *sensing.Datastream, from int64) (t int64, ok bool, err error) {
	q, err := r.s.series.Queryable().Querier(from, math.MaxInt64)
	if err != nil {
		return 0, false, err
	}
	defer q.Close()
	set := q.Select(r.ctx, false, nil,
		labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, d.ObservedPropertyID),
		labels.MustNewMatcher(labels.MatchEqual, "datastream", d.ID))
	for set.Next() {
		it := set.At().Iterator(nil)
		if it.Next() != chunkenc.ValNone {
			t, ok = it.AtT(), true
		}
		if err := it.Err(); err != nil {
			return 0, false, fmt.Errorf("read the first of %s: %w", d.ID, err)
		}
	}
	return t, ok, set.Err()
}

// parameters tell the original time of an observation that a replay moved.
func (r *run) parameters(o *observation) any {
	if r.s.Original == nil || o.stream.SourceID == "" {
		return nil
	}
	t, moved := r.s.Original(o.stream.SourceID, o.time())
	if !moved {
		return nil
	}
	return map[string]any{"original_time": formatInstant(t)}
}

func formatInstant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z") }
