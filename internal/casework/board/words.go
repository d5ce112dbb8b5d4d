package board

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/layer"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/vi"
)

const service = "case"

var whyLoading = msg.Text{Vi: "Đang nạp hồ sơ", En: "The files are still being read"}

var whyNothing = msg.Text{Vi: "Chưa có hồ sơ giải quyết trong tháng", En: "No file was finished this month"}

// Indicators returns the figures of files, for app to register. Somebody of a
// unit sees their own.
func (b *Board) Indicators() []*figure.Indicator {
	one := func(id, unit, good string, tile int, title, definition msg.Text, fill func(f *figure.Figure, s *Sheet)) *figure.Indicator {
		return &figure.Indicator{ID: id, Service: service, Title: title, Definition: definition, Unit: unit, Good: good, Permission: access.CaseView, Tile: tile,
			Compute: func(ctx context.Context, scope figure.Scope, at time.Time) (figure.Figure, error) {
				return b.figure(ctx, id, unit, scope, at, fill)
			}}
	}
	count := func(class string, severity int, of func(r *Row) int) func(f *figure.Figure, s *Sheet) {
		return func(f *figure.Figure, s *Sheet) {
			v, open := float64(of(&s.Total)), float64(s.Total.InProgress)
			f.Value, f.Numerator, f.Denominator = &v, &v, &open
			if v > 0 {
				f.Severity = severity
			}
			wayDown(f, url.Values{"class": {class}})
		}
	}
	share := func(severity func(v float64) int, numerator, denominator func(r *Row) int, before func(p *Before) *float64, q url.Values) func(f *figure.Figure, s *Sheet) {
		return func(f *figure.Figure, s *Sheet) {
			n, d := float64(numerator(&s.Total)), float64(denominator(&s.Total))
			f.Numerator, f.Denominator, f.From = &n, &d, &s.From
			if d > 0 {
				v := 100 * n / d
				f.Value, f.Severity = &v, severity(v)
			} else {
				f.Why = &whyNothing
			}
			if p := s.Total.Previous; p != nil {
				if r := before(p); r != nil {
					v := 100 * *r
					f.Previous, f.PreviousAt = &v, &s.Previous.To
				}
			}
			q.Set("from", s.From.UTC().Format(time.RFC3339))
			wayDown(f, q)
		}
	}
	none := func(float64) int { return 0 }
	return []*figure.Indicator{
		one("case.open", "", "", 0, words("Hồ sơ đang giải quyết", "Files in progress"),
			words("Số hồ sơ đã tiếp nhận, chưa kết thúc tại thời điểm xem, gồm cả tạm dừng.", "Files accepted and not ended at the instant, paused ones included."),
			func(f *figure.Figure, s *Sheet) {
				v := float64(s.Total.InProgress)
				f.Value = &v
				wayDown(f, url.Values{"state": {"processing,paused"}})
			}),
		one("case.near_due", "", "down", 0, words("Hồ sơ sắp đến hạn", "Files near due"),
			words("Hồ sơ đang giải quyết sắp đến hạn (tử số) trên số đang giải quyết (mẫu số); cửa sổ cảnh báo theo cấu hình.", "Files near their date (numerator) of those in progress (denominator); the window is configured."),
			count("near_due", 2, func(r *Row) int { return r.NearDue })),
		one("case.overdue", "", "down", 1, words("Hồ sơ quá hạn chưa giải quyết", "Overdue files"),
			words("Hồ sơ đã quá ngày hẹn, chưa giải quyết (tử số) trên số đang giải quyết (mẫu số); hồ sơ tạm dừng không tính quá hạn.", "Files past their date and not finished (numerator) of those in progress (denominator); paused ones are never overdue."),
			count("overdue", 3, func(r *Row) int { return r.Overdue })),
		one("case.late_ratio", "%", "down", 2, words("Tỷ lệ hồ sơ trễ hạn trong tháng", "Late files of the month"), Denominator,
			share(func(v float64) int {
				switch {
				case v > 1:
					return 3
				case v > 0.5:
					return 2
				}
				return 0
			}, func(r *Row) int { return r.Late + r.Overdue }, func(r *Row) int { return r.Finished + r.Overdue }, func(p *Before) *float64 { return p.LateRatio }, url.Values{"class": {"late"}})),
		one("case.digitized", "%", "up", 0, words("Tỷ lệ số hóa kết quả trong tháng", "Digitized results of the month"),
			words("Kết quả cấp trong tháng có bản điện tử ký số hợp lệ (tử số) trên kết quả cấp trong tháng (mẫu số).", "Results of the month with a valid signed electronic copy (numerator) of the results of the month (denominator)."),
			share(none, func(r *Row) int { return r.Digitized }, func(r *Row) int { return r.Results }, func(p *Before) *float64 { return p.DigitizedRatio }, url.Values{"missing_copy": {"true"}})),
	}
}

// wayDown is the way down to the files behind a figure.
func wayDown(f *figure.Figure, q url.Values) {
	if f.Subject != "" {
		q.Set("unit", f.Subject)
	}
	f.Link, f.Data = "/cases?"+q.Encode(), "/api/v1/cases?"+q.Encode()
}

