package flood

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// measured is a figure at one instant.
type measured struct {
	value     *float64
	num, den  *float64
	station   int // whose value it is, -1 all
	asOf      int64
	estimated bool
	severity  int
	state     string
	note      *msg.Text
}

// measure computes a figure from the stations idx of a frame at an instant.
type measure func(s *Service, f *frame, idx []int, at int64, r rules) measured

// kind is an indicator of the flood watch.
type kind struct {
	id, property string
	title, def   msg.Text
	unit         string
	tile         int
	window       time.Duration
	measure      measure
	trend        measure // nil: the same
	rows         string  // part of the flood page
}

const cityOnly = " Chỉ tính trạm trong địa bàn thành phố (mọi trạm nếu không trạm nào có mã địa bàn); bỏ số đo bị cờ out_of_range hoặc bad."
const cityOnlyEn = " Only stations inside the city are counted (all, where no station has a unit); readings flagged out_of_range or bad are not."

func text(vi, en string) msg.Text { return msg.Text{Vi: vi, En: en} }

var kinds = []kind{
	{
		id: "flood.rain_max_1h", property: sensing.Rain, unit: "mm", tile: 1, window: time.Hour, rows: "rain", measure: rainMax(time.Hour),
		title: text("Mưa lớn nhất 1 giờ", "Most rain in 1 h"),
		def:   text("Tổng mưa 1 giờ lớn nhất trong các trạm."+cityOnly, "The largest 1 h total of all gauges."+cityOnlyEn),
	},
	{
		id: "flood.rain_max_3h", property: sensing.Rain, unit: "mm", window: 3 * time.Hour, rows: "rain", measure: rainMax(3 * time.Hour),
		title: text("Mưa lớn nhất 3 giờ", "Most rain in 3 h"),
		def:   text("Tổng mưa 3 giờ lớn nhất trong các trạm."+cityOnly, "The largest 3 h total of all gauges."+cityOnlyEn),
	},
	{
		id: "flood.rain_max_24h", property: sensing.Rain, unit: "mm", tile: 2, window: 24 * time.Hour, rows: "rain", measure: rainMax(24 * time.Hour),
		title: text("Mưa lớn nhất 24 giờ", "Most rain in 24 h"),
		def:   text("Tổng mưa 24 giờ lớn nhất trong các trạm."+cityOnly, "The largest 24 h total of all gauges."+cityOnlyEn),
	},
	{
		id: "flood.rain_mean_24h", property: sensing.Rain, unit: "mm", tile: 3, window: 24 * time.Hour, rows: "rain", measure: rainMean(24 * time.Hour), trend: rainMean(time.Hour),
		title: text("Mưa trung bình 24 giờ", "Mean rain in 24 h"),
		def: text("Tổng mưa 24 giờ của các trạm (tử số, mm) chia cho số trạm có số liệu ít nhất nửa thời gian (mẫu số); xu thế là mưa trung bình từng giờ."+cityOnly,
			"The 24 h totals of the gauges (numerator, mm) divided by the gauges that speak for at least half of that time (denominator); the trend is the mean of each hour."+cityOnlyEn),
	},
	{
		id: "flood.gauges_over_30mm_h", property: sensing.Rain, unit: "", tile: 4, window: time.Hour, rows: "rain", measure: gaugesOver(30),
		title: text("Trạm mưa từ 30 mm/giờ", "Gauges with 30 mm/h or more"),
		def:   text("Số trạm có mưa 1 giờ ≥ 30 mm (tử số) trên số trạm có số liệu 1 giờ (mẫu số)."+cityOnly, "Gauges with 30 mm or more in 1 h (numerator) of the gauges with a 1 h figure (denominator)."+cityOnlyEn),
	},
	{
		id: "flood.towers_flooded", property: sensing.FloodDepth, unit: "", tile: 5, rows: "towers", measure: towersFlooded,
		title: text("Tháp đang ngập", "Flood towers under water"),
		def:   text("Số tháp báo ngập và tháp báo lũ có độ sâu ≥ 5 cm (tử số) trên số tháp đang gửi số liệu (mẫu số)."+cityOnly, "Flood towers and river-flood towers with 5 cm of water or more (numerator) of those that report (denominator)."+cityOnlyEn),
	},
	{
		id: "flood.deepest", property: sensing.FloodDepth, unit: "m", tile: 6, rows: "towers", measure: deepest,
		title: text("Ngập sâu nhất", "Deepest water"),
		def:   text("Độ sâu lớn nhất ở các tháp đang gửi số liệu; không gồm hồ chứa."+cityOnly, "The greatest depth at the towers that report; reservoirs are not among them."+cityOnlyEn),
	},
	{
		id: "flood.rivers_over_bd", property: sensing.WaterLevel, unit: "", tile: 7, rows: "rivers", measure: riversOver,
		title: text("Trạm sông từ BĐ1 trở lên", "River stations at alarm 1 or above"),
		def:   text("Số trạm sông có mực nước ≥ BĐ1 (tử số) trên số trạm có mức báo động chính thức đang gửi số liệu (mẫu số)."+cityOnly, "River stations at alarm 1 or above (numerator) of those with official alarm levels that report (denominator)."+cityOnlyEn),
	},
}

