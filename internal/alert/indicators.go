package alert

import (
	"context"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// Indicators returns the figures of the alerts, for app to register.
func (s *Service) Indicators() []*figure.Indicator {
	return []*figure.Indicator{
		{
			ID: "alert.open_grave", Service: "alert", Good: "down", Permission: access.AlertView, Tile: 20,
			Title: msg.Text{Vi: "Cảnh báo mức cao đang mở", En: "Grave alerts open"},
			Definition: msg.Text{Vi: "Số cảnh báo mức Cảnh báo hoặc Khẩn cấp chưa đóng (tử số) trên tổng số chưa đóng (mẫu số); không tính cảnh báo tắt tiếng.",
				En: "Alerts of severity warning or emergency that are not closed (numerator) of all that are not (denominator); those kept quiet are not counted."},
			Compute: s.openGrave,
		},
		{
			ID: "alert.unacknowledged", Service: "alert", Good: "down", Permission: access.AlertView, Tile: 21,
			Title: msg.Text{Vi: "Cảnh báo chưa tiếp nhận", En: "Alerts not acknowledged"},
			Definition: msg.Text{Vi: "Số cảnh báo còn ở bước Mới; không tính cảnh báo tắt tiếng.",
				En: "Alerts that nobody has acknowledged; those kept quiet are not counted."},
			Compute: s.unacknowledged,
		},
		{
			ID: "alert.time_to_acknowledge", Service: "alert", Unit: "min", Good: "down", Permission: access.AlertView,
			Title: msg.Text{Vi: "Thời gian tiếp nhận (trung vị, hôm nay)", En: "Time to acknowledge (median, today)"},
			Definition: msg.Text{Vi: "Trung vị thời gian từ lúc phát đến lúc tiếp nhận của các cảnh báo được tiếp nhận từ 0 giờ hôm nay.",
				En: "The median time from raising to acknowledging of the alerts acknowledged since midnight."},
			Compute: s.timeToAcknowledge,
		},
	}
}

// at is the instant of a figure, and whether it is now; what was open before
// is found by when alerts were raised, acknowledged and closed.
func at(tx *store.Tx, t time.Time) time.Time {
	if t.IsZero() || t.After(tx.Now) {
		return tx.Now
	}
	return t
}

// tally counts alerts open at an instant.
func tally(tx *store.Tx, r access.Reach, t time.Time, unit, extra string) (n int, worst alertevent.Severity, err error) {
	query := "select count(*), coalesce(max(a.severity), 0) from alert a where a.raised_at <= $1 and (a.open = 1 or a.closed_at > $1) and a.suppressed = '' and a.direct = 0" + extra
	args := []any{t}
	if t.Equal(tx.Now) {
		query = "select count(*), coalesce(max(a.severity), 0) from alert a where a.open = 1 and a.raised_at <= $1 and a.suppressed = '' and a.direct = 0" + extra
	}
	if unit != "" {
		query += " and (a.unit = $2 or a.area = $2)"
		args = append(args, unit)
	}
	query += inReach(r, &args)
	err = tx.QueryRow(query, args...).Scan(&n, &worst)
	return n, worst, err
}

func value(n int) *float64 {
	v := float64(n)
	return &v
}

func (s *Service) openGrave(ctx context.Context, scope figure.Scope, t time.Time) (f figure.Figure, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		t = at(tx, t)
		grave, worst, err := tally(tx, httpapi.Reach(ctx, access.AlertView), t, scope.Unit, " and a.severity >= 3")
		if err != nil {
			return err
		}
		all, _, err := tally(tx, httpapi.Reach(ctx, access.AlertView), t, scope.Unit, "")
		if err != nil {
			return err
		}
		before := t.Add(-24 * time.Hour)
		was, _, err := tally(tx, httpapi.Reach(ctx, access.AlertView), before, scope.Unit, " and a.severity >= 3")
		f = figure.Figure{Indicator: "alert.open_grave", Value: value(grave), Numerator: value(grave), Denominator: value(all), AsOf: t, Severity: int(worst),
			Previous: value(was), PreviousAt: &before, Link: "/alerts?severity=3,4&open=true", Data: "/api/v1/alerts?severity=3,4&open=true"}
		return err
	})
	return f, err
}

func (s *Service) unacknowledged(ctx context.Context, scope figure.Scope, t time.Time) (f figure.Figure, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		t = at(tx, t)
		extra := " and a.acknowledged = 0"
		if !t.Equal(tx.Now) {
			extra = " and (a.acknowledged = 0 or a.acknowledged > $1)"
		}
		n, worst, err := tally(tx, httpapi.Reach(ctx, access.AlertView), t, scope.Unit, extra)
		f = figure.Figure{Indicator: "alert.unacknowledged", Value: value(n), AsOf: t, Severity: int(worst),
			Link: "/alerts?state=new", Data: "/api/v1/alerts?state=new"}
		return err
	})
	return f, err
}

func (s *Service) timeToAcknowledge(ctx context.Context, scope figure.Scope, t time.Time) (f figure.Figure, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		t = at(tx, t)
		from := caltime.Day(t)
		limit, args := "", []any{from, t}
		if scope.Unit != "" {
			limit, args = " and (a.unit = $3 or a.area = $3)", append(args, scope.Unit)
		}
		limit += inReach(httpapi.Reach(ctx, access.AlertView), &args)
		spans, err := store.All(tx, func(scan store.Scan) (us int64, err error) { return us, scan(&us) },
			"select a.acknowledged - a.raised_at from alert a where a.acknowledged >= $1 and a.acknowledged > 0 and a.acknowledged <= $2"+limit, args...)
		if err != nil {
			return err
		}
		f = figure.Figure{Indicator: "alert.time_to_acknowledge", Unit: "min", AsOf: t, From: &from, Link: "/alerts", Data: "/api/v1/alerts?from=" + from.UTC().Format(time.RFC3339)}
		if len(spans) == 0 {
			f.Why = &msg.Text{Vi: "hôm nay chưa tiếp nhận cảnh báo nào", En: "no alert was acknowledged today"}
			return nil
		}
		slices.Sort(spans)
		mid := float64(spans[len(spans)/2])
		if len(spans)%2 == 0 {
			mid = (mid + float64(spans[len(spans)/2-1])) / 2
		}
		v := mid / 60e6
		f.Value = &v
		f.Note = &msg.Text{Vi: sentence("{n} cảnh báo", "", "n", len(spans)).Vi, En: sentence("{n} alerts", "", "n", len(spans)).Vi}
		return nil
	})
	return f, err
}
