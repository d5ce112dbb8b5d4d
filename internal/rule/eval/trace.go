package eval

import (
	"math"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/vi"
)

// maxTracePoints is how many readings a trace shows, the newest.
const maxTracePoints = 200

// trace writes down what a machine saw at r.t and what followed.
func (e *Engine) trace(p *Program, c *cell, m *machine, r reading) Trace {
	t := Trace{
		Rule: p.rule.ID, Version: p.rule.Version, Thing: c.s.Thing(), Datastream: c.s.ID, At: instant(r.t),
		Series: labelsOf(&c.s), Expr: p.PromQL(), Unit: c.s.Unit, WindowSeconds: p.shape.window / 1000,
		Points: tracePoints(p, c, r.t), Severity: p.severity(m.active), Fired: m.active != 0,
	}
	switch p.shape.fn {
	case fnSilence:
		t.Unit = "s"
	case fnCount, fnFlags:
		t.Unit = ""
	}
	if r.known {
		t.Value = &r.v
	}
	if p.cross {
		if x := e.crossing(p, c); x != nil {
			o := x.evaluate(e, r.t, true)
			t.Neighbours, t.GuardMet = o.seen, o.guard
			if t.Neighbours == nil {
				t.Neighbours = []TraceNeighbour{}
			}
			if o.ok {
				t.Value = &o.v
			}
		}
	}
	pending, keeping := int64(0), int64(0)
	for i, l := range p.rule.Levels {
		raise, clear := p.met(i, r)
		lim := r.limits[i]
		tl := TraceLevel{Severity: l.Severity, Raise: l.Raise.String(), RaiseMet: raise, Clear: l.Clear.String(), ClearMet: clear}
		if l.Raise.Op != "has" && !math.IsNaN(lim.raise) {
			tl.RaiseValue = &lim.raise
		}
		if !l.Clear.IsZero() && l.Clear.Op != "has" && !math.IsNaN(lim.clear) {
			tl.ClearValue = &lim.clear
		}
		t.Levels = append(t.Levels, tl)
		bit := uint8(1) << i
		if m.active&bit == 0 && m.is&bit != 0 {
			if until := m.pending[i] + p.rule.For.Milliseconds(); pending == 0 || until < pending {
				pending = until
			}
		}
		if m.active&bit != 0 && m.ends&bit != 0 {
			keeping = max(keeping, m.clearing[i]+p.rule.KeepFiring.Milliseconds())
		}
	}
	switch {
	case m.active != 0 && keeping != 0:
		t.State = StateKeeping
	case m.active != 0:
		t.State = StateFiring
	case pending != 0:
		t.State = StatePending
	default:
		t.State = StateInactive
	}
	if m.active != 0 {
		since := instant(m.since)
		t.Since = &since
	}
	if pending != 0 {
		until := instant(pending)
		t.PendingUntil = &until
	}
	if keeping != 0 {
		until := instant(keeping)
		t.KeepUntil = &until
	}
	t.Reasons = reasons(p, c, m, r, &t)
	return t
}

func (e *Engine) crossing(p *Program, c *cell) *crossing {
	for _, x := range c.crossings {
		if x.prog == p && x.own == c {
			return x
		}
	}
	return nil
}

func labelsOf(s *Series) map[string]string {
	out := map[string]string{}
	for k, v := range s.Labels {
		out[k] = v
	}
	if s.Metric != "" {
		out["__name__"] = s.Metric
	}
	return out
}

func tracePoints(p *Program, c *cell, at int64) []TracePoint {
	out := []TracePoint{}
	used := map[uint64]bool{}
	first, end := c.ring.first, c.ring.after(at)
	for _, i := range c.used(p.shape.feat, at) {
		used[i] = true
	}
	if span := p.shape.feat.keep(&c.s); span > 0 {
		for first < end && c.ring.at(first).t() <= at-span && !used[first] {
			first++
		}
	} else if end-first > fewestKept {
		first = end - fewestKept
	}
	if end > first+maxTracePoints {
		first = end - maxTracePoints
	}
	for i := first; i < end; i++ {
		pt := c.ring.at(i)
		out = append(out, TracePoint{T: instant(pt.t()), V: c.scale.decode(pt.n), Flags: pt.flags().Names(), Used: used[i]})
	}
	return out
}

