package flood

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/msg"
)

// Summary is the flood watch at an instant. A figure without data is null.
type Summary struct {
	At          time.Time    `json:"at"`
	EventStart  *time.Time   `json:"event_start" doc:"when the rain event of the network with most gauges began; null in a dry spell"`
	MetDayStart time.Time    `json:"met_day_start" doc:"19:00 local time at or before at"`
	Rain        []Gauge      `json:"rain"`
	Rivers      []River      `json:"rivers"`
	Towers      []Tower      `json:"towers"`
	Reservoirs  []Reservoir  `json:"reservoirs"`
	Units       []UnitReport `json:"units"`
}

// Label is a class with its name.
type Label struct {
	ID       string   `json:"id"`
	Title    msg.Text `json:"title"`
	Severity int      `json:"severity"`
	Color    string   `json:"color,omitempty" doc:"colour token of the UI"`
}

func (c Class) label() *Label { return &Label{c.ID, c.Title, c.Severity, c.Token} }

// Place is what all rows tell of their station.
type Place struct {
	Thing      string     `json:"thing"`
	Datastream string     `json:"datastream"`
	Name       string     `json:"name"`
	Kind       string     `json:"kind"`
	UnitCode   string     `json:"unit_code,omitempty"`
	UnitName   string     `json:"unit_name,omitempty"`
	Lon        float64    `json:"lon"`
	Lat        float64    `json:"lat"`
	Network    string     `json:"network,omitempty"`
	AsOf       *time.Time `json:"as_of" doc:"time of the newest usable reading"`
	Original   *time.Time `json:"original_time,omitempty" doc:"of replayed data: when it really happened"`
	Stale      bool       `json:"stale,omitempty" doc:"the newest reading is older than three rhythms of the station"`
	Estimated  bool       `json:"estimated,omitempty"`
	Flags      []string   `json:"flags,omitempty"`
	Severity   int        `json:"severity"`
	Why        *msg.Text  `json:"why,omitempty" doc:"why there is no value"`
}

// Gauge is the rain at one gauge, mm.
type Gauge struct {
	Place
	M10        *float64           `json:"m10"`
	H1         *float64           `json:"h1"`
	H3         *float64           `json:"h3"`
	H6         *float64           `json:"h6"`
	H12        *float64           `json:"h12"`
	H24        *float64           `json:"h24"`
	Since19    *float64           `json:"since19"`
	Event      *float64           `json:"event"`
	EventStart *time.Time         `json:"event_start"`
	Coverage   map[string]float64 `json:"coverage,omitempty" doc:"windows that readings speak for only in part: share 0–1"`
	Class      *Label             `json:"class" doc:"the heavier of the classes by 24 h and by 12 h"`
	Intensity  *Label             `json:"intensity,omitempty"`
	Neighbours *Finding           `json:"neighbours,omitempty"`
}

// River is the level at one river station, m.
type River struct {
	Place
	River     string    `json:"river,omitempty"`
	Level     *float64  `json:"level"`
	BD1       *float64  `json:"bd1"`
	BD2       *float64  `json:"bd2"`
	BD3       *float64  `json:"bd3"`
	Confirmed bool      `json:"confirmed" doc:"whether bulletins confirm all three alarm levels"`
	Alarm     *int      `json:"alarm" doc:"alarm level reached, 0–3; null without alarm levels or level"`
	Phrase    *msg.Text `json:"phrase"`
	RiseCmH   *float64  `json:"rise_cm_h"`
	Change24  *float64  `json:"change_24h" doc:"m against 24 h before"`
	Record    *Record   `json:"record,omitempty"`
}

// Tower is the depth of water above the street, m.
type Tower struct {
	Place
	DepthM  *float64 `json:"depth_m"`
	Class   *Label   `json:"class"`
	RiseCmH *float64 `json:"rise_cm_h"`
}

// Reservoir is the level of a reservoir above its own datum, m; it is never
// compared with depths on streets.
type Reservoir struct {
	Place
	LevelM   *float64 `json:"level_m"`
	RiseCmH  *float64 `json:"rise_cm_h"`
	Change24 *float64 `json:"change_24h"`
}

// UnitReport sums up a ward or commune.
type UnitReport struct {
	Code          string   `json:"code"`
	Name          string   `json:"name"`
	RainAvg24h    *float64 `json:"rain_avg_24h"`
	RainMax1h     *float64 `json:"rain_max_1h"`
	Gauges        int      `json:"gauges" doc:"gauges with a 24 h figure"`
	Towers        int      `json:"towers" doc:"towers that report"`
	TowersFlooded int      `json:"towers_flooded"`
	DeepestM      *float64 `json:"deepest_m"`
	Alarm         *int     `json:"alarm" doc:"highest river alarm reached in the unit"`
	Severity      int      `json:"severity"`
}

var (
	whySilent  = msg.Text{Vi: "Chưa có số đo", En: "No reading yet"}
	whyTooOld  = msg.Text{Vi: "Không có số đo gần đây", En: "No recent reading"}
	whyRhythm  = msg.Text{Vi: "Trạm đo thưa hơn khoảng này", En: "The station reports less often than this period"}
	whyNoGauge = msg.Text{Vi: "Không có trạm đo trong địa bàn", En: "No station in this unit"}
)

// Summary tells the flood watch at an instant; the zero instant is now.
// Callers share the result and must not change it.
func (s *Service) Summary(ctx context.Context, actor access.Actor, at time.Time) (*Summary, error) {
	if err := access.Require(actor, access.LayerView, access.Scope{Service: "flood"}); err != nil {
		return nil, err
	}
	return s.summary(ctx, at)
}

func (s *Service) summary(ctx context.Context, at time.Time) (*Summary, error) {
	now := s.opt.Clock.Now()
	if at.IsZero() || at.After(now) {
		at = now
	}
	at = at.Truncate(time.Second)
	key := at.Unix()
	s.mu.Lock()
	for _, m := range s.memo {
		if m.sum != nil && m.at == key && m.version == s.version && !s.stale {
			s.mu.Unlock()
			return m.sum, nil
		}
	}
	s.mu.Unlock()
	f, err := s.frame(ctx, at)
	if err != nil {
		return nil, err
	}
	sum := s.compute(f)
	s.mu.Lock()
	s.memo[s.memoNext] = memo{f.version, key, sum}
	s.memoNext = (s.memoNext + 1) % len(s.memo)
	s.mu.Unlock()
	return sum, nil
}
