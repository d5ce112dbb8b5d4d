package ingest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"github.com/pelletier/go-toml/v2"
)

//go:embed rules.toml
var shippedRules []byte

// Rule is what quality control knows of one observed property; rules.toml
// explains the fields. A field that is absent checks nothing.
type Rule struct {
	Property    string      `toml:"property" json:"property"`
	Unit        string      `toml:"unit" json:"unit"`
	From        string      `toml:"-" json:"from"` // the day it holds from, 2026-01-01
	Source      string      `toml:"source" json:"source"`
	Plausible   *[2]float64 `toml:"plausible" json:"plausible,omitempty"`
	Hard        *[2]float64 `toml:"hard" json:"hard,omitempty"`
	Level       *float64    `toml:"level" json:"level,omitempty"`
	Negative    float64     `toml:"negative" json:"negative,omitempty"`
	Frozen      int         `toml:"frozen" json:"frozen,omitempty"`
	FrozenSpan  Span        `toml:"frozen_span" json:"frozen_span,omitempty"`
	FrozenAbove *float64    `toml:"frozen_above" json:"frozen_above,omitempty"`
	Step        float64     `toml:"step" json:"step,omitempty"`
	StepPerHour float64     `toml:"step_per_hour" json:"step_per_hour,omitempty"`
	Toggle      int         `toml:"toggle" json:"toggle,omitempty"`
	ToggleBy    float64     `toml:"toggle_by" json:"toggle_by,omitempty"`
}

// Span is a duration written as "90m" or "24h".
type Span time.Duration

// MarshalText writes the span as Go does.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads "90m".
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	*s = Span(d)
	return err
}

// parseRules reads a rules file.
func parseRules(data []byte) ([]Rule, error) {
	var file struct {
		Rule []struct {
			Rule
			From toml.LocalDate `toml:"from"`
		} `toml:"rule"`
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read quality rules: %w", err)
	}
	out := make([]Rule, len(file.Rule))
	for i, r := range file.Rule {
		out[i] = r.Rule
		out[i].From = r.From.String()
	}
	return out, nil
}

// rulebook finds the rule that holds for a property on a day.
type rulebook map[string][]Rule // by property, newest first

func newRulebook(rules []Rule) rulebook {
	b := rulebook{}
	for _, r := range rules {
		b[r.Property] = append(b[r.Property], r)
	}
	for _, rs := range b {
		sort.SliceStable(rs, func(i, j int) bool { return rs[i].From > rs[j].From })
	}
	return b
}

const anyProperty = "*"

// find returns the rule for a property as of a day, with the overrides of the
// datastream laid over it. Overrides that cannot be read are left out.
func (b rulebook) find(property string, day time.Time, overrides any) Rule {
	rule := b.holding(property, day.UTC().Format(time.DateOnly))
	if overrides == nil {
		return rule
	}
	changed := rule
	if raw, err := json.Marshal(overrides); err == nil && json.Unmarshal(raw, &changed) == nil {
		return changed
	}
	return rule
}

func (b rulebook) holding(property, day string) Rule {
	for _, p := range []string{property, anyProperty} {
		for _, r := range b[p] {
			if r.From <= day {
				return r
			}
		}
	}
	return Rule{Property: property}
}
