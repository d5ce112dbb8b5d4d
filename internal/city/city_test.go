package city_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/vi"
)

var (
	merger = time.Date(2025, 7, 1, 0, 0, 0, 0, time.FixedZone("+07", 7*3600))
	now    = merger.AddDate(1, 4, 0)
	before = merger.Add(-time.Second)
)

func load(tb testing.TB) *city.City {
	tb.Helper()
	c, err := city.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestUnits_NinetyFourSinceTheMerger(t *testing.T) {
	c := load(t)
	for _, at := range []time.Time{merger, now, {}} {
		count := map[string]int{}
		for _, u := range c.Units(at) {
			count[u.Kind]++
		}
		if len(count) != 3 || count[city.Ward] != 23 || count[city.Commune] != 70 || count[city.SpecialZone] != 1 {
			t.Errorf("at %v: %v", at, count)
		}
	}
	if n := len(c.Units(before)); n != 280+25 {
		t.Errorf("a second before the merger: %d units, want 280 wards and communes and 25 districts", n)
	}
}

func TestUnits_SortedAsDictionariesDo(t *testing.T) {
	units := load(t).Units(now)
	if !slices.IsSortedFunc(units, func(a, b city.Unit) int { return vi.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
}

func TestUnits_AreComplete(t *testing.T) {
	c := load(t)
	for _, u := range c.Units(now) {
		if u.ID != u.Code || u.AreaKm2 <= 0 || u.NameEn == "" || !strings.HasSuffix(u.FullName, u.Name) || vi.NFC(u.FullName) != u.FullName {
			t.Errorf("%+v", u)
		}
		if len(u.Predecessors) == 0 {
			t.Errorf("%s %s came from nothing", u.Code, u.FullName)
		}
		if !json.Valid(c.Geometry(u.Code)) {
			t.Errorf("%s: geometry %.40s", u.FullName, c.Geometry(u.Code))
		}
		// The label point of Hoàng Sa lies in the sea between its islands.
		if found, ok := c.Find(u.Lon, u.Lat, now); u.Kind != city.SpecialZone && (!ok || found.ID != u.ID) {
			t.Errorf("the label of %s lies in %q", u.FullName, found.FullName)
		}
	}
	for _, u := range c.Units(before) {
		if len(c.Successors(u.ID, now)) == 0 {
			t.Errorf("%s %s became nothing", u.ID, u.FullName)
		}
		if u.Lon == 0 || u.BBox.Empty() {
			t.Errorf("%s %s has no place", u.ID, u.FullName)
		}
	}
	if c.Geometry("20242-2025") != nil || c.Geometry("no") != nil {
		t.Error("a unit without boundaries has some")
	}
	if !json.Valid(c.Outline()) {
		t.Error("no outline")
	}
}

func TestUnit_ACodeGivenAgainIsTheNewUnit(t *testing.T) {
	c := load(t)
	for code, want := range map[string]string{
		"20194":      "Phường Hải Vân",
		"20194-2025": "Phường Hòa Hiệp Bắc",
		"20195":      "Phường Hòa Hiệp Nam", // never given again
		"492":        "Quận Hải Châu",
		"20333":      "Đặc khu Hoàng Sa",
	} {
		if u, ok := c.Unit(code); !ok || u.FullName != want {
			t.Errorf("Unit(%q) = %q, %t; want %q", code, u.FullName, ok, want)
		}
	}
	if _, ok := c.Unit("1"); ok {
		t.Error("a unit that is not")
	}
}

func TestSuccessors(t *testing.T) {
	c := load(t)
	for id, want := range map[string]string{
		"20296-2025": "Hải Vân, Liên Chiểu", // Hòa Liên was divided
		"498-2025":   "Hoàng Sa",
		"493-2025":   "An Hải, Sơn Trà",
		"20242":      "Hải Châu",
	} {
		var names []string
		for _, u := range c.Successors(id, now) {
			names = append(names, u.Name)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s became %s, want %s", id, got, want)
		}
	}
	if got := c.Successors("498-2025", before); len(got) != 1 || got[0].FullName != "Huyện Hoàng Sa" {
		t.Errorf("before the merger: %v", got)
	}
}

func TestSearch(t *testing.T) {
	c := load(t)
	for _, test := range []struct {
		q     string
		at    time.Time
		first string // full names of the first hits
	}{
		{"hai chau", now, "Phường Hải Châu, Quận Hải Châu"},
		{"Hoà Cường", now, "Phường Hòa Cường, Phường Hòa Cường Bắc, Phường Hòa Cường Nam"},
		{"thuan phuoc", now, "Phường Thuận Phước"},
		{"xã Tam", now, "Xã Tam Anh, Xã Tam Hải, Xã Tam Mỹ, Xã Tam Xuân"},
		{"tan hiep", now, "Xã Tân Hiệp"}, // the old one bore the same name
		{"hòa vang", before, "Huyện Hòa Vang"},
		{"dac khu", now, "Đặc khu Hoàng Sa"},
		{"DA NANG 12", now, ""},
		{"  ", now, ""},
	} {
		var names []string
		for _, u := range c.Search(test.q, test.at) {
			names = append(names, u.FullName)
		}
		got := strings.Join(names, ", ")
		if !strings.HasPrefix(got, test.first) || test.first == "" && got != "" {
			t.Errorf("Search(%q) = %s; want first %s", test.q, got, test.first)
		}
	}
}

func TestSearch_AnOldWardTellsItsSuccessor(t *testing.T) {
	c := load(t)
	hits := c.Search("thuận phước", now)
	if len(hits) != 1 || !hits[0].ValidTo.Equal(merger) {
		t.Fatalf("%+v", hits)
	}
	next := c.Successors(hits[0].ID, now)
	if len(next) != 1 || next[0].FullName != "Phường Hải Châu" {
		t.Errorf("%+v", next)
	}
}

func TestFind_OutsideAndBefore(t *testing.T) {
	c := load(t)
	if u, ok := c.Find(109.5, 16.1, now); ok {
		t.Errorf("open sea is %s", u.FullName)
	}
	if u, ok := c.Find(108.2187, 16.0756, before); ok {
		t.Errorf("boundaries before the merger are not known, got %s", u.FullName)
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		load(b)
	}
}

func BenchmarkFirstFind(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		load(b).Find(108.2187, 16.0756, now)
	}
}

func BenchmarkFind(b *testing.B) {
	c := load(b)
	points := stations(b)
	c.Find(108, 16, now)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		s := points[i%len(points)]
		c.Find(s.lon, s.lat, now)
	}
}
