package incident

import (
	"context"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/layer"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

func severityOf(n int) alertevent.Severity { return alertevent.Severity(n) }

const service = "operations"

// services names what people know by a word; another code stands for itself.
var services = map[string]msg.Text{
	"flood": text("mưa – ngập", "rain and flood"), "traffic": text("giao thông", "traffic"), "urban": text("đô thị", "urban services"), "environment": text("môi trường", "environment"),
	"fishery": text("tàu cá", "fishing boats"), "security": text("an ninh trật tự", "public order"), "fire": text("cháy nổ, cứu nạn", "fire and rescue"), "health": text("y tế", "health"),
}

func serviceTitle(code string) msg.Text {
	if t, ok := services[code]; ok {
		return t
	}
	return text(code, code)
}

// Layers returns the incidents and tasks on the map, for app to register.
// Somebody of a unit sees their own.
func (s *Service) Layers() []*layer.Layer {
	column := func(key, vi, en, kind string) layer.Column {
		return layer.Column{Key: key, Title: text(vi, en), Kind: kind}
	}
	var incidents []layer.LegendItem
	for _, st := range []State{Proposed, Open, Resolved, Closed} {
		incidents = append(incidents, layer.LegendItem{State: string(st), Title: st.Title(), Color: map[State]string{Proposed: "muted", Open: "level-3", Resolved: "level-1", Closed: "muted"}[st]})
	}
	return []*layer.Layer{
		{
			ID: "incidents", Service: service, Geometry: "point", Permission: access.IncidentView, On: true, Title: text("Sự cố", "Incidents"),
			Columns: []layer.Column{
				column("number", "Số", "Number", "text"), column("name", "Sự cố", "Incident", "text"), column("severity_title", "Mức", "Severity", "text"),
				column("state", "Trạng thái", "State", "state"), column("lead_unit", "Chủ trì", "Lead unit", "text"), column("unit_name", "Phường/xã", "Ward", "text"), column("as_of", "Mở lúc", "Opened", "time"),
			},
			Legend: incidents, Features: s.incidentFeatures,
		},
		{
			ID: "tasks", Service: service, Geometry: "point", Permission: access.IncidentView, Title: text("Nhiệm vụ, chỉ đạo", "Tasks and directives"),
			Columns: []layer.Column{
				column("number", "Số", "Number", "text"), column("name", "Nội dung", "What", "text"), column("unit_name", "Đơn vị", "Unit", "text"),
				column("state", "Tiến độ", "Standing", "state"), column("as_of", "Hạn", "Due", "time"),
			},
			Legend: []layer.LegendItem{
				{State: string(OnTime), Title: text("Đúng hạn", "On time"), Color: "level-0"}, {State: string(DueSoon), Title: text("Sắp đến hạn", "Due soon"), Severity: 2, Color: "level-1"},
				{State: string(Late), Title: text("Quá hạn", "Late"), Severity: 3, Color: "level-3"}, {State: string(Waiting), Title: text("Chờ xác nhận", "Waiting for confirmation"), Color: "muted"},
			},
			Features: s.taskFeatures,
		},
	}
}

// mostFeatures bounds a layer; a city has far fewer open incidents.
const mostFeatures = 5000

// stateAt is the state at an instant of the past, as far as the times tell.
func (i *Incident) stateAt(at time.Time) State {
	switch {
	case i.State == Merged || i.State == Dismissed || i.OpenedAt.After(at):
		return ""
	case i.ClosedAt != nil && !i.ClosedAt.After(at):
		return Closed
	case i.ClearedAt != nil && !i.ClearedAt.After(at):
		return Resolved
	case i.AcknowledgedAt == nil || i.AcknowledgedAt.After(at):
		return Proposed
	}
	return Open
}

func (s *Service) incidentFeatures(ctx context.Context, at time.Time) ([]layer.Feature, error) {
	out := []layer.Feature{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		args := []any{at, at.Add(-24 * time.Hour), mostFeatures}
		where := mine(httpapi.Actor(ctx).Reach(access.IncidentView), &args)
		got, err := store.All(tx, scanDoc[Incident], "select i.doc from incident i where"+where+
			"and i.state in ('proposed', 'open', 'resolved', 'closed') and i.opened_at <= $1 and (i.cleared_at = 0 or i.cleared_at > $2) order by i.id limit $3", args...)
		if err != nil {
			return err
		}
		for n := range got {
			i := &got[n]
			state := i.stateAt(at)
			if i.Lon == nil || i.Lat == nil || state == "" || state == Closed {
				continue
			}
			opened := i.OpenedAt
			phrase := i.State.Title()
			out = append(out, layer.Feature{
				ID: i.ID, Name: i.Title, Lon: *i.Lon, Lat: *i.Lat, UnitCode: i.Area, UnitName: i.AreaName, AsOf: &opened, State: string(state),
				Severity: int(i.Severity), Estimated: i.Estimated, Phrase: &phrase,
				Props: map[string]any{"number": i.Number, "severity_title": i.Severity.Title().Vi, "lead_unit": i.LeadUnitName, "place": i.Place, "link": "/incidents/" + i.ID},
			})
		}
		return nil
	})
	return out, err
}

