package series_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"

	"pgregory.net/rapid"
)

// model is the store as a map would be: the first value of an instant stays.
type model map[string]map[int64]series.Point

func (m model) add(s series.Sample, res *series.Result) {
	had, ok := m[s.ID][s.T]
	switch {
	case !ok:
		m[s.ID][s.T] = series.Point{T: s.T, V: s.V, Flags: s.Flags, Received: received(s)}
		res.Stored++
	case had.V == s.V:
		res.Duplicate++
	default:
		res.Conflict++
	}
}

func received(s series.Sample) int64 {
	if s.Received-s.T > 60_000 {
		return s.T + (s.Received-s.T+500)/1000*1000
	}
	return s.T
}

func (m model) points(id string) []series.Point {
	var out []series.Point
	for _, p := range m[id] {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b series.Point) int { return int(a.T - b.T) })
	return out
}

// bench is a store under test beside the map it must equal.
type bench struct {
	dir  string
	db   *series.DB
	want model
}

var modelled = []series.Meta{level, rain, {ID: "raw", Metric: "wind"}}

// A few instants over a month, near and far apart, met again and again.
var anInstant = rapid.Custom(func(t *rapid.T) int64 {
	return ms(rapid.SampledFrom([]int{0, 1, 7, 60, 1440, 5 * 1440, 30 * 1440}).Draw(t, "from") +
		rapid.IntRange(0, 130).Draw(t, "minute"))
})

var aSample = rapid.Custom(func(t *rapid.T) series.Sample {
	at := anInstant.Draw(t, "at")
	return series.Sample{
		ID:       rapid.SampledFrom(modelled).Draw(t, "of").ID,
		T:        at,
		V:        float64(rapid.IntRange(-1, 2).Draw(t, "v")),
		Received: at + rapid.SampledFrom([]int64{0, 60_000, 61_400, 86_400_000}).Draw(t, "late"),
		Flags:    sensing.Flags(rapid.SampledFrom([]int{0, 0, 0, 1, 6}).Draw(t, "flags")),
	}
})

func (b *bench) open(t *rapid.T) {
	db, err := series.Open(series.Options{Dir: b.dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range modelled {
		if err := db.Define(m); err != nil {
			t.Fatal(err)
		}
	}
	b.db = db
}

func (b *bench) append(t *rapid.T) {
	batch := rapid.SliceOfN(aSample, 1, 60).Draw(t, "batch")
	var should series.Result
	for _, s := range batch {
		b.want.add(s, &should)
	}
	got, err := b.db.Append(t.Context(), batch)
	if err != nil || !reflect.DeepEqual(got, should) {
		t.Fatalf("appended %+v, %v, want %+v", got, err, should)
	}
}

func (b *bench) reopen(t *rapid.T) {
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	b.open(t)
}

// kill goes on from the files as they are, which is what a killed process
// leaves behind.
func (b *bench) kill(t *rapid.T) {
	b.db.Freeze()
	left := b.dir + "-killed"
	if err := os.CopyFS(left, os.DirFS(b.dir)); err != nil {
		t.Fatal(err)
	}
	b.db.Close()
	os.RemoveAll(b.dir)
	if err := os.Rename(left, b.dir); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(b.dir, "lock"))
	b.open(t)
}

func (b *bench) compact(t *rapid.T) {
	if err := b.db.Compact(); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) deleteRange(t *rapid.T) {
	id := rapid.SampledFrom(modelled).Draw(t, "of").ID
	from := anInstant.Draw(t, "from")
	to := from + rapid.SampledFrom([]int64{0, 3600_000, 2 * 86_400_000}).Draw(t, "length")
	if err := b.db.DeleteRange(t.Context(), id, time.UnixMilli(from), time.UnixMilli(to)); err != nil {
		t.Fatal(err)
	}
	for at := range b.want[id] {
		if from <= at && at <= to {
			delete(b.want[id], at)
		}
	}
}

func (b *bench) check(t *rapid.T) {
	for _, m := range modelled {
		got, err := b.db.Range(t.Context(), m.ID, minute(-1), minute(100*1440))
		should := b.want.points(m.ID)
		if err != nil || len(got)+len(should) > 0 && !reflect.DeepEqual(got, should) {
			t.Fatalf("%s holds %v, %v\nwant %v", m.ID, got, err, should)
		}
		last, ok := b.db.Last(m.ID)
		if ok != (len(should) > 0) || ok && last != should[len(should)-1] {
			t.Fatalf("%s: last is %v %v, want the end of %v", m.ID, last, ok, should)
		}
	}
}

// TestModel appends in random order with repeats and contradictions, deletes,
// stops cleanly and uncleanly, compacts, and compares with a map each time.
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = flag.Set("rapid.checks", "25") // each opens several stores
		defer func() { _ = flag.Set("rapid.checks", f.DefValue) }()
	}
	rapid.Check(t, func(t *rapid.T) {
		b := &bench{dir: filepath.Join(scratch(t), "db"), want: model{}}
		for _, m := range modelled {
			b.want[m.ID] = map[int64]series.Point{}
		}
		b.open(t)
		defer func() { b.db.Close() }()
		actions := []func(*rapid.T){b.append, b.append, b.append, b.reopen, b.kill, b.compact, b.deleteRange}
		for range rapid.IntRange(3, 14).Draw(t, "actions") {
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")](t)
			b.check(t)
		}
	})
}

// scratch is a temporary folder for one rapid check.
func scratch(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "series-model-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
