package casework

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// refoldAtOnce is how many files are folded again in one transaction.
const refoldAtOnce = 500

// Word is a word of a system with what it means.
type Word struct {
	System  string
	Kind    string
	Word    string
	Name    string // as the system calls it
	N       int    // files that use it now
	Meaning string // "" nobody has said
	Refold  bool   // files are still being folded with the new meaning
	Changed time.Time
}

var (
	errNoWord  = fault.Define(fault.NotFound, "case.no_word", "no file uses this word", "không hồ sơ nào dùng từ này")
	errMeaning = fault.Define(fault.Invalid, "case.meaning", "it means nothing that is known: {meaning}", "nghĩa không hợp lệ: {meaning}")
)

// SystemName is what people call a system.
func (s *Service) SystemName(id string) string {
	if n, ok := s.known.Load().systems[id]; ok && n.name != "" {
		return n.name
	}
	return id
}

// NameSystem says, in the caller's transaction, what people call a system and
// whether what it tells is made up.
func (s *Service) NameSystem(tx *store.Tx, id, name string, synthetic bool) error {
	before := any(nil)
	if old, there := s.known.Load().systems[id]; there {
		before = map[string]any{"name": old.name, "synthetic": old.synthetic}
	}
	if _, err := tx.Exec("insert into case_system_name (id, name, synthetic) values ($1, $2, $3) on conflict (id) do update set name = excluded.name, synthetic = excluded.synthetic",
		id, vi.NFC(name), synthetic); err != nil {
		return err
	}
	tx.Emit(store.Event{Subject: "ioc.case.system_named." + id, Entity: "case_system", EntityID: id, Before: before, After: map[string]any{"name": name, "synthetic": synthetic}, Summary: "Đặt tên hệ thống một cửa: " + name})
	return s.learn(tx)
}

// Words are the words of the systems, those used most first. Empty arguments
// ask for all.
func (s *Service) Words(ctx context.Context, actor access.Actor, kind, system string, unmapped bool) ([]Word, error) {
	if err := access.RequireEverywhere(actor, access.CaseMap); err != nil {
		return nil, err
	}
	var out []Word
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = store.All(tx, func(scan store.Scan) (w Word, err error) {
			var refold int
			var changed int64
			err = scan(&w.System, &w.Kind, &w.Word, &w.Name, &w.Meaning, &refold, &changed, &w.N)
			w.Refold, w.Changed = refold == 1, store.FromMicros(changed)
			return w, err
		}, `select w.system, w.kind, w.word, w.name, w.meaning, w.refold, w.changed_at, coalesce(c.n, 0) from case_word w left join (
			select system, 'unit' as kind, unit_raw as word, count(*) as n from case_file group by system, unit_raw
			union all select system, 'officer', officer, count(*) from case_file group by system, officer
			union all select system, 'state', state_raw, count(*) from case_file group by system, state_raw
			union all select system, 'procedure', procedure_raw, count(*) from case_file group by system, procedure_raw
		) c on c.system = w.system and c.kind = w.kind and c.word = w.word
		where ($1 = '' or w.kind = $1) and ($2 = '' or w.system = $2) and ($3 = 0 or w.meaning = '')
		order by coalesce(c.n, 0) desc, w.kind, w.word, w.system limit 2000`, kind, system, unmapped)
		return err
	})
	return out, err
}

// SetWord says what a word means ("" takes it back) and folds the files that
// use it again; a stop in between goes on with Run.
func (s *Service) SetWord(ctx context.Context, actor access.Actor, system, kind, word, meaning string) error {
	if err := access.RequireEverywhere(actor, access.CaseMap); err != nil {
		return err
	}
	if !s.meaningful(kind, meaning) {
		return errMeaning.With("meaning", meaning).At("meaning", errMeaning.With("meaning", meaning))
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		old, known, err := store.One(tx, func(scan store.Scan) (m string, err error) { return m, scan(&m) },
			"select meaning from case_word where system = $1 and kind = $2 and word = $3", system, kind, word)
		switch {
		case err != nil:
			return err
		case !known:
			return errNoWord.With()
		case old == meaning:
			return nil
		}
		if _, err := tx.Exec("update case_word set meaning = $1, refold = 1, changed_at = $2 where system = $3 and kind = $4 and word = $5", meaning, tx.Now, system, kind, word); err != nil {
			return err
		}
		id := kind + ":" + system + ":" + word
		tx.Emit(store.Event{Subject: "ioc.case.word_changed." + kind + "." + system, Entity: "case_word", EntityID: id, Before: map[string]string{"meaning": old}, After: map[string]string{"meaning": meaning},
			Summary: fmt.Sprintf("Từ “%s” của %s nghĩa là %s", word, system, meaning)})
		return s.learn(tx)
	})
	if err != nil {
		return err
	}
	return s.Refold(ctx)
}

