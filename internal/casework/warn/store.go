package warn

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/store"
)

const watchColumns = "case_id, next_at, due, version, round, active, level, remind_at, told_at"

func scanWatch(scan store.Scan) (w watch, err error) {
	var next, due, remind, told int64
	err = scan(&w.id, &next, &due, &w.version, &w.round, &w.active, &w.level, &remind, &told)
	w.next, w.due, w.remind, w.told, w.stored = store.FromMicros(next), store.FromMicros(due), store.FromMicros(remind), store.FromMicros(told), true
	return w, err
}

func dueWatches(tx *store.Tx, limit int) ([]watch, error) {
	return store.All(tx, scanWatch, "select "+watchColumns+" from case_watch where next_at <> 0 and next_at <= $1 order by next_at limit $2", tx.Now, limit)
}

func walkWatches(tx *store.Tx, after string, limit int) ([]watch, error) {
	return store.All(tx, scanWatch, "select "+watchColumns+" from case_watch where case_id > $1 order by case_id limit $2", after, limit)
}

func nextWatch(tx *store.Tx) (time.Time, error) {
	at, _, err := store.One(tx, func(scan store.Scan) (us int64, err error) { return us, scan(&us) }, "select next_at from case_watch where next_at <> 0 order by next_at limit 1")
	return store.FromMicros(at), err
}

func findWatches(tx *store.Tx, ids []string) (map[string]watch, error) {
	out := make(map[string]watch, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), 500)
		args := make([]any, n)
		for i, id := range ids[:n] {
			args[i] = id
		}
		ws, err := store.All(tx, scanWatch, "select "+watchColumns+" from case_watch where case_id in ("+holders(1, n)+")", args...)
		if err != nil {
			return nil, err
		}
		for _, w := range ws {
			out[w.id] = w
		}
		ids = ids[n:]
	}
	return out, nil
}

// holders is "$3, $4" for n values from the first on.
func holders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}

// rowsAtOnce is how many rows one statement writes. There are four texts in
// all: many rows or one, of files that were never warned of (most of an
// import) or of others.
const rowsAtOnce = 40

const watchUpsert = ` on conflict (case_id) do update set next_at = excluded.next_at, due = excluded.due, version = excluded.version, round = excluded.round,
	active = excluded.active, level = excluded.level, remind_at = excluded.remind_at, told_at = excluded.told_at`

func watchText(rows, width int) string {
	var b strings.Builder
	b.WriteString("insert into case_watch (" + watchColumns + ") values ")
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + holders(i*width+1, width) + strings.Repeat(", 0", 9-width) + ")")
	}
	return b.String() + watchUpsert
}

var (
	putPlain = [2]string{watchText(1, 4), watchText(rowsAtOnce, 4)}
	putFull  = [2]string{watchText(1, 9), watchText(rowsAtOnce, 9)}
)

// putWatches writes rows; they are timers and need no trace of their own, the
// facts beside them are the trace.
func putWatches(tx *store.Tx, ws []watch) error {
	var plain, full []watch
	for _, w := range ws {
		if w.round == 0 && w.active == 0 && w.level == 0 && w.remind.IsZero() && w.told.IsZero() {
			plain = append(plain, w)
		} else {
			full = append(full, w)
		}
	}
	put := func(ws []watch, texts [2]string, values func(args []any, w *watch) []any) error {
		var args []any
		for len(ws) > 0 {
			n, text := 1, texts[0]
			if len(ws) >= rowsAtOnce {
				n, text = rowsAtOnce, texts[1]
			}
			args = args[:0]
			for i := range ws[:n] {
				args = values(args, &ws[i])
			}
			if _, err := tx.Mark(text, args...); err != nil {
				return err
			}
			ws = ws[n:]
		}
		return nil
	}
	if err := put(plain, putPlain, func(args []any, w *watch) []any {
		return append(args, w.id, store.Micros(w.next), store.Micros(w.due), w.version)
	}); err != nil {
		return err
	}
	return put(full, putFull, func(args []any, w *watch) []any {
		return append(args, w.id, store.Micros(w.next), store.Micros(w.due), w.version, w.round, w.active, w.level, store.Micros(w.remind), store.Micros(w.told))
	})
}

func deleteWatch(tx *store.Tx, id string) error {
	_, err := tx.Mark("delete from case_watch where case_id = $1", id)
	return err
}

