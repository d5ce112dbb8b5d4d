package rule_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// told collects the conditions that a store's transactions emit.
type told struct {
	mu   sync.Mutex
	list []alertevent.Condition
	fail int // refuse as many transactions
}

func (c *told) hang(db *store.DB) {
	db.OnEmit(func(_ *store.Tx, e store.Event) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		x, ok := e.After.(alertevent.Condition)
		if !ok {
			return nil
		}
		if c.fail > 0 {
			c.fail--
			return errors.New("no room for the trail")
		}
		if e.Subject != alertevent.SubjectCondition+x.Rule {
			return fmt.Errorf("subject %s", e.Subject)
		}
		c.list = append(c.list, x)
		return nil
	})
}

// lines are the conditions told so far: "12:10 tower-a 2".
func (c *told) lines() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for _, x := range c.list {
		out = append(out, fmt.Sprintf("%s %s %d", x.At.Sub(start).Round(time.Second), x.Thing, x.Severity))
	}
	return out
}

func (c *told) last() alertevent.Condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list[len(c.list)-1]
}

// city is a service that runs, with what feeds it.
type city struct {
	t    *testing.T
	o    rule.Options
	s    *rule.Service
	stop func()
}

func run(t *testing.T, o rule.Options) *city {
	t.Helper()
	c := &city{t: t, o: o, s: open(t, o)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.s.Run(ctx) }()
	var once sync.Once
	c.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(c.stop)
	return c
}

// force writes a rule and puts it into force.
func (c *city) force(id string, d rule.Definition) {
	c.t.Helper()
	force(c.t, c.s, id, d)
}

func force(t *testing.T, s *rule.Service, id string, d rule.Definition) {
	t.Helper()
	ctx := context.Background()
	if _, err := s.Create(ctx, officer, id, d); code(err) == "rule.exists" {
		if _, err = s.Update(ctx, officer, id, d); err != nil {
			t.Fatal(err)
		}
	} else if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Submit(ctx, officer, id, true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Approve(ctx, head, id, 0, true); err != nil {
		t.Fatal(err)
	}
}

// reading is a value at some minutes after the start.
type reading struct {
	stream string
	minute float64
	value  float64
}

// feed stores readings and tells the service, as the pipeline does.
func (c *city) feed(rs ...reading) {
	c.t.Helper()
	storeReadings(c.t, c.o.Series, rs...)
	obs := []sensing.Observation{}
	for _, r := range rs {
		at := start.Add(time.Duration(r.minute * float64(time.Minute)))
		obs = append(obs, sensing.Observation{Datastream: r.stream, Time: at, Value: r.value, Received: at, Source: "net"})
	}
	c.s.Observe(obs)
}

func storeReadings(t *testing.T, db *series.DB, rs ...reading) {
	t.Helper()
	var samples []series.Sample
	for _, r := range rs {
		at := start.Add(time.Duration(r.minute * float64(time.Minute))).UnixMilli()
		samples = append(samples, series.Sample{ID: r.stream, T: at, V: r.value, Received: at})
	}
	if _, err := db.Append(context.Background(), samples); err != nil {
		t.Fatal(err)
	}
}

// finish brings a city that goes by event time to some minutes after the start.
func (c *city) finish(minute float64) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.s.Finish(ctx, start.Add(time.Duration(minute*float64(time.Minute)))); err != nil {
		c.t.Fatal(err)
	}
}

const tower = "tower-a-flood_depth"

