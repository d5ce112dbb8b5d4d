package scenario

import (
	"embed"
	"slices"
	"sort"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

//go:embed data
var files embed.FS

// The scenarios that ship.
const (
	NhatLe2020   = "nhatle-2020"
	DaNang202510 = "danang-2025-10"
)

// Where the values of a scenario come from, as sources declare it.
const (
	Real          = "real"
	Reconstructed = "reconstructed"
)

// Scenario is a recorded flood. It never changes after Load.
type Scenario struct {
	ID         string
	Title      msg.Text
	Note       msg.Text // what is real in it and what is not
	Provenance string   // Real or Reconstructed
	Start, End time.Time
	Anchor     time.Time // the instant that a demo shows as "now": the rising limb
	Stations   []Station

	tracks []track // one per station, same order
}

// Station is one gauge of a scenario; it has one datastream.
type Station struct {
	Thing, Code, Name string
	Kind              string // rain_gauge, flood_1m5, flood_3m, water_level, river_station, reservoir_waterlevel
	Area              string // ward as the city reports it, "" unknown
	River             string
	Network           string // whose stations: "danang", "nhatle"
	Lon, Lat          float64
	Approximate       bool // the place is not surveyed
	Official          bool // a station of the national network, with alarm levels
	Datastream        string
	Property          string  // sensing.Rain, …
	Resolution        float64 // step of the values, in the property's unit
	Rhythm            time.Duration
}

// quality of a point.
const (
	measured = iota
	estimated
	given
)

// point is a reading in small: seconds after Start, value in resolutions.
type point struct {
	at      int32
	steps   int16
	quality uint8
}

type track []point

var errUnknown = fault.Define(fault.NotFound, "scenario.unknown", "there is no scenario {scenario}; there are: {known}", "không có kịch bản {scenario}; hiện có: {known}")

// IDs lists the scenarios that ship.
func IDs() []string { return []string{NhatLe2020, DaNang202510} }

// Load makes a scenario from its embedded files; it takes a few hundred
// milliseconds for the larger one.
func Load(id string) (*Scenario, error) {
	switch id {
	case NhatLe2020:
		return loadNhatLe(files)
	case DaNang202510:
		return loadDaNang(files)
	}
	return nil, errUnknown.With("scenario", id, "known", IDs())
}

// Period is the length of one loop.
func (s *Scenario) Period() time.Duration { return s.End.Sub(s.Start) }

// Readings gives what the stations read at original times in [from, to),
// oldest first.
func (s *Scenario) Readings(from, to time.Time) []sensing.Reading {
	return s.readings(nil, from, to, 0)
}

// readings appends the readings of [from, to), dated later by shift.
func (s *Scenario) readings(out []sensing.Reading, from, to time.Time, shift time.Duration) []sensing.Reading {
	begin := len(out)
	lo, hi := s.second(from), s.second(to)
	for i, tr := range s.tracks {
		st := &s.Stations[i]
		first := sort.Search(len(tr), func(j int) bool { return int64(tr[j].at) >= lo })
		for _, p := range tr[first:] {
			if int64(p.at) >= hi {
				break
			}
			out = append(out, sensing.Reading{
				Datastream: st.Datastream,
				Time:       s.Start.Add(time.Duration(p.at)*time.Second + shift),
				Value:      value(p.steps, st.Resolution),
				Quality:    qualities[p.quality],
			})
		}
	}
	slices.SortStableFunc(out[begin:], func(a, b sensing.Reading) int { return a.Time.Compare(b.Time) })
	return out
}

var qualities = [...]string{measured: "good", estimated: "estimated", given: "given"}

// second is the first whole second at or after t, counted from Start.
func (s *Scenario) second(t time.Time) int64 {
	d := t.Sub(s.Start)
	sec := int64(d / time.Second)
	if d > 0 && d%time.Second != 0 {
		sec++
	}
	return sec
}

// value turns resolutions into the unit, without the noise that a
// multiplication by 0.01 leaves.
func value(steps int16, resolution float64) float64 {
	switch resolution {
	case 0.01:
		return float64(steps) / 100
	case 0.1:
		return float64(steps) / 10
	}
	return float64(steps) * resolution
}

// Loop gives the readings of a demo with phenomenon times in [from, to),
// where an original instant t is played at t + shift and again each Period
// before and after.
func (s *Scenario) Loop(shift time.Duration, from, to time.Time) []sensing.Reading {
	var out []sensing.Reading
	for from.Before(to) {
		orig := s.Original(shift, from)
		part := min(to.Sub(from), s.End.Sub(orig))
		out = s.readings(out, orig, orig.Add(part), from.Sub(orig))
		from = from.Add(part)
	}
	return out
}

// Original gives the instant of the scenario that a loop with this shift
// shows at t; it lies in [Start, End).
func (s *Scenario) Original(shift time.Duration, t time.Time) time.Time {
	d := t.Add(-shift).Sub(s.Start) % s.Period()
	if d < 0 {
		d += s.Period()
	}
	return s.Start.Add(d)
}

// ShiftAt gives the shift of the loop that runs at t: t minus its original
// instant.
func (s *Scenario) ShiftAt(shift time.Duration, t time.Time) time.Duration {
	return t.Sub(s.Original(shift, t))
}

// FirstShift is the shift of a demo that begins at now: the anchor falls on
// now or at most an hour before it, and whole hours stay whole hours.
func (s *Scenario) FirstShift(now time.Time) time.Duration {
	return now.Sub(s.Anchor).Truncate(time.Hour)
}

// local makes an instant of the scenario's files, which are in Vietnam's time.
func local(year int, month time.Month, day, hour int) time.Time {
	return time.Date(year, month, day, hour, 0, 0, 0, ict).UTC()
}

// ict is the time of the files: Vietnam, UTC+7 without summer time.
var ict = time.FixedZone("+07", 7*3600)