// Warning is one warning that was given.
type Warning struct {
	Case        string         `json:"case"`
	Code        string         `json:"code"`
	Rule        string         `json:"rule" enum:"case-near-due,case-overdue,case-no-apology"`
	Due         time.Time      `json:"due"`
	DueVersion  int            `json:"due_version"`
	WarnedAt    time.Time      `json:"warned_at"`
	OverAt      *time.Time     `json:"over_at"`
	Why         string         `json:"why" doc:"why it is over: ended, paused, new_date, overdue, apology, unit, window, off; empty while it holds"`
	Alert       string         `json:"alert" doc:"id of the alert, empty while none is known"`
	Fingerprint string         `json:"fingerprint"`
	Officer     string         `json:"officer" doc:"the system's word"`
	OfficerName string         `json:"officer_name"`
	OfficerUser string         `json:"officer_user"`
	Unit        string         `json:"unit"`
	UnitName    string         `json:"unit_name"`
	Told        []string       `json:"told" doc:"names of whom it was told at once"`
	Synthetic   bool           `json:"synthetic"`
	Class       casework.Class `json:"class" doc:"of the file now"`

	round int
}

const warningColumns = "case_id, rule, version, round, code, unit, unit_name, officer, officer_name, officer_user, due, warned_at, over_at, why, told, synthetic"

func scanWarning(scan store.Scan) (w Warning, err error) {
	var due, warned, over int64
	var told string
	var synthetic int
	if err = scan(&w.Case, &w.Rule, &w.DueVersion, &w.round, &w.Code, &w.Unit, &w.UnitName, &w.Officer, &w.OfficerName, &w.OfficerUser, &due, &warned, &over, &w.Why, &told, &synthetic); err != nil {
		return w, err
	}
	w.Due, w.WarnedAt, w.Synthetic = store.FromMicros(due), store.FromMicros(warned), synthetic == 1
	if over != 0 {
		t := store.FromMicros(over)
		w.OverAt = &t
	}
	w.Fingerprint = fingerprint(w.Rule, w.Case, w.DueVersion)
	return w, json.Unmarshal([]byte(told), &w.Told)
}

// insertWarning remembers a warning; false when it is known already.
func insertWarning(tx *store.Tx, w Warning) (bool, error) {
	n, err := tx.Exec("insert into case_warning ("+warningColumns+") values ("+holders(1, 16)+") on conflict do nothing",
		w.Case, w.Rule, w.DueVersion, w.round, w.Code, w.Unit, w.UnitName, w.Officer, w.OfficerName, w.OfficerUser, w.Due, w.WarnedAt, int64(0), "", "[]", w.Synthetic)
	return n > 0, err
}

func findWarning(tx *store.Tx, id, rule string, version, round int) (Warning, bool, error) {
	return store.One(tx, scanWarning, "select "+warningColumns+" from case_warning where case_id = $1 and rule = $2 and version = $3 and round = $4", id, rule, version, round)
}

// resumeWarning lets a warning that was over hold again.
func resumeWarning(tx *store.Tx, w Warning) error {
	_, err := tx.Exec("update case_warning set over_at = 0, why = '', unit = $5, unit_name = $6, officer = $7, officer_name = $8, officer_user = $9 where case_id = $1 and rule = $2 and version = $3 and round = $4",
		w.Case, w.Rule, w.DueVersion, w.round, w.Unit, w.UnitName, w.Officer, w.OfficerName, w.OfficerUser)
	return err
}

func endWarning(tx *store.Tx, id, rule, why string, at time.Time) error {
	_, err := tx.Exec("update case_warning set over_at = $3, why = $4 where case_id = $1 and rule = $2 and over_at = 0", id, rule, at, why)
	return err
}

// setOfficer keeps who has the file now with the warnings that hold.
func setOfficer(tx *store.Tx, c *casework.Case) error {
	_, err := tx.Mark("update case_warning set officer = $2, officer_name = $3, officer_user = $4 where case_id = $1 and over_at = 0", c.ID, c.Officer, c.OfficerName, c.OfficerUser)
	return err
}

// warnedUnit is where the alerts of a file lie.
func warnedUnit(tx *store.Tx, id string) (string, error) {
	unit, _, err := store.One(tx, func(scan store.Scan) (u string, err error) { return u, scan(&u) }, "select unit from case_warning where case_id = $1 and over_at = 0 limit 1", id)
	return unit, err
}

func setTold(tx *store.Tx, w Warning) error {
	b, err := json.Marshal(w.Told)
	if err != nil {
		return err
	}
	_, err = tx.Exec("update case_warning set told = $5 where case_id = $1 and rule = $2 and version = $3 and round = $4", w.Case, w.Rule, w.DueVersion, w.round, string(b))
	return err
}

// warningFilter selects warnings; empty fields select all.
type warningFilter struct {
	reach   access.Reach
	units   []string
	officer string
	rule    string
	all     bool // also those that are over
	limit   int
}

