package rule

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// world is what rules see of the city: the stations of the register with
// their places, read once for each state of the register, and the virtual
// series that were offered.
type world struct {
	s *Service

	mu      sync.Mutex
	list    []eval.Series // nil: to be read again
	things  []place
	at      map[string]int // thing → index in things
	near    map[nearKey][]eval.Neighbour
	virtual map[string]*virtual
}

type place struct {
	thing string
	point geo.Point
}

type nearKey struct {
	thing string
	km    float64
}

// virtual is a series that no register knows: a value of a record, a position
// or an event, kept for the day.
type virtual struct {
	series eval.Series
	points []series.Point
}

const (
	virtualPoints = 3000
	virtualAge    = 26 * time.Hour
)

func newWorld(s *Service) *world { return &world{s: s, virtual: map[string]*virtual{}} }

// forget makes the next look read the register again.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list, w.things, w.at, w.near = nil, nil, nil, nil
}

// env is the world in the words of the evaluator.
func (w *world) env() eval.Env {
	e := eval.Env{Series: w.series, Thresholds: w.s.o.Thresholds, Neighbours: w.neighbours}
	if w.s.o.Series != nil {
		e.Scan, e.Queryable = w.scan, w.s.o.Series.Queryable()
	}
	return e
}

func (w *world) refresh() {
	if w.list != nil {
		return
	}
	w.list, w.at, w.near = []eval.Series{}, map[string]int{}, map[nearKey][]eval.Neighbour{}
	for _, d := range w.s.o.Catalog.Datastreams() {
		if !catalog.Numeric(d) {
			continue
		}
		lon, lat, unit, placed := w.s.o.Catalog.ThingPlace(d.ThingID)
		if _, seen := w.at[d.ThingID]; placed && !seen {
			w.at[d.ThingID] = len(w.things)
			w.things = append(w.things, place{d.ThingID, geo.Point{lon, lat}})
		}
		w.list = append(w.list, eval.Series{
			ID: d.ID, Metric: d.ObservedPropertyID, Labels: w.labels(d, unit), Unit: d.Unit.Symbol, Resolution: d.Resolution, Rhythm: d.Rhythm,
		})
	}
}

// labels are those that PromQL shows, with the unit of the place when the
// station declares none.
func (w *world) labels(d *sensing.Datastream, unit string) map[string]string {
	labels := map[string]string{"thing": d.ThingID, "source": d.SourceID, "unit": d.Unit.Symbol, "unit_code": unit}
	if t, ok := w.s.o.Catalog.Thing(d.ThingID); ok {
		labels["name"] = t.Name
		if kind, ok := t.Properties["kind"].(string); ok {
			labels["kind"] = kind
		}
	}
	if m, ok := w.s.o.Series.Meta(d.ID); ok {
		maps.Copy(labels, m.Labels)
	}
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	return labels
}

func (w *world) series() []eval.Series {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refresh()
	out := slices.Clone(w.list)
	for _, id := range slices.Sorted(maps.Keys(w.virtual)) {
		out = append(out, w.virtual[id].series)
	}
	return out
}

// scan reads observations, corrections applied; what the register does not
// know comes from memory.
func (w *world) scan(ctx context.Context, id string, from, to time.Time, f func(series.Point)) error {
	w.mu.Lock()
	v := w.virtual[id]
	var points []series.Point
	if v != nil {
		points = slices.Clone(v.points)
	}
	w.mu.Unlock()
	if v == nil {
		return w.s.o.Series.Scan(ctx, id, from, to, f)
	}
	for _, p := range points {
		if p.T >= from.UnixMilli() && p.T <= to.UnixMilli() {
			f(p)
		}
	}
	return nil
}

// keep remembers a value of a virtual series.
func (w *world) keep(s eval.Series, p series.Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.virtual[s.ID]
	if v == nil {
		v = &virtual{series: s}
		w.virtual[s.ID] = v
	}
	i, found := slices.BinarySearchFunc(v.points, p.T, func(p series.Point, t int64) int { return cmp.Compare(p.T, t) })
	if found {
		v.points[i] = p
	} else {
		v.points = slices.Insert(v.points, i, p)
	}
	old := v.points[len(v.points)-1].T - virtualAge.Milliseconds()
	for len(v.points) > virtualPoints || v.points[0].T < old {
		v.points = v.points[1:]
	}
}

// heard reports whether a virtual series was offered in this life.
func (w *world) heard(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.virtual[id] != nil
}

// neighbours lists the things within km, nearest first.
func (w *world) neighbours(thing string, km float64) []eval.Neighbour {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refresh()
	key := nearKey{thing, km}
	if out, ok := w.near[key]; ok {
		return out
	}
	out := []eval.Neighbour{}
	if i, ok := w.at[thing]; ok {
		here := w.things[i].point
		const kmPerDegree = 111
		for j, p := range w.things {
			if j == i || math.Abs(p.point[1]-here[1])*kmPerDegree > km+1 {
				continue
			}
			if d := float64(geo.Distance(here, p.point)) / 1000; d <= km {
				out = append(out, eval.Neighbour{Thing: p.thing, Km: d})
			}
		}
		slices.SortFunc(out, func(a, b eval.Neighbour) int {
			return cmp.Or(cmp.Compare(a.Km, b.Km), cmp.Compare(a.Thing, b.Thing))
		})
	}
	w.near[key] = out
	return out
}
