package rule_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	officer = access.Actor{ID: "u1", Name: "Trực ban", Roles: []access.Role{access.Duty}}
	head    = access.Actor{ID: "u2", Name: "Lãnh đạo IOC", Roles: []access.Role{access.IOCLeader}}
	citizen = access.Actor{ID: "u3", Name: "Dân", Roles: []access.Role{access.Citizen}}
)

// start is when the tests of this package begin.
var start = time.Date(2026, 10, 28, 0, 0, 0, 0, time.UTC)

// town is a small register: towers in a row, gauges of rain, a river.
type town struct {
	streams []*sensing.Datastream
	things  map[string]*sensing.Thing
	places  map[string][2]float64
}

func (t *town) add(thing, name, property, unit string, lon, lat float64) {
	id := thing + "-" + property
	t.streams = append(t.streams, &sensing.Datastream{
		ID: id, ThingID: thing, ObservedPropertyID: property, SourceID: "net", Unit: sensing.UnitOfMeasurement{Symbol: unit},
		ObservationType: catalog.OMMeasurement, Resolution: 0.01, Rhythm: 10 * time.Minute,
	})
	t.things[thing] = &sensing.Thing{ID: thing, Name: name, Properties: map[string]any{"kind": strings.SplitN(thing, "-", 2)[0]}}
	t.places[thing] = [2]float64{lon, lat}
}

func newTown() *town {
	t := &town{things: map[string]*sensing.Thing{}, places: map[string][2]float64{}}
	for i, n := range []string{"a", "b", "c", "d"} {
		t.add("tower-"+n, "Tháp "+strings.ToUpper(n), sensing.FloodDepth, "m", 108.2+0.01*float64(i), 16.05)
		t.add("gauge-"+n, "Trạm "+strings.ToUpper(n), sensing.Rain, "mm", 108.2+0.01*float64(i), 16.06)
	}
	t.add("river-ai-nghia", "Ái Nghĩa", sensing.WaterLevel, "m", 108.11, 15.88)
	return t
}

// Datastreams lists the register.
func (t *town) Datastreams() []*sensing.Datastream { return t.streams }

// Datastream finds one.
func (t *town) Datastream(id string) (*sensing.Datastream, bool) {
	for _, d := range t.streams {
		if d.ID == id {
			return d, true
		}
	}
	return nil, false
}

// Thing finds a station.
func (t *town) Thing(id string) (*sensing.Thing, bool) {
	x, ok := t.things[id]
	return x, ok
}

// ThingPlace tells where it is.
func (t *town) ThingPlace(thing string) (lon, lat float64, unit string, ok bool) {
	p, ok := t.places[thing]
	return p[0], p[1], "20242", ok
}

