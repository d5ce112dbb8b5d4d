package casework

import (
	"context"
	"slices"
	"strconv"

	"openioc.org/ioc/internal/store"
)

// fillAtOnce is how many files get their hashes in one transaction.
const fillAtOnce = 1000

// subjectState is how far the hashes are.
type subjectState struct {
	mark string
	upto int64
	done bool
	seen int64 // µs, the latest instant of a sweep
}

func readSubjectState(tx *store.Tx) (subjectState, bool, error) {
	return store.One(tx, func(scan store.Scan) (st subjectState, err error) {
		var done int
		err = scan(&st.mark, &st.upto, &done, &st.seen)
		st.done = done == 1
		return st, err
	}, "select mark, upto, done, seen from case_subject_state where id = 1")
}

// openSubjects begins the hashes anew when the key is another one, or when
// there was none for a while: nobody knows then which are missing.
func (s *Service) openSubjects(ctx context.Context) error {
	return s.db.Keep(ctx, func(tx *store.Tx) error {
		st, found, err := readSubjectState(tx)
		if err != nil || found && st.mark == s.subjects.name() && (s.subjects != nil || !st.done) {
			return err
		}
		if _, err := tx.Exec("delete from case_subject"); err != nil {
			return err
		}
		_, err = tx.Exec("insert into case_subject_state (id, mark, upto, done, seen) values (1, $1, 0, 0, 0) on conflict (id) do update set mark = excluded.mark, upto = 0, done = 0", s.subjects.name())
		return err
	})
}

// index keeps the hashes of files that changed.
func (s *Service) index(tx *store.Tx, befores, changed []*Case) error {
	if s.subjects == nil {
		return nil
	}
	var stale []int64
	var rows [][]any
	for i, c := range changed {
		if befores[i] != nil && befores[i].Applicant == c.Applicant || befores[i] == nil && !c.Applicant.held() {
			continue
		}
		if befores[i] != nil && befores[i].Applicant.held() {
			stale = append(stale, c.number())
		}
		for _, h := range s.subjects.keys(c.Applicant) {
			rows = append(rows, []any{c.number(), h})
		}
	}
	if err := forget(tx, stale); err != nil {
		return err
	}
	return putHashes(tx, rows)
}

func putHashes(tx *store.Tx, rows [][]any) error {
	return write(tx, "insert into case_subject (case_n, hash) values ", 2, " on conflict (case_n, hash) do nothing", rows)
}

// forget drops the hashes of files.
func forget(tx *store.Tx, ns []int64) error {
	for part := range slices.Chunk(ns, 500) {
		var args []any
		if _, err := tx.Exec("delete from case_subject where case_n in ("+in(&args, part)+")", args...); err != nil {
			return err
		}
	}
	return nil
}

// fillSome gives a batch of older files their hashes; false: none are left.
func (s *Service) fillSome(ctx context.Context) (more bool, err error) {
	if s.subjects == nil {
		return false, nil
	}
	err = s.db.Housekeep(ctx, func(tx *store.Tx) error {
		st, _, err := readSubjectState(tx)
		if err != nil || st.done {
			return err
		}
		cs, err := store.All(tx, scanFile, selectFile+"where n > $1 order by n limit "+strconv.Itoa(fillAtOnce), st.upto)
		if err != nil {
			return err
		}
		more = len(cs) == fillAtOnce
		var rows [][]any
		for _, c := range cs {
			st.upto = c.number()
			for _, h := range s.subjects.keys(c.Applicant) {
				rows = append(rows, []any{st.upto, h})
			}
		}
		if err := putHashes(tx, rows); err != nil {
			return err
		}
		_, err = tx.Exec("update case_subject_state set upto = $1, done = $2 where id = 1", st.upto, !more)
		return err
	})
	return more, err
}

// numbersOf are the files of a person, in order.
func numbersOf(tx *store.Tx, hash string, most int) ([]int64, error) {
	return store.All(tx, scanNumber,
		"select case_n from case_subject where hash = $1 order by case_n limit "+strconv.Itoa(most), hash)
}

// tombsOf are the erased ones of files.
func (s *Service) tombsOf(tx *store.Tx, ns []int64) (map[int64]*tomb, error) {
	if len(ns) == 0 {
		return nil, nil
	}
	there := 0
	if err := tx.QueryRow("select count(*) from (select case_n from case_erased limit 1) e").Scan(&there); err != nil || there == 0 {
		return nil, err
	}
	type row struct {
		n          int64
		hash, mark string
	}
	out := map[int64]*tomb{}
	for part := range slices.Chunk(ns, 500) {
		var args []any
		rows, err := store.All(tx, func(scan store.Scan) (r row, err error) { return r, scan(&r.n, &r.hash, &r.mark) },
			"select case_n, hash, mark from case_erased where case_n in ("+in(&args, part)+")", args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			t := out[r.n]
			if t == nil {
				t = &tomb{stones: map[string]bool{}}
				out[r.n] = t
			}
			t.stones[r.hash] = true
			t.closed = t.closed || r.hash == "" || r.mark != s.subjects.name()
		}
	}
	return out, nil
}

var updateErased = "update case_file set applicant = $1, doc = $2 where n = $3"

// eraseFiles takes the applicant out of files and their events, and keeps what
// must not come back. Nothing else of a file changes: it is no newer than
// before.
func (s *Service) eraseFiles(tx *store.Tx, ns []int64) error {
	cs, err := filesOf(tx, ns)
	if err != nil {
		return err
	}
	past, err := eventsOf(tx, ns, true)
	if err != nil {
		return err
	}
	applicant, doc := slices.Index(fileColumns, "applicant"), slices.Index(fileColumns, "doc")
	var stones [][]any
	for _, c := range cs {
		n := c.number()
		r, known := &redactor{}, []person{c.Applicant.person()}
		for i := range past[n] {
			known = append(known, past[n][i].person())
		}
		hashes := []string{}
		for _, p := range known {
			r.add(p)
			if s.subjects != nil {
				hashes = append(hashes, s.subjects.stones(n, p)...)
			}
		}
		if len(hashes) == 0 {
			hashes = []string{""}
		}
		slices.Sort(hashes)
		for _, h := range slices.Compact(hashes) {
			stones = append(stones, []any{n, h, s.subjects.name(), tx.Now})
		}
		for i := range past[n] {
			e := &past[n][i]
			said, who, raw := e.said, e.who, string(e.Raw)
			if r.event(e); e.said == said && e.who == who && string(e.Raw) == raw {
				continue
			}
			if _, err := tx.Exec("update case_event set said = $1, who = $2, raw = $3 where case_n = $4 and id = $5", e.said, e.who, string(e.Raw), n, e.id); err != nil {
				return err
			}
		}
		r.file(c)
		row, err := c.row()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(updateErased, row[applicant], row[doc], n); err != nil {
			return err
		}
	}
	if err := forget(tx, ns); err != nil {
		return err
	}
	return write(tx, "insert into case_erased (case_n, hash, mark, at) values ", 4, " on conflict (case_n, hash) do update set mark = excluded.mark, at = excluded.at", stones)
}

func (a Applicant) person() person {
	return person{Name: a.Name.Reveal(), Paper: a.Paper.Reveal(), Phone: a.Phone.Reveal(), Email: a.Email.Reveal(), Address: a.Address.Reveal()}
}
