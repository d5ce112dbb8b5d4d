package app

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/api"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/connector/all"
	"openioc.org/ioc/internal/connector/mqtt"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/flood"
	"openioc.org/ioc/internal/indicator"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/readiness"
	"openioc.org/ioc/internal/scenario"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/sta"
	"openioc.org/ioc/internal/supervise"
	"openioc.org/ioc/templates"
)

// The functions here answer what one part asks of another: each part declares
// what it wants and knows nothing of who answers.

func (a *App) thingOf(datastream string) string {
	if d, ok := a.parts.catalog.Datastream(datastream); ok {
		return d.ThingID
	}
	return ""
}

func (a *App) shiftOf(source string) time.Duration {
	s, _ := a.parts.sources.Get(source)
	return s.Shift
}

// originalTime tells when a replayed observation really happened.
func (a *App) originalTime(source string, t time.Time) (time.Time, bool) {
	if original, ok := a.demo.Original(source, t); ok {
		return original, true
	}
	if shift := a.shiftOf(source); shift != 0 {
		return t.Add(-shift), true
	}
	return time.Time{}, false
}

// placed is the catalog whose stations know their unit: one that a station
// does not declare is found by its place.
type placed struct {
	*catalog.Catalog
	city  *city.City
	clock *clock.Clock
}

// ThingPlace returns where a station is and the code of its unit, "" outside
// the city.
func (p placed) ThingPlace(thing string) (lon, lat float64, unitCode string, ok bool) {
	lon, lat, unitCode, ok = p.Catalog.ThingPlace(thing)
	if ok && unitCode == "" {
		if u, found := p.city.Find(lon, lat, p.clock.Now()); found {
			unitCode = u.Code
		}
	}
	return lon, lat, unitCode, ok
}

func (a *App) floodUnits(at time.Time) []flood.Unit {
	units := a.parts.city.Units(at)
	out := make([]flood.Unit, 0, len(units))
	for _, u := range units {
		if g := a.parts.city.Geometry(u.ID); g != nil {
			out = append(out, flood.Unit{Code: u.Code, Name: u.Name, Lon: u.Lon, Lat: u.Lat, Geometry: json.RawMessage(g)})
		}
	}
	return out
}

// acceptObservation takes what SensorThings creates onto the whole road.
func (a *App) acceptObservation(ctx context.Context, actor access.Actor, source string, readings []sensing.Reading) ([]error, error) {
	res, err := a.parts.ingest.Accept(ctx, connector.Batch{Source: source, Readings: readings, Received: a.clock.Now(), Actor: actor})
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(readings))
	for _, r := range res.Rejected {
		errs[r.Index] = r.Err
	}
	if len(readings) == 1 && res.Quarantined == 1 {
		errs[0] = sta.ErrQuarantined.With()
	}
	return errs, nil
}

var kindTitles = map[string]msg.Text{
	sensing.Rain:           {Vi: "trạm đo mưa", En: "rain gauge"},
	sensing.WaterLevel:     {Vi: "trạm mực nước", En: "water level station"},
	sensing.FloodDepth:     {Vi: "tháp báo ngập", En: "flood tower"},
	sensing.ReservoirLevel: {Vi: "hồ chứa", En: "reservoir"},
}

// places lists what the search finds beside units.
func (a *App) places(_ context.Context, actor access.Actor) []api.Place {
	p := &a.parts
	out := []api.Place{}
	for _, t := range p.catalog.Things() {
		lon, lat, unit, ok := p.stations.ThingPlace(t.ID)
		place := api.Place{Kind: "station", ID: t.ID, Title: t.Name, Lon: lon, Lat: lat, HasPlace: ok, Link: "/stations/" + t.ID}
		if ds := p.catalog.DatastreamsOf(t.ID); len(ds) > 0 {
			place.Subtitle = kindTitles[ds[0].ObservedPropertyID]
		}
		if u, found := p.city.Unit(unit); found {
			if place.Subtitle.Vi != "" {
				place.Subtitle.Vi += " · "
				place.Subtitle.En += " · "
			}
			place.Subtitle.Vi += u.FullName
			place.Subtitle.En += u.FullName
		}
		out = append(out, place)
	}
	if actor.Can(access.SourceView, access.Scope{}) {
		for _, s := range p.sources.All() {
			out = append(out, api.Place{Kind: "source", ID: s.ID, Title: s.Name,
				Subtitle: msg.Text{Vi: "nguồn dữ liệu", En: "data source"}, Link: "/sources/" + s.ID})
		}
	}
	return out
}

func (a *App) unitName(code string) string {
	u, _ := a.parts.city.Unit(code)
	return u.Name
}

func (a *App) unitAt(lon, lat float64) (code, name string, ok bool) {
	u, ok := a.parts.city.Find(lon, lat, a.clock.Now())
	return u.Code, u.FullName, ok
}

