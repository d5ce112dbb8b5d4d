package series_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

var (
	t0    = time.Date(2025, 10, 27, 0, 0, 0, 0, time.UTC)
	level = series.Meta{ID: "camle", Metric: sensing.WaterLevel, Resolution: 0.01, Rhythm: 10 * time.Minute,
		Labels: map[string]string{"thing": "cam-le", "name": "Cẩm Lệ"}}
	rain = series.Meta{ID: "suoida", Metric: sensing.Rain, Resolution: 0.1, Labels: map[string]string{"thing": "suoi-da"}}
)

// on makes a sample of the gauge at Cẩm Lệ, received in time.
func on(minute int, v float64) series.Sample {
	t := t0.Add(time.Duration(minute) * time.Minute).UnixMilli()
	return series.Sample{ID: level.ID, T: t, V: v, Received: t + 2000}
}

func ms(minute int) int64 { return t0.Add(time.Duration(minute) * time.Minute).UnixMilli() }

func minute(m int) time.Time { return t0.Add(time.Duration(m) * time.Minute) }

func add(t *testing.T, db *series.DB, ss ...series.Sample) series.Result {
	t.Helper()
	res, err := db.Append(t.Context(), ss)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func pointsOf(t *testing.T, db *series.DB, id string) []series.Point {
	t.Helper()
	ps, err := db.Range(t.Context(), id, t0.Add(-1000*24*time.Hour), t0.Add(1000*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

func valuesOf(ps []series.Point) (vs []float64) {
	for _, p := range ps {
		vs = append(vs, p.V)
	}
	return vs
}

func TestAppend_JudgesEverySample(t *testing.T) {
	db := seriestest.Open(t, level)
	add(t, db, on(0, 1.5), on(10, 1.6))
	res := add(t, db,
		on(20, 1.7),
		on(10, 1.6),  // there already
		on(10, 1.65), // contradicts
		on(5, 1.55),  // between
		on(5, 1.55),  // twice in the batch
		on(5, 9.99),  // contradicts the batch itself
		on(30, math.NaN()),
		on(30, math.Inf(-1)),
		on(30, 1e300),
		series.Sample{ID: "nobody", T: ms(30), V: 1},
	)
	if res.Stored != 2 || res.Duplicate != 2 || res.Conflict != 2 {
		t.Errorf("got %+v", res)
	}
	want := []struct {
		index int
		def   *fault.Def
	}{{6, series.ErrNotFinite}, {7, series.ErrNotFinite}, {8, series.ErrOutOfScale}, {9, series.ErrUnknown}}
	if len(res.Rejected) != len(want) {
		t.Fatalf("rejected %+v", res.Rejected)
	}
	for i, w := range want {
		if r := res.Rejected[i]; r.Index != w.index || !fault.Is(r.Err, w.def) {
			t.Errorf("rejected[%d] is %d %v, want %d %s", i, r.Index, r.Err, w.index, w.def.Code)
		}
	}
	if got := valuesOf(pointsOf(t, db, level.ID)); !reflect.DeepEqual(got, []float64{1.5, 1.55, 1.6, 1.7}) {
		t.Errorf("stored %v", got)
	}
}

func TestAppend_RefusesOnlyWhatIsTooOld(t *testing.T) {
	db := seriestest.Open(t, level)
	add(t, db, on(0, 1))
	res := add(t, db, on(-500*1440, 2), on(-399*1440, 3), on(10, 4))
	if res.Stored != 2 || len(res.Rejected) != 1 || res.Rejected[0].Index != 0 || !fault.Is(res.Rejected[0].Err, series.ErrTooOld) {
		t.Fatalf("got %+v", res)
	}
	if got := valuesOf(pointsOf(t, db, level.ID)); !reflect.DeepEqual(got, []float64{3, 1, 4}) {
		t.Errorf("stored %v", got)
	}
}

func TestPoint_KeepsFlagsAndLateReceipt(t *testing.T) {
	dir := t.TempDir()
	db := seriestest.OpenDir(t, dir, level)
	late := on(10, 2)
	late.Received = late.T + 3*3600_000 + 400
	late.Flags = sensing.Late | sensing.Estimated
	flagged := on(20, 3)
	flagged.Flags = sensing.Step
	add(t, db, on(0, 1), late, flagged)
	want := []series.Point{
		{T: ms(0), V: 1, Received: ms(0)},
		{T: ms(10), V: 2, Flags: sensing.Late | sensing.Estimated, Received: ms(10) + 3*3600_000},
		{T: ms(20), V: 3, Flags: sensing.Step, Received: ms(20)},
	}
	for _, state := range []string{"written", "reopened", "compacted"} {
		switch state {
		case "reopened":
			db.Close()
			db = seriestest.OpenDir(t, dir)
		case "compacted":
			if err := db.Compact(); err != nil {
				t.Fatal(err)
			}
		}
		if got := pointsOf(t, db, level.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v", state, got)
		}
		if p, ok := db.Last(level.ID); !ok || p != want[2] {
			t.Errorf("%s: last is %+v", state, p)
		}
	}
}

func TestDefine_ResolutionIsFixedOnceUsed(t *testing.T) {
	dir := t.TempDir()
	db := seriestest.OpenDir(t, dir, level)
	coarse := level
	coarse.Resolution = 0.1
	if err := db.Define(coarse); err != nil {
		t.Fatalf("nothing stored yet: %v", err)
	}
	if err := db.Define(level); err != nil {
		t.Fatal(err)
	}
	add(t, db, on(0, 4.88))
	if err := db.Define(coarse); !fault.Is(err, series.ErrResolutionFixed) {
		t.Errorf("got %v", err)
	}
	db.Close()
	db = seriestest.OpenDir(t, dir)
	if err := db.Define(coarse); !fault.Is(err, series.ErrResolutionFixed) {
		t.Errorf("after opening again: %v", err)
	}
	moved := level
	moved.Metric, moved.Labels = "tide_level", map[string]string{"name": "Cẩm Lệ (cầu)"}
	if err := db.Define(moved); err != nil {
		t.Fatal(err)
	}
	add(t, db, on(10, 4.9))
	if got := valuesOf(pointsOf(t, db, level.ID)); !reflect.DeepEqual(got, []float64{4.88, 4.9}) {
		t.Errorf("described anew: %v", got)
	}
}

func TestRange_BoundsAreIncluded(t *testing.T) {
	db := seriestest.Open(t, level)
	add(t, db, on(0, 1), on(10, 2), on(20, 3), on(30, 4))
	ps, err := db.Range(t.Context(), level.ID, minute(10), minute(20))
	if err != nil || !reflect.DeepEqual(valuesOf(ps), []float64{2, 3}) {
		t.Errorf("got %v, %v", ps, err)
	}
	if ps, err := db.Range(t.Context(), level.ID, minute(20), minute(10)); err != nil || len(ps) != 0 {
		t.Errorf("backwards: %v, %v", ps, err)
	}
	if _, err := db.Range(t.Context(), "nobody", minute(0), minute(1)); !fault.Is(err, series.ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
}

func TestAt_LooksBackAsFarAsAsked(t *testing.T) {
	db := seriestest.Open(t, level)
	add(t, db, on(-60*1440, 1), on(0, 2), on(10, 3))
	f := func(at int, back time.Duration, want float64) {
		t.Helper()
		p, ok, err := db.At(t.Context(), level.ID, minute(at), back)
		if err != nil || ok != (want != 0) || p.V != want {
			t.Errorf("At(%d, %s) = %v %v %v, want %v", at, back, p.V, ok, err, want)
		}
	}
	f(10, 0, 3)
	f(9, time.Hour, 2)
	f(-1, time.Hour, 0)
	f(-1, 90*24*time.Hour, 1)
	f(100000, 365*24*time.Hour, 3)
	f(-61*1440, 1000*24*time.Hour, 0)
	f(20, -time.Hour, 0)
}

func TestBuckets(t *testing.T) {
	db := seriestest.Open(t, level)
	bad := on(25, 99)
	bad.Flags = sensing.OutOfRange
	only := on(200, 99)
	only.Flags = sensing.Bad
	est := on(70, 5)
	est.Flags = sensing.Estimated
	add(t, db, on(0, 1), on(20, 3), bad, on(59, 2), est, only, on(300, 7))
	got, err := db.Buckets(t.Context(), level.ID, minute(0), minute(300), time.Hour)
	want := []series.Bucket{
		{T: ms(0), N: 3, Min: 1, Max: 3, Sum: 6, Last: 2, Flags: sensing.OutOfRange},
		{T: ms(60), N: 1, Min: 5, Max: 5, Sum: 5, Last: 5, Flags: sensing.Estimated},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := db.Buckets(t.Context(), level.ID, minute(0), minute(9), 0); !fault.Is(err, series.ErrStep) {
		t.Errorf("step 0: %v", err)
	}
}

func TestCorrect_IsAnOverlay(t *testing.T) {
	db := seriestest.Open(t, level)
	add(t, db, on(0, 1), on(10, 2), on(20, 3), on(30, 40))
	db.Correct(level.ID, []series.Correction{
		{From: ms(10), To: ms(20), Value: 2.5},
		{From: ms(20), To: ms(20), Value: 2.75}, // the later one holds
		{From: ms(30), To: ms(30), Exclude: true},
	})
	want := []series.Point{
		{T: ms(0), V: 1, Received: ms(0)},
		{T: ms(10), V: 2.5, Flags: sensing.Corrected, Received: ms(10)},
		{T: ms(20), V: 2.75, Flags: sensing.Corrected, Received: ms(20)},
	}
	if got := pointsOf(t, db, level.ID); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	for range 2 { // the second answer comes from memory
		if p, ok := db.Last(level.ID); !ok || p != want[2] {
			t.Errorf("last is %+v", p)
		}
	}
	raw, err := db.Raw(t.Context(), level.ID, minute(0), minute(30))
	if err != nil || !reflect.DeepEqual(valuesOf(raw), []float64{1, 2, 3, 40}) {
		t.Errorf("raw %v, %v", raw, err)
	}
	add(t, db, on(40, 4))
	if p, _ := db.Last(level.ID); p.V != 4 {
		t.Errorf("after a new point last is %+v", p)
	}
	db.Correct(level.ID, nil)
	if got := valuesOf(pointsOf(t, db, level.ID)); !reflect.DeepEqual(got, []float64{1, 2, 3, 40, 4}) {
		t.Errorf("taken back: %v", got)
	}
}

func TestDelete(t *testing.T) {
	dir := t.TempDir()
	db := seriestest.OpenDir(t, dir, level, rain)
	add(t, db, on(0, 1), on(10, 2), on(20, 3), on(-3000, 9), on(-2990, 9.5),
		series.Sample{ID: rain.ID, T: ms(10), V: 12.6, Received: ms(10)})

	if err := db.DeleteRange(t.Context(), level.ID, minute(10), minute(100)); err != nil {
		t.Fatal(err)
	}
	if err := db.DeleteRange(t.Context(), level.ID, minute(-3000), minute(-3000)); err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(pointsOf(t, db, level.ID)); !reflect.DeepEqual(got, []float64{9.5, 1}) {
		t.Errorf("range deleted: %v", got)
	}
	if p, _ := db.Last(level.ID); p.T != ms(0) {
		t.Errorf("last is %+v", p)
	}
	if res := add(t, db, on(10, 5), on(0, 1), on(-3000, 8)); res.Stored != 2 || res.Duplicate != 1 {
		t.Errorf("appended again: %+v", res)
	}
	if got := valuesOf(pointsOf(t, db, level.ID)); !reflect.DeepEqual(got, []float64{8, 9.5, 1, 5}) {
		t.Errorf("appended again: %v", got)
	}
	if err := db.Delete(t.Context(), level.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := db.Last(level.ID); ok {
		t.Error("deleted, but there is a last point")
	}
	db.Close()
	db = seriestest.OpenDir(t, dir, level)
	if got := pointsOf(t, db, level.ID); len(got) != 0 {
		t.Errorf("deleted and opened again: %v", got)
	}
	if got := valuesOf(pointsOf(t, db, rain.ID)); !reflect.DeepEqual(got, []float64{12.6}) {
		t.Errorf("the other datastream: %v", got)
	}
}

func TestClose_RefusesWork(t *testing.T) {
	db := seriestest.Open(t, level)
	add(t, db, on(0, 1))
	if err := db.Sync(); err != nil {
		t.Error(err)
	}
	if s := db.Stats(); s.Series != 1 || s.Appended != 1 || !s.HeadMax.Equal(minute(0)) || s.LogBytes == 0 {
		t.Errorf("stats %+v", s)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Append(t.Context(), []series.Sample{on(10, 2)}); !fault.Is(err, series.ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if _, err := db.Range(t.Context(), level.ID, minute(0), minute(1)); !fault.Is(err, series.ErrClosed) {
		t.Errorf("range: %v", err)
	}
	if _, err := db.Queryable().Querier(0, 1); !fault.Is(err, series.ErrClosed) {
		t.Errorf("querier: %v", err)
	}
}
