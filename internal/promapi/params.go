package promapi

import (
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// params are the parameters of one request, from the address or the form.
type params struct {
	form url.Values
	name string // of the label, in the address
	now  time.Time
}

// Instants that the API accepts; wider than any datastream's history.
var (
	firstInstant = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	lastInstant  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// instant reads Unix seconds or RFC 3339.
func (p params) instant(name string, unset time.Time) (time.Time, error) {
	s := p.form.Get(name)
	if s == "" {
		return unset, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		seconds, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
			return t, errParam.With("name", name, "value", s)
		}
		t = time.UnixMilli(int64(math.Round(seconds * 1000)))
	}
	if t.Before(firstInstant) {
		t = firstInstant
	}
	if t.After(lastInstant) {
		t = lastInstant
	}
	return t.UTC(), nil
}

// span reads start and end of a search over labels; unset is everything.
func (p params) span() (from, to time.Time, err error) {
	if from, err = p.instant("start", firstInstant); err != nil {
		return from, to, err
	}
	if to, err = p.instant("end", lastInstant); err != nil {
		return from, to, err
	}
	if to.Before(from) {
		return from, to, errParam.With("name", "end", "value", p.form.Get("end"))
	}
	return from, to, nil
}

// step reads seconds or a duration like 5m.
func (p params) step() (time.Duration, error) {
	s := p.form.Get("step")
	var d time.Duration
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		if !(seconds > 0 && seconds < 1e9) {
			return 0, errParam.With("name", "step", "value", s)
		}
		d = time.Duration(seconds * float64(time.Second))
	} else if parsed, err := parseDuration(s); err == nil {
		d = parsed
	}
	if d < time.Millisecond {
		return 0, errParam.With("name", "step", "value", s)
	}
	return d, nil
}

// limit reads how many results are wanted, 0 for all.
func (p params) limit() (int, error) {
	s := p.form.Get("limit")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, errParam.With("name", "limit", "value", s)
	}
	return n, nil
}

// selectors reads match[].
func (p params) selectors(pr parser.Parser) ([][]*labels.Matcher, error) {
	var out [][]*labels.Matcher
	for _, s := range p.form["match[]"] {
		m, err := pr.ParseMetricSelector(s)
		if err != nil {
			return nil, badQuery("match[]", s, err)
		}
		out = append(out, m)
	}
	return out, nil
}
