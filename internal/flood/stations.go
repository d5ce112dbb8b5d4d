package flood

import (
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/sensing"
)

// refresh rebuilds the list of stations when the catalog changed. The caller
// holds the lock.
func (s *Service) refresh() {
	if !s.stale {
		return
	}
	s.stale = false
	names := map[string]string{}
	for _, u := range s.opt.Units(s.opt.Clock.Now()) {
		names[u.Code] = u.Name
	}
	s.stations = nil
	kept := map[string]*history{}
	for _, d := range s.opt.Catalog.Datastreams() {
		switch d.ObservedPropertyID {
		case sensing.Rain, sensing.WaterLevel, sensing.FloodDepth, sensing.ReservoirLevel:
		default:
			continue
		}
		t, ok := s.opt.Catalog.Thing(d.ThingID)
		if !ok {
			continue
		}
		st := &station{
			thing: t.ID, name: t.Name, kind: property(t, "kind"), river: property(t, "river"), network: property(t, "network"),
			stream: d.ID, property: d.ObservedPropertyID, source: d.SourceID, rhythm: d.Rhythm,
			history: s.byStream[d.ID],
		}
		if st.rhythm <= 0 {
			st.rhythm = 10 * time.Minute
		}
		if st.network == "" {
			st.network = d.SourceID
		}
		st.lon, st.lat, st.unitCode, st.placed = s.opt.Catalog.ThingPlace(t.ID)
		st.unitName = names[st.unitCode]
		if st.history == nil {
			st.history = &history{}
		}
		kept[d.ID] = st.history
		s.stations = append(s.stations, st)
	}
	s.byStream = kept
	slices.SortFunc(s.stations, func(a, b *station) int { return strings.Compare(a.stream, b.stream) })
	s.findNeighbours()
}

func (s *Service) findNeighbours() {
	limit := s.tables.setting("neighbour_km", s.opt.Clock.Now())
	for i, a := range s.stations {
		if a.property != sensing.Rain || !a.placed {
			continue
		}
		for j, b := range s.stations {
			if i == j || b.property != sensing.Rain || !b.placed || b.thing == a.thing {
				continue
			}
			if km := float64(geo.Distance(geo.Point{a.lon, a.lat}, geo.Point{b.lon, b.lat})) / 1000; km <= limit {
				a.near = append(a.near, near{j, km})
			}
		}
		slices.SortFunc(a.near, func(x, y near) int {
			switch {
			case x.km < y.km:
				return -1
			case x.km > y.km:
				return 1
			}
			return x.index - y.index
		})
	}
}

func property(t *sensing.Thing, name string) string {
	v, _ := t.Properties[name].(string)
	return v
}

// patience is how old a reading may be and still stand for now.
func (st *station) patience() time.Duration { return max(3*st.rhythm, 30*time.Minute) }

// lookback is how old a reading may be and still be shown, as a stale one.
func (st *station) lookback() time.Duration { return max(8*st.rhythm, 6*time.Hour) }
