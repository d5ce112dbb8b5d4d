package workcal

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

//go:embed data/days.csv
var dayFile string

//go:embed data/hours.csv
var hourFile string

var (
	shippedDays  = must(readDays(dayFile))
	shippedHours = must(readHours(hourFile))
)

// must: the files are part of the program.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// readDays reads date,kind,name_vi,name_en,status,source.
func readDays(text string) ([]Day, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("days.csv: %w", err)
	}
	var out []Day
	for i, r := range rows[1:] {
		date, err := time.ParseInLocation(time.DateOnly, r[0], caltime.Zone)
		if err != nil {
			return nil, fmt.Errorf("days.csv:%d: %w", i+2, err)
		}
		d := Day{Date: date, Kind: Kind(r[1]), Name: msg.Text{Vi: r[2], En: r[3]}, Status: r[4], Source: r[5]}
		if err := d.check(); err != nil {
			return nil, fmt.Errorf("days.csv:%d: %w", i+2, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// readHours reads from,periods,source; periods as "07:30-11:30 13:00-17:00".
func readHours(text string) ([]Hours, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("hours.csv: %w", err)
	}
	var out []Hours
	for i, r := range rows[1:] {
		h := Hours{Source: r[2]}
		if r[0] != "" {
			if h.From, err = time.ParseInLocation(time.DateOnly, r[0], caltime.Zone); err != nil {
				return nil, fmt.Errorf("hours.csv:%d: %w", i+2, err)
			}
		}
		var pairs [][]string
		for _, p := range strings.Fields(r[1]) {
			pairs = append(pairs, strings.Split(p, "-"))
		}
		if h.Periods, err = readPeriods(pairs); err != nil {
			return nil, fmt.Errorf("hours.csv:%d: %w", i+2, err)
		}
		out = append(out, h)
	}
	return out, nil
}
