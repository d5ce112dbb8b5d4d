package feed

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/store"
)

const systemColumns = `id, name, kind, config, mapping, enabled, every_us, synthetic, token_hash, token_hint, mark, shown, newest, behind,
	state, error, last_run, last_ok, events, cases, created, changed`

func scanSystem(scan store.Scan) (s System, err error) {
	var config, mapping, mark, trouble string
	var enabled, every, synthetic, newest, behind, run, ok, created, changed int64
	if err = scan(&s.ID, &s.Name, &s.Kind, &config, &mapping, &enabled, &every, &synthetic, &s.tokenHash, &s.TokenHint, &mark, &s.Shown, &newest, &behind,
		&s.State, &trouble, &run, &ok, &s.Events, &s.Cases, &created, &changed, &s.Rejected); err != nil {
		return s, err
	}
	s.Config, s.Mapping, s.Enabled, s.Synthetic, s.Behind = json.RawMessage(config), json.RawMessage(mapping), enabled != 0, synthetic != 0, behind != 0
	s.Every = time.Duration(every) * time.Microsecond
	s.Newest, s.LastRun, s.LastOK = store.FromMicros(newest), store.FromMicros(run), store.FromMicros(ok)
	s.Created, s.Changed = store.FromMicros(created), store.FromMicros(changed)
	if mark != "" {
		if err = json.Unmarshal([]byte(mark), &s.mark); err != nil {
			return s, fmt.Errorf("mark of %s: %w", s.ID, err)
		}
	}
	if trouble != "" {
		s.Error = &Trouble{}
		if err = json.Unmarshal([]byte(trouble), s.Error); err != nil {
			return s, fmt.Errorf("trouble of %s: %w", s.ID, err)
		}
	}
	return s, nil
}

const selectSystem = `select ` + systemColumns + `, (select count(*) from case_rejected r where r.system = case_system.id) from case_system`

func listSystems(tx *store.Tx) ([]System, error) {
	return store.All(tx, scanSystem, selectSystem+` order by id`)
}

func findSystem(tx *store.Tx, id string) (System, bool, error) {
	return store.One(tx, scanSystem, selectSystem+` where id = $1`, id)
}

func (s *System) stored() (mark, trouble string, err error) {
	m, err := json.Marshal(s.mark)
	if err != nil {
		return "", "", err
	}
	if s.Error != nil {
		t, err := json.Marshal(s.Error)
		if err != nil {
			return "", "", err
		}
		trouble = string(t)
	}
	return string(m), trouble, nil
}

func insertSystem(tx *store.Tx, s *System) error {
	m, trouble, err := s.stored()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into case_system (`+systemColumns+`) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)`,
		s.ID, s.Name, s.Kind, object(s.Config), object(s.Mapping), s.Enabled, s.Every.Microseconds(), s.Synthetic, s.tokenHash, s.TokenHint, m, s.Shown, s.Newest, s.Behind,
		s.State, trouble, s.LastRun, s.LastOK, s.Events, s.Cases, s.Created, s.Changed)
	return err
}

// updateSystem writes what people change.
func updateSystem(tx *store.Tx, s *System) error {
	m, _, err := s.stored()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update case_system set name=$2, config=$3, mapping=$4, enabled=$5, every_us=$6, synthetic=$7, token_hash=$8, token_hint=$9, mark=$10, shown=$11, changed=$12 where id=$1`,
		s.ID, s.Name, object(s.Config), object(s.Mapping), s.Enabled, s.Every.Microseconds(), s.Synthetic, s.tokenHash, s.TokenHint, m, s.Shown, s.Changed)
	return err
}

// advance writes how far it was read and what that gave. When somebody changed
// the system meanwhile (its mark may have been taken back), the mark stays.
func advance(tx *store.Tx, id string, since time.Time, next *mark, shown string, newest time.Time, events, cases int) error {
	if next != nil {
		m, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if _, err := tx.Mark(`update case_system set mark=$2, shown=$3 where id=$1 and changed=$4`, id, string(m), shown, since); err != nil {
			return err
		}
	}
	_, err := tx.Mark(`update case_system set events=events+$2, cases=cases+$3, newest=case when newest < $4 then $4 else newest end where id=$1`,
		id, events, cases, newest)
	return err
}