// flood is an afternoon at one tower and a river.
func flood() []reading {
	var out []reading
	for i, v := range []float64{0, 0.1, 0.22, 0.31, 0.55, 0.6, 0.47, 0.3, 0.18, 0.1, 0, 0} {
		out = append(out, reading{tower, float64(10 * i), v}, reading{"river-ai-nghia-water_level", float64(10*i) + 3, 6 + v*6})
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func river() rule.Definition {
	d := deep()
	d.Where = map[string]string{"property": sensing.WaterLevel}
	d.Levels = []rule.Level{{Severity: 2, Raise: ">= bd1", Clear: "< bd1 - 0.05"}, {Severity: 3, Raise: ">= bd2", Clear: "< bd2 - 0.05"}, {Severity: 4, Raise: ">= bd3", Clear: "< bd3 - 0.05"}}
	d.Message.Title.Vi = "{name} {value} {unit}, vượt {level}"
	return d
}

var floodTold = []string{
	"13m0s river-ai-nghia 2", "20m0s tower-a 2", "40m0s tower-a 4", "43m0s river-ai-nghia 4", "1h3m0s river-ai-nghia 3",
	"1h10m0s tower-a 2", "1h13m0s river-ai-nghia 2", "1h30m0s tower-a 0", "1h43m0s river-ai-nghia 0",
}

func TestRun_TellsRisesAndFalls(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var c told
		c.hang(db)
		o := options(t, db, clock.Manual(start))
		o.EventTime = true
		city := run(t, o)
		city.force("deep", deep())
		city.force("river", river())
		city.feed(flood()...)
		city.finish(120)
		same(t, "told", c.lines(), floodTold)
		first := c.list[1]
		if first.Title.Vi != "Tháp A: ngập 0,22 m" || first.Title.En != "Tháp A: 0.22 m of water" || first.Text.Vi != "Từ 0,20 m tại Phường Hải Châu kể từ 07:20 28/10/2026 (Chú ý)" {
			t.Errorf("told %q %q", first.Title, first.Text)
		}
		if first.Area != "20242" || first.Lon == nil || first.Datastream != tower || first.Labels["source"] != "net" || first.RuleVersion != 1 || !first.Since.Equal(first.At) {
			t.Errorf("told %v %v %v %v %v", first.Area, first.Datastream, first.Labels, first.Since, first.At)
		}
		if title := c.list[0].Title.Vi; title != "Ái Nghĩa 6,60 m, vượt BĐ1" {
			t.Errorf("the river is told as %q", title)
		}
		var trace map[string]any
		if err := json.Unmarshal(first.Evidence, &trace); err != nil || trace["fired"] != true {
			t.Errorf("evidence %s: %v", first.Evidence, err)
		}
		if last := c.last(); last.Severity != 0 || last.Title.Vi != "Ái Nghĩa 7,80 m, vượt BĐ1" {
			t.Errorf("the end is told as %q", last.Title)
		}
		if list, err := city.s.List(t.Context(), officer); err != nil || list[0].Active != 0 {
			t.Errorf("active %v %v", list, err)
		}
	})
}

// A program that dies anywhere and begins again tells the same as one that
// lives, whatever was stored and not yet evaluated.
func TestRun_DeathChangesNothing(t *testing.T) {
	all := flood()
	for cut := range len(all) {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			db := storetest.SQLite(t, clock.Manual(start))
			var c told
			c.hang(db)
			o := options(t, db, clock.Manual(start))
			o.EventTime = true
			first := run(t, o)
			d := deep()
			d.ForSeconds, d.KeepFiringSeconds = 300, 600
			first.force("deep", d)
			first.force("river", river())
			first.feed(all[:cut]...)
			first.finish(-1)
			first.stop()
			storeReadings(t, o.Series, all[cut:min(cut+3, len(all))]...) // nobody was there
			again := run(t, o)
			again.feed(all[min(cut+3, len(all)):]...)
			again.finish(240)
			same(t, "told", c.lines(), []string{
				"13m0s river-ai-nghia 2", "25m0s tower-a 2", "43m0s river-ai-nghia 4", "45m0s tower-a 4", "1h3m0s river-ai-nghia 3",
				"1h13m0s river-ai-nghia 2", "1h20m0s tower-a 2", "1h40m0s tower-a 0", "1h43m0s river-ai-nghia 0",
			})
		})
	}
}

func TestRun_WriteThatFailsIsTriedAgain(t *testing.T) {
	db := storetest.SQLite(t, clock.Manual(start))
	var c told
	c.hang(db)
	o := options(t, db, clock.Manual(start))
	o.EventTime = true
	city := run(t, o)
	city.force("deep", deep())
	city.force("river", river())
	c.mu.Lock()
	c.fail = 3
	c.mu.Unlock()
	city.feed(flood()...)
	city.finish(120)
	same(t, "told", c.lines(), floodTold)
}