func (s *Service) taskFeatures(ctx context.Context, at time.Time) ([]layer.Feature, error) {
	out := []layer.Feature{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		args := []any{at, mostFeatures}
		where := mineTask(httpapi.Actor(ctx).Reach(access.IncidentView), &args)
		got, err := store.All(tx, scanTask, taskColumns+"where"+where+
			"and t.state in ('sent', 'accepted', 'in_progress', 'returned', 'finished') and t.given_at <= $1 order by t.id limit $2", args...)
		if err != nil {
			return err
		}
		for n := range got {
			t := &got[n]
			if t.Lon == nil || t.Lat == nil {
				continue
			}
			due, standing := t.Due, t.standing(at)
			severity := map[Standing]int{DueSoon: 2, Late: 3}[standing]
			out = append(out, layer.Feature{
				ID: t.ID, Name: t.Title, Lon: *t.Lon, Lat: *t.Lat, UnitCode: t.Unit, UnitName: t.UnitName, AsOf: &due, State: string(standing), Severity: severity,
				Props: map[string]any{"number": t.Number, "kind": t.Kind, "link": "/tasks/" + t.ID},
			})
		}
		return nil
	})
	return out, err
}

// Indicators returns the figures of incidents and tasks, for app to register.
func (s *Service) Indicators() []*figure.Indicator {
	return []*figure.Indicator{
		{
			ID: "incident.open", Service: service, Title: text("Sự cố đang mở", "Open incidents"), Good: "down", Permission: access.IncidentView,
			Definition: text("Số sự cố đã xác nhận, chưa xử lý xong tại thời điểm xem; theo đơn vị chủ trì nếu chọn đơn vị.", "Confirmed incidents that are not resolved at the instant; by lead unit where a unit is chosen."),
			Compute:    s.openFigure,
		},
		{
			ID: "task.late", Service: service, Title: text("Nhiệm vụ quá hạn", "Late tasks"), Good: "down", Permission: access.IncidentView,
			Definition: text("Số nhiệm vụ và chỉ đạo đang ở đơn vị mà đã qua hạn (tử số) trên số đang ở đơn vị (mẫu số).", "Tasks and directives with a unit whose deadline has passed (numerator) of all that are with a unit (denominator)."),
			Compute:    s.lateFigure,
		},
		{
			ID: "incident.median_clear", Service: service, Title: text("Thời gian xử lý sự cố (trung vị 30 ngày)", "Time to clear an incident (median of 30 days)"), Unit: "min", Good: "down", Permission: access.IncidentView,
			Definition: text("Trung vị của thời gian từ khi mở đến khi xử lý xong, các sự cố xử lý xong trong 30 ngày trước thời điểm xem.", "The median from opening to resolving of the incidents resolved in the 30 days before the instant."),
			Compute:    s.medianFigure,
		},
	}
}

