package supervise

import (
	"context"
	"fmt"
	"hash/fnv"
	"path"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/vi"
	"openioc.org/ioc/templates"
)

// Register is where stations are entered.
type Register interface {
	Apply(ctx context.Context, actor access.Actor, stations ...catalog.Station) error
	BySource(source, key string) (*sensing.Datastream, bool)
}

// Place is what a person says of a station that the messages do not.
type Place struct {
	ID   string  `json:"id" doc:"the source's code of the station"`
	Name string  `json:"name,omitempty"`
	Lon  float64 `json:"lon"`
	Lat  float64 `json:"lat"`
}

// StationView is a station as it would be entered, or was.
type StationView struct {
	ID          string           `json:"id" doc:"the source's code"`
	Thing       string           `json:"thing" doc:"id in the register"`
	Name        string           `json:"name"`
	Lon         *float64         `json:"lon"`
	Lat         *float64         `json:"lat"`
	Kind        string           `json:"kind"`
	UnitCode    string           `json:"unit_code"`
	UnitName    string           `json:"unit_name"`
	Datastreams []DatastreamView `json:"datastreams"`
}

// DatastreamView is one datastream of it.
type DatastreamView struct {
	Key        string  `json:"key"`
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	Property   string  `json:"property" doc:"observed property; empty when nothing says it: the datastream cannot be entered"`
	Unit       string  `json:"unit"`
	UnitName   string  `json:"-"`
	Resolution float64 `json:"resolution"`
	Rhythm     float64 `json:"rhythm_seconds"`
	Registered bool    `json:"registered" doc:"the register has it already; entering leaves it alone"`
	title      msg.Text
}

var (
	errNoPlace    = fault.Define(fault.Invalid, "supervise.no_place", "say where the stations are: {stations}", "cần cho biết vị trí của các trạm: {stations}")
	errNoProperty = fault.Define(fault.Invalid, "supervise.no_property", "say what is measured by {keys}", "cần cho biết {keys} đo gì")
	errNoEntry    = fault.Define(fault.Unavailable, "supervise.no_register", "stations cannot be entered here", "chưa thể ghi trạm ở đây")
	errNoSaved    = fault.Define(fault.Invalid, "supervise.unsaved", "save the source first: stations belong to a source", "hãy lưu nguồn trước: trạm thuộc về một nguồn")
)

// Stations lists the stations that a message speaks of, with what is known of
// their datastreams: by the mapping's station expressions, by the patterns,
// by what people said. Stations and datastreams that the register has are
// marked.
func (s *Supervisor) Stations(src Source, raw []byte, m mapping.Meta, patterns []templates.Datastream, places []Place) ([]StationView, error) {
	p, err := mapping.Parse(src.Mapping)
	if err != nil {
		return nil, err
	}
	m.Source, m.Received = src.ID, s.o.Clock.Now()
	found, err := p.Stations(raw, m)
	if err != nil {
		return nil, err
	}
	said := map[string]Place{}
	for _, pl := range places {
		said[pl.ID] = pl
	}
	out, at := []StationView{}, map[string]int{}
	ids := map[string]bool{}
	for _, f := range found {
		i, ok := at[f.Station]
		if !ok {
			i = len(out)
			at[f.Station] = i
			out = append(out, s.stationView(src, f, said))
		}
		d := datastreamView(src, f, patterns)
		d.Name = d.title.Vi + " " + out[i].Name
		for n := 2; ids[d.ID]; n++ { // "A/B" and "a-b"
			d.ID = entityID(src.ID, f.Key) + "-" + strconv.Itoa(n)
		}
		ids[d.ID] = true
		if s.o.Register != nil {
			if have, ok := s.o.Register.BySource(src.ID, f.Key); ok {
				d.Registered, d.ID, d.Name, d.Property, d.Unit = true, have.ID, have.Name, have.ObservedPropertyID, have.Unit.Symbol
				d.Resolution, d.Rhythm = have.Resolution, have.Rhythm.Seconds()
			}
		}
		if out[i].Kind == "" {
			out[i].Kind = kindOf[d.Property]
		}
		out[i].Datastreams = append(out[i].Datastreams, d)
	}
	return out, nil
}

// kindOf is the kind of a station by what it measures, where nothing says it.
var kindOf = map[string]string{
	sensing.Rain: "rain_gauge", sensing.WaterLevel: "water_level", sensing.FloodDepth: "flood_1m5", sensing.ReservoirLevel: "reservoir_waterlevel",
}

func (s *Supervisor) stationView(src Source, f mapping.Found, said map[string]Place) StationView {
	v := StationView{ID: f.Station, Thing: entityID(src.ID, f.Station), Name: f.Name, Kind: f.Kind, Datastreams: []DatastreamView{}}
	if p, ok := said[f.Station]; ok {
		f.Lon, f.Lat, f.Placed = p.Lon, p.Lat, true
		if p.Name != "" {
			v.Name = p.Name
		}
	}
	if f.Placed {
		lon, lat := f.Lon, f.Lat
		v.Lon, v.Lat = &lon, &lat
		if s.o.Unit != nil {
			v.UnitCode, v.UnitName, _ = s.o.Unit(lon, lat)
		}
	}
	return v
}

