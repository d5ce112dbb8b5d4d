package rule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/store"
)

// MaxYAML bounds a file of rules, in bytes.
const MaxYAML = 1 << 20

// maxRules bounds how many rules one file holds.
const maxRules = 5000

var (
	errYAML     = fault.Define(fault.Invalid, "rule.yaml", "the file cannot be read: {detail}", "không đọc được tệp: {detail}")
	errYAMLBig  = fault.Define(fault.TooLarge, "rule.yaml_large", "at most {limit} bytes and {rules} rules in a file", "tệp tối đa {limit} byte và {rules} quy tắc")
	errYAMLTwo  = fault.Define(fault.Invalid, "rule.yaml_twice", "the rule {id} is there twice", "quy tắc {id} có hai lần")
	errYAMLNone = fault.Define(fault.Invalid, "rule.yaml_empty", "there is no rule in the file", "tệp không có quy tắc nào")
)

// Entry is a rule in a file.
type Entry struct {
	ID         string
	Line       int
	Definition Definition
}

type yamlText struct {
	Vi string `yaml:"vi"`
	En string `yaml:"en,omitempty"`
}

// Rule is what the evaluator must know of the entry.
func (e Entry) Rule() (eval.Rule, error) {
	r, bad := e.Definition.rule(e.ID, 1)
	if len(bad) > 0 {
		return r, bad
	}
	return r, nil
}

// yamlRule is a rule as it is written in a file. Spans are texts such as 90s,
// 10m, 1h.
type yamlRule struct {
	ID         string            `yaml:"rule"`
	Name       yamlText          `yaml:"name"`
	Service    string            `yaml:"service,omitempty"`
	Kind       string            `yaml:"kind"`
	Expr       string            `yaml:"expr,omitempty"`
	Where      map[string]string `yaml:"where,omitempty"`
	Window     span              `yaml:"window,omitempty"`
	Every      span              `yaml:"every,omitempty"`
	For        span              `yaml:"for,omitempty"`
	KeepFiring span              `yaml:"keep_firing,omitempty"`
	Levels     []yamlLevel       `yaml:"levels"`
	Guard      *yamlGuard        `yaml:"guard,omitempty"`
	Message    yamlMessage       `yaml:"message"`
	Unit       string            `yaml:"unit,omitempty"`
	SOP        string            `yaml:"sop,omitempty"`
	Runbook    string            `yaml:"runbook,omitempty"`
	Labels     map[string]string `yaml:"labels,omitempty"`
}

type yamlLevel struct {
	Severity int    `yaml:"severity"`
	Raise    string `yaml:"raise"`
	Clear    string `yaml:"clear,omitempty"`
}

type yamlGuard struct {
	Property string  `yaml:"property"`
	RadiusKm float64 `yaml:"radius_km"`
	Window   span    `yaml:"window"`
	Op       string  `yaml:"op,omitempty"`
	Value    float64 `yaml:"value,omitempty"`
	Count    int     `yaml:"count"`
}

type yamlMessage struct {
	Title yamlText `yaml:"title"`
	Text  yamlText `yaml:"text,omitempty"`
}

// span is a duration in a file: 90s, 10m, 1h30m.
type span int64 // seconds

// MarshalYAML writes a span as people do.
func (s span) MarshalYAML() (any, error) {
	return model.Duration(seconds(int64(s))).String(), nil
}

// UnmarshalYAML reads a span.
func (s *span) UnmarshalYAML(n *yaml.Node) error {
	d, err := model.ParseDuration(n.Value)
	if err != nil || time.Duration(d)%time.Second != 0 {
		return fmt.Errorf("line %d: %q is no span of time; write for example 90s, 10m or 1h", n.Line, n.Value)
	}
	*s = span(time.Duration(d) / time.Second)
	return nil
}

