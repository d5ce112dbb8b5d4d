package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/vi"
)

// Definition is what people write of a rule: one version of it.
type Definition struct {
	Name              msg.Text          `json:"name"`
	Service           string            `json:"service" required:"false" doc:"flood"`
	Kind              string            `json:"kind" enum:"threshold,sum,rise,silence,neighbours,flag,promql"`
	Expr              string            `json:"expr" required:"false" doc:"PromQL; the form kinds leave it empty and write it themselves" maxLength:"8192"`
	Where             map[string]string `json:"where" required:"false" doc:"which series: property, thing, kind, source, area (unit_code) and other labels"`
	WindowSeconds     int64             `json:"window_seconds" required:"false" doc:"of sum, rise and neighbours" minimum:"0" maximum:"2678400"`
	EverySeconds      int64             `json:"every_seconds" required:"false" doc:"how often a general expression is worked out; 0 is each minute" minimum:"0" maximum:"86400"`
	ForSeconds        int64             `json:"for_seconds" required:"false" doc:"how long a level must hold before it counts" minimum:"0" maximum:"2678400"`
	KeepFiringSeconds int64             `json:"keep_firing_seconds" required:"false" doc:"how long it must be over before it is" minimum:"0" maximum:"2678400"`
	Levels            []Level           `json:"levels" maxItems:"4"`
	Guard             *Guard            `json:"guard" required:"false" doc:"a second condition, about the stations around"`
	Message           Message           `json:"message"`
	Unit              string            `json:"unit" required:"false" doc:"unit addressed; empty: found by service and area"`
	SOP               string            `json:"sop" required:"false"`
	Runbook           string            `json:"runbook" required:"false"`
	Labels            map[string]string `json:"labels" required:"false"`
}

// Level is one step of the severity ladder.
type Level struct {
	Severity alertevent.Severity `json:"severity" minimum:"1" maximum:"4"`
	Raise    Bound               `json:"raise" doc:"comparison: >= 30, > bd1 + 0.1, has frozen; a number alone is >="`
	Clear    Bound               `json:"clear" required:"false" doc:"comparison at which the step is left; empty: when raise holds no more; a number alone is <"`
}

// Bound is a comparison as text; a number alone is taken too.
type Bound string

// Guard is a second condition: at least Count stations within the radius whose
// sum of the property over the window satisfies the comparison. With the kind
// neighbours and no op it only says who the neighbours are.
type Guard struct {
	Property      string  `json:"property"`
	RadiusKm      float64 `json:"radius_km" minimum:"0" maximum:"500"`
	WindowSeconds int64   `json:"window_seconds" minimum:"0" maximum:"2678400"`
	Op            string  `json:"op" required:"false" enum:",>,>=,<,<=,==,!="`
	Value         float64 `json:"value" required:"false"`
	Count         int     `json:"count" minimum:"0" maximum:"1000"`
}

// Message is what people are told, with words in braces that are filled in.
type Message struct {
	Title msg.Text `json:"title"`
	Text  msg.Text `json:"text"`
}

// UnmarshalJSON takes a text or a number.
func (b *Bound) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err == nil {
		*b = Bound(s)
		return nil
	}
	var v float64
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("a comparison is a text or a number")
	}
	*b = Bound(strconv.FormatFloat(v, 'f', -1, 64))
	return nil
}

// Schema describes a bound to the API's document.
func (Bound) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString, MaxLength: new(200)}, {Type: huma.TypeNumber}}}
}

// normal is the definition with its texts in one form: what is equal for
// people is equal as JSON.
func (d Definition) normal() Definition {
	text := func(t msg.Text) msg.Text {
		return msg.Text{Vi: strings.TrimSpace(vi.NFC(t.Vi)), En: strings.TrimSpace(vi.NFC(t.En))}
	}
	d.Name, d.Message.Title, d.Message.Text = text(d.Name), text(d.Message.Title), text(d.Message.Text)
	d.Expr, d.Service, d.Kind = strings.TrimSpace(d.Expr), strings.TrimSpace(d.Service), strings.TrimSpace(d.Kind)
	d.Unit, d.SOP, d.Runbook = strings.TrimSpace(d.Unit), strings.TrimSpace(d.SOP), strings.TrimSpace(d.Runbook)
	if d.Service == "" {
		d.Service = "flood"
	}
	where := maps.Clone(d.Where)
	if area, ok := where["area"]; ok {
		delete(where, "area")
		where["unit_code"] = area
	}
	maps.DeleteFunc(where, func(_, v string) bool { return strings.TrimSpace(v) == "" })
	if len(where) == 0 {
		where = nil
	}
	if len(d.Labels) == 0 {
		d.Labels = nil
	}
	d.Where = where
	levels := make([]Level, len(d.Levels))
	for i, l := range d.Levels {
		l.Raise, l.Clear = comparison(l.Raise, ">="), comparison(l.Clear, "<")
		levels[i] = l
	}
	d.Levels = levels
	return d
}

// comparison writes a bound as eval does; one that cannot be read stays, for
// Check to say so.
func comparison(b Bound, op string) Bound {
	s := strings.TrimSpace(string(b))
	if s != "" && strings.Trim(s, "0123456789.,-") == "" {
		s = op + " " + s
	}
	t, err := eval.ParseThreshold(s)
	if err != nil {
		return Bound(s)
	}
	return Bound(t.String())
}

// seconds is a duration given in seconds.
func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// rule is the part of the definition that is evaluated. What cannot be read
// is found by Check.
func (d Definition) rule(id string, version int) (eval.Rule, eval.Problems) {
	var bad eval.Problems
	r := eval.Rule{
		ID: id, Version: version, Service: d.Service, Kind: d.Kind, Expr: PromQL(d), Every: seconds(d.EverySeconds),
		For: seconds(d.ForSeconds), KeepFiring: seconds(d.KeepFiringSeconds),
	}
	for k, v := range d.Where {
		if k != "property" {
			if r.Where == nil {
				r.Where = map[string]string{}
			}
			r.Where[k] = v
		}
	}
	if g := d.Guard; g != nil {
		r.Guard = &eval.Guard{Property: g.Property, RadiusKm: g.RadiusKm, Window: seconds(g.WindowSeconds), Op: g.Op, Value: g.Value, Count: g.Count}
	}
	for i, l := range d.Levels {
		step := eval.Level{Severity: l.Severity}
		for _, side := range []struct {
			name string
			from Bound
			to   *eval.Threshold
		}{{"raise", l.Raise, &step.Raise}, {"clear", l.Clear, &step.Clear}} {
			if side.from == "" {
				continue
			}
			t, err := eval.ParseThreshold(string(side.from))
			if err != nil {
				bad = append(bad, problemOf(fmt.Sprintf("levels[%d].%s", i, side.name), err))
			}
			*side.to = t
		}
		r.Levels = append(r.Levels, step)
	}
	return r, bad
}
