package series_test

import (
	"slices"
	"testing"
	"time"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

func TestScan_SameAsRange(t *testing.T) {
	db := benchStore(t, t.TempDir())
	defer db.Close()
	r := newRiver(0)
	var batch []series.Sample
	for m := range 3000 {
		s := series.Sample{ID: stationID(0), T: ms(m), V: r.at(m), Received: ms(m)}
		if m%97 == 0 {
			s.Flags = sensing.Frozen
		}
		if m%41 == 0 {
			s.Received += 3_600_000
		}
		batch = append(batch, s)
	}
	if res, err := db.Append(t.Context(), batch); err != nil || res.Stored != len(batch) {
		t.Fatal(res, err)
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	for _, cs := range [][]series.Correction{nil, {
		{From: ms(100), To: ms(200), Value: 1.5},
		{From: ms(150), To: ms(160), Exclude: true},
	}} {
		db.Correct(stationID(0), cs)
		for _, span := range [][2]int{{0, 3000}, {90, 170}, {150, 160}, {2999, 2999}, {4000, 5000}, {5, 4}} {
			from, to := time.UnixMilli(ms(span[0])), time.UnixMilli(ms(span[1]))
			want, err := db.Range(t.Context(), stationID(0), from, to)
			if err != nil {
				t.Fatal(err)
			}
			var got []series.Point
			if err := db.Scan(t.Context(), stationID(0), from, to, func(p series.Point) { got = append(got, p) }); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v with %d corrections: %d points, want %d", span, len(cs), len(got), len(want))
			}
		}
	}
	if err := db.Scan(t.Context(), "nobody", time.Time{}, time.Now(), func(series.Point) {}); err == nil {
		t.Error("an unknown datastream was read")
	}
}

// BenchmarkScan reads a year of one station at one a minute.
func BenchmarkScan(b *testing.B) {
	const minutes = 365 * 1440
	db := benchStore(b, b.TempDir())
	defer db.Close()
	r := newRiver(0)
	batch := make([]series.Sample, 0, 5000)
	for m := range minutes {
		batch = append(batch, series.Sample{ID: stationID(0), T: ms(m), V: r.at(m), Received: ms(m)})
		if len(batch) == cap(batch) || m == minutes-1 {
			if _, err := db.Append(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	if err := db.Compact(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := db.Scan(b.Context(), stationID(0), time.UnixMilli(ms(0)), time.UnixMilli(ms(minutes)), func(series.Point) { n++ }); err != nil || n != minutes {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/minutes, "ns/point")
}
