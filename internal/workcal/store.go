package workcal

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/store"
)

func listDays(tx *store.Tx) ([]Day, error) {
	return store.All(tx, scanDay, "select date, kind, name_vi, name_en, status, source from workcal_day order by date")
}

func findDay(tx *store.Tx, date time.Time) (Day, bool, error) {
	return store.One(tx, scanDay, "select date, kind, name_vi, name_en, status, source from workcal_day where date = $1", date.Format(time.DateOnly))
}

func scanDay(scan store.Scan) (d Day, err error) {
	var date string
	if err = scan(&date, &d.Kind, &d.Name.Vi, &d.Name.En, &d.Status, &d.Source); err != nil {
		return d, err
	}
	d.Date, err = time.ParseInLocation(time.DateOnly, date, caltime.Zone)
	return d, err
}

func putDay(tx *store.Tx, d Day) error {
	_, err := tx.Exec(`insert into workcal_day (date, kind, name_vi, name_en, status, source, by_id, by_name, changed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (date) do update set kind = excluded.kind, name_vi = excluded.name_vi, name_en = excluded.name_en, status = excluded.status,
			source = excluded.source, by_id = excluded.by_id, by_name = excluded.by_name, changed = excluded.changed`,
		d.Date.Format(time.DateOnly), string(d.Kind), d.Name.Vi, d.Name.En, d.Status, d.Source, tx.Actor.ID, tx.Actor.Name, tx.Now)
	return err
}

func deleteDay(tx *store.Tx, date time.Time) error {
	_, err := tx.Exec("delete from workcal_day where date = $1", date.Format(time.DateOnly))
	return err
}

func listHours(tx *store.Tx) ([]Hours, error) {
	return store.All(tx, scanHours, "select valid_from, periods, as_given, source from workcal_hours order by valid_from")
}

func findHours(tx *store.Tx, from time.Time) (Hours, bool, error) {
	return store.One(tx, scanHours, "select valid_from, periods, as_given, source from workcal_hours where valid_from = $1", from.Format(time.DateOnly))
}

func scanHours(scan store.Scan) (h Hours, err error) {
	var from, periods string
	var asGiven int
	if err = scan(&from, &periods, &asGiven, &h.Source); err != nil {
		return h, err
	}
	h.AsGiven = asGiven != 0
	if h.From, err = time.ParseInLocation(time.DateOnly, from, caltime.Zone); err != nil {
		return h, err
	}
	var pairs [][]string
	if err = json.Unmarshal([]byte(periods), &pairs); err == nil {
		h.Periods, err = readPeriods(pairs)
	}
	return h, err
}

func putHours(tx *store.Tx, h Hours) error {
	periods, err := json.Marshal(pairsOf(h.Periods))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into workcal_hours (valid_from, periods, as_given, source, by_id, by_name, changed) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (valid_from) do update set periods = excluded.periods, as_given = excluded.as_given, source = excluded.source,
			by_id = excluded.by_id, by_name = excluded.by_name, changed = excluded.changed`,
		h.From.Format(time.DateOnly), string(periods), h.AsGiven, h.Source, tx.Actor.ID, tx.Actor.Name, tx.Now)
	return err
}