// Indicators returns the indicators of the flood watch, for app to register.
func (s *Service) Indicators() []*figure.Indicator {
	var out []*figure.Indicator
	for _, k := range kinds {
		out = append(out, &figure.Indicator{
			ID: k.id, Service: service, Title: k.title, Definition: k.def, Unit: k.unit, Good: "down", Permission: access.LayerView, Tile: k.tile,
			Compute: func(ctx context.Context, scope figure.Scope, at time.Time) (figure.Figure, error) {
				return s.figure(ctx, k, scope, at)
			},
		})
	}
	return out
}

// before is the same period that a figure is compared with.
const before = 24 * time.Hour

func (s *Service) figure(ctx context.Context, k kind, scope figure.Scope, at time.Time) (figure.Figure, error) {
	f, err := s.frame(ctx, at)
	if err != nil {
		return figure.Figure{}, err
	}
	r := s.tables.at(f.now)
	idx := f.of(k.property, scope.Unit, scope.Thing)
	if scope == (figure.Scope{}) {
		idx = f.inCity(idx)
	}
	m := k.measure(s, f, idx, f.at, r)
	out := figure.Figure{
		Indicator: k.id, Unit: k.unit, Value: m.value, Numerator: m.num, Denominator: m.den, AsOf: f.now,
		Severity: m.severity, State: m.state, Estimated: m.estimated, Note: m.note,
		Link: "/flood?tab=" + k.rows, Data: newestOf(k.property),
	}
	if k.window > 0 {
		from := f.now.Add(-k.window)
		out.From = &from
	}
	if m.asOf > 0 {
		out.AsOf = time.UnixMilli(m.asOf).UTC()
	}
	if m.value == nil {
		out.Why = &whyTooOld
		if len(idx) == 0 {
			out.Why = &whyNoGauge
		}
		return out, nil
	}
	if m.station >= 0 {
		st := f.stations[m.station]
		out.Subject, out.Link, out.Data = st.name, "/stations/"+url.PathEscape(st.thing), observations(st.stream, f.now.Add(-max(k.window, time.Hour)), f.now)
	}
	if was := k.measure(s, f, idx, f.at-ms(before), r); was.value != nil {
		t := f.now.Add(-before)
		out.Previous, out.PreviousAt = was.value, &t
	}
	trend := k.trend
	if trend == nil {
		trend = k.measure
	}
	for h := 24; h >= 0; h-- {
		t := f.now.Add(-time.Duration(h) * time.Hour)
		out.Trend = append(out.Trend, figure.Point{T: t, V: trend(s, f, idx, t.UnixMilli(), r).value})
	}
	return out, nil
}

// inCity keeps the stations that lie in a unit of the city; all, when none
// does.
func (f *frame) inCity(idx []int) []int {
	var in []int
	for _, i := range idx {
		if f.stations[i].unitCode != "" {
			in = append(in, i)
		}
	}
	if len(in) == 0 {
		return idx
	}
	return in
}

