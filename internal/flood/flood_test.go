package flood

import (
	"math"
	"testing"
	"testing/fstest"
	"time"

	"openioc.org/ioc/internal/sensing"
)

func at(h float64) int64 { return int64(h * 3600_000) }

func steady(from, to, step, mm float64) []point {
	var out []point
	for h := from; h <= to+1e-9; h += step {
		out = append(out, point{t: at(h), v: mm})
	}
	return out
}

func TestRainSum(t *testing.T) {
	ten := 10 * time.Minute
	pts := steady(0, 24, 1.0/6, 0.2) // 0.2 mm every ten minutes
	for _, c := range []struct {
		name     string
		pts      []point
		from, to float64
		mm       float64
		coverage float64
	}{
		{"an hour is six readings, its beginning not counted", pts, 10, 11, 1.2, 1},
		{"a day", pts, 0, 24, 28.8, 1},
		{"half of the day is missing", steady(12+1.0/6, 24, 1.0/6, 0.2), 0, 24, 14.4, 0.5},
		{"nothing", nil, 0, 1, 0, 0},
	} {
		got := rainSum(c.pts, ten, at(c.from), at(c.to))
		if math.Abs(got.mm-c.mm) > 1e-9 || math.Abs(got.coverage-c.coverage) > 0.01 {
			t.Errorf("%s: %.2f mm, coverage %.2f; want %.2f, %.2f", c.name, got.mm, got.coverage, c.mm, c.coverage)
		}
	}
	bad := append(steady(0.5, 1, 1.0/6, 1), point{t: at(0.25), v: 999, f: sensing.OutOfRange})
	h := history{}
	for _, p := range bad {
		h.add(p)
	}
	got := rainSum(h.settle(0), ten, 0, at(1))
	if got.mm != 4 {
		t.Errorf("a reading out of range was counted: %.1f mm", got.mm)
	}
	if est := rainSum([]point{{at(1), 1, sensing.Estimated}}, ten, 0, at(1)); !est.estimated {
		t.Error("a sum with an estimated reading is not marked")
	}
}

