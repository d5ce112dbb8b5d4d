package workcal

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

// The days off of the Labour Code 2019, Art. 112.
var (
	nameNewYear  = msg.Text{Vi: "Tết Dương lịch", En: "New Year's Day"}
	nameTet      = msg.Text{Vi: "Tết Nguyên đán", En: "Lunar New Year"}
	nameKings    = msg.Text{Vi: "Giỗ Tổ Hùng Vương", En: "Hùng Kings' Commemoration Day"}
	nameVictory  = msg.Text{Vi: "Ngày Chiến thắng 30/4", En: "Victory Day"}
	nameLabour   = msg.Text{Vi: "Ngày Quốc tế lao động", En: "Labour Day"}
	nameNational = msg.Text{Vi: "Quốc khánh", En: "National Day"}
	nameCulture  = msg.Text{Vi: "Ngày Văn hóa Việt Nam", En: "Vietnamese Culture Day"}
)

const (
	sourceLaw     = "Bộ luật Lao động 2019, Điều 112 và lịch âm; lịch nghỉ của năm chưa công bố"
	sourceLieu    = "Bộ luật Lao động 2019, Điều 111 khoản 3; lịch nghỉ của năm chưa công bố"
	sourceCulture = "Nghị quyết 80-NQ/TW của Bộ Chính trị (2026); chờ luật của Quốc hội"
	cultureFrom   = 2026
)

// statutory are the days that the law alone gives, for every year of the
// table. The Government fixes on which side of the feast the days of Tết and
// of National Day lie, and may swap; so none of them is confirmed.
var statutory = func() []dayRow {
	var out []dayRow
	for y := firstYear; y <= lastYear; y++ {
		out = append(out, lawOf(y)...)
	}
	return out
}()

// lawOf are the days off of a year by the Labour Code of today: the holidays,
// with the two days before and three from Tết on, the second day of National
// Day on the side that joins a weekend, and a working day in lieu for each
// that falls on a weekend.
func lawOf(year int) []dayRow {
	named := map[int64]msg.Text{}
	holiday := func(t time.Time, name msg.Text) { named[dayNumber(t)] = name }
	holiday(local(year, 1, 1), nameNewYear)
	for d := -2; d < 3; d++ {
		holiday(caltime.Tet(year).AddDate(0, 0, d), nameTet)
	}
	kings, _ := caltime.FromLunar(caltime.Lunar{Day: 10, Month: 3, Year: year})
	holiday(kings, nameKings)
	holiday(local(year, 4, 30), nameVictory)
	holiday(local(year, 5, 1), nameLabour)
	national := local(year, 9, 2)
	holiday(national, nameNational)
	switch national.Weekday() {
	case time.Monday, time.Thursday, time.Sunday:
		holiday(local(year, 9, 3), nameNational)
	default:
		holiday(local(year, 9, 1), nameNational)
	}
	days := make([]int64, 0, len(named))
	for n := range named {
		days = append(days, n)
	}
	slices.Sort(days)
	var out []dayRow
	add := func(n int64, k Kind, name msg.Text, source string) {
		out = append(out, dayRow{Day: Day{Date: instant(n, 0), Kind: k, Name: name, Status: Unconfirmed, Source: source}, number: n, holds: k})
	}
	taken := map[int64]bool{}
	for _, n := range days {
		add(n, Holiday, named[n], sourceLaw)
		if weekday(n) < 5 {
			continue
		}
		lieu := n + 1
		for weekday(lieu) >= 5 || taken[lieu] || named[lieu] != (msg.Text{}) {
			lieu++
		}
		taken[lieu] = true
		add(lieu, Compensation, msg.Text{Vi: "Nghỉ bù " + named[n].Vi, En: "In lieu of " + named[n].En}, sourceLieu)
	}
	if year >= cultureFrom {
		n := dayNumber(local(year, 11, 24))
		add(n, Holiday, nameCulture, sourceCulture)
		out[len(out)-1].holds = ordinary(n).kind // a wish until it is confirmed
	}
	return out
}
