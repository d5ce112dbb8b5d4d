package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	admin = access.Actor{ID: "u1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	duty  = access.Actor{ID: "u2", Name: "Trực ban", Roles: []access.Role{access.Duty}}
)

func open(t *testing.T, db *store.DB, s *series.DB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(db, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

func each(t *testing.T, test func(t *testing.T, c *catalog.Catalog, db *store.DB, s *series.DB)) {
	storetest.EachAt(t, clock.Manual(time.Date(2020, 10, 20, 0, 0, 0, 0, time.UTC)), func(t *testing.T, db *store.DB) {
		s := seriestest.Open(t)
		test(t, open(t, db, s), db, s)
	})
}

// caml is Cẩm Lệ: a river gauge with rain, of two sources.
func caml() catalog.Station {
	return catalog.Station{
		Thing:   sensing.Thing{ID: "cam-le", Name: "Cẩm Lệ", Description: "Trạm thuỷ văn", Properties: map[string]any{"kind": "river", "unit_code": "20260"}},
		Lon:     108.2022,
		Lat:     16.0147,
		Sensors: []sensing.Sensor{{ID: "radar", Name: "Radar", EncodingType: "text/html", Metadata: "https://example.org/radar"}},
		Datastreams: []sensing.Datastream{
			{ID: "cam-le.level", Name: "Mực nước Cẩm Lệ", Unit: sensing.UnitOfMeasurement{Name: "mét", Symbol: "m"}, SensorID: "radar",
				ObservedPropertyID: sensing.WaterLevel, SourceID: "kttv", Key: "CL01", Resolution: 0.01, Rhythm: time.Hour},
			{ID: "cam-le.rain", Name: "Mưa Cẩm Lệ", Unit: sensing.UnitOfMeasurement{Name: "milimét", Symbol: "mm"}, SensorID: "radar",
				ObservedPropertyID: sensing.Rain, SourceID: "vrain", Key: "r7", Resolution: 0.1, Rhythm: 10 * time.Minute},
		},
	}
}

func TestApply(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, db *store.DB, s *series.DB) {
		ctx := context.Background()
		var events []string
		db.OnEmit(func(_ *store.Tx, e store.Event) error { events = append(events, e.Subject); return nil })
		changes := 0
		c.OnChange(func() { changes++ })
		if err := c.Apply(ctx, admin, caml()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"ioc.catalog.thing.created.cam-le", "ioc.catalog.location.created.cam-le", "ioc.catalog.thing.placed.cam-le",
			"ioc.catalog.sensor.created.radar", "ioc.catalog.observed_property.created.rain", "ioc.catalog.datastream.created.cam-le.level"} {
			if !strings.Contains(strings.Join(events, " "), want) {
				t.Errorf("no event %s in %v", want, events)
			}
		}
		d, ok := c.BySource("kttv", "CL01")
		if !ok || d.ID != "cam-le.level" || d.ThingID != "cam-le" || d.Rhythm != time.Hour || d.ObservationType != catalog.OMMeasurement {
			t.Fatalf("by source: %+v %v", d, ok)
		}
		if _, ok := c.BySource("vrain", "cam-le.rain"); !ok {
			t.Error("a source does not find its datastream by id")
		}
		if _, ok := c.BySource("kttv", "cam-le.rain"); ok {
			t.Error("a source found the datastream of another one")
		}
		if lon, lat, unit, ok := c.ThingPlace("cam-le"); !ok || lon != 108.2022 || lat != 16.0147 || unit != "20260" {
			t.Errorf("place: %v %v %q %v", lon, lat, unit, ok)
		}
		if m, ok := s.Meta("cam-le.level"); !ok || m.Metric != sensing.WaterLevel || m.Labels["name"] != "Cẩm Lệ" || m.Labels["unit_code"] != "20260" || m.Resolution != 0.01 {
			t.Errorf("the series was declared as %+v %v", m, ok)
		}
		if h := c.Snapshot().HistoryOf("cam-le"); len(h) != 1 || len(h[0].LocationIDs) != 1 {
			t.Errorf("history %+v", h)
		}

		events, changes = nil, 0
		if err := c.Apply(ctx, admin, caml()); err != nil {
			t.Fatal(err)
		}
		if len(events) != 0 || changes != 0 {
			t.Errorf("the same inventory again wrote %v and told of %d changes", events, changes)
		}

		moved := caml()
		moved.Thing.Name = "Cầu Cẩm Lệ"
		moved.Lat = 16.02
		if err := c.Apply(ctx, admin, moved); err != nil {
			t.Fatal(err)
		}
		if want := "ioc.catalog.thing.changed.cam-le ioc.catalog.location.changed.cam-le"; strings.Join(events, " ") != want || changes != 1 {
			t.Errorf("a new name and place gave %v", events)
		}
		if _, lat, _, _ := c.ThingPlace("cam-le"); lat != 16.02 {
			t.Errorf("the place is still %v", lat)
		}
		if m, _ := s.Meta("cam-le.level"); m.Labels["name"] != "Cầu Cẩm Lệ" {
			t.Errorf("the label is still %q", m.Labels["name"])
		}

		finer := caml()
		finer.Datastreams[0].Resolution = 0.001
		if err := c.Apply(ctx, admin, finer); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another resolution: %v", err)
		}
	})
}