func (s *Service) meaningful(kind, meaning string) bool {
	if meaning == "" {
		return true
	}
	switch kind {
	case UnitWord:
		if s.o.Unit == nil {
			return true
		}
		_, ok := s.o.Unit(meaning, s.clock.Now())
		return ok
	case OfficerWord:
		if s.o.User == nil || meaning == NoAccount {
			return true
		}
		_, ok := s.o.User(meaning)
		return ok
	case StateWord:
		_, ok := stateTitles[State(meaning)]
		return ok
	case ProcedureWord:
		_, ok := s.known.Load().procedures[meaning]
		return ok
	}
	return false
}

// Refold folds again the files of the words whose meaning changed.
func (s *Service) Refold(ctx context.Context) error {
	for {
		var w wordKey
		found := false
		err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
			w, found, err = store.One(tx, func(scan store.Scan) (w wordKey, err error) { return w, scan(&w.system, &w.kind, &w.word) },
				"select system, kind, word from case_word where refold = 1 order by changed_at limit 1")
			return err
		})
		if err != nil || !found {
			return err
		}
		if err := s.refoldWord(ctx, w); err != nil {
			return err
		}
	}
}

// refoldWord folds the files of a word again. The state of a file may hang on
// words it used long ago, so that all files of the system are looked at.
func (s *Service) refoldWord(ctx context.Context, w wordKey) error {
	where, args := " from case_file where n > $1 and system = $2", []any{int64(0), w.system}
	if column := map[string]string{UnitWord: "unit_raw", OfficerWord: "officer", ProcedureWord: "procedure_raw"}[w.kind]; column != "" {
		where, args = where+" and "+column+" = $3", append(args, w.word)
	}
	for {
		var ns []int64
		err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
			ns, err = store.All(tx, scanNumber, "select n"+where+" order by n limit "+strconv.Itoa(refoldAtOnce), args...)
			return err
		})
		if err != nil {
			return err
		}
		if len(ns) > 0 {
			if err := s.refold(ctx, access.System("cases"), ns); err != nil {
				return err
			}
			args[0] = ns[len(ns)-1]
			continue
		}
		// An import that began before the word was understood may have written
		// meanwhile: look once more, when nobody else writes.
		more := false
		err = s.db.Keep(ctx, func(tx *store.Tx) error {
			n := 0
			if err := tx.QueryRow("select count(*)"+where, args...).Scan(&n); err != nil {
				return err
			}
			if more = n > 0; more {
				return nil
			}
			_, err := tx.Exec("update case_word set refold = 0 where system = $1 and kind = $2 and word = $3", w.system, w.kind, w.word)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// refold folds files again from all their events, and writes those that came
// out differently.
func (s *Service) refold(ctx context.Context, actor access.Actor, ns []int64) error {
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		olds, err := filesOf(tx, ns)
		if err != nil {
			return err
		}
		past, err := eventsOf(tx, ns, false)
		if err != nil {
			return err
		}
		k := s.known.Load()
		var befores, changed []*Case
		for _, old := range olds {
			evs := past[old.number()]
			for i := range evs {
				evs[i].System, evs[i].Code = old.System, old.Code
			}
			c := s.again(k, old, evs, tx.Now)
			same, err := sameRow(old, c)
			if err != nil {
				return err
			}
			if !same {
				befores, changed = append(befores, old), append(changed, c)
			}
		}
		if len(changed) == 0 {
			return nil
		}
		if err := putFiles(tx, changed); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.case.refolded." + changed[0].System, Entity: "case_system", EntityID: changed[0].System,
			After: map[string]any{"cases": len(changed)}, Summary: fmt.Sprintf("Tính lại %d hồ sơ theo danh mục mới", len(changed))})
		return s.announce(tx, befores, changed)
	})
}

// sameRow reports whether two states of a file are written alike.
func sameRow(a, b *Case) (bool, error) {
	b.change = a.change
	ra, err := a.row()
	if err != nil {
		return false, err
	}
	rb, err := b.row()
	if err != nil {
		return false, err
	}
	for i := range ra {
		if ra[i] != rb[i] {
			return false, nil
		}
	}
	return true, nil
}
