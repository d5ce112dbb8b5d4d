package flood

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/layer"
	"openioc.org/ioc/internal/msg"
)

const service = "flood"

var noData = layer.LegendItem{State: "no_data", Title: msg.Text{Vi: "Không có số liệu", En: "No data"}, Color: "muted"}

// Layers returns the layers of the flood watch, for app to register.
func (s *Service) Layers() []*layer.Layer {
	now := s.opt.Clock.Now()
	legend := func(cs []Class) []layer.LegendItem {
		var out []layer.LegendItem
		for _, c := range cs {
			out = append(out, layer.LegendItem{State: c.ID, Title: c.Title, Severity: c.Severity, Color: c.Token})
		}
		return append(out, noData)
	}
	r := s.tables.at(now)
	column := func(key, vi, en, kind, unit string) layer.Column {
		return layer.Column{Key: key, Title: msg.Text{Vi: vi, En: en}, Kind: kind, Unit: unit}
	}
	name := column("name", "Trạm", "Station", "text", "")
	unit := column("unit_name", "Phường/xã", "Ward", "text", "")
	state := column("state", "Mức", "State", "state", "")
	asOf := column("as_of", "Lúc", "As of", "time", "")
	rise := column("rise_cm_h", "Lên/xuống", "Rise", "number", "cm/h")
	return []*layer.Layer{
		{
			ID: "rain", Service: service, Geometry: "point", Permission: access.LayerView, On: true,
			Title: msg.Text{Vi: "Lượng mưa", En: "Rain"},
			Columns: []layer.Column{
				name, unit, column("m10", "10 phút", "10 min", "number", "mm"), column("h1", "1 giờ", "1 h", "number", "mm"),
				column("h3", "3 giờ", "3 h", "number", "mm"), column("h6", "6 giờ", "6 h", "number", "mm"), column("h12", "12 giờ", "12 h", "number", "mm"),
				column("value", "24 giờ", "24 h", "number", "mm"), column("since19", "Từ 19h", "Since 19:00", "number", "mm"),
				column("event", "Cả đợt", "Event", "number", "mm"), state, asOf,
			},
			Legend:   legend(r.day),
			Features: s.each(rainFeatures),
		},
		{
			ID: "flood-depth", Service: service, Geometry: "point", Permission: access.LayerView, On: true,
			Title:    msg.Text{Vi: "Tháp báo ngập", En: "Flood towers"},
			Columns:  []layer.Column{name, unit, column("value", "Độ sâu", "Depth", "number", "m"), rise, state, asOf},
			Legend:   legend(r.depth),
			Features: s.each(towerFeatures),
		},
		{
			ID: "river-level", Service: service, Geometry: "point", Permission: access.LayerView, On: true,
			Title: msg.Text{Vi: "Mực nước sông", En: "River levels"},
			Columns: []layer.Column{
				name, column("river", "Sông", "River", "text", ""), column("value", "Mực nước", "Level", "number", "m"), state, rise,
				column("bd1", "BĐ1", "Alarm 1", "number", "m"), column("bd2", "BĐ2", "Alarm 2", "number", "m"), column("bd3", "BĐ3", "Alarm 3", "number", "m"), asOf,
			},
			Legend: []layer.LegendItem{
				{State: "below", Title: msg.Text{Vi: "Dưới BĐ1", En: "Below alarm 1"}, Color: "level-0"},
				{State: "alarm_1", Title: msg.Text{Vi: "Trên BĐ1", En: "Alarm 1"}, Severity: 2, Color: "level-1"},
				{State: "alarm_2", Title: msg.Text{Vi: "Trên BĐ2", En: "Alarm 2"}, Severity: 3, Color: "level-2"},
				{State: "alarm_3", Title: msg.Text{Vi: "Trên BĐ3", En: "Alarm 3"}, Severity: 4, Color: "level-3"},
				{State: "rising", Title: msg.Text{Vi: "Không có BĐ, lên nhanh", En: "No alarm levels, rising fast"}, Severity: 2, Color: "level-1"},
				{State: "unrated", Title: msg.Text{Vi: "Không có mức báo động", En: "No alarm levels"}, Color: "level-0"},
				noData,
			},
			Features: s.each(riverFeatures),
		},
		{
			ID: "reservoirs", Service: service, Geometry: "point", Permission: access.LayerView,
			Title: msg.Text{Vi: "Mực nước hồ chứa", En: "Reservoir levels"},
			Columns: []layer.Column{name, unit, column("value", "Mực nước", "Level", "number", "m"),
				column("change_24h", "So với 24 giờ trước", "Against 24 h before", "number", "m"), rise, asOf},
			Legend: []layer.LegendItem{
				{State: "level", Title: msg.Text{Vi: "Mực nước so với mốc hồ, không phải độ sâu ngập", En: "Level above the reservoir's datum, not a flood depth"}, Color: "level-0"},
				noData,
			},
			Features: s.each(reservoirFeatures),
		},
		{
			ID: "flood-units", Service: service, Geometry: "polygon", Permission: access.LayerView,
			Title: msg.Text{Vi: "Mưa theo phường, xã", En: "Rain by ward and commune"},
			Columns: []layer.Column{
				{Key: "name", Title: msg.Text{Vi: "Phường/xã", En: "Ward"}, Kind: "text"},
				column("value", "Mưa TB 24 giờ", "Mean rain 24 h", "number", "mm"), column("rain_max_1h", "Mưa lớn nhất 1 giờ", "Most rain in 1 h", "number", "mm"),
				column("towers_flooded", "Tháp ngập", "Towers flooded", "number", ""), column("deepest_m", "Sâu nhất", "Deepest", "number", "m"), state,
			},
			Legend:   legend(r.day),
			Features: s.unitFeatures,
		},
		{
			ID: "flood-history", Service: service, Geometry: "point", Permission: access.LayerView,
			Title: msg.Text{Vi: "Điểm ngập dân báo 2022–2026", En: "Flooded places reported by citizens, 2022–2026"},
			Columns: []layer.Column{name, column("value", "Sâu nhất", "Deepest", "number", "cm"), column("reports", "Số lượt báo", "Reports", "number", ""),
				column("days", "Số ngày", "Days", "number", ""), column("last", "Gần nhất", "Latest", "text", ""), state},
			Legend:   legend(r.depth)[1:],
			Features: s.hotspotFeatures,
		},
	}
}

