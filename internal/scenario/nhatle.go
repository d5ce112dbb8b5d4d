package scenario

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// loadNhatLe reads the real records of the Nhật Lệ basin: nothing in it is
// estimated, and each value stands at the time of the file.
func loadNhatLe(fsys fs.FS) (*Scenario, error) {
	s := &Scenario{
		ID:    NhatLe2020,
		Title: msg.Text{Vi: "Nhật Lệ 10/2020", En: "Nhật Lệ, October 2020"},
		Note: msg.Text{
			Vi: "Số liệu thật: mưa giờ và mực nước đo tại lưu vực Nhật Lệ (Quảng Bình), hai trận lũ tháng 10/2020; vị trí trạm gần đúng.",
			En: "Real data: hourly rain and measured levels of the Nhật Lệ basin (Quảng Bình), both floods of October 2020; places are approximate.",
		},
		Provenance: Real,
		Start:      local(2020, time.October, 5, 0),
		End:        local(2020, time.October, 25, 0),
		Anchor:     local(2020, time.October, 18, 20),
	}
	rain, level := map[string]int{}, map[string]int{}
	err := readTable(fsys, "data/nhatle/stations.csv", []string{"thing", "column", "name", "kind", "river", "lat", "lon"}, func(r *row) error {
		st := Station{
			Thing: r.text("thing"), Code: r.text("column"), Name: r.text("name"), River: r.text("river"),
			Kind: r.oneOf("kind", "rain_gauge", "water_level"), Network: "nhatle",
			Lon: r.number("lon"), Lat: r.number("lat"), Approximate: true, Official: true, Rhythm: time.Hour,
		}
		if st.Kind == "rain_gauge" {
			st.Datastream, st.Property, st.Resolution = st.Thing+"-rain", sensing.Rain, 0.1
			rain[st.Code] = len(s.Stations)
		} else {
			st.Kind = "river_station"
			st.Datastream, st.Property, st.Resolution = st.Thing+"-level", sensing.WaterLevel, 0.01
			level[st.Code] = len(s.Stations)
		}
		s.Stations = append(s.Stations, st)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.tracks = make([]track, len(s.Stations))
	columns := make([]string, 0, len(rain)+1)
	for c := range rain {
		columns = append(columns, c)
	}
	err = readTable(fsys, "data/nhatle/rain_hourly.csv", append(columns, "time_local"), func(r *row) error {
		t := r.time("time_local")
		for c, i := range rain {
			if r.text(c) == "" {
				continue // the gauge said nothing that hour
			}
			s.put(i, t, r.number(c), measured)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = readTable(fsys, "data/nhatle/level.csv", []string{"time_local", "station", "level_m"}, func(r *row) error {
		i, ok := level[r.text("station")]
		if !ok {
			return fmt.Errorf("there is no station %s", r.text("station"))
		}
		s.put(i, r.time("time_local"), r.number("level_m"), measured)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, tr := range s.tracks {
		slices.SortFunc(tr, func(a, b point) int { return int(a.at) - int(b.at) })
	}
	return s, nil
}

// put adds a value to the track of station i.
func (s *Scenario) put(i int, t time.Time, v float64, quality uint8) {
	s.tracks[i] = append(s.tracks[i], point{
		at:      int32(t.Sub(s.Start) / time.Second),
		steps:   int16(math.Round(v / s.Stations[i].Resolution)),
		quality: quality,
	})
}