// reasons says in words why the rule does or does not fire.
func reasons(p *Program, c *cell, m *machine, r reading, t *Trace) []msg.Text {
	var out []msg.Text
	say := func(vi, en string, args map[string]any) {
		x := msg.Text{Vi: vi, En: en}
		out = append(out, msg.Text{Vi: x.Format(msg.Vi, args), En: x.Format(msg.En, args)})
	}
	bad := map[sensing.Flags]int{}
	for _, pt := range t.Points {
		var f sensing.Flags
		for _, n := range pt.Flags {
			f |= sensing.ParseFlag(n)
		}
		if !f.Usable() {
			bad[f&sensing.Unusable]++
		}
	}
	for _, f := range []sensing.Flags{sensing.OutOfRange, sensing.Bad, sensing.OutOfRange | sensing.Bad} {
		if n := bad[f]; n > 0 && p.shape.fn != fnSilence && p.shape.fn != fnFlags {
			say("{n} số đo bị cờ {flag} nên không tính", "{n} readings are flagged {flag} and not counted", map[string]any{"n": n, "flag": f.String()})
		}
	}
	switch {
	case t.Value == nil && p.cross && p.rule.Kind == KindNeighbours && c.has:
		say("không đủ trạm lân cận có số đo để so sánh", "too few neighbours have readings to compare with", nil)
	case t.Value == nil && !c.has:
		say("trạm chưa có số đo nào", "the station has no reading at all", nil)
	case t.Value == nil && p.shape.fn == fnGeneral:
		say("biểu thức không cho giá trị nào tại thời điểm này", "the expression yields no value at this instant", nil)
	case t.Value == nil:
		window := ms(p.shape.window)
		if window == 0 {
			window = ms(c.patience)
		}
		say("không có số đo trong {span}", "there is no usable reading within {span}", map[string]any{"span": duration(window)})
	}
	if t.GuardMet != nil && !*t.GuardMet {
		say("chưa đủ {n} trạm lân cận đạt điều kiện", "fewer than {n} neighbours meet the condition", map[string]any{"n": p.rule.Guard.Count})
	}
	for i, l := range p.rule.Levels {
		bit := uint8(1) << i
		if l.Raise.Ref != "" && math.IsNaN(r.limits[i].raise) {
			say("trạm chưa có mức {ref}", "the level {ref} is not known for this station", map[string]any{"ref": strings.ToUpper(l.Raise.Ref)})
			continue
		}
		raise, _ := p.met(i, r)
		args := map[string]any{"severity": l.Severity.Title(), "for": duration(p.rule.For), "keep": duration(p.rule.KeepFiring)}
		if t.Value != nil {
			args["value"] = quantity(*t.Value, t.Unit, p)
			args["limit"] = quantity(r.limits[i].raise, t.Unit, p)
			args["clear"] = quantity(r.limits[i].clear, t.Unit, p)
		}
		if l.Raise.Op == "has" {
			args["flags"] = strings.Join(l.Raise.Flags.Names(), ", ")
		}
		switch {
		case m.active&bit != 0 && m.ends&bit != 0 && p.rule.KeepFiring > 0:
			say("{severity}: hết điều kiện, còn giữ cho đủ {keep}", "{severity}: the condition is over, kept until {keep} have passed", args)
		case m.active&bit != 0 && !raise && t.Value != nil && !l.Clear.IsZero():
			say("{severity}: giữ vì {value} chưa tới ngưỡng tắt {clear}", "{severity}: stays because {value} has not come to the clearing level {clear}", args)
		case m.active&bit != 0 && raise && l.Raise.Op == "has":
			say("{severity}: số đo mang cờ {flags}", "{severity}: the reading is flagged {flags}", args)
		case m.active&bit != 0 && raise:
			say("{severity}: {value} đã qua ngưỡng {limit}", "{severity}: {value} has passed the level {limit}", args)
		case m.is&bit != 0:
			say("{severity}: đạt điều kiện nhưng chưa đủ {for}", "{severity}: the condition holds, but not for {for} yet", args)
		case t.Value != nil && l.Raise.Op == "has":
			say("{severity}: số đo không mang cờ {flags}", "{severity}: the reading is not flagged {flags}", args)
		case t.Value != nil && (t.GuardMet == nil || *t.GuardMet):
			args["passed"] = passed(l.Raise.Op)
			say("{severity}: mức {value} chưa {passed} {limit}", "{severity}: {value} is not {passed} {limit}", args)
		}
	}
	return out
}

// passed is what a value does that meets a comparison.
func passed(op string) msg.Text {
	switch op {
	case ">":
		return msg.Text{Vi: "quá", En: "above"}
	case ">=":
		return msg.Text{Vi: "tới", En: "at or above"}
	case "<":
		return msg.Text{Vi: "xuống dưới", En: "below"}
	case "<=":
		return msg.Text{Vi: "xuống tới", En: "at or below"}
	case "==":
		return msg.Text{Vi: "bằng", En: "equal to"}
	}
	return msg.Text{Vi: "khác", En: "other than"}
}

// quantity writes a value with its unit; seconds of silence as a duration.
func quantity(v float64, unit string, p *Program) msg.Text {
	if p.shape.fn == fnSilence && p.shape.mul == 1 && p.shape.div == 1 {
		return duration(time.Duration(v * float64(time.Second)))
	}
	if math.IsNaN(v) {
		return msg.Text{Vi: "?", En: "?"}
	}
	text := strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
	decimals := 0
	if _, after, ok := strings.Cut(text, "."); ok {
		decimals = len(after)
	}
	if unit == "m" && decimals < 2 {
		decimals = 2
		text = strconv.FormatFloat(v, 'f', 2, 64)
	}
	t := msg.Text{Vi: vi.FormatNumber(v, decimals), En: text}
	if unit != "" && unit != "1" {
		t.Vi, t.En = t.Vi+" "+unit, t.En+" "+unit
	}
	return t
}

// duration writes a time span as people say it.
func duration(d time.Duration) msg.Text {
	if d < 0 {
		d = 0
	}
	var out msg.Text
	for _, u := range []struct {
		d               time.Duration
		vi, one, plural string
	}{{24 * time.Hour, "ngày", "day", "days"}, {time.Hour, "giờ", "hour", "hours"}, {time.Minute, "phút", "minute", "minutes"}, {time.Second, "giây", "second", "seconds"}} {
		n := int64(d / u.d)
		if n == 0 {
			continue
		}
		d %= u.d
		name := u.plural
		if n == 1 {
			name = u.one
		}
		out.Vi += " " + strconv.FormatInt(n, 10) + " " + u.vi
		out.En += " " + strconv.FormatInt(n, 10) + " " + name
	}
	if out.Vi == "" {
		return msg.Text{Vi: "0 giây", En: "0 seconds"}
	}
	return msg.Text{Vi: out.Vi[1:], En: out.En[1:]}
}
