package eval_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
)

// naive is the evaluator as one would write it on a blackboard: minute by
// minute, every reading kept, every window added up anew.
type naive struct {
	fn        string
	window    int // minutes
	patience  int
	hold      int
	keep      int
	raise     []float64
	clear     []float64 // NaN: none
	low       bool      // Raise is <, not >
	points    []naivePoint
	newest    int
	has       bool
	active    []bool
	pending   []int // -1: none
	clearing  []int
	mt        int // time of the last change
	value     float64
	known     bool
	since     int
	told      []string
	severity0 int
}

type naivePoint struct {
	t   int
	v   float64
	bad bool
}

func (n *naive) compute() (float64, bool) {
	usable := func(from, to int) (out []naivePoint) {
		for _, p := range n.points {
			if p.t > from && p.t <= to && !p.bad {
				out = append(out, p)
			}
		}
		slices.SortFunc(out, func(a, b naivePoint) int { return a.t - b.t })
		return out
	}
	last := func(ps []naivePoint) (float64, bool) {
		if len(ps) == 0 {
			return 0, false
		}
		return ps[len(ps)-1].v, true
	}
	switch n.fn {
	case "newest":
		return last(usable(n.newest-n.patience, n.newest))
	case "rise":
		a, okA := last(usable(n.newest-n.patience, n.newest))
		b, okB := last(usable(n.newest-n.window-n.patience, n.newest-n.window))
		return a - b, okA && okB
	}
	ps := usable(n.newest-n.window, n.newest)
	if len(ps) == 0 {
		return 0, false
	}
	sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, p := range ps {
		sum, low, high = sum+p.v, min(low, p.v), max(high, p.v)
	}
	return map[string]float64{"sum": sum, "max": high, "min": low, "count": float64(len(ps)), "delta": ps[len(ps)-1].v - ps[0].v}[n.fn],
		n.fn != "delta" || len(ps) > 1
}

// expiry is when the value ends by itself.
func (n *naive) expiry() int {
	last := math.MinInt
	for _, p := range n.points {
		if !p.bad {
			last = max(last, p.t)
		}
	}
	if last == math.MinInt {
		return n.newest
	}
	if n.fn == "newest" || n.fn == "rise" {
		return last + n.patience
	}
	return last + n.window
}

func (n *naive) step(t int, v float64, known bool) {
	before := n.severity()
	for i := range n.active {
		raise := known && (n.low && v < n.raise[i] || !n.low && v > n.raise[i] || n.fn == "silence" && v >= n.raise[i])
		clear := !raise
		if known && !math.IsNaN(n.clear[i]) {
			clear = !raise && (n.low && v > n.clear[i] || !n.low && v < n.clear[i])
		}
		if !raise {
			n.pending[i] = -1
		} else if n.pending[i] < 0 {
			n.pending[i] = t
		}
		if !n.active[i] {
			if n.pending[i] >= 0 && t-n.pending[i] >= n.hold {
				if n.severity() == 0 {
					n.since = n.pending[i]
				}
				n.active[i], n.clearing[i] = true, -1
			}
			continue
		}
		if !clear {
			n.clearing[i] = -1
			continue
		}
		if n.clearing[i] < 0 {
			n.clearing[i] = t
		}
		if t-n.clearing[i] >= n.keep {
			n.active[i], n.clearing[i] = false, -1
		}
	}
	if after := n.severity(); after != before {
		text := "none"
		if known {
			text = fmt.Sprint(v)
		}
		n.told = append(n.told, fmt.Sprintf("%d: a %d→%d at %s since %d", t, before, after, text, n.since))
	}
}

func (n *naive) severity() int {
	for i := len(n.active) - 1; i >= 0; i-- {
		if n.active[i] {
			return i + 2
		}
	}
	return 0
}

func (n *naive) busy() bool {
	return slices.Contains(n.active, true) || slices.ContainsFunc(n.pending, func(p int) bool { return p >= 0 })
}

// observe takes a reading in that came in minute a.
func (n *naive) observe(p naivePoint, a int) {
	if slices.ContainsFunc(n.points, func(q naivePoint) bool { return q.t == p.t }) {
		return
	}
	n.catchUp(a - 1)
	n.points = append(n.points, p)
	if !n.has || p.t > n.newest {
		n.newest, n.has = p.t, true
	}
	at := max(n.newest, n.mt)
	if n.fn == "silence" {
		if p.t != n.newest {
			return
		}
		at = max(a, n.newest)
		n.value, n.known = float64(at-n.newest), true
	} else {
		n.value, n.known = n.compute()
		n.known = n.known && at < n.expiry()
	}
	n.step(at, n.value, n.known)
	n.mt = at
}

// catchUp ends the minutes since the last change: a reading that came late
// may have begun what was over before it came.
func (n *naive) catchUp(to int) {
	for t := n.mt + 1; t <= to && n.fn != "silence"; t++ {
		n.tick(t)
	}
}