func (f *warningFilter) where(args *[]any) string {
	q := store.Within(f.reach, store.ScopeColumns{Unit: "unit"}, args)
	add := func(condition string, v any) {
		*args = append(*args, v)
		q += fmt.Sprintf(condition, len(*args))
	}
	if len(f.units) > 0 {
		first := len(*args) + 1
		for _, u := range f.units {
			*args = append(*args, u)
		}
		q += " and unit in (" + holders(first, len(f.units)) + ")"
	}
	if f.officer != "" {
		add(" and (officer_user = $%[1]d or officer = $%[1]d)", f.officer)
	}
	if f.rule != "" {
		add(" and rule = $%d", f.rule)
	}
	return q
}

func listWarnings(tx *store.Tx, f warningFilter) ([]Warning, error) {
	var args []any
	q := f.where(&args)
	order := " order by warned_at desc, case_id, rule limit "
	if !f.all {
		q += " and over_at = 0"
		order = " order by due, case_id, rule limit "
	}
	return store.All(tx, scanWarning, "select "+warningColumns+" from case_warning where "+q+order+strconv.Itoa(f.limit), args...)
}

func countWarnings(tx *store.Tx, f warningFilter) (map[string]int, error) {
	var args []any
	q := f.where(&args)
	type counted struct {
		rule string
		n    int
	}
	cs, err := store.All(tx, func(scan store.Scan) (c counted, err error) { return c, scan(&c.rule, &c.n) },
		"select rule, count(*) from case_warning where over_at = 0 and "+q+" group by rule", args...)
	out := map[string]int{}
	for _, c := range cs {
		out[c.rule] = c.n
	}
	return out, err
}

func putSettings(tx *store.Tx, s Settings) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into case_warn_settings (valid_from, body, source, by_id, by_name, changed) values ($1, $2, $3, $4, $5, $6)
		on conflict (valid_from) do update set body = excluded.body, source = excluded.source, by_id = excluded.by_id, by_name = excluded.by_name, changed = excluded.changed`,
		*s.From, string(body), s.Source, tx.Actor.ID, tx.Actor.Name, tx.Now)
	return err
}

func listSettings(tx *store.Tx) ([]Settings, error) {
	return store.All(tx, func(scan store.Scan) (s Settings, err error) {
		var from, body string
		if err = scan(&from, &body); err != nil {
			return s, err
		}
		if err = json.Unmarshal([]byte(body), &s); err != nil {
			return s, err
		}
		s.from, err = time.ParseInLocation(time.DateOnly, from, caltime.Zone)
		return s, err
	}, "select valid_from, body from case_warn_settings order by valid_from")
}

func state(tx *store.Tx, name string) (string, error) {
	v, _, err := store.One(tx, func(scan store.Scan) (v string, err error) { return v, scan(&v) }, "select value from case_warn_state where name = $1", name)
	return v, err
}

func setState(tx *store.Tx, name, value string) error {
	_, err := tx.Mark("insert into case_warn_state (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value", name, value)
	return err
}

// Digest is a sum of what waits, as it was sent.
type Digest struct {
	ID       string    `json:"id"`
	Unit     string    `json:"unit" doc:"empty: of the units that have nobody to be told"`
	UnitName string    `json:"unit_name"`
	Officer  string    `json:"officer" doc:"id of the account it was for; empty: for the leaders of the unit"`
	At       time.Time `json:"at"`
	NearDue  int       `json:"near_due"`
	Overdue  int       `json:"overdue"`
	To       []string  `json:"to"`
	Text     string    `json:"text"`

	slot time.Time
}

// insertDigest keeps a digest; false when it was made before.
func insertDigest(tx *store.Tx, d Digest) (bool, error) {
	people, err := json.Marshal(d.To)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec("insert into case_digest (id, slot, unit, officer, unit_name, at, near_due, overdue, people, body) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
		d.ID, d.slot, d.Unit, d.Officer, d.UnitName, d.At, d.NearDue, d.Overdue, string(people), d.Text)
	return n > 0, err
}

func listDigests(tx *store.Tx, r access.Reach, limit int) ([]Digest, error) {
	var args []any
	q := store.Within(r, store.ScopeColumns{Unit: "unit"}, &args)
	return store.All(tx, func(scan store.Scan) (d Digest, err error) {
		var at int64
		var people string
		if err = scan(&d.ID, &d.Unit, &d.Officer, &d.UnitName, &at, &d.NearDue, &d.Overdue, &people, &d.Text); err != nil {
			return d, err
		}
		d.At = store.FromMicros(at)
		return d, json.Unmarshal([]byte(people), &d.To)
	}, "select id, unit, officer, unit_name, at, near_due, overdue, people, body from case_digest where "+q+" order by id desc limit "+strconv.Itoa(limit), args...)
}
