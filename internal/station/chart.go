package station

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/sensing"
)

// Chart is a datastream over a range, ready to draw.
type Chart struct {
	ID           string    `json:"id"`
	Unit         string    `json:"unit"`
	From         time.Time `json:"from"`
	To           time.Time `json:"to"`
	Agg          string    `json:"agg" enum:"raw,sum,mean" doc:"what the points are"`
	StepSeconds  float64   `json:"step_seconds" doc:"0: each point is an observation"`
	Points       Points    `json:"points"`
	FlagsLegend  []string  `json:"flags_legend" doc:"names of the bits of the flags"`
	Estimated    bool      `json:"estimated" doc:"some of the points are or hold estimated values"`
	Provenance   string    `json:"provenance,omitempty"`
	ShiftSeconds float64   `json:"shift_seconds" doc:"of replayed data, at the end of the range: shown time minus original time"`
}

// Points are written as arrays [t_ms, v, flags], and [t_ms, v, flags, min,
// max, n] where they sum up a step. A step whose readings are all unusable has
// no point.
type Points []Point

// Point is one of them.
type Point struct {
	T        int64
	V        float64
	Flags    sensing.Flags
	Min, Max float64
	N        int // 0: a single observation
}

// MarshalJSON writes the arrays.
func (ps Points) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 2+32*len(ps))
	b = append(b, '[')
	for i, p := range ps {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = strconv.AppendInt(b, p.T, 10)
		b = append(b, ',')
		b = appendNumber(b, p.V)
		b = append(b, ',')
		b = strconv.AppendUint(b, uint64(p.Flags), 10)
		if p.N > 0 {
			b = append(b, ',')
			b = appendNumber(b, p.Min)
			b = append(b, ',')
			b = appendNumber(b, p.Max)
			b = append(b, ',')
			b = strconv.AppendInt(b, int64(p.N), 10)
		}
		b = append(b, ']')
	}
	return append(b, ']'), nil
}

func appendNumber(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'f', -1, 64) }

// UnmarshalJSON reads the arrays; tests and clients in Go use it.
func (ps *Points) UnmarshalJSON(b []byte) error {
	var rows [][]float64
	if err := json.Unmarshal(b, &rows); err != nil {
		return err
	}
	*ps = make(Points, len(rows))
	for i, r := range rows {
		if len(r) < 3 {
			return errRange.With()
		}
		p := Point{T: int64(r[0]), V: r[1], Flags: sensing.Flags(r[2])}
		if len(r) == 6 {
			p.Min, p.Max, p.N = r[3], r[4], int(r[5])
		}
		(*ps)[i] = p
	}
	return nil
}

// Schema describes the arrays in the OpenAPI document.
func (Points) Schema(huma.Registry) *huma.Schema {
	row := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeNumber}}
	return &huma.Schema{Type: huma.TypeArray, Items: row, Description: "[t_ms, v, flags] or [t_ms, v, flags, min, max, n]"}
}

const (
	mostPoints = 20_000
	longest    = 3660 * 24 * time.Hour
)

// steps are the widths that a chart is summed up by.
var steps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour,
}

// Chart returns a datastream from from to to with at most about points
// points. agg is raw, sum, mean or auto: raw where the points suffice, else
// sum for rain and mean for all else. The zero to is now, the zero from a day
// before it.
func (s *Service) Chart(ctx context.Context, actor access.Actor, id string, from, to time.Time, points int, agg string) (*Chart, error) {
	if err := access.Require(actor, access.LayerView, access.Scope{}); err != nil {
		return nil, err
	}
	d, ok := s.o.Catalog.Datastream(id)
	if !ok {
		return nil, errNoStream.With("datastream", id)
	}
	from, to, err := s.span(from, to)
	if err != nil {
		return nil, err
	}
	if points <= 0 {
		points = 2000
	}
	points = min(points, mostPoints)
	out := &Chart{ID: id, Unit: d.Unit.Symbol, From: from, To: to, Agg: "raw", Points: Points{}, FlagsLegend: flagNames()}
	if src, ok := s.o.Sources.Get(d.SourceID); ok {
		out.Provenance = src.Provenance
	}
	if o, shifted := s.o.Original(d.SourceID, to); shifted {
		out.ShiftSeconds = to.Sub(o).Seconds()
	}
	few := d.Rhythm > 0 && to.Sub(from)/d.Rhythm <= time.Duration(points)
	if agg == "raw" || agg != "sum" && agg != "mean" && (few || d.Rhythm <= 0) {
		ps, err := s.o.Series.Range(ctx, id, from, to)
		if err != nil {
			return nil, err
		}
		if len(ps) <= points+points/4 || agg == "raw" && len(ps) <= mostPoints {
			for _, p := range ps {
				out.Points = append(out.Points, Point{T: p.T, V: p.V, Flags: p.Flags})
				out.Estimated = out.Estimated || p.Flags&sensing.Estimated != 0
			}
			return out, nil
		}
	}
	sum := agg == "sum" || agg != "mean" && d.ObservedPropertyID == sensing.Rain
	step := stepFor(to.Sub(from), points)
	bs, err := s.o.Series.Buckets(ctx, id, floor(from, step), to, step)
	if err != nil {
		return nil, err
	}
	out.Agg, out.StepSeconds = "mean", step.Seconds()
	if sum {
		out.Agg = "sum"
	}
	for _, b := range bs {
		p := Point{T: b.T, V: round(b.Sum/float64(b.N), d.Resolution/10), Flags: b.Flags, Min: b.Min, Max: b.Max, N: b.N}
		if sum {
			p.V = round(b.Sum, d.Resolution)
		}
		out.Points = append(out.Points, p)
		out.Estimated = out.Estimated || b.Flags&sensing.Estimated != 0
	}
	return out, nil
}

// span fills in and checks a range.
func (s *Service) span(from, to time.Time) (time.Time, time.Time, error) {
	if to.IsZero() {
		to = s.o.Clock.Now()
	}
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	switch {
	case !from.Before(to):
		return from, to, errRange.With()
	case to.Sub(from) > longest:
		return from, to, errLong.With("days", int(longest.Hours()/24))
	}
	return from.UTC(), to.UTC(), nil
}

func stepFor(span time.Duration, points int) time.Duration {
	for _, s := range steps {
		if span/s <= time.Duration(points) {
			return s
		}
	}
	return steps[len(steps)-1]
}

// floor begins steps at full hours and days of the local time.
func floor(t time.Time, step time.Duration) time.Time {
	const zone = 7 * time.Hour
	return t.Add(zone).Truncate(step).Add(-zone)
}

// round takes away the digits that summing up has left.
func round(v, resolution float64) float64 {
	if resolution <= 0 {
		return v
	}
	out, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', decimals(resolution), 64), 64)
	if err != nil {
		return v
	}
	return out
}

// decimals is how many of them a resolution needs.
func decimals(resolution float64) int {
	n := 0
	for r := resolution; r < 0.9999 && n < 9; r *= 10 {
		n++
	}
	return n
}

// flagNames are the names of the flags' bits.
func flagNames() []string {
	var out []string
	for i := range 32 {
		if n := sensing.Flags(1 << i).Names(); len(n) == 1 {
			out = append(out, n[0])
		}
	}
	return out
}
