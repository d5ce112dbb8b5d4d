package scenario

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/flood"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/vi"
)

// ReplayOptions are what Replay needs.
type ReplayOptions struct {
	Scenario *Scenario
	Register Register
	Sources  Sources
	Units    Units
	Sink     connector.Sink
	Series   Series
	// Clock is the clock of the whole program, made by ReplayClock.
	Clock *clock.Clock
	// Speed is how many seconds pass in one; 0 as fast as can be.
	Speed float64
	// Alarm gives the alarm levels of a station, nil for one without.
	Alarm func(thing string, at time.Time) *flood.AlarmLevels
	// Progress is told the instant reached; may be nil.
	Progress func(at time.Time, sent, total int)
}

// ReplayClock makes the clock on which a replay runs: one that is set by the
// replay (speed 0), or one that runs by itself.
func (s *Scenario) ReplayClock(speed float64) *clock.Clock {
	if speed <= 0 {
		return clock.Manual(s.Start)
	}
	return clock.Scaled(s.Start, speed)
}

// Report is what a replay found in the series at its end.
type Report struct {
	Scenario     string        `json:"scenario"`
	Provenance   string        `json:"provenance"`
	From         time.Time     `json:"from"`
	To           time.Time     `json:"to"`
	Took         time.Duration `json:"took"`
	Sent         int           `json:"sent"`
	Accepted     int           `json:"accepted"`
	Duplicate    int           `json:"duplicate"`
	Rejected     int           `json:"rejected"`
	Quarantined  int           `json:"quarantined"`
	Observations int           `json:"observations"` // read back from the series
	Estimated    int           `json:"estimated"`    // of them
	Given        int           `json:"given"`        // of them
	Rivers       []RiverReport `json:"rivers"`
}

// RiverReport is the flood at one river station.
type RiverReport struct {
	Thing     string           `json:"thing"`
	Name      string           `json:"name"`
	Peak      float64          `json:"peak"` // m
	PeakFrom  time.Time        `json:"peak_from"`
	PeakTo    time.Time        `json:"peak_to"` // the peak stood from … to …
	Phrase    string           `json:"phrase,omitempty"`
	Crossings []flood.Crossing `json:"crossings"`
}

// Replay plays a scenario from its first to its last instant at its own times
// through the road, waits until all of it is stored, and reports what the
// series then hold.
func Replay(ctx context.Context, o ReplayOptions) (*Report, error) {
	began := time.Now()
	s := o.Scenario
	if err := s.Install(ctx, o.Register, o.Sources, o.Units, 0); err != nil {
		return nil, err
	}
	r := &Report{Scenario: s.ID, Provenance: s.Provenance, From: s.Start, To: s.End}
	total := s.size()
	o.Clock.Set(s.Start) // what the start of the program took is not played
	for at := s.Start; at.Before(s.End); {
		to, err := o.next(ctx, at)
		if err != nil {
			return nil, err
		}
		rs := s.Readings(at, to)
		for len(rs) > 0 {
			n := min(chunk, len(rs))
			res, err := o.Sink.Accept(ctx, connector.Batch{Source: s.ID, Readings: rs[:n], Received: o.Clock.Now(), Prompt: true})
			if err != nil {
				return nil, fmt.Errorf("play %s: %w", s.ID, err)
			}
			r.Sent += n
			r.Accepted, r.Duplicate = r.Accepted+res.Accepted, r.Duplicate+res.Duplicate
			r.Rejected, r.Quarantined = r.Rejected+len(res.Rejected), r.Quarantined+res.Quarantined
			rs = rs[n:]
		}
		at = to
		if o.Progress != nil {
			o.Progress(at, r.Sent, total)
		}
	}
	if err := o.settled(ctx); err != nil {
		return nil, err
	}
	if err := o.read(ctx, r); err != nil {
		return nil, err
	}
	r.Took = time.Since(began)
	return r, nil
}

