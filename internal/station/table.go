package station

import (
	"context"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// Row is one observation of the raw table.
type Row struct {
	T        time.Time  `json:"t"`
	V        *float64   `json:"v" doc:"after corrections; null where excluded"`
	RawV     float64    `json:"raw_v" doc:"as it was stored"`
	Flags    []string   `json:"flags"`
	Received time.Time  `json:"received"`
	Original *time.Time `json:"original_time,omitempty"`
}

// Table is a page of observations, newest first.
type Table struct {
	Observations []Row  `json:"observations"`
	Next         string `json:"next_cursor,omitempty" doc:"cursor of the page before this one in time; absent on the last"`
}

// Table returns observations before to, newest first, not older than from.
func (s *Service) Table(ctx context.Context, actor access.Actor, id string, from, to time.Time, limit int) (*Table, error) {
	if err := access.Require(actor, access.ObservationView, access.Scope{}); err != nil {
		return nil, err
	}
	d, ok := s.o.Catalog.Datastream(id)
	if !ok {
		return nil, errNoStream.With("datastream", id)
	}
	if from.IsZero() && !to.IsZero() {
		from = to.Add(-400 * 24 * time.Hour)
	} else if from.IsZero() {
		from = s.o.Clock.Now().Add(-400 * 24 * time.Hour)
	}
	if to.IsZero() {
		to = s.o.Clock.Now().Add(time.Second)
	}
	from, to, err := s.span(from, to)
	if err != nil {
		return nil, err
	}
	if limit <= 0 || limit > 1000 {
		limit = 200
	}
	rows, err := s.newest(ctx, d, from, to, limit+1)
	if err != nil {
		return nil, err
	}
	t := &Table{Observations: rows}
	if len(rows) > limit {
		t.Observations = rows[:limit]
		t.Next = rows[limit-1].T.Format(time.RFC3339Nano)
	}
	return t, nil
}

// newest reads back in growing windows until it has enough.
func (s *Service) newest(ctx context.Context, d *sensing.Datastream, from, to time.Time, n int) ([]Row, error) {
	out := []Row{}
	window := max(time.Duration(n)*max(d.Rhythm, time.Minute), time.Hour)
	for end := to; end.After(from) && len(out) < n; {
		begin := end.Add(-window)
		if begin.Before(from) {
			begin = from
		}
		last := end.Add(-time.Millisecond) // end belongs to the window before
		raw, err := s.o.Series.Raw(ctx, d.ID, begin, last)
		if err != nil {
			return nil, err
		}
		mended, err := s.o.Series.Range(ctx, d.ID, begin, last)
		if err != nil {
			return nil, err
		}
		out = append(out, s.rows(d, raw, mended)...)
		end, window = begin, 4*window
	}
	return out[:min(len(out), n)], nil
}

// rows joins what was stored with what corrections made of it.
func (s *Service) rows(d *sensing.Datastream, raw, mended []series.Point) []Row {
	out := make([]Row, 0, len(raw))
	for i, j := len(raw)-1, len(mended)-1; i >= 0; i-- {
		p := raw[i]
		r := Row{T: time.UnixMilli(p.T).UTC(), RawV: p.V, Received: time.UnixMilli(p.Received).UTC()}
		flags := p.Flags
		for j >= 0 && mended[j].T > p.T {
			j--
		}
		if j >= 0 && mended[j].T == p.T {
			v := mended[j].V
			r.V, flags = &v, mended[j].Flags
		}
		r.Flags = flags.Names()
		if o, shifted := s.o.Original(d.SourceID, r.T); shifted {
			o = o.UTC()
			r.Original = &o
		}
		out = append(out, r)
	}
	return slices.Clip(out)
}