func (s *Service) count(ctx context.Context, query string, args ...any) (n float64, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		k, _, err := store.One(tx, scanInt, query, args...)
		n = float64(k)
		return err
	})
	return n, err
}

func (s *Service) openFigure(ctx context.Context, scope figure.Scope, at time.Time) (figure.Figure, error) {
	f := figure.Figure{Indicator: "incident.open", AsOf: at, Link: "/incidents?state=open", Data: "/api/v1/incidents?state=open"}
	open := func(at time.Time) (float64, error) {
		args := []any{at, scope.Unit}
		where := mine(httpapi.Reach(ctx, access.IncidentView), &args)
		return s.count(ctx, `select count(*) from incident i where i.state in ('open', 'resolved', 'closed') and i.opened_at <= $1 and (i.cleared_at = 0 or i.cleared_at > $1)
			and ($2 = '' or i.lead_unit = $2) and`+where, args...)
	}
	v, err := open(at)
	if err != nil {
		return f, err
	}
	f.Value = &v
	if v > 0 {
		f.Severity = 2
	}
	before := at.Add(-24 * time.Hour)
	was, err := open(before)
	f.Previous, f.PreviousAt = &was, &before
	return f, err
}

func (s *Service) lateFigure(ctx context.Context, scope figure.Scope, at time.Time) (figure.Figure, error) {
	f := figure.Figure{Indicator: "task.late", AsOf: at, Link: "/tasks?standing=late", Data: "/api/v1/tasks?standing=late"}
	args := []any{at, scope.Unit}
	with := "select count(*) " + taskTables + "where t.state in ('sent', 'accepted', 'in_progress') and t.given_at <= $1 and ($2 = '' or t.unit = $2) and" + mineTask(httpapi.Reach(ctx, access.IncidentView), &args)
	late, err := s.count(ctx, with+" and t.due < $1", args...)
	if err != nil {
		return f, err
	}
	all, err := s.count(ctx, with, args...)
	f.Value, f.Numerator, f.Denominator = &late, &late, &all
	if late > 0 {
		f.Severity = 3
	}
	return f, err
}

var whyNone = msg.Text{Vi: "Chưa có sự cố nào xử lý xong trong 30 ngày", En: "No incident was resolved in 30 days"}

func (s *Service) medianFigure(ctx context.Context, scope figure.Scope, at time.Time) (figure.Figure, error) {
	from := at.Add(-30 * 24 * time.Hour)
	f := figure.Figure{Indicator: "incident.median_clear", Unit: "min", AsOf: at, From: &from, Link: "/incidents?state=closed", Data: "/api/v1/incidents?state=resolved,closed"}
	var took []float64
	args := []any{from, at, scope.Unit}
	where := mine(httpapi.Reach(ctx, access.IncidentView), &args)
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		got, err := store.All(tx, func(scan store.Scan) (d float64, err error) {
			var opened, cleared int64
			err = scan(&opened, &cleared)
			return float64(cleared-opened) / 60e6, err
		}, `select i.opened_at, i.cleared_at from incident i where i.state in ('resolved', 'closed') and i.cleared_at > $1 and i.cleared_at <= $2 and ($3 = '' or i.lead_unit = $3) and`+where, args...)
		took = got
		return err
	})
	if err != nil {
		return f, err
	}
	if len(took) == 0 {
		f.Why = &whyNone
		return f, nil
	}
	slices.Sort(took)
	m := took[len(took)/2]
	if len(took)%2 == 0 {
		m = (m + took[len(took)/2-1]) / 2
	}
	n := float64(len(took))
	f.Value, f.Denominator = &m, &n
	return f, nil
}
