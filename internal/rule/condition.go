package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/source"
)

// Labels of virtual series that say more of what they are about.
const (
	labelName = "name"
	labelUnit = "answers" // unit that answers for it
)

// fingerprint is the identity of a condition: rule and series, for ever.
func fingerprint(rule, series string) string {
	sum := sha256.Sum256([]byte(rule + "\x00" + series))
	return hex.EncodeToString(sum[:16])
}

// sight is what a condition is made from: a transition as it happens, or a
// state that is looked at again.
type sight struct {
	series    eval.Series
	severity  alertevent.Severity
	since, at time.Time
	value     *float64
	estimated bool
	trace     *eval.Trace
}

// condition tells a sight to the world, in the words of the rule.
func (s *Service) condition(id string, number int, d *Definition, x sight) alertevent.Condition {
	from := x.series.Labels["source"]
	c := alertevent.Condition{
		Fingerprint: fingerprint(id, x.series.ID), Kind: alertevent.KindRule, Service: d.Service, Rule: id, RuleVersion: number, RuleName: d.Name,
		Severity: x.severity, Since: x.since.UTC(), At: x.at.UTC(), Thing: x.series.Thing(), Place: x.series.Labels[labelName],
		Unit: d.Unit, Value: x.value, UnitSymbol: x.series.Unit, Estimated: x.estimated || estimated(s.o.Provenance(from)),
		SOP: d.SOP, Runbook: d.Runbook, Labels: map[string]string{},
	}
	maps.Copy(c.Labels, d.Labels)
	for k, v := range map[string]string{"source": from, "property": x.series.Metric, "station_kind": x.series.Labels["kind"]} {
		if v != "" {
			c.Labels[k] = v
		}
	}
	if _, ok := s.o.Catalog.Datastream(x.series.ID); ok {
		c.Datastream = x.series.ID
	}
	if t, ok := s.o.Catalog.Thing(c.Thing); ok {
		c.Place = t.Name
		if lon, lat, area, placed := s.o.Catalog.ThingPlace(c.Thing); placed {
			c.Lon, c.Lat, c.Area = &lon, &lat, area
		}
	}
	if c.Unit == "" {
		c.Unit = x.series.Labels[labelUnit]
	}
	if c.Place == "" {
		c.Place = x.series.ID
	}
	if c.UnitSymbol == "" {
		c.UnitSymbol = x.series.Labels["unit"]
	}
	switch d.Kind {
	case eval.KindSilence:
		c.UnitSymbol = "s"
	case eval.KindFlag:
		c.Value, c.UnitSymbol = nil, ""
	}
	f := fact{name: c.Place, place: s.o.UnitName(c.Area), value: c.Value, unit: c.UnitSymbol, since: x.since, level: x.severity.Title()}
	if f.place == "" {
		f.place = c.Place
	}
	if x.trace != nil {
		s.rung(&f, x)
		if raw, err := json.Marshal(x.trace); err == nil { // numbers that JSON cannot write are left out
			c.Evidence = raw
		}
	}
	c.Title, c.Text = f.fill(d.Message.Title), f.fill(d.Message.Text)
	return c
}

// rung finds the name and the number of the step of the ladder that was
// reached: "BĐ2", 8.0.
func (s *Service) rung(f *fact, x sight) {
	for _, l := range x.trace.Levels {
		if l.Severity != x.severity {
			continue
		}
		f.limit = l.RaiseValue
		t, err := eval.ParseThreshold(l.Raise)
		if err != nil || t.Ref == "" {
			return
		}
		n := strings.TrimPrefix(t.Ref, "bd")
		f.level = msg.Text{Vi: "BĐ" + n, En: "alarm " + n}
		return
	}
}

// over tells the end of a condition in the words it was told in last.
func over(told alertevent.Condition, at time.Time, trace *eval.Trace, value *float64) alertevent.Condition {
	told.Severity, told.At, told.Value, told.Evidence = alertevent.None, at.UTC(), value, nil
	if trace != nil {
		if raw, err := json.Marshal(trace); err == nil {
			told.Evidence = raw
		}
	}
	return told
}

func estimated(provenance string) bool {
	return provenance == source.Reconstructed || provenance == source.Simulated
}

// line is the condition in one line of the trail.
func line(c alertevent.Condition) string {
	if c.Severity == alertevent.None {
		return "Hết điều kiện cảnh báo: " + c.Title.Vi
	}
	return "Điều kiện cảnh báo (" + c.Severity.Title().Vi + "): " + c.Title.Vi
}
