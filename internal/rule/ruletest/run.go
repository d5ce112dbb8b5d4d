package ruletest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// Failure is one claim of a file that is not so.
type Failure struct {
	Line int    // in the file, of the test
	Rule string // id
	Test string // its name or instant
	Text string // what was expected and what was found, for people
}

// String is the failure in one piece.
func (f Failure) String() string {
	return fmt.Sprintf("line %d: %s, %s:\n%s", f.Line, f.Rule, f.Test, f.Text)
}

// Run runs a file of tests against rules. An error says that the file itself
// is wrong: it cannot be read, or names a rule that there is not.
func Run(ctx context.Context, file []byte, rules []eval.Rule) ([]Failure, error) {
	suites, err := parse(file)
	if err != nil {
		return nil, err
	}
	failures := []Failure{}
	for i := range suites {
		found, err := suites[i].run(ctx, rules)
		if err != nil {
			return nil, err
		}
		failures = append(failures, found...)
	}
	return failures, nil
}

// Count is how many tests a file holds.
func Count(file []byte) (int, error) {
	suites, err := parse(file)
	n := 0
	for _, s := range suites {
		n += len(s.Tests)
	}
	return n, err
}

func (s *suite) run(ctx context.Context, rules []eval.Rule) ([]Failure, error) {
	r := s.Rule.inline
	if r == nil {
		i := slices.IndexFunc(rules, func(r eval.Rule) bool { return r.ID == s.Rule.id })
		if i < 0 {
			return nil, fmt.Errorf("line %d: there is no rule %s", s.Rule.line, s.Rule.id)
		}
		r = &rules[i]
	}
	p, err := eval.Compile(*r)
	if err != nil {
		return nil, fmt.Errorf("line %d: the rule %s cannot run: %w", s.Rule.line, r.ID, err)
	}
	w := s.world()
	e := eval.New([]*eval.Program{p}, w.env())
	if _, err := e.Warm(ctx, s.Start, s.Start); err != nil {
		return nil, err
	}
	var out []Failure
	rest := w.come
	for _, t := range s.Tests {
		at := s.Start.Add(time.Duration(t.EvalAt))
		n := sort.Search(len(rest), func(i int) bool { return max(rest[i].T, rest[i].Received) > at.UnixMilli() })
		e.Observe(rest[:n])
		rest = rest[n:]
		if _, err := e.Advance(ctx, at); err != nil {
			return nil, fmt.Errorf("line %d: %w", t.line, err)
		}
		fail := func(text string) {
			name := t.Name
			if name == "" {
				name = "at " + offset(at, s.Start)
			}
			out = append(out, Failure{Line: t.line, Rule: r.ID, Test: name, Text: text})
		}
		if t.Expect != nil {
			if text := s.compare(*t.Expect, e.State(), w); text != "" {
				fail(text)
			}
		}
		for _, want := range t.Trace {
			text, err := s.trace(ctx, p, w, want, at)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", t.line, err)
			}
			if text != "" {
				fail(text)
			}
		}
	}
	return out, nil
}

// compare sets what fires beside what should; "" is agreement.
func (s *suite) compare(wants expected, st eval.State, w *world) string {
	var got []string
	left := slices.Clone(wants)
	for _, m := range st.Machines {
		if m.Severity == 0 {
			continue
		}
		thing := w.thing(m.Series)
		since := time.UnixMilli(m.Since).UTC()
		line := fmt.Sprintf("%s severity %d since %s", name(thing, m.Series), m.Severity, offset(since, s.Start))
		i := slices.IndexFunc(left, func(x want) bool {
			return (x.Thing == "" || x.Thing == thing) && (x.Datastream == "" || x.Datastream == m.Series) &&
				x.Severity == int(m.Severity) && (x.Since == nil || s.Start.Add(time.Duration(*x.Since)).Equal(since))
		})
		if i < 0 {
			got = append(got, "  + "+line)
			continue
		}
		left = slices.Delete(left, i, i+1)
		got = append(got, "    "+line)
	}
	bad := len(left) > 0 || slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, "  + ") })
	if !bad {
		return ""
	}
	for _, x := range left {
		line := fmt.Sprintf("  - %s severity %d", name(x.Thing, x.Datastream), x.Severity)
		if x.Since != nil {
			line += " since " + offset(s.Start.Add(time.Duration(*x.Since)), s.Start)
		}
		got = append(got, line)
	}
	return "  (+ fires but is not expected, - is expected but does not fire)\n" + strings.Join(got, "\n")
}

func name(thing, datastream string) string {
	if thing == "" {
		return datastream
	}
	return thing
}