// next waits for the next step of the clock and returns its end.
func (o *ReplayOptions) next(ctx context.Context, at time.Time) (time.Time, error) {
	if o.Speed <= 0 {
		to := minOf(at.Add(6*time.Hour), o.Scenario.End)
		o.Clock.Set(to)
		return to, ctx.Err()
	}
	// Twenty steps a second at most.
	step := max(time.Minute, time.Duration(o.Speed*float64(50*time.Millisecond)))
	if err := o.Clock.SleepUntil(ctx, minOf(at.Add(step), o.Scenario.End)); err != nil {
		return at, err
	}
	return minOf(o.Clock.Now(), o.Scenario.End), nil
}

func minOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// settled waits until the newest reading of every station is in the series.
func (o *ReplayOptions) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	s := o.Scenario
	for i, tr := range s.tracks {
		if len(tr) == 0 {
			continue
		}
		want := s.Start.Add(time.Duration(tr[len(tr)-1].at) * time.Second).UnixMilli()
		for {
			if last, ok := o.Series.Last(s.Stations[i].Datastream); ok && last.T >= want {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("wait for the series to hold all of %s: %w", s.Stations[i].Datastream, ctx.Err())
			case <-poll.C:
			}
		}
	}
	return nil
}

func (o *ReplayOptions) read(ctx context.Context, r *Report) error {
	s := o.Scenario
	for _, st := range s.Stations {
		ps, err := o.Series.Range(ctx, st.Datastream, s.Start, s.End)
		if err != nil {
			return fmt.Errorf("read back %s: %w", st.Datastream, err)
		}
		r.Observations += len(ps)
		times, levels := make([]time.Time, len(ps)), make([]float64, len(ps))
		v := RiverReport{Thing: st.Thing, Name: st.Name, Crossings: []flood.Crossing{}}
		for i, p := range ps {
			if p.Flags&sensing.Estimated != 0 {
				r.Estimated++
			}
			if p.Flags&sensing.Given != 0 {
				r.Given++
			}
			times[i], levels[i] = time.UnixMilli(p.T).UTC(), p.V
			switch {
			case i == 0 || p.V > v.Peak:
				v.Peak, v.PeakFrom, v.PeakTo = p.V, times[i], times[i]
			case p.V == v.Peak && i > 0 && levels[i-1] == p.V:
				v.PeakTo = times[i]
			}
		}
		if st.Property != sensing.WaterLevel || len(ps) == 0 {
			continue
		}
		if o.Alarm != nil {
			if a := o.Alarm(st.Thing, s.Start); a != nil {
				v.Crossings = flood.Crossings(times, levels, *a)
				v.Phrase = flood.LevelPhrase(v.Peak, a).Vi
			}
		}
		r.Rivers = append(r.Rivers, v)
	}
	return nil
}

// Write prints the report for people.
func (r *Report) Write(w io.Writer, lang msg.Lang) error {
	var b strings.Builder
	line := func(vn, en string, args ...any) {
		if lang == msg.En {
			vn = en
		}
		fmt.Fprintf(&b, vn+"\n", args...)
	}
	line("%s: %d số đo đã lưu (%d công bố, %d ước lượng), %d trùng, %d bị từ chối, %d cách ly, trong %s",
		"%s: %d observations stored (%d given, %d estimated), %d duplicate, %d rejected, %d quarantined, in %s",
		r.Scenario, r.Observations, r.Given, r.Estimated, r.Duplicate, r.Rejected, r.Quarantined, r.Took.Round(time.Millisecond))
	for _, v := range r.Rivers {
		peak := fmt.Sprintf("%.2f m", v.Peak)
		if lang != msg.En {
			peak = vi.FormatNumber(v.Peak, 2) + " m"
		}
		when := caltime.Format(lang, v.PeakFrom)
		if v.PeakTo.After(v.PeakFrom) {
			when += " – " + caltime.Format(lang, v.PeakTo)
		}
		line("  %-28s đỉnh %s lúc %s", "  %-28s peak %s at %s", v.Name, peak, when)
		for _, c := range v.Crossings {
			if c.Up {
				line("      vượt BĐ%d lúc %s (%s m)", "      up through alarm %d at %s (%s m)", c.Level, caltime.Format(lang, c.At), fmt.Sprintf("%.2f", c.Value))
			} else {
				line("      xuống dưới BĐ%d lúc %s (%s m)", "      below alarm %d at %s (%s m)", c.Level, caltime.Format(lang, c.At), fmt.Sprintf("%.2f", c.Value))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
