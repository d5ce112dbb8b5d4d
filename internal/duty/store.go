package duty

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// unmovedUnits are the units that were kept here before they were org's.
func unmovedUnits(tx *store.Tx) ([]Unit, error) {
	return store.All(tx, func(scan store.Scan) (u Unit, err error) {
		var from, to int64
		err = scan(&u.Code, &u.Name, &u.NameEn, &u.Kind, &u.Parent, &from, &to, &u.Successor, &u.Legal)
		u.ValidFrom, u.ValidTo = store.FromMicros(from), store.FromMicros(to)
		return u, err
	}, "select code, name, name_en, kind, parent, valid_from, valid_to, successor, legal from duty_unit where moved = 0 order by code, valid_from desc")
}

func markMoved(tx *store.Tx) error {
	_, err := tx.Exec("update duty_unit set moved = 1 where moved = 0")
	return err
}

func listResponsibilities(tx *store.Tx) ([]Responsibility, error) {
	return store.All(tx, func(scan store.Scan) (r Responsibility, err error) {
		var from, to int64
		err = scan(&r.ID, &r.Service, &r.Area, &r.Unit, &from, &to, &r.Note)
		r.From, r.To = instant(from), instant(to)
		return r, err
	}, "select id, service, area, unit, valid_from, valid_to, note from duty_responsibility order by pos")
}

func countResponsibilities(tx *store.Tx) (n int, err error) {
	err = tx.QueryRow("select count(*) from duty_responsibility").Scan(&n)
	return n, err
}

func insertResponsibility(tx *store.Tx, pos int, r Responsibility) error {
	if r.ID == "" {
		r.ID = uid.New(tx.Now)
	}
	_, err := tx.Exec("insert into duty_responsibility (id, service, area, unit, valid_from, valid_to, note, pos) values ($1, $2, $3, $4, $5, $6, $7, $8)",
		r.ID, r.Service, r.Area, r.Unit, micros(r.From), micros(r.To), r.Note, pos)
	return err
}

func clearResponsibilities(tx *store.Tx) error {
	_, err := tx.Exec("delete from duty_responsibility")
	return err
}

const shiftColumns = "id, start_at, end_at, name_vi, name_en, pattern, demo"

func scanShift(scan store.Scan) (s Shift, err error) {
	var from, to int64
	err = scan(&s.ID, &from, &to, &s.Name.Vi, &s.Name.En, &s.Pattern, &s.Demo)
	s.From, s.To = store.FromMicros(from), store.FromMicros(to)
	return s, err
}

// shiftsIn are the shifts that have a part in [from, to), with their people.
func shiftsIn(tx *store.Tx, from, to time.Time) ([]Shift, error) {
	shifts, err := store.All(tx, scanShift, "select "+shiftColumns+" from duty_shift where start_at < $2 and end_at > $1 order by start_at, id", from, to)
	return withPeople(tx, shifts, err)
}

// shiftAt is the shift that holds an instant.
func shiftAt(tx *store.Tx, at time.Time) (Shift, bool, error) {
	s, ok, err := store.One(tx, scanShift, "select "+shiftColumns+" from duty_shift where start_at <= $1 and end_at > $1 order by start_at desc limit 1", at)
	return withPeopleOf(tx, s, ok, err)
}

// shiftAfter is the next shift that begins at an instant or later.
func shiftAfter(tx *store.Tx, at time.Time) (Shift, bool, error) {
	s, ok, err := store.One(tx, scanShift, "select "+shiftColumns+" from duty_shift where start_at >= $1 order by start_at limit 1", at)
	return withPeopleOf(tx, s, ok, err)
}

func findShift(tx *store.Tx, id string) (Shift, bool, error) {
	s, ok, err := store.One(tx, scanShift, "select "+shiftColumns+" from duty_shift where id = $1", id)
	return withPeopleOf(tx, s, ok, err)
}

func withPeopleOf(tx *store.Tx, s Shift, ok bool, err error) (Shift, bool, error) {
	if err != nil || !ok {
		return s, ok, err
	}
	s.People, err = peopleOf(tx, s.ID)
	return s, true, err
}

