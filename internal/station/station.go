package station

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/vi"
)

// Catalog is the register of stations.
type Catalog interface {
	Things() []*sensing.Thing
	Thing(id string) (*sensing.Thing, bool)
	DatastreamsOf(thing string) []*sensing.Datastream
	Datastream(id string) (*sensing.Datastream, bool)
	ThingPlace(thing string) (lon, lat float64, unitCode string, ok bool)
}

// Series holds the observations.
type Series interface {
	Range(ctx context.Context, id string, from, to time.Time) ([]series.Point, error)
	Raw(ctx context.Context, id string, from, to time.Time) ([]series.Point, error)
	Buckets(ctx context.Context, id string, from, to time.Time, step time.Duration) ([]series.Bucket, error)
	Last(id string) (series.Point, bool)
}

// Sources tells where the values of a datastream come from.
type Sources interface {
	Get(id string) (source.Source, bool)
}

// Options are what a Service needs.
type Options struct {
	Catalog Catalog
	Series  Series
	Sources Sources
	Files   Files // of finished exports
	// UnitName gives the name of an administrative unit, "" if unknown; nil
	// knows none.
	UnitName func(code string) string
	// Thresholds gives the levels to draw for a datastream; nil gives none.
	Thresholds func(thing, property string, at time.Time) []sensing.Threshold
	// Original tells when a replayed observation of a source really
	// happened; ok is false for a source that is not shifted. May be nil.
	Original func(source string, t time.Time) (original time.Time, ok bool)
	Clock    *clock.Clock
	Logger   *slog.Logger
}

// Service answers for stations. Its methods are safe for concurrent use.
type Service struct {
	o    Options
	jobs *jobs
}

// New makes the service; Run carries the export jobs.
func New(o Options) (*Service, error) {
	if o.Catalog == nil || o.Series == nil || o.Sources == nil || o.Files == nil {
		return nil, fmt.Errorf("station needs catalog, series, sources and files")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.UnitName == nil {
		o.UnitName = func(string) string { return "" }
	}
	if o.Thresholds == nil {
		o.Thresholds = func(string, string, time.Time) []sensing.Threshold { return nil }
	}
	if o.Original == nil {
		o.Original = func(string, time.Time) (time.Time, bool) { return time.Time{}, false }
	}
	return &Service{o: o, jobs: newJobs()}, nil
}

var (
	errNoStation = fault.Define(fault.NotFound, "station.not_found", "there is no station {station}", "không có trạm {station}")
	errNoStream  = fault.Define(fault.NotFound, "station.datastream_not_found", "there is no datastream {datastream}", "không có chuỗi đo {datastream}")
	errRange     = fault.Define(fault.Invalid, "station.range", "the end must come after the beginning", "thời điểm cuối phải sau thời điểm đầu")
	errLong      = fault.Define(fault.Invalid, "station.range_too_long", "the range is longer than {days} days", "khoảng thời gian dài hơn {days} ngày")
)

// Value is the newest observation of a datastream.
type Value struct {
	T        time.Time  `json:"t"`
	V        float64    `json:"v"`
	Flags    []string   `json:"flags"`
	Original *time.Time `json:"original_time,omitempty"`
}

// Stream is a datastream of a station.
type Stream struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	Property      string              `json:"property"`
	Unit          string              `json:"unit" doc:"UCUM"`
	Last          *Value              `json:"last"`
	RhythmSeconds float64             `json:"rhythm_seconds"`
	Source        string              `json:"source,omitempty"`
	Provenance    string              `json:"provenance,omitempty" doc:"real, reconstructed or simulated"`
	ShiftSeconds  float64             `json:"shift_seconds,omitempty" doc:"of replayed data: shown time minus original time"`
	Thresholds    []sensing.Threshold `json:"thresholds,omitempty"`
}

// Station is a Thing with its datastreams.
type Station struct {
	Thing       string         `json:"thing"`
	Name        string         `json:"name"`
	Kind        string         `json:"kind"`
	UnitCode    string         `json:"unit_code,omitempty"`
	UnitName    string         `json:"unit_name,omitempty"`
	Lon         *float64       `json:"lon"`
	Lat         *float64       `json:"lat"`
	Description string         `json:"description,omitempty"`
	Properties  map[string]any `json:"properties,omitempty"`
	Datastreams []Stream       `json:"datastreams"`
}

// List returns the stations whose name, id, code or unit contains q, tones
// and capitals aside, in Vietnamese order of the names.
func (s *Service) List(_ context.Context, actor access.Actor, q string) ([]Station, error) {
	if err := access.Require(actor, access.LayerView, access.Scope{}); err != nil {
		return nil, err
	}
	q = vi.Fold(q)
	out := []Station{}
	for _, t := range s.o.Catalog.Things() {
		st := s.station(t)
		if q != "" && !strings.Contains(vi.Fold(strings.Join([]string{st.Name, st.Thing, st.UnitName, text(t, "code"), text(t, "river")}, "\n")), q) {
			continue
		}
		st.Description, st.Properties = "", nil
		out = append(out, st)
	}
	keys := make(map[string]string, len(out))
	for _, st := range out {
		keys[st.Thing] = vi.SortKey(st.Name)
	}
	slices.SortFunc(out, func(a, b Station) int {
		if c := strings.Compare(keys[a.Thing], keys[b.Thing]); c != 0 {
			return c
		}
		return strings.Compare(a.Thing, b.Thing)
	})
	return out, nil
}

// Get returns one station with the thresholds of its datastreams.
func (s *Service) Get(_ context.Context, actor access.Actor, thing string) (*Station, error) {
	if err := access.Require(actor, access.LayerView, access.Scope{}); err != nil {
		return nil, err
	}
	t, ok := s.o.Catalog.Thing(thing)
	if !ok {
		return nil, errNoStation.With("station", thing)
	}
	st := s.station(t)
	now := s.o.Clock.Now()
	for i := range st.Datastreams {
		d := &st.Datastreams[i]
		d.Thresholds = s.o.Thresholds(thing, d.Property, now)
	}
	return &st, nil
}

func (s *Service) station(t *sensing.Thing) Station {
	st := Station{Thing: t.ID, Name: t.Name, Kind: text(t, "kind"), Description: t.Description, Properties: t.Properties, Datastreams: []Stream{}}
	if lon, lat, unit, ok := s.o.Catalog.ThingPlace(t.ID); ok {
		st.Lon, st.Lat, st.UnitCode = &lon, &lat, unit
		if unit != "" {
			st.UnitName = s.o.UnitName(unit)
		}
	}
	for _, d := range s.o.Catalog.DatastreamsOf(t.ID) {
		st.Datastreams = append(st.Datastreams, s.stream(d))
	}
	return st
}

func (s *Service) stream(d *sensing.Datastream) Stream {
	out := Stream{ID: d.ID, Name: d.Name, Property: d.ObservedPropertyID, Unit: d.Unit.Symbol, RhythmSeconds: d.Rhythm.Seconds(), Source: d.SourceID}
	if src, ok := s.o.Sources.Get(d.SourceID); ok {
		out.Provenance = src.Provenance
	}
	if p, ok := s.o.Series.Last(d.ID); ok {
		v := Value{T: time.UnixMilli(p.T).UTC(), V: p.V, Flags: p.Flags.Names()}
		if o, shifted := s.o.Original(d.SourceID, v.T); shifted {
			o = o.UTC()
			v.Original = &o
			out.ShiftSeconds = v.T.Sub(o).Seconds()
		}
		out.Last = &v
	}
	return out
}

func text(t *sensing.Thing, property string) string {
	v, _ := t.Properties[property].(string)
	return v
}
