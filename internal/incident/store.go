package incident

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// scanDoc reads a column of JSON.
func scanDoc[T any](scan store.Scan) (v T, err error) {
	var doc string
	if err := scan(&doc); err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return v, fmt.Errorf("stored document: %w", err)
	}
	return v, nil
}

func scanString(scan store.Scan) (s string, err error) { return s, scan(&s) }

func scanInt(scan store.Scan) (n int, err error) { return n, scan(&n) }

func marshal(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return store.Micros(*t)
}

// holders writes "$3, $4, …" for n values after from others.
func holders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i+1))
	}
	return b.String()
}

func anys(ss []string) []any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

// ---- incidents

// document is the incident as the row keeps it: what can be read elsewhere is
// left out.
func (i *Incident) document() (string, error) {
	kept := *i
	kept.Alerts, kept.CandidateCount = nil, 0
	if kept.HelpingUnits == nil {
		kept.HelpingUnits = []UnitRef{}
	}
	return marshal(kept)
}

func (i *Incident) fold() string {
	parts := []string{i.Number, i.Title, i.Text, i.Place, i.AreaName, i.LeadUnitName}
	for _, u := range i.HelpingUnits {
		parts = append(parts, u.Name)
	}
	return vi.Fold(strings.Join(parts, " "))
}

// putIncident writes the row; the trace is the caller's.
func putIncident(tx *store.Tx, i *Incident) error {
	doc, err := i.document()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into incident (id, number, version, state, severity, service, area, cell, lon, lat, alerts, lead_unit, opened_at, last_at, cleared_at, merged_into, fold, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		on conflict (id) do update set version = excluded.version, state = excluded.state, severity = excluded.severity, opened_at = excluded.opened_at,
		area = excluded.area, cell = excluded.cell, lon = excluded.lon, lat = excluded.lat, alerts = excluded.alerts, lead_unit = excluded.lead_unit,
		last_at = excluded.last_at, cleared_at = excluded.cleared_at, merged_into = excluded.merged_into, fold = excluded.fold, doc = excluded.doc`,
		i.ID, i.Number, i.Version, string(i.State), int(i.Severity), i.Service, i.Area, cellOf(i.Lon, i.Lat), i.Lon, i.Lat, i.alertCount, i.LeadUnit,
		i.OpenedAt, tx.Now, micros(i.ClearedAt), i.MergedInto, i.fold(), doc); err != nil {
		return err
	}
	if _, err := tx.Exec("delete from incident_unit where incident = $1", i.ID); err != nil {
		return err
	}
	for _, u := range i.HelpingUnits {
		if _, err := tx.Exec("insert into incident_unit (incident, unit) values ($1, $2) on conflict do nothing", i.ID, u.Code); err != nil {
			return err
		}
	}
	return nil
}

func readIncident(tx *store.Tx, r access.Reach, id string) (Incident, bool, error) {
	args := []any{id}
	where := mine(r, &args)
	return store.One(tx, scanDoc[Incident], "select i.doc from incident i where i.id = $1 and"+where, args...)
}

// Filter narrows the list of incidents; empty fields mean all.
type Filter struct {
	States     []string
	Severities []int
	Service    string
	Unit       string // leads or helps
	Area       string
	Q          string
	Limit      int
	Cursor     string // id of the last one of the page before
}

func (f Filter) where(r access.Reach) (string, []any) {
	args := []any{}
	where := mine(r, &args)
	add := func(clause string, vs ...any) {
		n := len(args)
		for range vs {
			n++
			clause = strings.Replace(clause, "?", "$"+strconv.Itoa(n), 1)
		}
		where, args = where+" and "+clause, append(args, vs...)
	}
	if len(f.States) > 0 {
		add("i.state in (" + holders(len(args), len(f.States)) + ")")
		args = append(args, anys(f.States)...)
	}
	if len(f.Severities) > 0 {
		add("i.severity in (" + holders(len(args), len(f.Severities)) + ")")
		for _, s := range f.Severities {
			args = append(args, s)
		}
	}
	if f.Service != "" {
		add("i.service = ?", f.Service)
	}
	if f.Area != "" {
		add("i.area = ?", f.Area)
	}
	if f.Unit != "" {
		add("(i.lead_unit = ? or exists (select 1 from incident_unit u where u.incident = i.id and u.unit = ?))", f.Unit, f.Unit)
	}
	for _, word := range strings.Fields(vi.Fold(f.Q)) {
		add("i.fold like ? escape '\\'", "%"+escapeLike(word)+"%")
	}
	return where, args
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

func listIncidents(tx *store.Tx, r access.Reach, f Filter) ([]Incident, int, error) {
	where, args := f.where(r)
	total, _, err := store.One(tx, scanInt, "select count(*) from incident i where"+where, args...)
	if err != nil {
		return nil, 0, err
	}
	if f.Cursor != "" {
		args = append(args, f.Cursor)
		where += " and i.id < $" + strconv.Itoa(len(args))
	}
	args = append(args, f.Limit)
	list, err := store.All(tx, scanDoc[Incident], "select i.doc from incident i where"+where+" order by i.id desc limit $"+strconv.Itoa(len(args)), args...)
	return list, total, err
}

// mergedInto lists the ids of the incidents whose timeline belongs to id's:
// itself and those merged into it, however often.
func mergedInto(tx *store.Tx, id string) ([]string, error) {
	ids := []string{id}
	for at := 0; at < len(ids) && len(ids) < 500; at++ {
		more, err := store.All(tx, scanString, "select id from incident where merged_into = $1", ids[at])
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

// nextNumber counts within a year of the city: "SC-2026-0012".
func nextNumber(tx *store.Tx, prefix string, year int) (string, error) {
	if _, err := tx.Mark("insert into incident_number (kind, year, n) values ($1, $2, 1) on conflict (kind, year) do update set n = incident_number.n + 1", prefix, year); err != nil {
		return "", err
	}
	n, _, err := store.One(tx, scanInt, "select n from incident_number where kind = $1 and year = $2", prefix, year)
	return fmt.Sprintf("%s-%d-%04d", prefix, year, n), err
}

// ---- alerts

// where is the condition of cell or area; columns are the same in both tables.
func (n near) where(from int) (string, []any) {
	cells := cellsAround(n.lon, n.lat)
	switch {
	case len(cells) > 0 && n.area != "":
		return "(cell in (" + holders(from, len(cells)) + ") or area = $" + strconv.Itoa(from+len(cells)+1) + ")", append(anys(cells), n.area)
	case len(cells) > 0:
		return "cell in (" + holders(from, len(cells)) + ")", anys(cells)
	case n.area != "":
		return "area = $" + strconv.Itoa(from+1), []any{n.area}
	}
	return "", nil
}

// ---- tasks

// ---- the SOP of an incident

// ---- the library

// ---- the timeline

// ---- files