// each makes the Features function of a layer from the summary.
func (s *Service) each(make func(*Summary) []layer.Feature) func(context.Context, time.Time) ([]layer.Feature, error) {
	return func(ctx context.Context, at time.Time) ([]layer.Feature, error) {
		sum, err := s.summary(ctx, at)
		if err != nil {
			return nil, err
		}
		return make(sum), nil
	}
}

func (p *Place) feature() layer.Feature {
	return layer.Feature{
		ID: p.Thing, Name: p.Name, Lon: p.Lon, Lat: p.Lat, Thing: p.Thing, Datastream: p.Datastream,
		UnitCode: p.UnitCode, UnitName: p.UnitName, AsOf: p.AsOf, Original: p.Original, State: noData.State,
		Severity: p.Severity, Stale: p.Stale, Estimated: p.Estimated, Flags: p.Flags, Why: p.Why,
		Props: map[string]any{"kind": p.Kind, "network": p.Network},
	}
}

func rainFeatures(sum *Summary) []layer.Feature {
	out := make([]layer.Feature, 0, len(sum.Rain))
	for i := range sum.Rain {
		g := &sum.Rain[i]
		f := g.feature()
		f.Value, f.Unit = g.H24, "mm"
		if g.Class != nil {
			f.State = g.Class.ID
		}
		if f.Value == nil && f.Why == nil {
			f.Why = &whyRhythm
		}
		for k, v := range map[string]*float64{"m10": g.M10, "h1": g.H1, "h3": g.H3, "h6": g.H6, "h12": g.H12, "h24": g.H24, "since19": g.Since19, "event": g.Event} {
			f.Props[k] = v
		}
		f.Props["coverage"], f.Props["neighbours"], f.Props["intensity"] = g.Coverage, g.Neighbours, g.Intensity
		if g.H1 != nil && g.H24 != nil {
			h, d := number(*g.H1, 1), number(*g.H24, 1)
			f.Phrase = &msg.Text{Vi: h.Vi + " mm/1 giờ, " + d.Vi + " mm/24 giờ", En: h.En + " mm in 1 h, " + d.En + " mm in 24 h"}
		}
		out = append(out, f)
	}
	return out
}

