package series

import (
	"math"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"openioc.org/ioc/internal/sensing"
)

// The labels of a series on disk. They never change, whatever becomes of the
// datastream's name, place or owner: those are added when PromQL reads.
const (
	labelDatastream = "datastream"
	labelResolution = "__resolution__" // "0.01"; absent when values are stored as they are
	labelCompanion  = "__companion__"  // absent on values
)

// kind tells a value series from its companions.
type kind uint8

const (
	values kind = iota
	flags       // sensing.Flags, only where some are set
	lag         // seconds from T to receipt, only above lateAfter
)

var companionNames = [...]string{values: "", flags: "flags", lag: "lag"}

func kindOf(l labels.Labels) kind {
	switch l.Get(labelCompanion) {
	case "flags":
		return flags
	case "lag":
		return lag
	default:
		return values
	}
}

// lateAfter is the delay of receipt, in ms, from which it is kept.
const lateAfter = 60_000

// stream is one datastream: its series on disk and what is known in memory.
// DB.mu guards the fields below it.
type stream struct {
	id    string
	scale scale
	disk  [3]labels.Labels // by kind
	refs  [3]storage.SeriesRef

	meta    Meta
	public  [3]labels.Labels // by kind, as PromQL sees them
	defined bool             // by Define; others are not shown to PromQL

	last    Point // newest as stored, without corrections
	has     bool  // there is a last
	recent  recent
	overlay *overlay
	shown   *Point // last with corrections; nil: not worked out yet
}

func newStream(id, metric string, s scale) *stream {
	st := &stream{id: id, scale: s, meta: Meta{ID: id, Metric: metric, Resolution: s.resolution()}}
	for k := range st.disk {
		b := labels.NewScratchBuilder(4)
		b.Add(labels.MetricName, metric)
		b.Add(labelDatastream, id)
		if k == int(values) && s.name != "" {
			b.Add(labelResolution, s.name)
		}
		if k != int(values) {
			b.Add(labelCompanion, companionNames[k])
		}
		b.Sort()
		st.disk[k] = b.Labels()
	}
	st.describe(st.meta)
	return st
}

// describe takes over new metadata.
func (st *stream) describe(m Meta) {
	st.meta = m
	for k := range st.public {
		name := m.Metric
		if k != int(values) {
			name += ":" + companionNames[k]
		}
		b := labels.NewScratchBuilder(len(m.Labels) + 2)
		b.Add(labels.MetricName, name)
		b.Add(labelDatastream, m.ID)
		for n, v := range m.Labels {
			if v != "" && n != "" && n != labelDatastream && !strings.HasPrefix(n, "__") {
				b.Add(n, v)
			}
		}
		b.Sort()
		st.public[k] = b.Labels()
	}
}

// point builds what readers get from a stored sample.
func (st *stream) point(t int64, n float64, f sensing.Flags, lagSeconds float64) Point {
	return Point{T: t, V: st.scale.decode(n), Flags: f, Received: t + int64(lagSeconds)*1000}
}

// encode checks one sample and returns its number.
func (st *stream) encode(v float64) (float64, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, ErrNotFinite.With()
	}
	n, ok := st.scale.encode(v)
	if !ok {
		return 0, ErrOutOfScale.With("value", v, "resolution", st.scale.name)
	}
	return n, nil
}
