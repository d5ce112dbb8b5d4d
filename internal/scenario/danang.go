package scenario

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

const (
	rainStep  = 600 // seconds between the readings of a gauge
	towerStep = 300
	levelStep = 600
)

// danang builds the reconstruction: rain first, then rivers, then the
// stations whose water follows from both.
type danang struct {
	*Scenario
	rain     []gauge             // the rain gauges, with their reconstructed rain
	rivers   map[string]*river   // official stations by thing
	response map[string]response // by station code
	byThing  map[string]int      // rain gauge by thing
}

// response holds how a level station answers to rain and to a river.
type response struct {
	base, gain, recession float64 // m, m per 100 mm kept, hours
	follows               string
	share                 float64
}

func loadDaNang(fsys fs.FS) (*Scenario, error) {
	d := &danang{
		Scenario: &Scenario{
			ID:    DaNang202510,
			Title: msg.Text{Vi: "Đà Nẵng 10/2025 (tái dựng)", En: "Đà Nẵng, October 2025 (reconstructed)"},
			Note: msg.Text{
				Vi: "Tái dựng từ các số đã công bố của trận lũ lịch sử 25–30/10/2025: mực nước công bố giữ nguyên (cờ given), mọi giá trị khác là ước lượng (cờ estimated), không phải số đo.",
				En: "Reconstructed from the published figures of the record flood of 25–30 October 2025: published levels are kept (flag given), every other value is estimated (flag estimated), not measured.",
			},
			Provenance: Reconstructed,
			Start:      local(2025, time.October, 20, 0),
			End:        local(2025, time.November, 3, 0),
			Anchor:     local(2025, time.October, 29, 15),
		},
		rivers:   map[string]*river{},
		response: map[string]response{},
		byThing:  map[string]int{},
	}
	for _, step := range []func(fs.FS) error{d.readGauges, d.readRivers, d.readResponse, d.reconstructRain, d.reconstructRivers, d.readWater} {
		if err := step(fsys); err != nil {
			return nil, err
		}
	}
	return d.Scenario, nil
}

func (d *danang) readGauges(fsys fs.FS) error {
	return readTable(fsys, "data/danang/rain_gauges.csv", []string{"thing", "name", "area_ward", "lat", "lon"}, func(r *row) error {
		st := Station{
			Thing: r.text("thing"), Code: r.text("thing"), Name: r.text("name"), Area: r.text("area_ward"),
			Kind: "rain_gauge", Network: "danang", Lon: r.number("lon"), Lat: r.number("lat"),
			Datastream: r.text("thing") + "-rain", Property: sensing.Rain, Resolution: 0.1, Rhythm: rainStep * time.Second,
		}
		d.byThing[st.Thing] = len(d.rain)
		d.rain = append(d.rain, gauge{station: len(d.Stations), at: geo.Point{st.Lon, st.Lat}, phase: int64(len(d.rain)*37) % rainStep})
		d.add(st, nil)
		return nil
	})
}

func (d *danang) readRivers(fsys fs.FS) error {
	return readTable(fsys, "data/danang/river_stations.csv", []string{"thing", "name", "river", "lat", "lon", "base_m", "tide_m", "damp_m"}, func(r *row) error {
		st := Station{
			Thing: r.text("thing"), Code: r.text("thing"), Name: r.text("name"), River: r.text("river"),
			Kind: "river_station", Network: "danang", Official: true, Approximate: true, Lon: r.number("lon"), Lat: r.number("lat"),
			Datastream: r.text("thing") + "-level", Property: sensing.WaterLevel, Resolution: 0.01, Rhythm: levelStep * time.Second,
		}
		d.rivers[st.Thing] = &river{
			station: len(d.Stations), at: geo.Point{st.Lon, st.Lat},
			given: map[int64]float64{},
			base:  r.number("base_m"), tide: r.number("tide_m"), damp: r.number("damp_m"),
		}
		d.add(st, nil)
		return nil
	})
}

func (d *danang) readResponse(fsys fs.FS) error {
	return readTable(fsys, "data/danang/level_response.csv", []string{"code", "river", "base_m", "gain_m_per_100mm", "recession_h", "follows", "share"}, func(r *row) error {
		follows := r.text("follows")
		if _, ok := d.rivers[follows]; follows != "" && !ok {
			return fmt.Errorf("there is no river station %s", follows)
		}
		d.response[r.text("code")] = response{
			base: r.number("base_m"), gain: r.number("gain_m_per_100mm"), recession: max(r.number("recession_h"), 1),
			follows: follows, share: r.number("share"),
		}
		return nil
	})
}

// readWater reads the water stations and reconstructs each of them.
func (d *danang) readWater(fsys fs.FS) error {
	i := int64(0)
	return readTable(fsys, "data/danang/water_stations.csv", []string{"code", "type_code", "name", "area_ward", "lat", "lon"}, func(r *row) error {
		st := Station{
			Code: r.text("code"), Name: r.text("name"), Area: r.text("area_ward"),
			Kind:    r.oneOf("type_code", "flood_1m5", "flood_3m", "water_level", "reservoir_waterlevel"),
			Network: "danang", Lon: r.number("lon"), Lat: r.number("lat"), Resolution: 0.01,
		}
		at := geo.Point{st.Lon, st.Lat}
		i++
		switch st.Kind {
		case "flood_1m5", "flood_3m":
			st.Thing = "tower-" + st.Code
			st.Datastream, st.Property, st.Rhythm = st.Thing+"-depth", sensing.FloodDepth, towerStep*time.Second
			d.add(st, d.tower(st, at, i*13%towerStep))
		default:
			p, ok := d.response[st.Code]
			if !ok {
				return fmt.Errorf("level_response.csv does not know station %s", st.Code)
			}
			st.Rhythm = levelStep * time.Second
			if st.Kind == "water_level" {
				st.Thing = "river-" + st.Code
				st.Datastream, st.Property = st.Thing+"-level", sensing.WaterLevel
			} else {
				st.Thing = "reservoir-" + st.Code
				st.Datastream, st.Property = st.Thing+"-level", sensing.ReservoirLevel
			}
			d.add(st, d.level(st, at, p, i*41%levelStep))
		}
		return nil
	})
}

func (d *danang) add(st Station, tr track) {
	d.Stations = append(d.Stations, st)
	d.tracks = append(d.tracks, tr)
}

// seconds is the length of the scenario.
func (d *danang) seconds() int64 { return int64(d.Period() / time.Second) }

// hours tells how far an instant of the scenario is from 25/10 00:00, when
// the rain began, in hours.
func (d *danang) hours(sec int64) float64 { return float64(sec)/3600 - 5*24 }

// nearest gives the n rain gauges nearest to a place and their weights, which
// fall with the square of the distance and sum to 1.
func (d *danang) nearest(at geo.Point, n int) ([]*gauge, []float64) {
	order := make([]int, len(d.rain))
	for i := range order {
		order[i] = i
	}
	dist := func(i int) float64 { return float64(geo.Distance(at, d.rain[i].at)) }
	slices.SortStableFunc(order, func(a, b int) int {
		return int(math.Copysign(1, dist(a)-dist(b)))
	})
	var gs []*gauge
	var ws []float64
	sum := 0.0
	for _, i := range order[:n] {
		w := 1 / math.Pow(dist(i)+300, 2)
		gs, ws, sum = append(gs, &d.rain[i]), append(ws, w), sum+w
	}
	for i := range ws {
		ws[i] /= sum
	}
	return gs, ws
}
