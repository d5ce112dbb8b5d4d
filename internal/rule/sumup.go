package rule

import (
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/rule/eval"
)

// BacktestResult is what a rule would have done.
type BacktestResult struct {
	Firings       []BacktestFiring       `json:"firings"`
	Total         int                    `json:"total" doc:"firings, also those not listed"`
	Days          []BacktestDay          `json:"days"`
	Notifications []BacktestNotification `json:"notifications"`
	Incidents     *BacktestIncidents     `json:"incidents"`
	Compare       *BacktestCompare       `json:"compare"`
}

// BacktestFiring is one span in which the rule held.
type BacktestFiring struct {
	Thing     string              `json:"thing"`
	Name      string              `json:"name"`
	Series    string              `json:"series"`
	Area      string              `json:"area"`
	AreaName  string              `json:"area_name"`
	From      time.Time           `json:"from"`
	To        *time.Time          `json:"to"`
	Severity  alertevent.Severity `json:"severity"`
	Peak      *float64            `json:"peak"`
	Estimated bool                `json:"estimated"`

	rises int // how often somebody would have been told
}

// BacktestDay counts the firings that began on a local day.
type BacktestDay struct {
	Day      string              `json:"day" doc:"2025-10-28"`
	N        int                 `json:"n"`
	Severity alertevent.Severity `json:"severity" doc:"the highest"`
}

// BacktestNotification counts what a unit would have got.
type BacktestNotification struct {
	Unit     string `json:"unit"`
	UnitName string `json:"unit_name"`
	N        int    `json:"n"`
}

// BacktestIncidents measures the rule against confirmed incidents.
type BacktestIncidents struct {
	Confirmed int      `json:"confirmed"`
	Hit       int      `json:"hit"`
	Precision *float64 `json:"precision" doc:"share of the firings that belong to an incident"`
	Recall    *float64 `json:"recall" doc:"share of the incidents that the rule saw"`
}

// BacktestCompare sets the firings beside those of the version in force.
type BacktestCompare struct {
	Version int `json:"version"`
	Firings int `json:"firings"`
	Same    int `json:"same"`
	OnlyNew int `json:"only_new"`
	OnlyOld int `json:"only_old"`
}

// sumUp makes firings into what people ask.
func (s *Service) sumUp(ctx context.Context, f *inForce, found eval.Result, from, to time.Time) (*BacktestResult, error) {
	r := &BacktestResult{Firings: []BacktestFiring{}, Days: []BacktestDay{}, Notifications: []BacktestNotification{}, Total: len(found.Firings)}
	all := make([]BacktestFiring, len(found.Firings))
	for i := range found.Firings {
		all[i] = s.firingOf(&found.Firings[i])
	}
	r.Days, r.Notifications = days(all), s.notifications(f.definition, all)
	if s.o.Confirmed != nil {
		incidents, err := s.o.Confirmed(ctx, from, to)
		if err != nil {
			return nil, err
		}
		r.Incidents = against(f.definition.Service, all, incidents, to)
	}
	r.Firings = all[:min(len(all), maxFirings)]
	return r, nil
}

func (s *Service) firingOf(x *eval.Firing) BacktestFiring {
	f := BacktestFiring{
		Thing: x.Series.Thing(), Name: x.Series.Labels[labelName], Series: x.Series.ID, Area: x.Series.Labels["unit_code"],
		From: x.From, To: x.To, Severity: x.Severity, Peak: x.Peak, Estimated: x.Estimated,
	}
	if _, _, area, ok := s.o.Catalog.ThingPlace(f.Thing); ok && area != "" {
		f.Area = area
	}
	f.AreaName = s.o.UnitName(f.Area)
	before := alertevent.None
	for _, c := range x.Changes {
		if c.To > before {
			f.rises++
		}
		before = c.To
	}
	f.rises = max(f.rises, 1)
	return f
}

// days counts by the local day on which firings began.
func days(all []BacktestFiring) []BacktestDay {
	byDay := map[string]*BacktestDay{}
	for _, f := range all {
		day := f.From.In(caltime.Zone).Format(time.DateOnly)
		d := byDay[day]
		if d == nil {
			d = &BacktestDay{Day: day}
			byDay[day] = d
		}
		d.N++
		d.Severity = max(d.Severity, f.Severity)
	}
	out := make([]BacktestDay, 0, len(byDay))
	for _, d := range byDay {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b BacktestDay) int { return strings.Compare(a.Day, b.Day) })
	return out
}

// notifications counts by unit: one for each beginning and each rise of the
// severity, addressed as of that instant.
func (s *Service) notifications(d Definition, all []BacktestFiring) []BacktestNotification {
	byUnit := map[string]*BacktestNotification{}
	for _, f := range all {
		unit, name := d.Unit, s.o.UnitName(d.Unit)
		if unit == "" && s.o.Unit != nil {
			unit, name = s.o.Unit(d.Service, f.Area, f.From)
		}
		if unit == "" {
			continue
		}
		n := byUnit[unit]
		if n == nil {
			n = &BacktestNotification{Unit: unit, UnitName: name}
			byUnit[unit] = n
		}
		n.N += f.rises
	}
	out := make([]BacktestNotification, 0, len(byUnit))
	for _, n := range byUnit {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b BacktestNotification) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Unit, b.Unit)
	})
	return out
}

// against measures firings against confirmed incidents of the same service:
// they meet when the thing is the incident's, or else the area, and the times
// overlap.
func against(service string, all []BacktestFiring, incidents []Incident, end time.Time) *BacktestIncidents {
	out := &BacktestIncidents{}
	right := make([]bool, len(all))
	for _, in := range incidents {
		if in.Service != "" && in.Service != service {
			continue
		}
		out.Confirmed++
		hit := false
		until := in.To
		if until.IsZero() {
			until = end
		}
		for i, f := range all {
			to := end
			if f.To != nil {
				to = *f.To
			}
			same := slices.Contains(in.Things, f.Thing) || len(in.Things) == 0 && (in.Area == "" || in.Area == f.Area)
			if same && !f.From.After(until.Add(around)) && !to.Before(in.From.Add(-around)) {
				right[i], hit = true, true
			}
		}
		if hit {
			out.Hit++
		}
	}
	share := func(n, of int) *float64 {
		if of == 0 {
			return nil
		}
		v := float64(n) / float64(of)
		return &v
	}
	n := 0
	for _, r := range right {
		if r {
			n++
		}
	}
	if out.Confirmed > 0 {
		out.Precision = share(n, len(all))
	}
	out.Recall = share(out.Hit, out.Confirmed)
	return out
}

// compareFirings pairs firings of one series whose spans overlap.
func compareFirings(version int, fresh, old []eval.Firing) *BacktestCompare {
	c := &BacktestCompare{Version: version, Firings: len(old)}
	bySeries := map[string][]eval.Firing{}
	for _, f := range old {
		bySeries[f.Series.ID] = append(bySeries[f.Series.ID], f)
	}
	met := map[string]map[int]bool{}
	for _, f := range fresh {
		hit := false
		for i, o := range bySeries[f.Series.ID] {
			if (f.To == nil || !f.To.Before(o.From)) && (o.To == nil || !o.To.Before(f.From)) {
				hit = true
				if met[f.Series.ID] == nil {
					met[f.Series.ID] = map[int]bool{}
				}
				met[f.Series.ID][i] = true
			}
		}
		if hit {
			c.Same++
		} else {
			c.OnlyNew++
		}
	}
	c.OnlyOld = len(old)
	for _, m := range met {
		c.OnlyOld -= len(m)
	}
	return c
}
