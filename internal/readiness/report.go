package readiness

import (
	"context"
	"math"
	"slices"
	"time"

	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/source"
)

// The states of a source and of a datastream.
const (
	Live   = "live"   // spoke within two rhythms
	Late   = "late"   // spoke within six
	Silent = "silent" // has not, or never
	Off    = "off"    // the source is switched off
	Failed = "error"  // its connector fails and it is not live
)

// SourceStatus is the state of a source and, where its connector has failed,
// why.
type SourceStatus struct {
	State     string `json:"state" enum:"live,late,silent,off,error"`
	LastError string `json:"last_error"`
}

// SourceReport is how a source does.
type SourceReport struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Kind       string       `json:"kind"`
	Enabled    bool         `json:"enabled"`
	Provenance string       `json:"provenance"`
	Status     SourceStatus `json:"status"`

	LastReading       *time.Time `json:"last_reading" doc:"phenomenon time of the newest reading"`
	RhythmSeconds     float64    `json:"rhythm_seconds" doc:"how often it should send; 0 unknown"`
	SeenRhythmSeconds *float64   `json:"seen_rhythm_seconds" doc:"median over its datastreams"`
	Completeness24h   *float64   `json:"completeness_24h" doc:"0 to 1; null where no rhythm is known"`
	Completeness7d    *float64   `json:"completeness_7d"`
	ingest.Counts
	ClockSkewSeconds *float64 `json:"clock_skew_seconds" doc:"median of received minus phenomenon time; negative: its clock is ahead"`
	Readiness        *Score   `json:"readiness" doc:"null before the first reading"`
	Datastreams      int      `json:"datastreams"`
}

// Score is the readiness in the four words of văn bản 1709, each 0 to 100.
// A word about which nothing can be said is null and left out of the score.
type Score struct {
	Score float64  `json:"score" doc:"mean of the four, 0 to 100"`
	Dung  *float64 `json:"dung" doc:"đúng: share of readings whose value is beyond doubt"`
	Du    *float64 `json:"du" doc:"đủ: share of the expected readings of 24 h that came"`
	Sach  *float64 `json:"sach" doc:"sạch: share of readings that needed no mending"`
	Song  *float64 `json:"song" doc:"sống: share of datastreams that speak, and speak in time"`
}

// DatastreamReport is how a datastream does.
type DatastreamReport struct {
	ID                string         `json:"id"`
	Name              string         `json:"name"`
	Key               string         `json:"key"`
	Thing             string         `json:"thing"`
	State             string         `json:"state" enum:"live,late,silent"`
	Last              *LastReading   `json:"last"`
	RhythmSeconds     float64        `json:"rhythm_seconds"`
	SeenRhythmSeconds *float64       `json:"seen_rhythm_seconds"`
	Completeness24h   *float64       `json:"completeness_24h"`
	Completeness7d    *float64       `json:"completeness_7d"`
	Readings7d        int            `json:"readings_7d"`
	DelaySeconds      *float64       `json:"delay_seconds" doc:"median of received minus phenomenon time"`
	Flags             map[string]int `json:"flags" doc:"how many readings of the last 7 days carry each flag"`
}

// LastReading is the newest reading of a datastream.
type LastReading struct {
	T     time.Time `json:"t"`
	V     float64   `json:"v"`
	Unit  string    `json:"unit"`
	Flags []string  `json:"flags"`
}

// stateOf judges an age against a rhythm; without one an hour is live and a
// day late.
func stateOf(age, rhythm time.Duration) string {
	if rhythm <= 0 {
		rhythm = 30 * time.Minute
		if age > 6*rhythm && age <= 24*time.Hour {
			return Late
		}
	}
	const grace = time.Minute // under way
	switch {
	case age <= 2*rhythm+grace:
		return Live
	case age <= 6*rhythm+grace:
		return Late
	}
	return Silent
}

// report reports on a source and its datastreams.
func (s *Service) report(ctx context.Context, src source.Source, dss []*sensing.Datastream) (SourceReport, []DatastreamReport, error) {
	now := s.o.Clock.Now()
	r := SourceReport{
		ID: src.ID, Name: src.Name, Kind: src.Kind, Enabled: src.Enabled, Provenance: src.Provenance,
		RhythmSeconds: src.Rhythm.Seconds(), Counts: s.o.Ingest.Counts(src.ID), Datastreams: len(dss),
	}
	streams := make([]DatastreamReport, 0, len(dss))
	var day hour
	var live, late float64
	var rhythms, seen, c24, c7 []float64
	for _, ds := range dss {
		err := s.with(ctx, ds, func(t *track) {
			st := streamReport(ds, t, now)
			d := t.sums(now, 24*time.Hour)
			day.n, day.faulty, day.handled, day.late = day.n+d.n, day.faulty+d.faulty, day.handled+d.handled, day.late+d.late
			switch st.State {
			case Live:
				live++
			case Late:
				late++
			}
			if st.Last != nil && (r.LastReading == nil || st.Last.T.After(*r.LastReading)) {
				r.LastReading = &st.Last.T
			}
			if st.RhythmSeconds > 0 {
				rhythms = append(rhythms, st.RhythmSeconds)
			}
			seen, c24, c7 = with(seen, st.SeenRhythmSeconds), with(c24, st.Completeness24h), with(c7, st.Completeness7d)
			streams = append(streams, st)
		})
		if err != nil {
			return r, nil, err
		}
	}
	if m := median(rhythms); r.RhythmSeconds == 0 && m != nil {
		r.RhythmSeconds = *m
	}
	r.SeenRhythmSeconds, r.Completeness24h, r.Completeness7d = median(seen), mean(c24), mean(c7)
	if skew, ok := s.o.Ingest.ApproxSkew(src.ID); ok {
		v := skew.Seconds()
		r.ClockSkewSeconds = &v
	}
	n := float64(len(dss))
	r.Status = s.status(src, live, late, n, httpapi.Lang(ctx))
	days, err := s.o.Ingest.Days(ctx, src.ID, 2)
	if err != nil {
		return r, nil, err
	}
	var gate ingest.Counts // of today and yesterday
	for _, d := range days {
		gate.Stored += d.Counts.Stored
		gate.Rejected += d.Counts.Rejected
		gate.Quarantined += d.Counts.Quarantined
	}
	if r.LastReading != nil || gate.Rejected+gate.Quarantined > 0 {
		r.Readiness = score(day, gate, r.Completeness24h, live, late, n)
	}
	return r, streams, nil
}

