package workcal

import (
	"slices"
	"time"
)

// dayRow is a date of which something is said: the row that is shown, and
// what holds.
type dayRow struct {
	Day
	number int64
	holds  Kind
	layer  layer
}

// layer says who spoke.
type layer int

const (
	byLaw layer = iota
	byShipping
	byCity
)

// resolve puts the layers over each other. The topmost row of a date is
// shown; the topmost that counts holds. Of the law all counts but what is
// marked as a wish.
func resolve(law []dayRow, shipped, city []Day) []dayRow {
	over := map[int64]dayRow{}
	for _, r := range law {
		over[r.number] = r
	}
	// Where a year's decree ships, the days computed for it are not asked for.
	decreed := map[int]bool{}
	for _, d := range shipped {
		decreed[d.Date.Year()] = decreed[d.Date.Year()] || d.Status == Confirmed
	}
	for n, r := range over {
		if decreed[r.Date.Year()] && r.holds != ordinary(n).kind {
			delete(over, n)
		}
	}
	put := func(days []Day, from layer) {
		for _, d := range days {
			n := dayNumber(d.Date)
			holds := d.Kind
			if d.Status != Confirmed {
				holds = ordinary(n).kind
				if under, ok := over[n]; ok {
					holds = under.holds
				}
			}
			over[n] = dayRow{Day: d, number: n, holds: holds, layer: from}
		}
	}
	put(shipped, byShipping)
	put(city, byCity)
	out := make([]dayRow, 0, len(over))
	for _, r := range over {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b dayRow) int { return int(a.number - b.number) })
	return out
}

// mergeHours puts the city's hours over those that ship: a row of the same
// date takes its place. The first row holds since ever.
func mergeHours(shipped, city []Hours) []Hours {
	byFrom := map[int64]Hours{}
	for _, h := range slices.Concat(shipped, city) {
		byFrom[dayNumber(h.From)] = h
	}
	out := make([]Hours, 0, len(byFrom))
	for _, h := range byFrom {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b Hours) int { return a.From.Compare(b.From) })
	if len(out) > 255 { // one byte per day says which
		out = out[len(out)-255:]
	}
	out[0].From = time.Time{}
	return out
}