// supervised makes what runs the connectors, and lends its reading of a
// source's own format to the dead letters and to mapped pushes.
func (a *App) supervised() error {
	p := &a.parts
	guard, err := connector.NewGuard(a.o.Config.Pull.AllowPrivate)
	if err != nil {
		return err
	}
	list, err := templates.All()
	if err != nil {
		return err
	}
	dir := filepath.Join(a.o.Config.Data.Dir, "connectors")
	drop, err := filepath.Abs(filepath.Join(a.o.Config.Data.Dir, "drop"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(drop, 0o750); err != nil {
		return err
	}
	p.supervisor = supervise.New(supervise.Options{
		Kinds: all.Kinds, Sources: a.connectorSources, Sink: p.ingest, Dir: dir, Guard: guard, Roots: append([]string{drop}, a.o.Config.Pull.Folders...),
		Preview: a.preview, Register: p.catalog, Unit: a.unitAt, Templates: list, Clock: a.clock, Logger: a.log.With("component", "supervise"), Registerer: a.reg,
	})
	p.ingest.Reread(p.supervisor.Reread)
	p.ingest.ReadPushed(func(_ context.Context, source, body string) ([]sensing.Reading, []connector.Unread, error) {
		out, err := p.supervisor.Read(source, []byte(body), mapping.Meta{})
		return out.Readings, out.Unread, err
	})
	p.sources.OnChange(p.supervisor.Changed)
	a.background("connectors", p.supervisor.Run)
	return nil
}

// findKind knows the connectors and the replayed scenarios.
func findKind(name string) (connector.Kind, bool) {
	if name == scenario.SourceKind {
		return scenario.Kind(), true
	}
	return all.Find(name)
}

func (a *App) connectorSources() []supervise.Source {
	list := a.parts.sources.All()
	out := make([]supervise.Source, 0, len(list))
	for _, s := range list {
		if s.Kind == scenario.SourceKind {
			continue // played by this program itself
		}
		out = append(out, supervise.Source{ID: s.ID, Kind: s.Kind, Config: s.Config, Mapping: s.Mapping, Enabled: s.Enabled})
	}
	return out
}

// runner tells how the connector of a source does; what is played by this
// program itself has none.
func (a *App) runner(source string) (readiness.Runner, bool) {
	if s, ok := a.parts.sources.Get(source); !ok || s.Kind == scenario.SourceKind {
		return readiness.Runner{}, false
	}
	st := a.parts.supervisor.Status(source)
	r := readiness.Runner{Running: st.State == supervise.Running, Restarts: st.Restarts}
	if st.LastError != nil {
		r.LastError = msg.Text{Vi: whole(st.LastError, msg.Vi), En: whole(st.LastError, msg.En)}
	}
	if st.Note != nil {
		r.Note = *st.Note
	}
	return r, true
}

// whole is a fault's sentence with what is wrong with each field.
func whole(f *fault.Error, lang msg.Lang) string {
	s := f.In(lang)
	for _, field := range f.Fields {
		s += "; " + field.Path + ": " + field.Err.In(lang)
	}
	return s
}

func (a *App) sourcesState(ctx context.Context) indicator.SourcesState {
	o, err := a.parts.readiness.Overview(ctx)
	if err != nil {
		a.log.Warn("overview of sources", "err", err) // the other figures still stand
		return indicator.SourcesState{}
	}
	return indicator.SourcesState{Total: o.Total, Live: o.Live, Late: o.Late, Silent: o.Silent, LagSeconds: o.LagSeconds}
}

func (a *App) preview(ctx context.Context, b connector.Batch) ([]supervise.PreviewRow, error) {
	rows, err := a.parts.ingest.Preview(ctx, b)
	if err != nil {
		return nil, err
	}
	out := make([]supervise.PreviewRow, len(rows))
	for i, r := range rows {
		out[i] = supervise.PreviewRow{Datastream: r.Datastream, Key: r.Key, Name: r.Name, Time: r.Time, Value: r.Value, Text: r.Text,
			Unit: r.Unit, Flags: r.Flags, Verdict: r.Verdict, Err: r.Err, Raw: r.Raw}
	}
	return out, nil
}

func (a *App) startMQTT() error {
	p := &a.parts
	b, err := mqtt.Start(mqtt.Options{
		Listen: a.o.Config.MQTT.Listen, Sink: p.ingest,
		ObservationTopic: sta.ParseCreateTopic, CreateObservation: p.sta.CreateObservation,
		Authenticate: func(username, password string) (mqtt.Identity, bool) {
			d, ok := p.sources.AuthenticateDevice(username, password)
			if !ok {
				return mqtt.Identity{}, false
			}
			s, ok := p.sources.Get(d.Source)
			own := a.sensorThingsTopics(d.Source)
			return mqtt.Identity{Actor: s.Actor(), Source: d.Source,
				Publish: slices.Concat(d.Publish, own), Subscribe: slices.Concat(d.Subscribe, own)}, ok
		},
		Known: func(source, username string) bool { return p.sources.KnowsDevice(source, username) },
		Source: func(id string) (json.RawMessage, bool) {
			s, ok := p.sources.Get(id)
			return s.Mapping, ok && s.Enabled
		},
		Clock: a.clock, Logger: a.log.With("component", "mqtt"), Registerer: a.reg,
	})
	if err != nil {
		return err
	}
	p.broker = b
	a.mqttAddress = b.Addr().String()
	a.onStop("mqtt", b.Close)
	p.sources.OnChange(b.Refresh)
	p.ingest.OnStored(a.tellSubscribers)
	return nil
}

// sensorThingsTopics are the topics of a source's own datastreams, on which
// its devices may create observations and hear of them.
func (a *App) sensorThingsTopics(source string) []string {
	out := []string{}
	for _, d := range a.parts.catalog.Datastreams() {
		if d.SourceID == source {
			out = append(out, sta.DatastreamTopic(d.ID))
		}
	}
	return out
}

// tellSubscribers publishes stored observations to the SensorThings topics
// that somebody has subscribed to.
func (a *App) tellSubscribers(obs []sensing.Observation) {
	p := &a.parts
	for i := range obs {
		var payload []byte
		for _, topic := range p.sta.Topics(obs[i]) {
			if !p.broker.Wanted(topic) {
				continue
			}
			if payload == nil {
				if payload = p.sta.ObservationJSON(context.Background(), a.scheme+"://"+a.address, obs[i]); payload == nil {
					break
				}
			}
			if err := p.broker.PublishObservation(topic, payload); err != nil {
				a.log.Warn("tell subscribers", "topic", topic, "err", err)
			}
		}
	}
}