func TestHistoryKeepsOrderAndFirstValue(t *testing.T) {
	var h history
	for _, p := range []point{{t: 30, v: 3}, {t: 10, v: 1}, {t: 20, v: 2}, {t: 20, v: 9}, {t: 40, v: 4}} {
		h.add(p)
	}
	early := h.settle(0)
	h.add(point{t: 50, v: 5})
	h.add(point{t: 15, v: 1.5})
	want := []float64{1, 1.5, 2, 3, 4, 5}
	got := h.settle(0)
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i, p := range got {
		if p.v != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	if len(early) != 4 || early[3].v != 4 {
		t.Errorf("a slice that was handed out changed: %v", early)
	}
	h.watch()
	h.add(point{t: 60, v: 6})
	h.add(point{t: 5, v: 0.5})
	h.replace([]point{{t: 10, v: 7}})
	if got := h.settle(0); len(got) != 3 || got[0].v != 0.5 || got[1].v != 7 || got[2].v != 6 {
		t.Errorf("after reading again: %v", got)
	}
}

func TestRainClasses(t *testing.T) {
	tb := tablesOf(t)
	now := time.Now()
	for _, c := range []struct {
		hours int
		mm    float64
		want  string
	}{
		{24, 0, "none"}, {24, 0.2, "light"}, {24, 15.9, "light"}, {24, 16, "moderate"}, {24, 50, "moderate"}, {24, 50.1, "heavy"}, {24, 100, "heavy"}, {24, 100.2, "very_heavy"},
		{12, 7.9, "light"}, {12, 8, "moderate"}, {12, 25, "moderate"}, {12, 25.5, "heavy"}, {12, 50, "heavy"}, {12, 50.5, "very_heavy"},
	} {
		if got, _ := classify(heldAt(tb.rain, c.hours, now), c.mm); got.ID != c.want {
			t.Errorf("%.1f mm in %d h is %s, want %s", c.mm, c.hours, got.ID, c.want)
		}
	}
	for cm, want := range map[float64]string{0: "dry", 4: "dry", 5: "light", 19: "light", 20: "medium", 30: "heavy", 49: "heavy", 50: "very_heavy", 100: "very_heavy", 101: "dangerous"} {
		if got, _ := classify(heldAt(tb.depth, 0, now), 10*cm); got.ID != want {
			t.Errorf("%.0f cm is %s, want %s", cm, got.ID, want)
		}
	}
	if c, ok := classify(heldAt(tb.intensity, 1, now), 29.9); ok {
		t.Errorf("29.9 mm/h is %s", c.ID)
	}
	if c, _ := classify(heldAt(tb.intensity, 3, now), 152); c.ID != "h3_150" {
		t.Errorf("152 mm/3 h is %s", c.ID)
	}
}

func tablesOf(t *testing.T) *tables {
	t.Helper()
	tb, err := loadTables(files)
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func TestLevelPhrase(t *testing.T) {
	tb := tablesOf(t)
	for _, c := range []struct {
		thing  string
		level  float64
		alarm  int
		vi, en string
	}{
		{"river-ai-nghia", 10.14, 3, "10,14 m, trên BĐ3 1,14 m", "10.14 m, 1.14 m above alarm 3"},
		{"river-ai-nghia", 6.15, 0, "6,15 m, dưới BĐ1 0,35 m", "6.15 m, 0.35 m below alarm 1"},
		{"river-ai-nghia", 8.00, 2, "8,00 m, ở mức BĐ2", "8.00 m, at alarm 2"},
		{"river-ai-nghia", 8.999999, 3, "9,00 m, ở mức BĐ3", "9.00 m, at alarm 3"},
		{"river-le-thuy", 4.88, 3, "4,88 m, trên BĐ3 2,18 m", "4.88 m, 2.18 m above alarm 3"},
		{"river-cam-le", -0.1, 0, "-0,10 m, dưới BĐ1 1,10 m", "-0.10 m, 1.10 m below alarm 1"},
	} {
		a := tb.alarm(c.thing, time.Now())
		got := LevelPhrase(c.level, a)
		if got.Vi != c.vi || got.En != c.en || a.reached(c.level) != c.alarm {
			t.Errorf("%s at %v: alarm %d, %q, %q", c.thing, c.level, a.reached(c.level), got.Vi, got.En)
		}
	}
	if got := LevelPhrase(1.5, nil); got.Vi != "1,50 m" {
		t.Errorf("without alarm levels: %q", got.Vi)
	}
}

func TestRiseIsRobust(t *testing.T) {
	up := steady(0, 3, 1.0/6, 0)
	for i := range up {
		up[i].v = 2 + 0.05*float64(i) // 30 cm/h
	}
	wild := append([]point{}, up...)
	wild[len(wild)-3].v += 2
	irregular := []point{{t: at(0), v: 2.0}, {t: at(6), v: 2.6}, {t: at(9), v: 2.9}, {t: at(10), v: 3.2}}
	for _, c := range []struct {
		name string
		pts  []point
		at   float64
		want float64
		ok   bool
	}{
		{"steady", up, 3, 30, true},
		{"one wild reading", wild, 3, 30, true},
		{"hourly", irregular, 10, 30, true},
		{"three hours apart", irregular, 9, 10, true},
		{"six hours apart", irregular, 6, 10, true},
		{"nothing before", irregular, 0, 0, false},
		{"too old", irregular, 20, 0, false},
	} {
		got, ok := rise(c.pts, at(c.at), 6*time.Hour)
		if ok != c.ok || math.Abs(got-c.want) > 0.5 {
			t.Errorf("%s: %.1f cm/h %v, want %.1f %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestEventBeginsAfterTheDrySpell(t *testing.T) {
	// Showers at hours 0–5, dry until 20, then rain to 40 with a pause of 5 h.
	var g []point
	for h := 0.0; h <= 40; h++ {
		mm := 0.0
		if h <= 5 || h >= 20 && (h < 27 || h > 31) {
			mm = 2
		}
		g = append(g, point{t: at(h), v: mm})
	}
	start, ok := eventStart([][]point{g}, at(40), 12, 0.2)
	if !ok || start != at(19) { // the reading at hour 20 is the rain since 19
		t.Errorf("event began at hour %.1f %v, want 19", float64(start)/3600_000, ok)
	}
	if start, ok := eventStart([][]point{g}, at(10), 12, 0.2); !ok || start > 0 {
		t.Errorf("five hours after a shower: %v %v", start, ok)
	}
	if _, ok := eventStart([][]point{g}, at(19), 12, 0.2); ok {
		t.Error("an event in the dry spell")
	}
	// One gauge that tips alone does not begin an event of twelve.
	many := [][]point{g}
	for range 11 {
		many = append(many, steady(0, 40, 1, 0))
	}
	if _, ok := eventStart(many, at(40), 12, 0.2); ok {
		t.Error("one gauge among twelve began an event")
	}
}

func TestNeighbours(t *testing.T) {
	around := func(mm ...float64) []neighbour {
		var out []neighbour
		for i, v := range mm {
			out = append(out, neighbour{float64(i + 1), v})
		}
		return out
	}
	for _, c := range []struct {
		name string
		mm   float64
		near []neighbour
		ok   bool
	}{
		{"dry among wet", 0, around(20, 35, 12, 40), false},
		{"dry among dry", 0, around(0, 1, 0), true},
		{"dry, neighbours light", 0, around(3, 4, 5), true},
		{"far above all", 120, around(10, 12, 8), false},
		{"above, within reason", 45, around(20, 25, 18), true},
	} {
		got := compare(c.mm, c.near, 10)
		if got == nil || got.OK != c.ok {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if compare(0, around(50, 60), 10) != nil {
		t.Error("two neighbours are too few for a finding")
	}
}

func TestCrossingsCountEachLevel(t *testing.T) {
	a := AlarmLevels{BD: [3]float64{1.2, 2.2, 2.7}}
	t0 := time.Unix(0, 0)
	var ts []time.Time
	for i := range 6 {
		ts = append(ts, t0.Add(time.Duration(i)*time.Hour))
	}
	got := Crossings(ts, []float64{1, 1.3, 2.7, 2.8, 2.6, 1}, a)
	want := []Crossing{{ts[1], 1, true, 1.3}, {ts[2], 2, true, 2.7}, {ts[2], 3, true, 2.7}, {ts[4], 3, false, 2.6}, {ts[5], 2, false, 1}, {ts[5], 1, false, 1}}
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %v, want %v", i, got[i], want[i])
		}
	}
}

func TestTablesAreJudgedByTheirDate(t *testing.T) {
	tb := tablesOf(t)
	tb.alarms = append(tb.alarms, AlarmLevels{Thing: "river-ai-nghia", BD: [3]float64{7, 8.5, 9.5}, From: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
	if a := tb.alarm("river-ai-nghia", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); a.BD[2] != 9 {
		t.Errorf("in 2026: %v", a.BD)
	}
	if a := tb.alarm("river-ai-nghia", time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)); a.BD[2] != 9.5 {
		t.Errorf("in 2031: %v", a.BD)
	}
	if len(tb.hotspots) != 299 {
		t.Errorf("%d hotspots", len(tb.hotspots))
	}
}

func FuzzTables(f *testing.F) {
	f.Add("thing,name,bd1,bd2,bd3,valid_from,status,source\nx,X,1,2,3,2020-01-31,confirmed,s\n")
	f.Add("thing,bd1\nx,1\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, s string) {
		fsys := fstest.MapFS{}
		for _, n := range []string{"rain_classes", "intensity_classes", "depth_classes", "records", "settings", "hotspots"} {
			b, err := files.ReadFile("data/" + n + ".csv")
			if err != nil {
				t.Fatal(err)
			}
			fsys["data/"+n+".csv"] = &fstest.MapFile{Data: b}
		}
		fsys["data/alarm_levels.csv"] = &fstest.MapFile{Data: []byte(s)}
		if tb, err := loadTables(fsys); err == nil {
			for _, a := range tb.alarms {
				if !(a.BD[0] < a.BD[1] && a.BD[1] < a.BD[2]) {
					t.Errorf("alarm levels %v were let in", a.BD)
				}
			}
		}
	})
}