func streamReport(ds *sensing.Datastream, t *track, now time.Time) DatastreamReport {
	st := DatastreamReport{ID: ds.ID, Name: ds.Name, Key: ds.Key, Thing: ds.ThingID, RhythmSeconds: ds.Rhythm.Seconds(), State: Silent, Flags: map[string]int{}}
	seen := t.rhythm()
	if seen > 0 {
		st.SeenRhythmSeconds = pointer(seen.Seconds())
	}
	if t.has {
		at := time.UnixMilli(t.last.T).UTC()
		st.Last = &LastReading{T: at, V: t.last.V, Unit: ds.Unit.Symbol, Flags: t.last.Flags.Names()}
		rhythm := ds.Rhythm
		if rhythm == 0 {
			rhythm = seen
		}
		st.State = stateOf(now.Sub(at), rhythm)
	}
	if c, ok := t.completeness(now, 24*time.Hour); ok {
		st.Completeness24h = pointer(c)
	}
	if c, ok := t.completeness(now, window); ok {
		st.Completeness7d = pointer(c)
	}
	if d, ok := t.delay(); ok {
		st.DelaySeconds = pointer(d.Seconds())
	}
	week := t.sums(now, window)
	st.Readings7d = int(week.n)
	for bit, n := range week.flags {
		if n > 0 {
			st.Flags[sensing.Flags(1<<bit).String()] = int(n)
		}
	}
	return st
}

// status: a source is live when half of its datastreams are, late when half
// of them have spoken lately.
func (s *Service) status(src source.Source, live, late, n float64, lang msg.Lang) SourceStatus {
	var st SourceStatus
	if s.o.Runner != nil {
		if run, ok := s.o.Runner(src.ID); ok {
			st.LastError = run.LastError.In(lang)
		}
	}
	switch {
	case !src.Enabled:
		st.State = Off
	case n > 0 && live >= n/2:
		st.State = Live
	case st.LastError != "":
		st.State = Failed
	case n > 0 && live+late >= n/2:
		st.State = Late
	default:
		st.State = Silent
	}
	return st
}

// score applies the formulas of docs/readiness.md. day sums up what was
// stored of the last 24 hours, gate what came in today and yesterday.
func score(day hour, gate ingest.Counts, complete *float64, live, late, n float64) *Score {
	share := func(part, whole float64) float64 {
		if whole == 0 {
			return 1
		}
		return part / whole
	}
	var s Score
	stored := float64(day.n)
	if stored > 0 || gate.Quarantined > 0 {
		s.Dung = percent(share(stored-float64(day.faulty), stored) *
			share(float64(gate.Stored), float64(gate.Stored+gate.Quarantined)))
	}
	if complete != nil {
		s.Du = percent(*complete)
	}
	if stored > 0 || gate.Rejected > 0 {
		s.Sach = percent(share(stored-float64(day.handled), stored) *
			share(float64(gate.Stored), float64(gate.Stored+gate.Rejected)))
	}
	if n > 0 {
		s.Song = percent((live + late/2) / n * share(stored-float64(day.late), stored))
	}
	var all []float64
	for _, w := range []*float64{s.Dung, s.Du, s.Sach, s.Song} {
		all = with(all, w)
	}
	if m := mean(all); m != nil {
		s.Score = math.Round(*m*10) / 10
	}
	return &s
}

func percent(share float64) *float64 {
	return pointer(math.Round(min(max(share, 0), 1)*1000) / 10)
}

func pointer(v float64) *float64 { return &v }

// with appends a value that is there.
func with(vs []float64, v *float64) []float64 {
	if v == nil {
		return vs
	}
	return append(vs, *v)
}

func mean(vs []float64) *float64 {
	if len(vs) == 0 {
		return nil
	}
	total := 0.0
	for _, v := range vs {
		total += v
	}
	return pointer(total / float64(len(vs)))
}

func median(vs []float64) *float64 {
	if len(vs) == 0 {
		return nil
	}
	vs = slices.Clone(vs)
	slices.Sort(vs)
	return pointer(vs[len(vs)/2])
}
