package alert

import (
	"context"
	"strconv"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/layer"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// Layers returns the layer of open alerts, for app to register. Its state is
// the severity; the caller of the request sees the alerts within his reach only.
func (s *Service) Layers() []*layer.Layer {
	column := func(key, vi, en, kind, unit string) layer.Column {
		return layer.Column{Key: key, Title: msg.Text{Vi: vi, En: en}, Kind: kind, Unit: unit}
	}
	var legend []layer.LegendItem
	for sev := alertevent.Emergency; sev >= alertevent.Info; sev-- {
		legend = append(legend, layer.LegendItem{State: severityState(sev), Title: sev.Title(), Severity: int(sev), Color: "sev-" + strconv.Itoa(int(sev))})
	}
	return []*layer.Layer{{
		ID: "alerts", Service: "alert", Title: msg.Text{Vi: "Cảnh báo đang mở", En: "Open alerts"}, Geometry: "point",
		Permission: access.AlertView, On: true, Legend: legend,
		Columns: []layer.Column{
			column("name", "Cảnh báo", "Alert", "text", ""), column("number", "Số", "Number", "text", ""), column("state", "Mức", "Severity", "state", ""),
			column("step", "Xử lý", "Handling", "text", ""), column("place", "Nơi", "Place", "text", ""), column("unit_name", "Phường/xã", "Ward", "text", ""),
			column("addressed", "Đơn vị", "Unit", "text", ""), column("as_of", "Từ lúc", "Since", "time", ""), column("suppressed", "Tắt tiếng", "Kept quiet", "text", ""),
		},
		Features: s.features,
	}}
}

func severityState(s alertevent.Severity) string {
	return [...]string{"normal", "info", "notice", "warning", "emergency"}[s]
}

// features are the alerts that were open at an instant, with what they are
// now.
func (s *Service) features(ctx context.Context, at time.Time) ([]layer.Feature, error) {
	out := []layer.Feature{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		where, args := "where a.open = 1", []any{}
		if !at.IsZero() && at.Before(tx.Now.Add(-time.Minute)) {
			where, args = "where a.raised_at <= $1 and (a.closed_at = 0 or a.closed_at > $1)", []any{at}
		}
		where += seen(httpapi.Actor(ctx), &args)
		list, err := readAlerts(tx, where+" order by a.severity desc, a.raised_at desc limit "+strconv.Itoa(mostListed), args...)
		if err != nil {
			return err
		}
		for i := range list {
			if a := &list[i]; a.Lon != nil && a.Lat != nil {
				out = append(out, feature(a))
			}
		}
		return nil
	})
	return out, err
}

func feature(a *Alert) layer.Feature {
	since, title := a.Since, a.Title
	quiet := ""
	if a.SuppressedBy != nil {
		quiet = a.SuppressedBy.Kind
	}
	return layer.Feature{
		ID: a.ID, Name: a.Title.Vi, Lon: *a.Lon, Lat: *a.Lat, Thing: a.Thing, Datastream: a.Datastream, UnitCode: a.Area, UnitName: a.AreaName,
		Value: a.Value, Unit: a.UnitSymbol, AsOf: &since, State: severityState(a.Severity), Severity: int(a.Severity), Stale: !a.Active,
		Estimated: a.Estimated, Phrase: &title,
		Props: map[string]any{"number": a.Number, "step": a.State.Title().Vi, "alert_state": a.State, "place": a.Place, "addressed": a.UnitName,
			"unit": a.Unit, "suppressed": quiet, "active": a.Active, "link": "/alerts/" + a.ID},
	}
}
