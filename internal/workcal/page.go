package workcal

import (
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

// PageDay is a day as pages show it.
type PageDay struct {
	Date    string   `json:"date"`
	Weekday int      `json:"weekday" doc:"1 is Monday"`
	Kind    Kind     `json:"kind" enum:"workday,weekend,holiday,compensation,makeup"`
	Name    msg.Text `json:"name"`
	Lunar   string   `json:"lunar" doc:"day and month of the lunar calendar; n marks a leap month"`
	Status  string   `json:"status" enum:"confirmed,unconfirmed"`
	Source  string   `json:"source"`
	Works   bool     `json:"works" doc:"people work on it; an unconfirmed row of a decree or of the city does not count"`
	City    bool     `json:"city" doc:"the city's own row"`
}

// PageHours are office hours as pages show them.
type PageHours struct {
	From    *string    `json:"from" doc:"null: since ever"`
	Periods [][]string `json:"periods"`
	AsGiven bool       `json:"as_given" doc:"what comes in outside office hours counts as received on its own day"`
	Source  string     `json:"source"`
}

// PageCounts sum a year up.
type PageCounts struct {
	Workdays int `json:"workdays"`
	Holidays int `json:"holidays" doc:"days off beyond weekends, also those on weekends"`
	Makeup   int `json:"makeup"`
}

// YearPage is a year of the calendar.
type YearPage struct {
	Year   int         `json:"year"`
	Days   []PageDay   `json:"days"`
	Hours  []PageHours `json:"hours"`
	Counts PageCounts  `json:"counts"`
}

// Year is a year as pages show it.
func (c *Calendar) Year(year int) YearPage {
	out := YearPage{Year: year, Days: make([]PageDay, 0, 366)}
	rows := map[int64]dayRow{}
	for _, r := range c.rows(year) {
		rows[r.number] = r
	}
	for d := local(year, 1, 1); d.Year() == year; d = d.AddDate(0, 0, 1) {
		n := dayNumber(d)
		holds := c.day(n)
		p := PageDay{Date: d.Format(time.DateOnly), Weekday: weekday(n) + 1, Kind: holds.kind, Lunar: caltime.ToLunar(d).String(), Status: Confirmed, Works: holds.works}
		if r, ok := rows[n]; ok {
			p.Kind, p.Name, p.Status, p.Source, p.City = r.Kind, r.Name, r.Status, r.Source, r.layer == byCity
		}
		out.Days = append(out.Days, p)
		switch {
		case holds.kind == Makeup:
			out.Counts.Makeup++
		case holds.kind == Holiday || holds.kind == Compensation:
			out.Counts.Holidays++
		}
		if holds.works {
			out.Counts.Workdays++
		}
	}
	for _, h := range c.hours {
		out.Hours = append(out.Hours, pageOfHours(h))
	}
	return out
}

// rows are the rows of a year, by date.
func (c *Calendar) rows(year int) []dayRow {
	var out []dayRow
	for _, r := range c.resolved {
		if r.Date.Year() == year {
			out = append(out, r)
		}
	}
	return out
}

func pageOfHours(h Hours) PageHours {
	p := PageHours{Periods: pairsOf(h.Periods), AsGiven: h.AsGiven, Source: h.Source}
	if !h.From.IsZero() {
		from := h.From.Format(time.DateOnly)
		p.From = &from
	}
	return p
}

func pairsOf(ps []Period) [][]string {
	out := make([][]string, len(ps))
	for i, p := range ps {
		out[i] = []string{clockOf(p.From), clockOf(p.To)}
	}
	return out
}

func clockOf(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

func wordsOf(ps []Period) string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = clockOf(p.From) + "–" + clockOf(p.To)
	}
	return strings.Join(out, ", ")
}