func datastreamView(src Source, f mapping.Found, patterns []templates.Datastream) DatastreamView {
	d := DatastreamView{Key: f.Key, ID: entityID(src.ID, f.Key), Unit: f.Unit, UnitName: f.Unit, Property: f.Property}
	for _, t := range patterns {
		if ok, err := path.Match(t.Key, f.Key); err != nil || !ok && t.Key != "*" || f.Property != "" && t.Property != f.Property {
			continue
		}
		if d.Property == "" {
			d.Property = t.Property
		}
		d.Unit, d.UnitName, d.Resolution, d.title = t.Unit, t.UnitName, t.Resolution, t.Title
		if r, err := time.ParseDuration(t.Rhythm); err == nil {
			d.Rhythm = r.Seconds()
		}
		break
	}
	if d.title.Vi == "" {
		d.title = msg.Text{Vi: d.Property, En: d.Property}
	}
	return d
}

// entityID makes an id that may name an entity, "<source>:<code>", with what
// an id cannot hold as hyphens. No source id holds a colon, so ids of two
// sources never meet; codes that are not plain get a checksum, so that two of
// them never fall together.
func entityID(source, code string) string {
	var b strings.Builder
	plain := len(code) <= 60
	for _, c := range strings.ReplaceAll(vi.Fold(code), " ", "-") {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_':
			b.WriteRune(c)
		default:
			plain = plain && c == '/'
			b.WriteByte('-')
		}
	}
	for _, c := range []byte(code) {
		plain = plain && c < 0x80 && c != ' '
	}
	s := b.String()
	if !plain {
		h := fnv.New32a()
		h.Write([]byte(code)) // a hash takes everything
		s = s[:min(len(s), 50)] + "-" + strconv.FormatUint(uint64(h.Sum32()), 36)
	}
	return source + ":" + s
}

// Enter enters the stations in the register, for a saved source. What the
// register has stays as it is.
func (s *Supervisor) Enter(ctx context.Context, actor access.Actor, src Source, views []StationView) error {
	if s.o.Register == nil {
		return errNoEntry.With()
	}
	saved := false
	for _, have := range s.o.Sources() {
		saved = saved || have.ID == src.ID
	}
	if !saved {
		return errNoSaved.With()
	}
	var list []catalog.Station
	var nowhere, unknown []string
	for _, v := range views {
		st := s.entities(src, v)
		if len(st.Datastreams) == 0 {
			continue
		}
		if v.Lon == nil || v.Lat == nil {
			nowhere = append(nowhere, v.ID)
		}
		for _, d := range st.Datastreams {
			if d.ObservedPropertyID == "" {
				unknown = append(unknown, d.Key)
			}
		}
		list = append(list, st)
	}
	switch {
	case len(nowhere) > 0:
		return errNoPlace.With("stations", few(nowhere))
	case len(unknown) > 0:
		return errNoProperty.With("keys", few(unknown))
	}
	return s.o.Register.Apply(ctx, actor, list...)
}

func few(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" … (+%d)", len(names)-5)
	}
	return strings.Join(names, ", ")
}

// entities makes what the register keeps of a station; registered datastreams
// are left out.
func (s *Supervisor) entities(src Source, v StationView) catalog.Station {
	props := map[string]any{"code": v.ID}
	if v.Kind != "" {
		props["kind"] = v.Kind
	}
	if v.UnitCode != "" {
		props["unit_code"], props["unit_name"] = v.UnitCode, v.UnitName
	}
	st := catalog.Station{
		Thing: sensing.Thing{ID: v.Thing, Name: v.Name, Description: v.Name, Properties: props},
		Sensors: []sensing.Sensor{{
			ID: "source-" + src.ID, Name: src.ID, Description: "instruments of the source " + src.ID, EncodingType: "text/plain", Metadata: src.Kind,
		}},
	}
	if v.Lon != nil && v.Lat != nil {
		st.Lon, st.Lat = *v.Lon, *v.Lat
	}
	for _, d := range v.Datastreams {
		if d.Registered {
			continue
		}
		if _, ships := catalog.Shipped(d.Property); !ships && d.Property != "" {
			st.ObservedProperties = append(st.ObservedProperties, sensing.ObservedProperty{
				ID: d.Property, Name: d.title.Vi, Definition: "urn:ioc:property:" + d.Property, Description: d.title.En,
			})
		}
		st.Datastreams = append(st.Datastreams, sensing.Datastream{
			ID: d.ID, Name: d.Name, Description: d.Name, ThingID: v.Thing, SensorID: "source-" + src.ID, ObservedPropertyID: d.Property,
			Unit:     sensing.UnitOfMeasurement{Name: d.UnitName, Symbol: d.Unit, Definition: "http://unitsofmeasure.org/ucum.html"},
			SourceID: src.ID, Key: d.Key, Resolution: d.Resolution, Rhythm: time.Duration(d.Rhythm * float64(time.Second)),
		})
	}
	return st
}