// tick lets a minute end: whatever is due at it happens.
func (n *naive) tick(t int) {
	if !n.has {
		return
	}
	if n.fn == "silence" {
		n.step(t, float64(t-n.newest), true)
		return
	}
	if !n.busy() || t <= n.mt {
		return
	}
	was, wasKnown := slices.Clone(n.active), n.known
	if t >= n.expiry() {
		n.known = false
	}
	n.step(t, n.value, n.known)
	if !slices.Equal(was, n.active) || wasKnown != n.known {
		n.mt = t
	}
}

// TestMachine_AgainstTheBlackboard compares ladder, hysteresis, for, keep,
// windows, late and bad readings with the naive evaluator.
func TestMachine_AgainstTheBlackboard(t *testing.T) {
	exprs := map[string]string{
		"newest": "x", "sum": "sum_over_time(x[%dm])", "max": "max_over_time(x[%dm])", "min": "min_over_time(x[%dm])",
		"count": "count_over_time(x[%dm])", "delta": "delta(x[%dm])", "rise": "x - x offset %dm", "silence": "(time() - timestamp(x)) / 60",
	}
	rapid.Check(t, func(t *rapid.T) {
		n := &naive{fn: rapid.SampledFrom(sorted(exprs)).Draw(t, "fn"), patience: 30}
		n.window = rapid.IntRange(1, 40).Draw(t, "window")
		n.hold = rapid.SampledFrom([]int{0, 0, 1, 3, 10}).Draw(t, "for")
		n.keep = rapid.SampledFrom([]int{0, 0, 2, 7}).Draw(t, "keep")
		n.low = n.fn != "silence" && rapid.Bool().Draw(t, "low")
		levels := rapid.IntRange(1, 3).Draw(t, "levels")
		r := eval.Rule{ID: "r", Version: 1, Expr: exprs[n.fn], For: time.Duration(n.hold) * time.Minute, KeepFiring: time.Duration(n.keep) * time.Minute}
		if n.fn != "newest" && n.fn != "silence" {
			r.Expr = fmt.Sprintf(r.Expr, n.window)
		}
		up, down := ">", "<"
		if n.low {
			up, down = down, up
		}
		for i := range levels {
			raise := float64(rapid.IntRange(0, 4).Draw(t, "raise") + 3*i + 1)
			clear := math.NaN()
			l := eval.Level{Severity: eval.Severity(i + 2), Raise: eval.Threshold{Op: up, Value: raise}}
			if rapid.Bool().Draw(t, "hysteresis") {
				clear = raise - float64(rapid.IntRange(-1, 3).Draw(t, "band"))
				l.Clear = eval.Threshold{Op: down, Value: clear}
			}
			r.Levels = append(r.Levels, l)
			n.raise, n.clear = append(n.raise, raise), append(n.clear, clear)
			n.active, n.pending, n.clearing = append(n.active, false), append(n.pending, -1), append(n.clearing, -1)
		}
		p, err := eval.Compile(r)
		if err != nil || !p.Native() {
			t.Fatal(err, r.Expr)
		}
		e := eval.New([]*eval.Program{p}, one("x", 1).env())
		if _, err := e.Warm(t.Context(), t0, t0); err != nil {
			t.Fatal(err)
		}
		const end = 160
		type come struct {
			p naivePoint
			a int
		}
		var list []come
		for range rapid.IntRange(0, 40).Draw(t, "readings") {
			c := come{p: naivePoint{t: rapid.IntRange(1, end-1).Draw(t, "t"), v: float64(rapid.IntRange(0, 9).Draw(t, "v")), bad: rapid.IntRange(0, 6).Draw(t, "bad") == 0}}
			c.a = c.p.t
			if rapid.IntRange(0, 4).Draw(t, "late") == 0 {
				c.a += rapid.IntRange(2, 50).Draw(t, "delay")
			}
			list = append(list, c)
		}
		slices.SortStableFunc(list, func(x, y come) int {
			if x.a != y.a {
				return x.a - y.a
			}
			return x.p.t - y.p.t
		})
		var got []string
		for minute := range end {
			for len(list) > 0 && list[0].a == minute {
				c := list[0]
				list = list[1:]
				n.observe(c.p, c.a)
				s := val(float64(c.p.t), c.p.v)
				s.Received = ms(float64(c.a))
				if c.p.bad {
					s.Flags = sensing.Bad
				}
				got = append(got, tell(e.Observe([]eval.Sample{s}))...)
			}
			n.catchUp(minute - 1)
			n.tick(minute)
			if rapid.IntRange(0, 9).Draw(t, "advance") == 0 || minute == end-1 {
				more, err := e.Advance(t.Context(), at(float64(minute)))
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, tell(more)...)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(append([]string{}, n.told...)) {
			t.Fatalf("%+v\n got %q\nwant %q", r, got, n.told)
		}
	})
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