// observations is the SensorThings address of the observations of a span.
func observations(stream string, from, to time.Time) string {
	filter := fmt.Sprintf("phenomenonTime gt %s and phenomenonTime le %s", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	return "/sta/v1.1/Datastreams('" + url.PathEscape(stream) + "')/Observations?$filter=" + url.PathEscape(filter) + "&$orderby=phenomenonTime%20desc"
}

// newestOf is the SensorThings address of the newest observation of every
// datastream of a property.
func newestOf(property string) string {
	return "/sta/v1.1/Datastreams?$filter=" + url.PathEscape("ObservedProperty/id eq '"+property+"'") + "&$expand=" + url.PathEscape("Observations($orderby=phenomenonTime desc;$top=1)")
}

func rainMax(window time.Duration) measure {
	return func(_ *Service, f *frame, idx []int, at int64, r rules) measured {
		m := measured{station: -1}
		for _, i := range idx {
			st := f.stations[i]
			got := rainSum(f.pts[i], st.rhythm, at-ms(window), at)
			if !got.known(st.rhythm, window) {
				continue
			}
			m.seen(f, i, at)
			if m.value == nil || got.mm > *m.value {
				m.value, m.station, m.estimated = &got.mm, i, got.estimated
			}
		}
		if m.value == nil {
			return m
		}
		classes := r.intensity[int(window/time.Hour)]
		if window == 24*time.Hour {
			classes = r.day
		}
		if c, ok := classify(classes, *m.value); ok {
			m.severity, m.state = c.Severity, c.ID
		}
		return m
	}
}

func rainMean(window time.Duration) measure {
	return func(_ *Service, f *frame, idx []int, at int64, r rules) measured {
		m := measured{station: -1}
		total, n := 0.0, 0.0
		for _, i := range idx {
			st := f.stations[i]
			got := rainSum(f.pts[i], st.rhythm, at-ms(window), at)
			if !got.known(st.rhythm, window) || got.coverage < 0.5 {
				continue
			}
			m.seen(f, i, at)
			total, n = total+got.mm, n+1
			m.estimated = m.estimated || got.estimated
		}
		if n == 0 {
			return m
		}
		mean := tenth(total / n)
		total = tenth(total)
		m.value, m.num, m.den = &mean, &total, &n
		if window == 24*time.Hour {
			if c, ok := classify(r.day, mean); ok {
				m.severity, m.state = c.Severity, c.ID
			}
		}
		m.note = textf("{n} trạm có số liệu", "{n} gauges report", map[string]any{"n": int(n)})
		return m
	}
}

func gaugesOver(mm float64) measure {
	return func(_ *Service, f *frame, idx []int, at int64, _ rules) measured {
		m := measured{station: -1}
		over, n := 0.0, 0.0
		for _, i := range idx {
			st := f.stations[i]
			got := rainSum(f.pts[i], st.rhythm, at-ms(time.Hour), at)
			if !got.known(st.rhythm, time.Hour) {
				continue
			}
			m.seen(f, i, at)
			n++
			if got.mm >= mm {
				over++
				m.estimated = m.estimated || got.estimated
			}
		}
		if n == 0 {
			return m
		}
		m.value, m.num, m.den = &over, &over, &n
		if over > 0 {
			m.severity = 2
		}
		m.note = textf("{a}/{b} trạm từ {mm} mm/giờ", "{a} of {b} gauges with {mm} mm/h or more", map[string]any{"a": int(over), "b": int(n), "mm": mm})
		return m
	}
}

func towersFlooded(_ *Service, f *frame, idx []int, at int64, r rules) measured {
	m := measured{station: -1}
	flooded, n := 0.0, 0.0
	by, all := map[string]int{}, map[string]int{}
	for _, i := range idx {
		st := f.stations[i]
		p, ok := newest(f.pts[i], at, st.patience())
		if !ok {
			continue
		}
		m.seen(f, i, at)
		n++
		all[st.kind]++
		if c, ok := classify(r.depth, float64(10*cm(p.v))); ok && c.ID != "dry" {
			flooded++
			by[st.kind]++
			m.severity = max(m.severity, c.Severity)
			m.estimated = m.estimated || p.f&sensing.Estimated != 0
		}
	}
	if n == 0 {
		return m
	}
	m.value, m.num, m.den = &flooded, &flooded, &n
	if all["flood_1m5"] > 0 && all["flood_3m"] > 0 {
		m.note = textf("{a}/{b} tháp báo ngập, {c}/{d} tháp báo lũ", "{a} of {b} flood towers, {c} of {d} river-flood towers",
			map[string]any{"a": by["flood_1m5"], "b": all["flood_1m5"], "c": by["flood_3m"], "d": all["flood_3m"]})
	} else {
		m.note = textf("{a}/{b} tháp", "{a} of {b} towers", map[string]any{"a": int(flooded), "b": int(n)})
	}
	return m
}

func deepest(_ *Service, f *frame, idx []int, at int64, r rules) measured {
	m := measured{station: -1}
	for _, i := range idx {
		p, ok := newest(f.pts[i], at, f.stations[i].patience())
		if !ok {
			continue
		}
		if v := hundredth(p.v); m.value == nil || v > *m.value {
			m.value, m.station, m.asOf, m.estimated = &v, i, p.t, p.f&sensing.Estimated != 0
		}
	}
	if m.value != nil {
		if c, ok := classify(r.depth, float64(10*cm(*m.value))); ok {
			m.severity, m.state = c.Severity, c.ID
		}
	}
	return m
}

func riversOver(s *Service, f *frame, idx []int, at int64, _ rules) measured {
	m := measured{station: -1}
	over, n := 0.0, 0.0
	var by [4]int
	for _, i := range idx {
		st := f.stations[i]
		a := s.tables.alarm(st.thing, f.now)
		if a == nil {
			continue
		}
		p, ok := newest(f.pts[i], at, st.patience())
		if !ok {
			continue
		}
		m.seen(f, i, at)
		n++
		level := a.reached(p.v)
		by[level]++
		if level > 0 {
			over++
			m.severity = max(m.severity, level+1)
			m.estimated = m.estimated || p.f&sensing.Estimated != 0
		}
	}
	if n == 0 {
		return m
	}
	m.value, m.num, m.den = &over, &over, &n
	m.note = textf("BĐ3: {c} · BĐ2: {b} · BĐ1: {a}", "Alarm 3: {c} · alarm 2: {b} · alarm 1: {a}", map[string]any{"a": by[1], "b": by[2], "c": by[3]})
	return m
}

// seen keeps the time of the newest reading that the figure rests on.
func (m *measured) seen(f *frame, i int, at int64) {
	if k := after(f.pts[i], at); k > 0 {
		m.asOf = max(m.asOf, f.pts[i][k-1].t)
	}
}