// ParseYAML reads a file of rules. It is strict: a key that nothing reads, or
// a value of another kind, is an error with its line. What the rules say is
// not judged here.
func ParseYAML(data []byte) ([]Entry, error) {
	if len(data) > MaxYAML {
		return nil, errYAMLBig.With("limit", MaxYAML, "rules", maxRules)
	}
	var f struct {
		Rules []yamlRule `yaml:"rules"`
	}
	if err := strict(data, &f); err != nil {
		return nil, err
	}
	var nodes struct { // the same once more, for the lines
		Rules []yaml.Node `yaml:"rules"`
	}
	if err := yaml.Unmarshal(data, &nodes); err != nil || len(nodes.Rules) != len(f.Rules) {
		return nil, errYAML.With("detail", fmt.Sprint(err))
	}
	if len(f.Rules) == 0 {
		return nil, errYAMLNone.With()
	}
	if len(f.Rules) > maxRules {
		return nil, errYAMLBig.With("limit", MaxYAML, "rules", maxRules)
	}
	bad := errYAML.With("detail", msg.Text{Vi: "xem từng dòng", En: "see each line"})
	seen := map[string]bool{}
	out := make([]Entry, 0, len(f.Rules))
	for i := range f.Rules {
		y, line := &f.Rules[i], nodes.Rules[i].Line
		if seen[y.ID] && y.ID != "" {
			bad.At(fmt.Sprintf("line %d", line), errYAMLTwo.With("id", y.ID))
		}
		seen[y.ID] = true
		out = append(out, Entry{ID: y.ID, Line: line, Definition: y.definition()})
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return out, nil
}

// strict decodes the one document of data.
func strict(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err := dec.Decode(into)
	if err == nil {
		if err = dec.Decode(new(yaml.Node)); errors.Is(err, io.EOF) {
			return nil
		}
		return errYAML.With("detail", msg.Text{Vi: "chỉ nhận một tài liệu", En: "one document only"})
	}
	if errors.Is(err, io.EOF) {
		return errYAMLNone.With()
	}
	bad := errYAML.With("detail", msg.Text{Vi: "xem từng dòng", En: "see each line"})
	for _, e := range linesOf(err) {
		bad.At(fmt.Sprintf("line %d", e.line), errYAML.With("detail", e.detail))
	}
	return bad
}

type lineError struct {
	line   int
	detail string
}

var (
	lineOf   = regexp.MustCompile(`line (\d+): `)
	typeName = regexp.MustCompile(` (in type|into) \S*(rule\.|struct)\S*.*$`) // ours, of no use to people
)

// linesOf takes the lines out of an error of the YAML reader.
func linesOf(err error) []lineError {
	var many *yaml.TypeError
	texts := []string{err.Error()}
	if errors.As(err, &many) {
		texts = many.Errors
	}
	var out []lineError
	for _, s := range texts {
		e := lineError{detail: strings.TrimPrefix(s, "yaml: ")}
		if m := lineOf.FindStringSubmatch(s); m != nil {
			e.line, _ = strconv.Atoi(m[1])
			e.detail = strings.Replace(e.detail, m[0], "", 1)
		}
		e.detail = typeName.ReplaceAllString(e.detail, "")
		out = append(out, e)
	}
	return out
}

func (y *yamlRule) definition() Definition {
	text := func(t yamlText) msg.Text { return msg.Text{Vi: t.Vi, En: t.En} }
	d := Definition{
		Name: text(y.Name), Service: y.Service, Kind: y.Kind, Expr: y.Expr, Where: y.Where,
		WindowSeconds: int64(y.Window), EverySeconds: int64(y.Every), ForSeconds: int64(y.For), KeepFiringSeconds: int64(y.KeepFiring),
		Message: Message{Title: text(y.Message.Title), Text: text(y.Message.Text)},
		Unit:    y.Unit, SOP: y.SOP, Runbook: y.Runbook, Labels: y.Labels,
	}
	for _, l := range y.Levels {
		d.Levels = append(d.Levels, Level{Severity: alertevent.Severity(l.Severity), Raise: Bound(l.Raise), Clear: Bound(l.Clear)})
	}
	if g := y.Guard; g != nil {
		d.Guard = &Guard{Property: g.Property, RadiusKm: g.RadiusKm, WindowSeconds: int64(g.Window), Op: g.Op, Value: g.Value, Count: g.Count}
	}
	return d.normal()
}

// WriteYAML writes rules as ParseYAML reads them.
func WriteYAML(entries []Entry) ([]byte, error) {
	type out struct {
		Rules []yamlRule `yaml:"rules"`
	}
	f := out{Rules: []yamlRule{}}
	for _, e := range entries {
		d := e.Definition
		text := func(t msg.Text) yamlText { return yamlText(t) }
		y := yamlRule{
			ID: e.ID, Name: text(d.Name), Service: d.Service, Kind: d.Kind, Expr: d.Expr, Where: d.Where,
			Window: span(d.WindowSeconds), Every: span(d.EverySeconds), For: span(d.ForSeconds), KeepFiring: span(d.KeepFiringSeconds),
			Message: yamlMessage{text(d.Message.Title), text(d.Message.Text)}, Unit: d.Unit, SOP: d.SOP, Runbook: d.Runbook, Labels: d.Labels,
		}
		for _, l := range d.Levels {
			y.Levels = append(y.Levels, yamlLevel{int(l.Severity), string(l.Raise), string(l.Clear)})
		}
		if g := d.Guard; g != nil {
			y.Guard = &yamlGuard{g.Property, g.RadiusKm, span(g.WindowSeconds), g.Op, g.Value, g.Count}
		}
		f.Rules = append(f.Rules, y)
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("write rules: %w", err)
	}
	return b.Bytes(), enc.Close()
}

// Imported is what became of a file of rules.
type Imported struct {
	Created   []string `json:"created"`
	Updated   []string `json:"updated" doc:"have a new draft version"`
	Unchanged []string `json:"unchanged"`
}

// Import makes drafts of the rules of a file: a rule that is not there is
// created, one whose newest version differs gets a new draft. When one rule is
// wrong, none is taken.
func (s *Service) Import(ctx context.Context, actor access.Actor, data []byte) (Imported, error) {
	out := Imported{Created: []string{}, Updated: []string{}, Unchanged: []string{}}
	if err := access.Require(actor, access.RuleEdit, access.Scope{}); err != nil {
		return out, err
	}
	entries, err := ParseYAML(data)
	if err != nil {
		return out, err
	}
	if err := s.judge(entries); err != nil {
		return out, err
	}
	for _, e := range entries {
		same, there, err := s.holds(ctx, e)
		switch {
		case err != nil:
			return out, err
		case same:
			out.Unchanged = append(out.Unchanged, e.ID)
			continue
		case there:
			_, err = s.Update(ctx, actor, e.ID, e.Definition)
			out.Updated = append(out.Updated, e.ID)
		default:
			_, err = s.Create(ctx, actor, e.ID, e.Definition)
			out.Created = append(out.Created, e.ID)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// judge finds what is wrong with the rules of a file, each with its line.
func (s *Service) judge(entries []Entry) error {
	bad := errInvalid.With()
	for _, e := range entries {
		at := func(path string) string { return fmt.Sprintf("line %d %s.%s", e.Line, e.ID, path) }
		if !validID(e.ID) {
			bad.At(at("rule"), errID.With())
		}
		if f, ok := fault.As(s.refuse(e.Definition)); ok {
			for _, fd := range f.Fields {
				bad.At(at(fd.Path), fd.Err)
			}
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// holds reports whether the newest version of a rule is the one of the file.
func (s *Service) holds(ctx context.Context, e Entry) (same, there bool, err error) {
	err = s.o.Store.Read(ctx, func(tx *store.Tx) error {
		b, err := openBook(tx, e.ID)
		if err != nil || !b.found || len(b.versions) == 0 {
			return err
		}
		if b.record.Retired {
			return errRetired.With("id", e.ID)
		}
		there = true
		same = equal(b.latest().Definition, e.Definition)
		return nil
	})
	return same, there, err
}

// equal compares definitions by what they say.
func equal(a, b Definition) bool {
	x, errX := json.Marshal(a.normal())
	y, errY := json.Marshal(b.normal())
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// Export writes rules as YAML, each in its version in force or else its
// newest; no ids are all rules.
func (s *Service) Export(ctx context.Context, actor access.Actor, ids []string) ([]byte, error) {
	if err := access.Require(actor, access.RuleView, access.Scope{}); err != nil {
		return nil, err
	}
	var entries []Entry
	err := s.o.Store.Read(ctx, func(tx *store.Tx) error {
		books, err := allBooks(tx)
		if err != nil {
			return err
		}
		wanted := map[string]bool{}
		for _, id := range ids {
			wanted[id] = true
		}
		for _, b := range books {
			if len(ids) > 0 && !wanted[b.record.ID] || len(ids) == 0 && b.record.Retired {
				continue
			}
			delete(wanted, b.record.ID)
			v := b.live()
			if v == nil {
				v = b.latest()
			}
			entries = append(entries, Entry{ID: b.record.ID, Definition: v.Definition})
		}
		for id := range wanted {
			return errNotFound.With("id", id)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return WriteYAML(entries)
}

// CheckFile judges a file of rules apart from any city, and counts them.
func CheckFile(data []byte) (int, error) {
	entries, err := ParseYAML(data)
	if err != nil {
		return 0, err
	}
	services := map[string]bool{}
	for _, e := range entries {
		services[e.Definition.Service] = true // which there are, a city knows
	}
	s := &Service{o: Options{Services: slices.Collect(maps.Keys(services))}}
	return len(entries), s.judge(entries)
}
