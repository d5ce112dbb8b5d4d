package rule

import (
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/store"
)

// record is a rule without its definitions.
type record struct {
	ID      string
	Enabled bool
	Live    int    // version in force, 0 none
	Retired bool   // withdrawn for good
	Shipped string // hash of the shipped definition that was applied last, "" for the city's own
	Edited  bool   // people have written a version of it
	Warmed  int    // version whose state is known from the past, 0 none
	Reason  string // of the last switching on or off
	Created time.Time
	Changed time.Time
}

// Person is who wrote or reviewed a version.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// version is one definition of a rule.
type version struct {
	Rule       string
	Version    int
	Definition Definition
	State      string
	Author     Person
	Reviewer   Person
	Reason     string
	Created    time.Time
	Changed    time.Time
}

const recordColumns = `id, enabled, live_version, retired, shipped, edited, warmed, reason, created, changed`

func scanRecord(scan store.Scan) (r record, err error) {
	var enabled, live, retired, edited, warmed, created, changed int64
	err = scan(&r.ID, &enabled, &live, &retired, &r.Shipped, &edited, &warmed, &r.Reason, &created, &changed)
	r.Enabled, r.Live, r.Retired, r.Edited = enabled != 0, int(live), retired != 0, edited != 0
	r.Warmed, r.Created, r.Changed = int(warmed), store.FromMicros(created), store.FromMicros(changed)
	return r, err
}

func readRecords(tx *store.Tx) ([]record, error) {
	return store.All(tx, scanRecord, `select `+recordColumns+` from rule order by id`)
}

func readRecord(tx *store.Tx, id string) (record, bool, error) {
	return store.One(tx, scanRecord, `select `+recordColumns+` from rule where id = $1`, id)
}

// putRecord inserts or replaces a rule.
func putRecord(tx *store.Tx, r record) error {
	_, err := tx.Exec(`insert into rule (`+recordColumns+`) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)
		on conflict (id) do update set enabled = excluded.enabled, live_version = excluded.live_version, retired = excluded.retired,
		shipped = excluded.shipped, edited = excluded.edited, warmed = excluded.warmed, reason = excluded.reason, changed = excluded.changed`,
		r.ID, r.Enabled, int64(r.Live), r.Retired, r.Shipped, r.Edited, int64(r.Warmed), r.Reason, r.Created, r.Changed)
	return err
}

// markWarmed notes the version of a rule whose state is known.
func markWarmed(tx *store.Tx, id string, version int) error {
	_, err := tx.Mark(`update rule set warmed = $2 where id = $1`, id, int64(version))
	return err
}

const versionColumns = `rule, version, definition, state, author, author_name, reviewer, reviewer_name, reason, created, changed`

func scanVersion(scan store.Scan) (v version, err error) {
	var number, created, changed int64
	var definition string
	err = scan(&v.Rule, &number, &definition, &v.State, &v.Author.ID, &v.Author.Name, &v.Reviewer.ID, &v.Reviewer.Name, &v.Reason, &created, &changed)
	if err != nil {
		return v, err
	}
	v.Version, v.Created, v.Changed = int(number), store.FromMicros(created), store.FromMicros(changed)
	if err := json.Unmarshal([]byte(definition), &v.Definition); err != nil {
		return v, fmt.Errorf("rule %s version %d: %w", v.Rule, v.Version, err)
	}
	return v, nil
}

// readVersions lists the versions of a rule, oldest first; "" is all rules.
func readVersions(tx *store.Tx, id string) ([]version, error) {
	if id == "" {
		return store.All(tx, scanVersion, `select `+versionColumns+` from rule_version order by rule, version`)
	}
	return store.All(tx, scanVersion, `select `+versionColumns+` from rule_version where rule = $1 order by version`, id)
}

func readVersion(tx *store.Tx, id string, number int) (version, bool, error) {
	return store.One(tx, scanVersion, `select `+versionColumns+` from rule_version where rule = $1 and version = $2`, id, int64(number))
}

// putVersion inserts a version or changes its state; a definition that was
// written is never changed.
func putVersion(tx *store.Tx, v version) error {
	definition, err := json.Marshal(v.Definition)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into rule_version (`+versionColumns+`) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)
		on conflict (rule, version) do update set state = excluded.state, reviewer = excluded.reviewer,
		reviewer_name = excluded.reviewer_name, reason = excluded.reason, changed = excluded.changed`,
		v.Rule, int64(v.Version), json.RawMessage(definition), v.State, v.Author.ID, v.Author.Name,
		v.Reviewer.ID, v.Reviewer.Name, v.Reason, v.Created, v.Changed)
	return err
}

// kept is what is remembered of a rule on one series from its last change.
type kept struct {
	Rule     string
	Series   string
	Version  int
	Severity int
	Since    time.Time
	At       time.Time
	Snapshot string // the machine after the change, JSON
	Told     string // the condition told last, JSON without its evidence; "" none
}

func scanKept(scan store.Scan) (k kept, err error) {
	var number, severity, since, at int64
	err = scan(&k.Rule, &k.Series, &number, &severity, &since, &at, &k.Snapshot, &k.Told)
	k.Version, k.Severity, k.Since, k.At = int(number), int(severity), store.FromMicros(since), store.FromMicros(at)
	return k, err
}

const keptColumns = `rule, series, version, severity, since, at, snapshot, told`

func readKept(tx *store.Tx) ([]kept, error) {
	return store.All(tx, scanKept, `select `+keptColumns+` from rule_state order by rule, series`)
}

func putKept(tx *store.Tx, k kept) error {
	_, err := tx.Mark(`insert into rule_state (`+keptColumns+`) values ($1,$2,$3,$4,$5,$6,$7,$8)
		on conflict (rule, series) do update set version = excluded.version, severity = excluded.severity,
		since = excluded.since, at = excluded.at, snapshot = excluded.snapshot, told = excluded.told`,
		k.Rule, k.Series, int64(k.Version), int64(k.Severity), k.Since, k.At, json.RawMessage(k.Snapshot), json.RawMessage(k.Told))
	return err
}

// cursorName is the row of rule_cursor.
const cursorName = "engine"

// readCursor is the event time up to which every change is written, zero when
// nothing was ever looked at.
func readCursor(tx *store.Tx) (time.Time, error) {
	at, _, err := store.One(tx, func(scan store.Scan) (us int64, err error) { return us, scan(&us) },
		`select at from rule_cursor where name = $1`, cursorName)
	return store.FromMicros(at), err
}

func markCursor(tx *store.Tx, at time.Time) error {
	_, err := tx.Mark(`insert into rule_cursor (name, at) values ($1, $2) on conflict (name) do update set at = excluded.at`, cursorName, at)
	return err
}
