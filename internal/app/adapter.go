package app

import (
	"context"
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/api"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/connector/mqtt"
	"openioc.org/ioc/internal/flood"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
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
		lon, lat, unit, ok := p.catalog.ThingPlace(t.ID)
		place := api.Place{Kind: "station", ID: t.ID, Title: t.Name, Lon: lon, Lat: lat, HasPlace: ok, Link: "/station/" + t.ID}
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

func (a *App) startMQTT() error {
	p := &a.parts
	b, err := mqtt.Start(mqtt.Options{
		Listen: a.o.Config.MQTT.Listen, Sink: p.ingest, CreateObservation: p.sta.CreateObservation,
		Authenticate: func(username, password string) (mqtt.Identity, bool) {
			d, ok := p.sources.AuthenticateDevice(username, password)
			if !ok {
				return mqtt.Identity{}, false
			}
			s, ok := p.sources.Get(d.Source)
			return mqtt.Identity{Actor: s.Actor(), Source: d.Source, Publish: d.Publish, Subscribe: d.Subscribe}, ok
		},
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