func TestLoad_FindsWhatWasWritten(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, db *store.DB, s *series.DB) {
		if err := c.Apply(context.Background(), admin, caml()); err != nil {
			t.Fatal(err)
		}
		again := open(t, db, s)
		for _, pair := range [][2]any{
			{c.Things(), again.Things()}, {c.Datastreams(), again.Datastreams()},
			{c.Snapshot().Locations(), again.Snapshot().Locations()}, {c.Snapshot().Sensors(), again.Snapshot().Sensors()},
			{c.Snapshot().ObservedProperties(), again.Snapshot().ObservedProperties()}, {c.Snapshot().History(), again.Snapshot().History()},
		} {
			a, _ := json.Marshal(pair[0])
			b, _ := json.Marshal(pair[1])
			if string(a) != string(b) {
				t.Errorf("kept in memory\n%s\nread again\n%s", a, b)
			}
		}
	})
}

func TestCreate_Refuses(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, _ *store.DB, _ *series.DB) {
		ctx := context.Background()
		if err := c.Apply(ctx, admin, caml()); err != nil {
			t.Fatal(err)
		}
		place := &sensing.Location{Name: "Nơi", EncodingType: "application/geo+json"}
		ds := caml().Datastreams[0]
		for name, c := range map[string]struct {
			err  error
			code string
			path string
		}{
			"no permission":    {c.CreateThing(ctx, duty, &sensing.Thing{Name: "a"}), "access.denied", ""},
			"no name":          {c.CreateThing(ctx, admin, &sensing.Thing{Name: " "}), "catalog.invalid", "name"},
			"id with a slash":  {c.CreateThing(ctx, admin, &sensing.Thing{ID: "a/b", Name: "a"}), "catalog.invalid", "@iot.id"},
			"id with a quote":  {c.CreateThing(ctx, admin, &sensing.Thing{ID: "a';drop table thing", Name: "a"}), "catalog.invalid", "@iot.id"},
			"taken id":         {c.CreateThing(ctx, admin, &sensing.Thing{ID: "cam-le", Name: "a"}), "catalog.exists", ""},
			"unknown location": {c.CreateThing(ctx, admin, &sensing.Thing{Name: "a"}, "nowhere"), "catalog.invalid", "Locations"},
			"no geometry":      {c.CreateLocation(ctx, admin, place), "catalog.invalid", "location"},
			"latitude 95": {c.CreateLocation(ctx, admin, &sensing.Location{Name: "Nơi", EncodingType: "application/geo+json",
				Geometry: json.RawMessage(`{"type":"Point","coordinates":[108,95]}`)}), "catalog.invalid", "location"},
			"unknown thing":  {c.CreateDatastream(ctx, admin, &sensing.Datastream{Name: "d", ThingID: "none", SensorID: "radar", ObservedPropertyID: "rain"}), "catalog.invalid", "Thing"},
			"no sensor":      {c.CreateDatastream(ctx, admin, &sensing.Datastream{Name: "d", ThingID: "cam-le", ObservedPropertyID: "rain"}), "catalog.invalid", "Sensor"},
			"taken key":      {c.CreateDatastream(ctx, admin, func() *sensing.Datastream { d := ds; d.ID, d.ThingID = "other", "cam-le"; return &d }()), "catalog.invalid", "key"},
			"no definition":  {c.CreateObservedProperty(ctx, admin, &sensing.ObservedProperty{Name: "x"}), "catalog.invalid", "definition"},
			"delete nothing": {c.DeleteThing(ctx, admin, "none"), "catalog.not_found", ""},
		} {
			f, ok := fault.As(c.err)
			if !ok || f.Code != c.code || (c.path != "" && (len(f.Fields) != 1 || f.Fields[0].Path != c.path)) {
				t.Errorf("%s: %v", name, c.err)
			}
		}
	})
}

