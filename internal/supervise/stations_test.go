package supervise

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/connector/all"
	"openioc.org/ioc/internal/connector/httppull/standin"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/templates"
)

func register(t *testing.T) *catalog.Catalog {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := series.Open(series.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, err := catalog.New(db, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestStations_OfTheCitysAPI enters the 93 water stations at their places,
// from one message and the template, as the connect page does.
func TestStations_OfTheCitysAPI(t *testing.T) {
	city, err := standin.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(city)
	defer front.Close()
	tpls, err := templates.All()
	if err != nil {
		t.Fatal(err)
	}
	var tpl templates.Template
	for _, x := range tpls {
		if x.ID == "danang-flood-water" {
			tpl = x
		}
	}
	guard, err := connector.NewGuard([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	reg := register(t)
	src := Source{ID: "nuoc", Kind: "http_pull", Mapping: tpl.Mapping, Config: json.RawMessage(fmt.Sprintf(`{"url":%q}`, front.URL+"/v2/client/water_station/list_all"))}
	sup := New(Options{
		Kinds: all.Kinds, Guard: guard, Register: reg, Sources: func() []Source { return []Source{src} },
		Unit: func(lon, _ float64) (string, string, bool) { return "20194", "Hải Châu", lon > 108 },
	})
	sample, err := sup.Sample(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	views, err := sup.Stations(src, sample.Raw, mapping.Meta{}, tpl.Datastreams, nil)
	if err != nil || len(views) != 93 {
		t.Fatalf("%d stations, %v", len(views), err)
	}
	if err := sup.Enter(t.Context(), access.System("test"), src, views); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, d := range reg.Datastreams() {
		count[d.ObservedPropertyID]++
	}
	if count[sensing.FloodDepth] != 80 || count[sensing.WaterLevel] != 8 || count[sensing.ReservoirLevel] != 5 {
		t.Errorf("datastreams %v", count)
	}
	d, ok := reg.BySource("nuoc", "431068")
	if !ok || d.Unit.Symbol != "m" || d.Resolution != 0.01 || d.Rhythm != 15*time.Minute || !strings.HasPrefix(d.Name, "Độ sâu ngập ") {
		t.Fatalf("%+v", d)
	}
	lon, lat, _, ok := reg.ThingPlace(d.ThingID)
	if !ok || lon < 107 || lat > 17 {
		t.Errorf("place %v %v", lon, lat)
	}
	again, err := sup.Stations(src, sample.Raw, mapping.Meta{}, tpl.Datastreams, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range again {
		if !v.Datastreams[0].Registered {
			t.Fatalf("%s is not marked as registered", v.ID)
		}
	}
	if err := sup.Enter(t.Context(), access.System("test"), src, again); err != nil || len(reg.Datastreams()) != 93 {
		t.Errorf("entering again: %v, %d datastreams", err, len(reg.Datastreams()))
	}
}

func TestStations_PeopleSayWhereAndWhat(t *testing.T) {
	reg := register(t)
	src := Source{ID: "nt", Kind: "file"}
	sup := New(Options{Kinds: all.Kinds, Register: reg, Sources: func() []Source { return []Source{src} }})
	raw := []byte("COD\t41.8\tmg/L\t20261123103500\t00\r\npH\t7\t-\t20261123103500\t00\r\n")
	meta := mapping.Meta{File: "DN_KCN_NT1_20261123103500.txt"}
	enter := func(patterns []templates.Datastream, places []Place) error {
		t.Helper()
		views, err := sup.Stations(src, raw, meta, patterns, places)
		if err != nil || len(views) != 1 || len(views[0].Datastreams) != 2 {
			t.Fatalf("%+v %v", views, err)
		}
		return sup.Enter(t.Context(), access.System("test"), src, views)
	}
	places := []Place{{ID: "NT1", Name: "Trạm nước thải 1", Lon: 108.2, Lat: 16.06}}
	if err := enter(nil, nil); !fault.Is(err, errNoPlace) {
		t.Errorf("got %v", err)
	}
	if err := enter(nil, places); !fault.Is(err, errNoProperty) {
		t.Errorf("got %v", err)
	}
	if err := enter([]templates.Datastream{
		{Key: "*/COD", Property: "cod", Unit: "mg/L", UnitName: "milligram per litre", Resolution: 0.1, Rhythm: "5m"},
		{Key: "*", Property: "ph", Unit: "[pH]", UnitName: "pH", Resolution: 0.01, Rhythm: "5m"},
	}, places); err != nil {
		t.Fatal(err)
	}
	d, ok := reg.BySource("nt", "NT1/COD")
	if !ok || d.ID != "nt:nt1-cod" || d.ThingID != "nt:nt1" || d.ObservedPropertyID != "cod" {
		t.Errorf("%+v", d)
	}
	src2 := Source{ID: "unsaved", Kind: "file"}
	if err := sup.Enter(t.Context(), access.System("test"), src2, nil); !fault.Is(err, errNoSaved) {
		t.Errorf("got %v", err)
	}
}

func TestEntityID(t *testing.T) {
	seen := map[string]string{}
	for _, code := range []string{"431068", "NT1/COD", "Cẩm Lệ", "Cam Le", "a b", "α", "β", strings.Repeat("x", 200), strings.Repeat("x", 201), "PM2.5", "PM2,5"} {
		id := entityID("src", code)
		if !catalog.ValidID(id) {
			t.Errorf("%q gives %q, which is no id", code, id)
		}
		if other, twice := seen[id]; twice {
			t.Errorf("%q and %q give %q", code, other, id)
		}
		seen[id] = code
	}
}