func withPeople(tx *store.Tx, shifts []Shift, err error) ([]Shift, error) {
	for i := range shifts {
		if err == nil {
			shifts[i].People, err = peopleOf(tx, shifts[i].ID)
		}
	}
	return shifts, err
}

func peopleOf(tx *store.Tx, shift string) ([]OnDuty, error) {
	planned, err := store.All(tx, func(scan store.Scan) (o OnDuty, err error) { return o, scan(&o.User, &o.Name, &o.Post) },
		"select user_id, name, post from duty_post where shift = $1 order by pos", shift)
	if err != nil {
		return nil, err
	}
	subs, err := store.All(tx, func(scan store.Scan) (s substitution, err error) {
		return s, scan(&s.absent, &s.user, &s.name, &s.reason)
	},
		"select absent, user_id, name, reason from duty_substitution where shift = $1 order by pos", shift)
	return present(planned, subs), err
}

func insertShift(tx *store.Tx, s Shift) error {
	if _, err := tx.Exec("insert into duty_shift ("+shiftColumns+", created) values ($1, $2, $3, $4, $5, $6, $7, $8)",
		s.ID, s.From, s.To, s.Name.Vi, s.Name.En, s.Pattern, s.Demo, tx.Now); err != nil {
		return err
	}
	return insertPosts(tx, s)
}

func insertPosts(tx *store.Tx, s Shift) error {
	for i, o := range s.People {
		if _, err := tx.Exec("insert into duty_post (shift, pos, user_id, name, post) values ($1, $2, $3, $4, $5)", s.ID, i, o.User, o.Name, o.Post); err != nil {
			return err
		}
	}
	return nil
}

// updateShift writes a shift again; substitutions belong to who was planned
// and go with them.
func updateShift(tx *store.Tx, s Shift, people bool) error {
	if _, err := tx.Exec("update duty_shift set start_at = $2, end_at = $3, name_vi = $4, name_en = $5 where id = $1", s.ID, s.From, s.To, s.Name.Vi, s.Name.En); err != nil || !people {
		return err
	}
	for _, q := range []string{"delete from duty_substitution where shift = $1", "delete from duty_post where shift = $1"} {
		if _, err := tx.Exec(q, s.ID); err != nil {
			return err
		}
	}
	return insertPosts(tx, s)
}

func deleteShift(tx *store.Tx, id string) error {
	for _, q := range []string{"delete from duty_substitution where shift = $1", "delete from duty_post where shift = $1", "delete from duty_shift where id = $1"} {
		if _, err := tx.Exec(q, id); err != nil {
			return err
		}
	}
	return nil
}

func insertSubstitution(tx *store.Tx, shift string, s substitution) error {
	_, err := tx.Exec(`insert into duty_substitution (id, shift, pos, absent, user_id, name, reason, by_id, by_name, at)
		values ($1, $2, (select count(*) from duty_substitution where shift = $2), $3, $4, $5, $6, $7, $8, $9)`,
		uid.New(tx.Now), shift, s.absent, s.user, s.name, s.reason, tx.Actor.ID, tx.Actor.Name, tx.Now)
	return err
}

const logColumns = "id, n, time, source, content, action, result, officer, officer_name, alert, incident, shift, corrects, recorded"

func scanEntry(scan store.Scan) (e LogEntry, err error) {
	var at, recorded int64
	var corrects string
	err = scan(&e.ID, &e.N, &at, &e.Source, &e.Content, &e.Action, &e.Result, &e.Officer.ID, &e.Officer.Name, &e.Alert, &e.Incident, &e.Shift, &corrects, &recorded)
	e.Time, e.Recorded = store.FromMicros(at), store.FromMicros(recorded)
	if corrects != "" {
		e.Corrects = &corrects
	}
	return e, err
}

func insertEntry(tx *store.Tx, e LogEntry, year int, fold string) error {
	corrects := ""
	if e.Corrects != nil {
		corrects = *e.Corrects
	}
	_, err := tx.Exec("insert into duty_log ("+logColumns+", year, fold) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
		e.ID, e.N, e.Time, e.Source, e.Content, e.Action, e.Result, e.Officer.ID, e.Officer.Name, e.Alert, e.Incident, e.Shift, corrects, e.Recorded, year, fold)
	return err
}