func (s *suite) trace(ctx context.Context, p *eval.Program, w *world, want traceWant, at time.Time) (string, error) {
	id := ""
	list := eval.Selects(p, w.env())
	for _, x := range list {
		if want.Thing == "" && len(list) == 1 || x.Thing() == want.Thing {
			id = x.ID
		}
	}
	if id == "" && p.Native() {
		return "", fmt.Errorf("expect_trace must name one of the %d things that the rule selects", len(list))
	}
	tr, err := eval.Explain(ctx, p, w.env(), id, at)
	if err != nil {
		return "", err
	}
	var out []string
	differ := func(what string, want, got any) {
		out = append(out, fmt.Sprintf("  - %s %v\n  + %s %v", what, want, what, got))
	}
	value := "none"
	if tr.Value != nil {
		value = fmt.Sprint(*tr.Value)
	}
	switch {
	case want.Value != nil && (tr.Value == nil || math.Abs(*tr.Value-*want.Value) > 1e-9*max(1, math.Abs(*want.Value))):
		differ("value", *want.Value, value)
	case want.NoValue && tr.Value != nil:
		differ("value", "none", value)
	}
	if want.State != "" && want.State != tr.State {
		differ("state", want.State, tr.State)
	}
	if want.Severity != nil && *want.Severity != int(tr.Severity) {
		differ("severity", *want.Severity, int(tr.Severity))
	}
	if want.Reason != "" {
		var all []string
		for _, r := range tr.Reasons {
			all = append(all, r.Vi, r.En)
		}
		if !strings.Contains(strings.Join(all, "\n"), want.Reason) {
			differ("reason", want.Reason, strings.Join(all, "; "))
		}
	}
	return strings.Join(out, "\n"), nil
}

// offset writes an instant as files do: from start.
func offset(at, start time.Time) string {
	d := at.Sub(start)
	text := d.String()
	if d%time.Minute == 0 && d != 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d%time.Hour == 0 && d != 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// world is what a document loads.
type world struct {
	list     []eval.Series
	points   map[string][]series.Point
	come     []eval.Sample // in the order they come
	stations map[string]station
	start    time.Time
}

func (s *suite) world() *world {
	w := &world{points: map[string][]series.Point{}, stations: map[string]station{}, start: s.Start}
	for _, st := range s.Stations {
		w.stations[st.Thing] = st
	}
	for _, l := range s.Load {
		x := eval.Series{ID: l.Datastream, Metric: l.Property, Unit: l.Unit, Resolution: l.Resolution,
			Rhythm: time.Duration(l.Rhythm), Labels: map[string]string{"property": l.Property}}
		if x.Rhythm == 0 {
			x.Rhythm = time.Duration(l.Interval)
		}
		for k, v := range l.Labels {
			x.Labels[k] = v
		}
		x.Labels["thing"] = l.Thing
		if n := w.stations[l.Thing].Name; n != "" {
			x.Labels["name"] = n
		}
		if !slices.ContainsFunc(w.list, func(o eval.Series) bool { return o.ID == x.ID }) {
			w.list = append(w.list, x)
		}
		first := s.Start.Add(time.Duration(l.Offset))
		for i, v := range l.list {
			if v.missing {
				continue
			}
			p := series.Point{T: first.Add(time.Duration(i) * time.Duration(l.Interval)).UnixMilli(), V: v.v, Flags: v.flags}
			p.Received = p.T + v.late.Milliseconds()
			w.points[x.ID] = append(w.points[x.ID], p)
			w.come = append(w.come, eval.Sample{ID: x.ID, T: p.T, V: p.V, Flags: p.Flags, Received: p.Received})
		}
	}
	for id := range w.points {
		slices.SortStableFunc(w.points[id], func(a, b series.Point) int { return int(max(-1, min(1, a.T-b.T))) })
	}
	sort.SliceStable(w.come, func(i, j int) bool {
		return max(w.come[i].T, w.come[i].Received) < max(w.come[j].T, w.come[j].Received)
	})
	return w
}

func (w *world) thing(id string) string {
	for _, s := range w.list {
		if s.ID == id {
			return s.Thing()
		}
	}
	return ""
}

func (w *world) env() eval.Env {
	return eval.Env{
		Series: func() []eval.Series { return w.list },
		Scan: func(ctx context.Context, id string, from, to time.Time, f func(series.Point)) error {
			for _, p := range w.points[id] {
				if p.T >= from.UnixMilli() && p.T <= to.UnixMilli() {
					f(p)
				}
			}
			return ctx.Err()
		},
		Queryable: queryable{w},
		Thresholds: func(thing, _ string, _ time.Time) []sensing.Threshold {
			var out []sensing.Threshold
			for i, v := range w.stations[thing].Levels {
				out = append(out, sensing.Threshold{Level: i + 1, Value: v})
			}
			return out
		},
		Neighbours: w.neighbours,
	}
}

func (w *world) neighbours(thing string, km float64) []eval.Neighbour {
	here, ok := w.stations[thing]
	if !ok {
		return nil
	}
	var out []eval.Neighbour
	for _, st := range w.stations {
		d := float64(geo.Distance(geo.Point{here.Lon, here.Lat}, geo.Point{st.Lon, st.Lat})) / 1000
		if st.Thing != thing && d <= km {
			out = append(out, eval.Neighbour{Thing: st.Thing, Km: d})
		}
	}
	slices.SortFunc(out, func(a, b eval.Neighbour) int {
		switch {
		case a.Km < b.Km:
			return -1
		case a.Km > b.Km:
			return 1
		}
		return strings.Compare(a.Thing, b.Thing)
	})
	return out
}