// until waits for what the runner does by itself.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func TestRun_RulesComeAndGo(t *testing.T) {
	clk := clock.Manual(start)
	db := storetest.SQLite(t, clk)
	var c told
	c.hang(db)
	o := options(t, db, clk)
	ctx := t.Context()
	// The water stands since an hour when the rule is switched on.
	for m := range 13 {
		storeReadings(t, o.Series, reading{tower, float64(10 * m), 0.1 + 0.05*float64(min(m, 5))})
	}
	clk.Set(start.Add(2 * time.Hour))
	city := run(t, o)
	city.force("deep", deep())
	until(t, "the water is told", func() bool { return len(c.lines()) == 1 })
	x := c.last()
	if x.Severity != 2 || !x.Since.Equal(start.Add(20*time.Minute)) || !x.At.Equal(start.Add(2*time.Hour)) || x.Value == nil || *x.Value != 0.35 || len(x.Evidence) == 0 {
		t.Errorf("told %v since %v at %v value %v", x.Severity, x.Since, x.At, x.Value)
	}
	// A version with the same severity is not told again, a stricter one is.
	d := deep()
	d.Levels[1].Raise, d.Levels[1].Clear = ">= 0.6", "< 0.5"
	city.force("deep", d)
	d.Levels[1].Raise, d.Levels[1].Clear = ">= 0.3", "< 0.25"
	city.force("deep", d)
	until(t, "the stricter version is told", func() bool { return len(c.lines()) == 2 })
	if x := c.last(); x.Severity != 4 || x.RuleVersion != 3 {
		t.Errorf("told %v version %v", x.Severity, x.RuleVersion)
	}
	if _, err := city.s.Enable(ctx, head, "deep", false, "bảo trì"); err != nil {
		t.Fatal(err)
	}
	until(t, "what fired is over", func() bool { return len(c.lines()) == 3 })
	if x := c.last(); x.Severity != 0 || x.Fingerprint != c.list[0].Fingerprint {
		t.Errorf("told %+v", x.Severity)
	}
	// Off, it says nothing; on again, what still holds.
	clk.Set(start.Add(2*time.Hour + 10*time.Minute))
	city.feed(reading{tower, 130, 0.7})
	time.Sleep(300 * time.Millisecond)
	if n := len(c.lines()); n != 3 {
		t.Errorf("a rule that is off told %v", c.lines())
	}
	city.stop()
	city = run(t, o)
	if _, err := city.s.Enable(ctx, head, "deep", true, ""); err != nil {
		t.Fatal(err)
	}
	until(t, "it is on again", func() bool { return len(c.lines()) == 4 })
	if x := c.last(); x.Severity != 4 || !x.At.Equal(start.Add(130*time.Minute)) {
		t.Errorf("told %v at %v", x.Severity, x.At)
	}
	until(t, "one is active", func() bool {
		v, err := city.s.Get(ctx, officer, "deep", 0)
		return err == nil && v.Active == 1
	})
	if err := city.s.Retire(ctx, head, "deep"); err != nil {
		t.Fatal(err)
	}
	until(t, "it is withdrawn", func() bool { return len(c.lines()) == 5 })
}

// History that is read in makes up the state and is not told as news.
func TestRun_HistoryIsNoNews(t *testing.T) {
	clk := clock.Manual(start)
	db := storetest.SQLite(t, clk)
	var c told
	c.hang(db)
	o := options(t, db, clk)
	city := run(t, o)
	city.force("deep", deep())
	clk.Set(start.Add(72 * time.Hour))
	city.feed(reading{tower, 10, 0.6}, reading{tower, 20, 0}, reading{tower, 72*60 - 20, 0.3})
	until(t, "what is fresh is told", func() bool { return len(c.lines()) > 0 })
	// What comes late and from before is no news either, nor after a restart.
	city.feed(reading{tower, 72*60 - 200, 0.6}, reading{tower, 72*60 - 100, 0.1})
	clk.Set(start.Add(72*time.Hour + time.Minute))
	city.feed(reading{tower, 72*60 + 1, 0.31})
	time.Sleep(300 * time.Millisecond)
	city.stop()
	city = run(t, o)
	time.Sleep(300 * time.Millisecond)
	city.stop()
	if got := c.lines(); len(got) != 1 || !strings.HasSuffix(got[0], " tower-a 2") {
		t.Errorf("told %v", got)
	}
}

func TestRun_OneSilentSource(t *testing.T) {
	clk := clock.Manual(start)
	db := storetest.SQLite(t, clk)
	var c told
	c.hang(db)
	o := options(t, db, clk)
	var mu sync.Mutex
	silence := 0.0
	o.Sources = func() []rule.SourceState {
		mu.Lock()
		defer mu.Unlock()
		return []rule.SourceState{{ID: "net", Name: "Mạng tháp", Unit: "so-kh", Silence: silence}}
	}
	city := run(t, o)
	if err := city.s.ApplyShipped(t.Context(), access.System("setup")); err != nil {
		t.Fatal(err)
	}
	say := func(minutes float64, seconds float64) {
		mu.Lock()
		silence = seconds
		mu.Unlock()
		clk.Set(start.Add(time.Duration(minutes * float64(time.Minute))))
	}
	say(1, 60)
	time.Sleep(300 * time.Millisecond)
	say(40, 2400)
	until(t, "the silence is told", func() bool { return len(c.lines()) == 1 })
	x := c.last()
	if x.Rule != "source-silent" || x.Severity != 2 || x.Unit != "so-kh" || x.Title.Vi != "Nguồn Mạng tháp im lặng 40 phút" || x.Labels["source"] != "net" {
		t.Errorf("told %q %v %q %v", x.Title.Vi, x.Severity, x.Unit, x.Labels)
	}
	// It is silent still after a death: nothing is told twice; then it speaks.
	city.stop()
	city = run(t, o)
	say(41, 2460)
	time.Sleep(300 * time.Millisecond)
	if n := len(c.lines()); n != 1 {
		t.Errorf("told %v", c.lines())
	}
	say(42, 10)
	until(t, "it speaks again", func() bool { return len(c.lines()) == 2 })
	if x := c.last(); x.Severity != 0 {
		t.Errorf("told %+v", x)
	}
}