func nextNumber(tx *store.Tx, year int) (n int, err error) {
	err = tx.QueryRow("select coalesce(max(n), 0) + 1 from duty_log where year = $1", year).Scan(&n)
	return n, err
}

func findEntry(tx *store.Tx, id string) (LogEntry, bool, error) {
	return store.One(tx, scanEntry, "select "+logColumns+" from duty_log where id = $1", id)
}

func listEntries(tx *store.Tx, f LogFilter) ([]LogEntry, error) {
	where, args := " where 1 = 1", []any{}
	add := func(condition string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(" and "+condition, len(args))
	}
	if !f.From.IsZero() {
		add("time >= $%d", f.From)
	}
	if !f.To.IsZero() {
		add("time < $%d", f.To)
	}
	for _, word := range strings.Fields(f.fold) {
		add(`fold like $%d escape '!'`, "%"+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(word)+"%")
	}
	args = append(args, f.Limit)
	return store.All(tx, scanEntry, "select "+logColumns+" from duty_log"+where+fmt.Sprintf(" order by time desc, id desc limit $%d", len(args)), args...)
}

const handoverColumns = "h.id, h.shift, h.to_shift, h.notes, h.open, h.by_id, h.by_name, h.at, h.accepted_at, h.accepted_by, h.accepted_name, h.comment, coalesce(s.name_vi, ''), coalesce(s.name_en, '')"

const handoverTables = " from duty_handover h left join duty_shift s on s.id = h.shift"

func scanHandover(scan store.Scan) (h Handover, err error) {
	var open string
	var at, accepted int64
	var by, name string
	if err = scan(&h.ID, &h.Shift, &h.ToShift, &h.Notes, &open, &h.From.ID, &h.From.Name, &at, &accepted, &by, &name, &h.Comment, &h.ShiftName.Vi, &h.ShiftName.En); err != nil {
		return h, err
	}
	h.At, h.AcceptedAt = store.FromMicros(at), instant(accepted)
	if by != "" {
		h.AcceptedBy = &Officer{ID: by, Name: name}
	}
	return h, json.Unmarshal([]byte(open), &h.Open)
}

func insertHandover(tx *store.Tx, h Handover, remindAt time.Time) error {
	open, err := json.Marshal(h.Open)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into duty_handover (id, shift, to_shift, notes, open, by_id, by_name, at, remind_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		h.ID, h.Shift, h.ToShift, h.Notes, string(open), h.From.ID, h.From.Name, h.At, remindAt)
	return err
}

func findHandover(tx *store.Tx, id string) (Handover, bool, error) {
	return store.One(tx, scanHandover, "select "+handoverColumns+handoverTables+" where h.id = $1", id)
}

func listHandovers(tx *store.Tx, limit int) ([]Handover, error) {
	return store.All(tx, scanHandover, "select "+handoverColumns+handoverTables+" order by h.id desc limit $1", limit)
}

// waitingHandover is the newest that nobody has accepted; of one shift, or of
// any with "".
func waitingHandover(tx *store.Tx, shift string) (Handover, bool, error) {
	return store.One(tx, scanHandover, "select "+handoverColumns+handoverTables+" where h.accepted_at = 0 and (h.shift = $1 or $1 = '') order by h.id desc limit 1", shift)
}

func acceptHandover(tx *store.Tx, id, comment string) error {
	_, err := tx.Exec("update duty_handover set accepted_at = $2, accepted_by = $3, accepted_name = $4, comment = $5 where id = $1",
		id, tx.Now, tx.Actor.ID, tx.Actor.Name, comment)
	return err
}

func handoversToRemind(tx *store.Tx, now time.Time) ([]Handover, error) {
	return store.All(tx, scanHandover, "select "+handoverColumns+handoverTables+" where h.accepted_at = 0 and h.remind_at <= $1 and h.reminded = 0 order by h.id limit 100", now)
}

func markReminded(tx *store.Tx, id string) error {
	_, err := tx.Mark("update duty_handover set reminded = 1 where id = $1", id)
	return err
}

func instant(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := store.FromMicros(us)
	return &t
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return store.Micros(*t)
}
