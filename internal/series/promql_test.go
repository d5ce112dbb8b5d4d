package series_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

func engine() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: 10 * time.Second, LookbackDelta: 15 * time.Minute})
}

// instant evaluates a query at a minute and returns value by labels.
func instant(t *testing.T, db *series.DB, query string, at int) map[string]float64 {
	t.Helper()
	q, err := engine().NewInstantQuery(t.Context(), db.Queryable(), nil, query, minute(at))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	vec, err := q.Exec(context.Background()).Vector()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	got := map[string]float64{}
	for _, s := range vec {
		got[s.Metric.String()] = s.F
	}
	return got
}

func TestQueryable_ShowsRealValuesUnderPublicLabels(t *testing.T) {
	dir := t.TempDir()
	db := seriestest.OpenDir(t, dir, level, rain)
	flagged := on(20, 4.5)
	flagged.Flags = sensing.Estimated
	add(t, db, on(0, 4.88), on(10, 4.7), flagged,
		series.Sample{ID: rain.ID, T: ms(20), V: 12.6, Received: ms(20) + 120_000})
	db.Correct(level.ID, []series.Correction{
		{From: ms(0), To: ms(0), Value: 5},
		{From: ms(20), To: ms(20), Exclude: true},
	})
	camle := `datastream="camle", name="Cẩm Lệ", thing="cam-le"`
	f := func(query string, at int, want map[string]float64) {
		t.Helper()
		if got := instant(t, db, query, at); !reflect.DeepEqual(got, want) {
			t.Errorf("%s at %d: %v, want %v", query, at, got, want)
		}
	}
	for _, state := range []string{"in memory", "in blocks"} {
		t.Run(state, func(t *testing.T) {
			f(`water_level`, 20, map[string]float64{`{__name__="water_level", ` + camle + `}`: 4.7})
			f(`water_level{thing=~"cam.*"}`, 5, map[string]float64{`{__name__="water_level", ` + camle + `}`: 5})
			f(`max_over_time(water_level[30m])`, 20, map[string]float64{`{` + camle + `}`: 5})
			f(`count_over_time(water_level[30m])`, 20, map[string]float64{`{` + camle + `}`: 2})
			f(`sum by (thing) ({__name__=~".+"})`, 20, map[string]float64{`{thing="cam-le"}`: 4.7, `{thing="suoi-da"}`: 12.6})
			f(`{__resolution__="0.01"}`, 20, map[string]float64{})
			f(`water_level:flags`, 20, map[string]float64{`{__name__="water_level:flags", ` + camle + `}`: float64(sensing.Estimated)})
			f(`rain:lag`, 20, map[string]float64{`{__name__="rain:lag", datastream="suoida", thing="suoi-da"}`: 120})
		})
		if err := db.Compact(); err != nil {
			t.Fatal(err)
		}
	}

	moved := level
	moved.Labels = map[string]string{"thing": "cam-le-2", "__resolution__": "9", "datastream": "x", "empty": ""}
	if err := db.Define(moved); err != nil {
		t.Fatal(err)
	}
	f(`water_level`, 5, map[string]float64{`{__name__="water_level", datastream="camle", thing="cam-le-2"}`: 5})

	db.Close()
	db = seriestest.OpenDir(t, dir, rain)
	f(`{__name__=~".+"}`, 20, map[string]float64{`{__name__="rain", datastream="suoida", thing="suoi-da"}`: 12.6})
}

func TestQueryable_ListsLabels(t *testing.T) {
	db := seriestest.Open(t, level, rain)
	q, err := db.Queryable().Querier(0, ms(100))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	names, _, err := q.LabelNames(t.Context(), nil)
	if want := []string{"__name__", "datastream", "name", "thing"}; err != nil || !reflect.DeepEqual(names, want) {
		t.Errorf("names %v, %v", names, err)
	}
	vs, _, err := q.LabelValues(t.Context(), "thing", nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "rain"))
	if err != nil || !reflect.DeepEqual(vs, []string{"suoi-da"}) {
		t.Errorf("values %v, %v", vs, err)
	}
}

func TestQueryable_IteratorKeepsTheContract(t *testing.T) {
	db := seriestest.Open(t, level)
	add(t, db, on(0, 1), on(10, 2), on(20, 3), on(30, 4), on(40, 5), on(50, 6))
	db.Correct(level.ID, []series.Correction{{From: ms(20), To: ms(20), Exclude: true}})
	q, err := db.Queryable().Querier(ms(10), ms(40))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "datastream", level.ID))
	if !set.Next() {
		t.Fatal("nothing found")
	}
	s := set.At()
	if set.Next() || set.Err() != nil {
		t.Fatal("more than one")
	}
	var all []float64
	it := s.Iterator(nil)
	for it.Next() != chunkenc.ValNone {
		at, v := it.At()
		if at != it.AtT() {
			t.Errorf("At says %d, AtT %d", at, it.AtT())
		}
		all = append(all, v)
	}
	if !reflect.DeepEqual(all, []float64{2, 4, 5}) {
		t.Errorf("iterated %v", all)
	}
	it = s.Iterator(it)
	f := func(at int, want float64) {
		t.Helper()
		if it.Seek(ms(at)) == chunkenc.ValNone {
			if want != 0 {
				t.Errorf("Seek(%d) found nothing", at)
			}
			return
		}
		if _, v := it.At(); v != want {
			t.Errorf("Seek(%d) = %v, want %v", at, v, want)
		}
	}
	f(-100, 2)
	f(5, 2) // stays
	f(15, 4)
	f(10, 4) // never goes back
	f(35, 5)
	f(41, 0)
	f(0, 0) // exhausted
	if it.Next() != chunkenc.ValNone || it.Err() != nil {
		t.Error("goes on after its end")
	}
}
