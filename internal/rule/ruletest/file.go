package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"openioc.org/ioc/internal/rule/eval"
)

// MaxFile bounds a file of tests, in bytes.
const MaxFile = 1 << 20

// suite is one document of a file.
type suite struct {
	Name     string    `yaml:"name"`
	Rule     ruleRef   `yaml:"rule"`
	Start    time.Time `yaml:"start"`
	Interval span      `yaml:"interval"`
	Stations []station `yaml:"stations"`
	Load     []load    `yaml:"load"`
	Tests    []test    `yaml:"tests"`
}

// station is where a thing is, and its alarm levels.
type station struct {
	Thing  string    `yaml:"thing"`
	Name   string    `yaml:"name"`
	Lon    float64   `yaml:"lon"`
	Lat    float64   `yaml:"lat"`
	Levels []float64 `yaml:"levels"`
}

// load is the readings of one series.
type load struct {
	Thing      string            `yaml:"thing"`
	Property   string            `yaml:"property"`
	Datastream string            `yaml:"datastream"`
	Unit       string            `yaml:"unit"`
	Labels     map[string]string `yaml:"labels"`
	Interval   span              `yaml:"interval"`
	Rhythm     span              `yaml:"rhythm"`
	Resolution float64           `yaml:"resolution"`
	Offset     span              `yaml:"offset"` // of the first value from start
	Values     string            `yaml:"values"`
	list       []value
	line       int
}

// test is one instant and what the rule must say at it.
type test struct {
	Name   string    `yaml:"name"`
	EvalAt span      `yaml:"eval_at"`
	Expect *expected `yaml:"expect"`
	Trace  traces    `yaml:"expect_trace"`
	line   int
}

// expected are the things that must fire; none of them is a claim, too.
type expected []want

type want struct {
	Thing      string   `yaml:"thing"`
	Datastream string   `yaml:"datastream"`
	Severity   int      `yaml:"severity"`
	Since      *span    `yaml:"since"`
	Value      *float64 `yaml:"value"`
}

type traces []traceWant

type traceWant struct {
	Thing    string   `yaml:"thing"`
	Value    *float64 `yaml:"value"`
	NoValue  bool     `yaml:"no_value"`
	State    string   `yaml:"state"`
	Severity *int     `yaml:"severity"`
	Reason   string   `yaml:"reason"` // must occur in a reason, in either language
}

// span is a duration written like 90s or 1h30m.
type span time.Duration

// UnmarshalYAML reads a span.
func (s *span) UnmarshalYAML(n *yaml.Node) error {
	d, err := model.ParseDuration(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %q is no duration; write for example 90s, 10m, 1h30m", n.Line, n.Value)
	}
	*s = span(d)
	return nil
}

// ruleRef is the id of a rule or a rule itself.
type ruleRef struct {
	id     string
	inline *eval.Rule
	line   int
}

// UnmarshalYAML reads either.
func (r *ruleRef) UnmarshalYAML(n *yaml.Node) error {
	r.line = n.Line
	if n.Kind == yaml.ScalarNode {
		r.id = n.Value
		return nil
	}
	r.inline = &eval.Rule{}
	if err := n.Decode(r.inline); err != nil {
		return err
	}
	if r.inline.ID == "" {
		r.inline.ID = "inline"
	}
	return nil
}

// UnmarshalYAML reads a list of things, or none.
func (e *expected) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		if n.Value != "none" {
			return fmt.Errorf("line %d: expect is a list of things, or none", n.Line)
		}
		*e = expected{}
		return nil
	}
	var list []want
	if err := n.Decode(&list); err != nil {
		return err
	}
	*e = list
	return nil
}

// UnmarshalYAML reads a value, none, a trace or a list of traces.
func (t *traces) UnmarshalYAML(n *yaml.Node) error {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Value == "none" {
			*t = traces{{NoValue: true}}
			return nil
		}
		var v float64
		if err := n.Decode(&v); err != nil {
			return err
		}
		*t = traces{{Value: &v}}
		return nil
	case yaml.SequenceNode:
		var list []traceWant
		if err := n.Decode(&list); err != nil {
			return err
		}
		*t = list
		return nil
	}
	var one traceWant
	if err := n.Decode(&one); err != nil {
		return err
	}
	*t = traces{one}
	return nil
}

// UnmarshalYAML keeps the line, for messages.
func (t *test) UnmarshalYAML(n *yaml.Node) error {
	type plain test
	t.line = n.Line
	return n.Decode((*plain)(t))
}

// UnmarshalYAML keeps the line, for messages.
func (l *load) UnmarshalYAML(n *yaml.Node) error {
	type plain load
	l.line = n.Line
	return n.Decode((*plain)(l))
}

// defaultStart is the first instant of a file that names none.
var defaultStart = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// parse reads a file.
func parse(data []byte) (out []suite, err error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("the file is larger than %d bytes", MaxFile)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	for {
		var s suite
		if err := dec.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if err := s.check(); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no test in the file")
	}
	return out, nil
}

// maxTests bounds what one document may ask for.
const maxTests = 1000

func (s *suite) check() error {
	if s.Rule.id == "" && s.Rule.inline == nil {
		return errors.New("rule is missing: the id of a rule, or a rule")
	}
	if s.Start.IsZero() {
		s.Start = defaultStart
	}
	if s.Interval <= 0 {
		s.Interval = span(time.Minute)
	}
	if len(s.Tests) == 0 {
		return fmt.Errorf("line %d: there are no tests", s.Rule.line)
	}
	if len(s.Tests) > maxTests || len(s.Load) > maxTests || len(s.Stations) > maxTests {
		return fmt.Errorf("line %d: more than %d tests, series or stations", s.Rule.line, maxTests)
	}
	total := 0
	for i := range s.Load {
		l := &s.Load[i]
		if l.Thing == "" || l.Property == "" {
			return fmt.Errorf("line %d: a series has a thing and a property", l.line)
		}
		var err error
		if l.list, err = expand(l.Values); err != nil {
			return fmt.Errorf("line %d: %w", l.line, err)
		}
		if total += len(l.list); total > maxValues {
			return fmt.Errorf("line %d: more than %d values in all", l.line, maxValues)
		}
		if l.Interval <= 0 {
			l.Interval = s.Interval
		}
		if l.Datastream == "" {
			l.Datastream = l.Thing + "." + l.Property
		}
		if l.Resolution < 0 {
			return fmt.Errorf("line %d: the resolution is below zero", l.line)
		}
	}
	last := span(0)
	for _, t := range s.Tests {
		if t.EvalAt < last {
			return fmt.Errorf("line %d: tests are in the order of eval_at", t.line)
		}
		if last = t.EvalAt; t.EvalAt > span(400*24*time.Hour) {
			return fmt.Errorf("line %d: eval_at is more than 400 days after start", t.line)
		}
		if t.Expect == nil && len(t.Trace) == 0 {
			return fmt.Errorf("line %d: nothing is expected; write expect: none if nothing may fire", t.line)
		}
	}
	return nil
}