// ended writes how a round ended.
func ended(tx *store.Tx, id string, trouble *Trouble, behind bool) error {
	state, text := StateOK, ""
	if trouble != nil {
		b, err := json.Marshal(trouble)
		if err != nil {
			return err
		}
		state, text = StateError, string(b)
	}
	if _, err := tx.Mark(`update case_system set state=$2, error=$3, last_run=$4, behind=$5 where id=$1`, id, state, text, tx.Now, behind); err != nil || trouble != nil {
		return err
	}
	_, err := tx.Mark(`update case_system set last_ok=$2 where id=$1`, id, tx.Now)
	return err
}

func deleteSystem(tx *store.Tx, id string) error {
	for _, q := range []string{`delete from case_rejected where system=$1`, `delete from case_system where id=$1`} {
		if _, err := tx.Exec(q, id); err != nil {
			return err
		}
	}
	return nil
}

// Rejection is a row that became no event, or one without its broken cells.
type Rejection struct {
	ID     string
	System string
	At     time.Time
	Place  string
	Code   string
	Vi, En string
	Raw    string // as it came; show it only through masked
	Taken  bool   // the event was taken without the broken cells
}

const rejectedColumns = `id, system, at, place, code, vi, en, raw, taken`

func scanRejection(scan store.Scan) (r Rejection, err error) {
	var at, taken int64
	err = scan(&r.ID, &r.System, &at, &r.Place, &r.Code, &r.Vi, &r.En, &r.Raw, &taken)
	r.At, r.Taken = store.FromMicros(at), taken != 0
	return r, err
}

func putRejections(tx *store.Tx, rs []Rejection) error {
	const width = 9
	for len(rs) > 0 {
		n := min(len(rs), 200)
		var b strings.Builder
		args := make([]any, 0, n*width)
		for i, r := range rs[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('(')
			for k := range width {
				if k > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "$%d", i*width+k+1)
			}
			b.WriteByte(')')
			args = append(args, r.ID, r.System, r.At, r.Place, r.Code, r.Vi, r.En, r.Raw, r.Taken)
		}
		if _, err := tx.Mark(`insert into case_rejected (`+rejectedColumns+`) values `+b.String()+` on conflict (id) do update set place=excluded.place, code=excluded.code, vi=excluded.vi, en=excluded.en, taken=excluded.taken where case_rejected.raw <> ''`, args...); err != nil {
			return err
		}
		rs = rs[n:]
	}
	return nil
}

func countRejections(tx *store.Tx, system string) (n int, err error) {
	err = tx.QueryRow(`select count(*) from case_rejected where system = $1`, system).Scan(&n)
	return n, err
}

func listRejections(tx *store.Tx, system string, limit int) ([]Rejection, error) {
	return store.All(tx, scanRejection, `select `+rejectedColumns+` from case_rejected where system = $1 or $1 = '' order by at desc, id limit $2`, system, limit)
}

func rejectionsOf(tx *store.Tx, ids []string) ([]Rejection, error) {
	var out []Rejection
	for part := range slices.Chunk(ids, 500) {
		in, args := anyOf(part)
		rs, err := store.All(tx, scanRejection, `select `+rejectedColumns+` from case_rejected where id in `+in+` order by id`, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, rs...)
	}
	return out, nil
}

func dropRejections(tx *store.Tx, ids []string) error {
	for part := range slices.Chunk(ids, 500) {
		in, args := anyOf(part)
		if _, err := tx.Mark(`delete from case_rejected where id in `+in, args...); err != nil {
			return err
		}
	}
	return nil
}

// anyOf is "($1,$2)" with its values.
func anyOf(ids []string) (string, []any) {
	args, marks := make([]any, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		args[i], marks[i] = id, "$"+strconv.Itoa(i+1)
	}
	return "(" + strings.Join(marks, ",") + ")", args
}

func object(raw json.RawMessage) json.RawMessage {
	if s := strings.TrimSpace(string(raw)); s == "" || s == "null" {
		return json.RawMessage("{}")
	}
	return raw
}