func (b *Board) figure(ctx context.Context, id, unit string, scope figure.Scope, at time.Time, fill func(f *figure.Figure, s *Sheet)) (figure.Figure, error) {
	f := figure.Figure{Indicator: id, Unit: unit, AsOf: at, Link: "/cases", Data: "/api/v1/cases", Subject: scope.Unit}
	s, err := b.Count(ctx, httpapi.Actor(ctx), Ask{By: ByChannel, Unit: scope.Unit, At: at})
	if fault.Is(err, errLoading) {
		f.Why, f.Subject = &whyLoading, ""
		return f, nil
	}
	if err != nil {
		return f, err
	}
	fill(&f, &s)
	f.Subject = ""
	if scope.Unit != "" {
		f.Subject = b.unitName(scope.Unit, at)
	}
	if s.Synthetic {
		f.Estimated = true
		f.Note = &msg.Text{Vi: "Có dữ liệu mô phỏng", En: "Some of the data are made up"}
	}
	return f, nil
}

// The states of the layer, by late ratio in percent.
var shades = []struct {
	upTo  float64
	state string
	title msg.Text
	color string
	level int
}{
	{0, "none_late", words("Không có hồ sơ trễ", "None late"), "level-0", 0},
	{1, "few_late", words("Dưới 1 %", "Below 1 %"), "level-1", 1},
	{3, "some_late", words("1 – 3 %", "1 – 3 %"), "level-2", 2},
	{100, "many_late", words("Trên 3 %", "Above 3 %"), "level-3", 3},
}

// Layers returns the wards coloured by late ratio of the month, for app to
// register; nothing when no shapes are known.
func (b *Board) Layers() []*layer.Layer {
	if b.o.Shape == nil || b.o.Units == nil {
		return nil
	}
	legend := []layer.LegendItem{}
	for _, s := range shades {
		legend = append(legend, layer.LegendItem{State: s.state, Title: s.title, Severity: s.level, Color: s.color})
	}
	legend = append(legend, layer.LegendItem{State: "no_data", Title: words("Chưa có hồ sơ trong tháng", "No files this month"), Color: "muted"})
	column := func(key, vi, en, kind, unit string) layer.Column {
		return layer.Column{Key: key, Title: words(vi, en), Kind: kind, Unit: unit}
	}
	return []*layer.Layer{{
		ID: "case-late", Service: service, Geometry: "polygon", Permission: access.CaseView, Title: words("Hồ sơ trễ hạn theo phường, xã", "Late files by ward"),
		Columns: []layer.Column{
			column("name", "Phường/xã", "Ward", "text", ""), column("value", "Tỷ lệ trễ hạn", "Late ratio", "number", "%"), column("state", "Mức", "Level", "state", ""),
			column("finished", "Đã giải quyết", "Finished", "number", ""), column("late", "Trễ hạn", "Late", "number", ""), column("overdue", "Quá hạn", "Overdue", "number", ""), column("in_progress", "Đang giải quyết", "In progress", "number", ""),
		},
		Legend: legend, Features: b.features,
	}}
}

func (b *Board) features(ctx context.Context, at time.Time) ([]layer.Feature, error) {
	s, err := b.Count(ctx, httpapi.Actor(ctx), Ask{By: ByUnit, At: at})
	if fault.Is(err, errLoading) {
		s, err = Sheet{From: caltime.Month(at)}, nil
	}
	if err != nil {
		return nil, err
	}
	rows := map[string]*Row{}
	for i := range s.Rows {
		rows[s.Rows[i].Key] = &s.Rows[i]
	}
	out := []layer.Feature{}
	for _, u := range b.o.Units(at) {
		lon, lat, shape, ok := b.o.Shape(u.Code)
		if !u.Ward || !ok {
			continue
		}
		asOf := at
		n := layer.Feature{ID: "case-late:" + u.Code, Name: u.Name, Lon: lon, Lat: lat, Geometry: json.RawMessage(shape), UnitCode: u.Code, UnitName: u.Name, Unit: "%", AsOf: &asOf, State: "no_data", Estimated: s.Synthetic,
			Props: map[string]any{"link": "/cases/board?unit=" + url.QueryEscape(u.Code)}}
		if r := rows[u.Code]; r != nil {
			n.Props["finished"], n.Props["late"], n.Props["overdue"], n.Props["in_progress"] = r.Finished, r.Late, r.Overdue, r.InProgress
			if r.LateRatio != nil {
				v := 100 * *r.LateRatio
				n.Value = &v
				for _, shade := range shades {
					if v <= shade.upTo {
						n.State, n.Severity = shade.state, shade.level
						break
					}
				}
				phrase := msg.Text{Vi: fmt.Sprintf("%s %% trễ hạn (%d/%d)", vi.FormatNumber(v, 2), r.Late+r.Overdue, r.Finished+r.Overdue), En: fmt.Sprintf("%.2f %% late (%d/%d)", v, r.Late+r.Overdue, r.Finished+r.Overdue)}
				n.Phrase = &phrase
			}
		}
		if n.Value == nil {
			n.Why = &whyNothing
		}
		out = append(out, n)
	}
	return out, nil
}