func towerFeatures(sum *Summary) []layer.Feature {
	out := make([]layer.Feature, 0, len(sum.Towers))
	for i := range sum.Towers {
		t := &sum.Towers[i]
		f := t.feature()
		f.Value, f.Unit = t.DepthM, "m"
		if t.Class != nil {
			f.State = t.Class.ID
			d := metres(*t.DepthM)
			f.Phrase = &msg.Text{Vi: "sâu " + d.Vi + " m", En: d.En + " m deep"}
		}
		f.Props["rise_cm_h"] = t.RiseCmH
		out = append(out, f)
	}
	return out
}

func riverFeatures(sum *Summary) []layer.Feature {
	out := make([]layer.Feature, 0, len(sum.Rivers))
	for i := range sum.Rivers {
		r := &sum.Rivers[i]
		f := r.feature()
		f.Value, f.Unit, f.Phrase = r.Level, "m", r.Phrase
		switch {
		case r.Level == nil:
		case r.Alarm == nil && r.Severity > 0:
			f.State = "rising"
		case r.Alarm == nil:
			f.State = "unrated"
		case *r.Alarm == 0:
			f.State = "below"
		default:
			f.State = fmt.Sprintf("alarm_%d", *r.Alarm)
		}
		f.Props["river"], f.Props["rise_cm_h"], f.Props["change_24h"], f.Props["record"] = r.River, r.RiseCmH, r.Change24, r.Record
		f.Props["bd1"], f.Props["bd2"], f.Props["bd3"], f.Props["confirmed"] = r.BD1, r.BD2, r.BD3, r.Confirmed
		out = append(out, f)
	}
	return out
}

func reservoirFeatures(sum *Summary) []layer.Feature {
	out := make([]layer.Feature, 0, len(sum.Reservoirs))
	for i := range sum.Reservoirs {
		r := &sum.Reservoirs[i]
		f := r.feature()
		f.Value, f.Unit = r.LevelM, "m"
		if r.LevelM != nil {
			f.State = "level"
		}
		f.Props["rise_cm_h"], f.Props["change_24h"] = r.RiseCmH, r.Change24
		out = append(out, f)
	}
	return out
}

func (s *Service) unitFeatures(ctx context.Context, at time.Time) ([]layer.Feature, error) {
	sum, err := s.summary(ctx, at)
	if err != nil {
		return nil, err
	}
	day := s.tables.at(sum.At).day
	units := s.opt.Units(sum.At)
	out := make([]layer.Feature, len(units))
	for i, u := range units {
		r := sum.Units[i]
		f := layer.Feature{
			ID: u.Code, Name: u.Name, Lon: u.Lon, Lat: u.Lat, Geometry: u.Geometry, UnitCode: u.Code, UnitName: u.Name,
			Value: r.RainAvg24h, Unit: "mm", AsOf: &sum.At, State: noData.State, Severity: r.Severity,
			Props: map[string]any{"rain_max_1h": r.RainMax1h, "gauges": r.Gauges, "towers": r.Towers, "towers_flooded": r.TowersFlooded, "deepest_m": r.DeepestM, "alarm": r.Alarm},
		}
		if f.Value == nil {
			f.Why = &whyNoGauge
		} else if c, ok := classify(day, *f.Value); ok {
			f.State = c.ID
		}
		out[i] = f
	}
	return out, nil
}

func (s *Service) hotspotFeatures(_ context.Context, at time.Time) ([]layer.Feature, error) {
	depth := s.tables.at(s.opt.Clock.Now()).depth
	out := make([]layer.Feature, len(s.tables.hotspots))
	for i, h := range s.tables.hotspots {
		v := h.DeepestCm
		f := layer.Feature{
			ID: fmt.Sprintf("hotspot-%d", i+1), Name: h.Address, Lon: h.Lon, Lat: h.Lat, Value: &v, Unit: "cm", State: noData.State,
			Props: map[string]any{"reports": h.Reports, "days": h.Days, "first": h.First, "last": h.Last, "depth_avg_cm": h.Avg},
		}
		if c, ok := classify(depth, 10*v); ok && c.ID != "dry" {
			f.State = c.ID
		}
		out[i] = f
	}
	return out, nil
}