func TestDelete_Cascades(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, db *store.DB, s *series.DB) {
		ctx := context.Background()
		fresh := func() {
			t.Helper()
			if err := c.Apply(ctx, admin, caml()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Append(ctx, []series.Sample{{ID: "cam-le.level", T: 1603062000000, V: 1.25, Received: 1603062000000}}); err != nil {
				t.Fatal(err)
			}
		}
		edit := func(f func(e *catalog.Edit) error) {
			t.Helper()
			if err := c.Edit(ctx, admin, f); err != nil {
				t.Fatal(err)
			}
		}
		fresh()
		edit(func(e *catalog.Edit) error { return e.DeleteLocation("cam-le") })
		if len(c.Snapshot().History()) != 0 || len(c.Snapshot().LocationsOf("cam-le")) != 0 || len(c.Datastreams()) != 2 {
			t.Error("a location takes its history with it, nothing else")
		}
		fresh()
		edit(func(e *catalog.Edit) error { return e.DeleteThing("cam-le") })
		if len(c.Things()) != 0 || len(c.Datastreams()) != 0 || len(c.Snapshot().History()) != 0 || len(c.Snapshot().Sensors()) != 1 {
			t.Error("a thing takes its datastreams and history with it, not the sensor")
		}
		if p, ok := s.Last("cam-le.level"); ok {
			t.Errorf("the observation %v outlived its datastream", p)
		}
		fresh()
		edit(func(e *catalog.Edit) error { return e.DeleteSensor("radar") })
		if len(c.Things()) != 1 || len(c.Datastreams()) != 0 {
			t.Error("a sensor takes its datastreams with it")
		}
		fresh()
		edit(func(e *catalog.Edit) error { return e.DeleteObservedProperty(sensing.Rain) })
		if _, ok := c.Datastream("cam-le.rain"); ok || len(c.Datastreams()) != 1 {
			t.Error("an observed property takes its datastreams with it")
		}
	})
}

func TestEdit_IsOneTransaction(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, _ *store.DB, _ *series.DB) {
		stop := errors.New("stop")
		err := c.Edit(context.Background(), admin, func(e *catalog.Edit) error {
			if err := e.CreateThing(&sensing.Thing{ID: "a", Name: "a"}); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) || len(c.Things()) != 0 {
			t.Errorf("err %v, things %v", err, c.Things())
		}
	})
}

func TestPlace_KeepsHistory(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, _ *store.DB, _ *series.DB) {
		ctx := context.Background()
		if err := c.Apply(ctx, admin, caml()); err != nil {
			t.Fatal(err)
		}
		there := &sensing.Location{ID: "hoa-xuan", Name: "Hoà Xuân", EncodingType: "application/geo+json", Geometry: json.RawMessage(`{"type":"Point","coordinates":[108.22,16.0]}`)}
		old := &catalog.HistoricalLocation{Time: time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), ThingID: "cam-le", LocationIDs: []string{"hoa-xuan"}}
		if err := c.Edit(ctx, admin, func(e *catalog.Edit) error {
			if err := e.CreateLocation(there); err != nil {
				return err
			}
			return e.CreateHistoricalLocation(old)
		}); err != nil {
			t.Fatal(err)
		}
		if l := c.Snapshot().LocationsOf("cam-le"); len(l) != 1 || l[0].ID != "cam-le" {
			t.Errorf("an old entry of the history moved the thing: %v", l)
		}
		if err := c.Edit(ctx, admin, func(e *catalog.Edit) error { return e.Place("cam-le", []string{"hoa-xuan"}) }); err != nil {
			t.Fatal(err)
		}
		h := c.Snapshot().HistoryOf("cam-le")
		// The clock stands still, so the two of today are in no order.
		if len(h) != 3 || h[0].ID != old.ID || h[1].LocationIDs[0] == h[2].LocationIDs[0] {
			t.Errorf("history %+v", h)
		}
		if things := c.Snapshot().ThingsAt("hoa-xuan"); len(things) != 1 {
			t.Errorf("things at the new place: %v", things)
		}
	})
}

func TestTexts(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, _ *store.DB, _ *series.DB) {
		ctx := context.Background()
		st := caml()
		st.Datastreams = append(st.Datastreams, sensing.Datastream{ID: "cam-le.sky", Name: "Trời", ObservationType: catalog.OMCategory, SensorID: "radar", ObservedPropertyID: sensing.Rain})
		if err := c.Apply(ctx, admin, st); err != nil {
			t.Fatal(err)
		}
		start := time.Date(2020, 10, 19, 0, 0, 0, 0, time.UTC)
		obs := []catalog.TextObservation{
			{Datastream: "cam-le.sky", Time: start, Result: "mưa to", Received: start},
			{Datastream: "cam-le.sky", Time: start.Add(time.Hour), Result: "tạnh", Flags: sensing.Given, Received: start.Add(2 * time.Hour)},
		}
		if n, err := c.AppendTexts(ctx, obs); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		obs[0].Result = "khác"
		if n, err := c.AppendTexts(ctx, obs); n != 0 || err != nil {
			t.Errorf("stored %d again, %v", n, err)
		}
		got, err := c.Texts(ctx, "cam-le.sky", start, start.Add(24*time.Hour), true, 10)
		if err != nil || len(got) != 2 || got[0].Result != "tạnh" || got[0].Flags != sensing.Given || got[1].Result != "mưa to" || !got[0].Received.Equal(start.Add(2*time.Hour)) {
			t.Errorf("read %+v %v", got, err)
		}
		if _, err := c.Correct(ctx, duty, "cam-le.sky", catalog.Correction{From: start, To: start, Exclude: true, Reason: "x"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a text was corrected: %v", err)
		}
	})
}
