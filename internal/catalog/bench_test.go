package catalog_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/series/seriestest"
	"openioc.org/ioc/internal/store/storetest"
)

// BenchmarkApply brings in an inventory of 175 stations with two datastreams
// each that is there already, as every start of the demo does; New is the
// first time.
func BenchmarkApply(b *testing.B) {
	ctx := context.Background()
	var stations []catalog.Station
	for i := range 175 {
		st := caml()
		st.Thing.ID = fmt.Sprintf("st-%03d", i)
		for j := range st.Datastreams {
			st.Datastreams[j].ID = fmt.Sprintf("%s.%d", st.Thing.ID, j)
			st.Datastreams[j].Key = st.Datastreams[j].ID
		}
		stations = append(stations, st)
	}
	fresh := func() *catalog.Catalog {
		c, err := catalog.New(storetest.SQLite(b, nil), seriestest.Open(b), slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Load(ctx); err != nil {
			b.Fatal(err)
		}
		return c
	}
	b.Run("New", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			c := fresh()
			b.StartTimer()
			if err := c.Apply(ctx, admin, stations...); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Same", func(b *testing.B) {
		c := fresh()
		for b.Loop() {
			if err := c.Apply(ctx, admin, stations...); err != nil {
				b.Fatal(err)
			}
		}
	})
}
