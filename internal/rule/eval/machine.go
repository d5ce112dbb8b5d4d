package eval

import (
	"math"

	"openioc.org/ioc/internal/alert/alertevent"
)

const never = math.MaxInt64

// machine is the state of one rule on one series. Machines at rest do not
// exist: of a thousand rules and ten thousand series only those where
// something goes on take memory.
type machine struct {
	slot     int   // of the rule in its class
	t        int64 // event time of the last step
	since    int64 // when the condition began, of what is active
	pending  [maxLevels]int64
	clearing [maxLevels]int64
	active   uint8 // levels entered, a bit each
	is       uint8 // levels whose pending is set
	ends     uint8 // levels whose clearing is set
	ok       bool  // there was a value at the last step
	v        float64
	peak     float64 // the value farthest on the side of Raise since
	peaked   bool    // there is a peak
}

func (m *machine) idle() bool { return m.active|m.is == 0 }

// reading is what a step judges: the value of the rule at an instant, with
// the numbers that the thresholds came to.
type reading struct {
	t      int64
	v      float64
	ok     bool // there is a value, and the guard is met
	known  bool // there is a value to show
	limits *[maxLevels]limitPair
}

// met tells whether Raise and Clear of a level hold.
func (p *Program) met(i int, r reading) (raise, clear bool) {
	l := &p.rule.Levels[i]
	if !r.ok {
		return false, true
	}
	if lim := r.limits[i].raise; lim == lim {
		if p.shape.fn == fnSilence {
			raise = r.v >= lim // reached is silent: time has no next instant
		} else {
			raise = l.Raise.holds(r.v, lim)
		}
	}
	lim := r.limits[i].clear
	switch {
	case l.Clear.Op == "" || lim != lim:
		return raise, !raise
	case p.shape.fn == fnSilence && l.Clear.Op == "<=":
		return raise, !raise && r.v < lim
	}
	return raise, !raise && l.Clear.holds(r.v, lim)
}

// step takes in what holds at r.t, which does not go back, and reports
// whether the severity changed. Two steps at one instant with the same
// reading are as good as one.
func (m *machine) step(p *Program, r reading) bool {
	before := p.severity(m.active)
	m.t, m.v, m.ok = r.t, r.v, r.ok
	if m.active|m.is == 0 {
		m.peaked = false
	}
	hold, keep := p.rule.For.Milliseconds(), p.rule.KeepFiring.Milliseconds()
	for i := range p.rule.Levels {
		bit := uint8(1) << i
		raise, clear := p.met(i, r)
		switch {
		case !raise:
			m.is &^= bit
		case m.is&bit == 0:
			m.is |= bit
			m.pending[i] = r.t
		}
		if m.active&bit == 0 {
			if m.is&bit == 0 || r.t-m.pending[i] < hold {
				continue
			}
			if m.active == 0 {
				m.since = m.pending[i]
			}
			m.active |= bit
			m.ends &^= bit
			continue
		}
		switch {
		case !clear:
			m.ends &^= bit
			continue
		case m.ends&bit == 0:
			m.ends |= bit
			m.clearing[i] = r.t
		}
		if r.t-m.clearing[i] >= keep {
			m.active &^= bit
			m.ends &^= bit
		}
	}
	if r.ok && m.active|m.is != 0 && (!m.peaked || p.farther(r.v, m.peak)) {
		m.peak, m.peaked = r.v, true
	}
	return p.severity(m.active) != before
}

// farther reports whether a is beyond b on the side of Raise.
func (p *Program) farther(a, b float64) bool {
	if op := p.rule.Levels[0].Raise.Op; op == "<" || op == "<=" {
		return a < b
	}
	return a > b
}

// due is when the machine must step though no reading comes.
func (m *machine) due(p *Program) int64 {
	at := int64(never)
	if m.idle() {
		return at
	}
	for i := range p.rule.Levels {
		bit := uint8(1) << i
		if m.active&bit == 0 && m.is&bit != 0 {
			at = min(at, m.pending[i]+p.rule.For.Milliseconds())
		}
		if m.active&bit != 0 && m.ends&bit != 0 {
			at = min(at, m.clearing[i]+p.rule.KeepFiring.Milliseconds())
		}
	}
	return at
}

// severity is the highest of the levels in a set, and level its place.
func (p *Program) severity(active uint8) alertevent.Severity {
	if active == 0 {
		return alertevent.None
	}
	return p.rule.Levels[p.level(active)].Severity
}

func (p *Program) level(active uint8) int {
	best := -1
	for i, l := range p.rule.Levels {
		if active&(1<<i) != 0 && (best < 0 || l.Severity > p.rule.Levels[best].Severity) {
			best = i
		}
	}
	return best
}

// snapshot is what Restore needs.
func (m *machine) snapshot(p *Program, series string) Machine {
	s := Machine{Rule: p.rule.ID, Version: p.rule.Version, Series: series, Severity: p.severity(m.active), At: m.t, Active: m.active}
	if m.active != 0 {
		s.Since = m.since
	}
	for i := range p.rule.Levels {
		if m.is&(1<<i) != 0 {
			s.Pending[i] = m.pending[i]
		}
		if m.ends&(1<<i) != 0 {
			s.Clearing[i] = m.clearing[i]
		}
	}
	return s
}

func (s *Machine) restore() *machine {
	m := &machine{t: s.At, since: s.Since, active: s.Active, pending: s.Pending, clearing: s.Clearing, ok: s.Active != 0}
	for i := range maxLevels {
		if s.Pending[i] != 0 {
			m.is |= 1 << i
		}
		if s.Clearing[i] != 0 {
			m.ends |= 1 << i
		}
	}
	return m
}
