package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/source"
)

// SourceKind is the connector kind of the sources of scenarios; nothing runs
// per source, this package carries them.
const SourceKind = "scenario"

// Config is the config of such a source.
type Config struct {
	Scenario string    `json:"scenario"`
	Start    time.Time `json:"start"` // original times
	End      time.Time `json:"end"`
	Loop     bool      `json:"loop"`
}

// Register is the register of stations.
type Register interface {
	Apply(ctx context.Context, actor access.Actor, stations ...catalog.Station) error
}

// Sources is the register of sources.
type Sources interface {
	Get(id string) (source.Source, bool)
	Ensure(ctx context.Context, actor access.Actor, d source.Draft) (source.Source, error)
}

// Units finds the administrative unit of a place; nil finds none.
type Units interface {
	Find(lon, lat float64, at time.Time) (city.Unit, bool)
}

// Install makes the scenario's source, with its provenance and its shift, and
// its stations. What is there already stays as it is.
func (s *Scenario) Install(ctx context.Context, reg Register, sources Sources, units Units, shift time.Duration) error {
	actor := access.System("scenario")
	config, err := json.Marshal(Config{Scenario: s.ID, Start: s.Start, End: s.End, Loop: shift != 0})
	if err != nil {
		return fmt.Errorf("encode config of %s: %w", s.ID, err)
	}
	_, err = sources.Ensure(ctx, actor, source.Draft{
		ID: s.ID, Name: s.Title.Vi, Kind: SourceKind, Config: config, Enabled: true, Provenance: s.Provenance, Shift: shift, Rhythm: s.rhythm(),
	})
	if err != nil {
		return fmt.Errorf("make source %s: %w", s.ID, err)
	}
	list := make([]catalog.Station, len(s.Stations))
	for i, st := range s.Stations {
		list[i] = st.entities(s, units)
	}
	if err := reg.Apply(ctx, actor, list...); err != nil {
		return fmt.Errorf("register stations of %s: %w", s.ID, err)
	}
	return nil
}

// rhythm is how often most stations of the source are expected to speak.
func (s *Scenario) rhythm() time.Duration {
	count := map[time.Duration]int{}
	best := time.Duration(0)
	for _, st := range s.Stations {
		count[st.Rhythm]++
		if n := count[st.Rhythm]; n > count[best] || n == count[best] && st.Rhythm > best {
			best = st.Rhythm
		}
	}
	return best
}

// instrument says what stands at a kind of station.
type instrument struct {
	id   string
	name msg.Text
	what string // name of the datastream, before the station's
}

var instruments = map[string]instrument{
	"rain_gauge":           {"rain-gauge", msg.Text{Vi: "Trạm đo mưa tự động", En: "Automatic rain gauge"}, "Lượng mưa"},
	"flood_1m5":            {"flood-tower", msg.Text{Vi: "Tháp báo ngập", En: "Flood tower"}, "Độ sâu ngập"},
	"flood_3m":             {"river-flood-tower", msg.Text{Vi: "Tháp báo lũ", En: "River-flood tower"}, "Độ sâu ngập"},
	"water_level":          {"level-station", msg.Text{Vi: "Trạm đo mực nước", En: "Level station"}, "Mực nước"},
	"river_station":        {"river-station", msg.Text{Vi: "Trạm thủy văn", En: "Hydrological station"}, "Mực nước"},
	"reservoir_waterlevel": {"reservoir-station", msg.Text{Vi: "Trạm đo mực nước hồ", En: "Reservoir level station"}, "Mực nước hồ"},
}

// entities makes the SensorThings entities of a station.
func (st *Station) entities(s *Scenario, units Units) catalog.Station {
	in := instruments[st.Kind]
	props := map[string]any{"kind": st.Kind, "code": st.Code, "network": st.Network}
	if st.River != "" {
		props["river"] = st.River
	}
	if st.Area != "" {
		props["area_reported"] = st.Area // by the city; it may differ from where the place lies
	}
	if st.Approximate {
		props["approximate"] = true
	}
	if st.Official {
		props["official"] = true
	}
	if units != nil {
		if u, ok := units.Find(st.Lon, st.Lat, time.Time{}); ok {
			props["unit_code"], props["unit_name"] = u.Code, u.Name
		}
	}
	unit := sensing.UnitOfMeasurement{Name: "metre", Symbol: "m", Definition: "http://unitsofmeasure.org/ucum.html#para-28"}
	if st.Property == sensing.Rain {
		unit = sensing.UnitOfMeasurement{Name: "millimetre", Symbol: "mm", Definition: "http://unitsofmeasure.org/ucum.html#para-28"}
	}
	return catalog.Station{
		Thing: sensing.Thing{ID: st.Thing, Name: st.Name, Description: in.name.Vi + " (" + in.name.En + ")", Properties: props},
		Lon:   st.Lon, Lat: st.Lat,
		Sensors: []sensing.Sensor{{
			ID: in.id, Name: in.name.Vi, Description: in.name.En, EncodingType: "text/plain", Metadata: in.name.En,
		}},
		Datastreams: []sensing.Datastream{{
			ID: st.Datastream, Name: in.what + " " + st.Name, Description: in.name.Vi + " " + st.Name, Unit: unit, ThingID: st.Thing,
			SensorID: in.id, ObservedPropertyID: st.Property, SourceID: s.ID, Key: st.Datastream, Resolution: st.Resolution, Rhythm: st.Rhythm,
			Properties: map[string]any{"provenance": s.Provenance},
		}},
	}
}

// Kind describes the sources of scenarios to the register of sources and to
// the UI. Nothing of it is started per source.
func Kind() connector.Kind {
	return connector.Kind{
		Name:    SourceKind,
		Title:   msg.Text{Vi: "Kịch bản phát lại", En: "Replayed scenario"},
		Summary: msg.Text{Vi: "Trận lũ đã ghi, phát lại bởi chế độ demo hoặc replay", En: "A recorded flood, played by the demo or by a replay"},
		Readme:  "Nguồn này do `ioc demo` và `ioc replay` tạo và nuôi; không tạo bằng tay.\n\nMade and fed by `ioc demo` and `ioc replay`; not to be made by hand.\n",
		Config:  func() any { return &Config{} },
	}
}