// observations opens a store of observations that knows the town.
func observations(t testing.TB, w *town, clk *clock.Clock) *series.DB {
	t.Helper()
	db, err := series.Open(series.Options{Dir: t.TempDir(), Clock: clk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, d := range w.streams {
		if err := db.Define(series.Meta{ID: d.ID, Metric: d.ObservedPropertyID, Resolution: d.Resolution, Rhythm: d.Rhythm,
			Labels: map[string]string{"thing": d.ThingID, "source": d.SourceID, "unit": d.Unit.Symbol, "name": w.things[d.ThingID].Name, "unit_code": "20242"}}); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func options(t testing.TB, db *store.DB, clk *clock.Clock) rule.Options {
	t.Helper()
	w := newTown()
	return rule.Options{
		Store: db, Series: observations(t, w, clk), Catalog: w, Clock: clk, Services: []string{"flood"},
		UnitName: func(code string) string { return map[string]string{"20242": "Phường Hải Châu"}[code] },
		Thresholds: func(thing, property string, _ time.Time) []sensing.Threshold {
			if thing != "river-ai-nghia" {
				return nil
			}
			return []sensing.Threshold{{Level: 1, Value: 6.5}, {Level: 2, Value: 8}, {Level: 3, Value: 9}}
		},
	}
}

func open(t testing.TB, o rule.Options) *rule.Service {
	t.Helper()
	s, err := rule.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// deep is a rule over the towers.
func deep() rule.Definition {
	return rule.Definition{
		Name: msg.Text{Vi: "Ngập đường", En: "Street flooding"}, Service: "flood", Kind: "threshold",
		Where: map[string]string{"property": sensing.FloodDepth},
		Levels: []rule.Level{
			{Severity: 2, Raise: ">= 0.2", Clear: "< 0.15"},
			{Severity: 4, Raise: ">= 0.5", Clear: "< 0.45"},
		},
		Message: rule.Message{
			Title: msg.Text{Vi: "{name}: ngập {value} {unit}", En: "{name}: {value} {unit} of water"},
			Text:  msg.Text{Vi: "Từ {limit} {unit} tại {place} kể từ {since} ({level})", En: "From {limit} {unit} at {place} since {since} ({level})"},
		},
	}
}

func code(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestRule_Life(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		var trail []string
		db.OnEmit(func(_ *store.Tx, e store.Event) error {
			trail = append(trail, e.Subject)
			return nil
		})
		s := open(t, options(t, db, nil))
		v, err := s.Create(ctx, officer, "", deep())
		if err != nil {
			t.Fatal(err)
		}
		if v.ID != "ngap-duong" || v.State != rule.Draft || v.Version != 1 || v.LiveVersion != 0 || v.Selects != 4 || v.PromQL != "flood_depth" {
			t.Fatalf("created %+v", v)
		}
		if _, err := s.Create(ctx, officer, "ngap-duong", deep()); code(err) != "rule.exists" {
			t.Errorf("a second of that id: %v", err)
		}
		if _, err := s.Approve(ctx, head, v.ID, 0, false); code(err) != "rule.step" {
			t.Errorf("a draft approved: %v", err)
		}
		if _, err := s.Enable(ctx, head, v.ID, true, ""); code(err) != "rule.no_live_version" {
			t.Errorf("switched on without a version: %v", err)
		}
		if v, err = s.Submit(ctx, officer, v.ID, false); err != nil || v.State != rule.Review {
			t.Fatalf("submitted: %+v %v", v, err)
		}
		if _, err := s.Approve(ctx, officer, v.ID, 1, false); code(err) != "access.denied" {
			t.Errorf("an officer approves: %v", err)
		}
		if _, err := s.Reject(ctx, head, v.ID, 1, " "); code(err) != "rule.reason" {
			t.Errorf("rejected without a reason: %v", err)
		}
		if v, err = s.Reject(ctx, head, v.ID, 1, "ngưỡng quá thấp"); err != nil || v.State != rule.Rejected || v.Reason != "ngưỡng quá thấp" || v.Reviewer.ID != head.ID {
			t.Fatalf("rejected: %+v %v", v, err)
		}
		d := deep()
		d.ForSeconds = 120
		if v, err = s.Update(ctx, head, v.ID, d); err != nil || v.Version != 2 || v.State != rule.Draft {
			t.Fatalf("second version: %+v %v", v, err)
		}
		if _, err = s.Submit(ctx, head, v.ID, false); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Approve(ctx, head, v.ID, 2, false); code(err) != "rule.own_version" {
			t.Errorf("his own version approved: %v", err)
		}
		other := head
		other.ID = "u9"
		if v, err = s.Approve(ctx, other, v.ID, 2, false); err != nil || v.State != rule.Live || v.LiveVersion != 2 || !v.Enabled {
			t.Fatalf("approved: %+v %v", v, err)
		}
		// A later version takes its place.
		if _, err = s.Update(ctx, officer, v.ID, deep()); err != nil {
			t.Fatal(err)
		}
		if _, err = s.Submit(ctx, officer, v.ID, false); err != nil {
			t.Fatal(err)
		}
		if v, err = s.Approve(ctx, head, v.ID, 0, false); err != nil || v.LiveVersion != 3 {
			t.Fatalf("third version: %+v %v", v, err)
		}
		list, err := s.Versions(ctx, officer, v.ID)
		if err != nil || len(list) != 3 || list[0].State != rule.Live || list[1].State != rule.Retired || list[2].State != rule.Rejected {
			t.Fatalf("versions %+v %v", list, err)
		}
		if _, err := s.Enable(ctx, head, v.ID, false, ""); code(err) != "rule.reason" {
			t.Errorf("switched off without a reason: %v", err)
		}
		if v, err = s.Enable(ctx, head, v.ID, false, "bảo trì"); err != nil || v.Enabled || v.Reason != "bảo trì" {
			t.Fatalf("switched off: %+v %v", v, err)
		}
		if err := s.Retire(ctx, head, v.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Update(ctx, officer, v.ID, deep()); code(err) != "rule.retired" {
			t.Errorf("a withdrawn rule written: %v", err)
		}
		if all, err := s.List(ctx, officer); err != nil || len(all) != 0 {
			t.Errorf("listed %v %v", all, err)
		}
		if _, err := s.Get(ctx, officer, "nobody", 0); code(err) != "rule.not_found" {
			t.Errorf("a rule that is not there: %v", err)
		}
		want := "created submitted rejected drafted submitted approved drafted submitted approved disabled retired"
		var got []string
		for _, subject := range trail {
			got = append(got, strings.Split(subject, ".")[2])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("the trail is %v, want %s", got, want)
		}
	})
}
