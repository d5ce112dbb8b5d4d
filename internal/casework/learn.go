package casework

import (
	"maps"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// knowledge is what the words mean and which procedures there are, as
// committed. It does not change.
type knowledge struct {
	words      Words
	seen       map[wordKey]bool // every word that has a row
	procedures map[string]Procedure
	listed     map[string]bool // procedures that somebody put into the list
	systems    map[string]systemName
	folded     []foldedProcedure
}

type systemName struct {
	name      string
	synthetic bool
}

type foldedProcedure struct{ code, fold string }

// learn reads words and procedures.
func (s *Service) learn(tx *store.Tx) error {
	k := &knowledge{words: Words{said: map[wordKey]string{}}, seen: map[wordKey]bool{}, procedures: map[string]Procedure{}, listed: map[string]bool{}, systems: map[string]systemName{}}
	type row struct {
		wordKey
		meaning string
	}
	words, err := store.All(tx, func(scan store.Scan) (r row, err error) {
		return r, scan(&r.system, &r.kind, &r.word, &r.meaning)
	}, "select system, kind, word, meaning from case_word")
	if err != nil {
		return err
	}
	for _, w := range words {
		k.seen[w.wordKey] = true
		if w.meaning != "" {
			k.words.said[w.wordKey] = w.meaning
		}
	}
	type listed struct {
		Procedure
		listed int
	}
	ps, err := store.All(tx, func(scan store.Scan) (p listed, err error) {
		p.Procedure, p.listed, err = scanProcedure(scan)
		return p, err
	}, selectProcedure)
	if err != nil {
		return err
	}
	for _, p := range ps {
		k.procedures[p.Code] = p.Procedure
		k.listed[p.Code] = p.listed == 1
		k.folded = append(k.folded, foldedProcedure{p.Code, vi.Fold(p.Code + " " + p.Name)})
	}
	type system struct {
		id string
		systemName
	}
	systems, err := store.All(tx, func(scan store.Scan) (r system, err error) {
		var synthetic int
		err = scan(&r.id, &r.name, &synthetic)
		r.synthetic = synthetic == 1
		return r, err
	}, "select id, name, synthetic from case_system_name")
	if err != nil {
		return err
	}
	for _, r := range systems {
		k.systems[r.id] = r.systemName
	}
	tx.After(func() {
		s.learning.Lock()
		defer s.learning.Unlock()
		s.known.Store(k)
	})
	return nil
}

// procedure is the listed procedure of a code; one that files only name is
// none.
func (k *knowledge) procedure(code string) Procedure {
	if !k.listed[code] {
		return Procedure{}
	}
	return k.procedures[code]
}

// procedureOf is the procedure that the events of a file name last.
func (k *knowledge) procedureOf(events []Event) Procedure {
	system, word, several := "", "", false
	for i := range events {
		if p := events[i].Procedure; p != nil {
			several = several || word != "" && *p != word
			system, word = events[i].System, *p
		}
	}
	if several { // the order in which they count decides, not that of arrival
		for _, e := range ordered(events, k.words) {
			if e.Procedure != nil {
				word = *e.Procedure
			}
		}
	}
	if m, ok := k.words.Mean(system, ProcedureWord, word); ok {
		return k.procedure(m)
	}
	return k.procedure(word)
}

// word is a word that a message used, with what the system calls it.
type word struct {
	wordKey
	name string
}

// wordsOf are the words of an event that people may have to explain.
func wordsOf(e *Event, add func(word)) {
	say := func(kind string, w, name *string) {
		if w == nil || *w == "" {
			return
		}
		n := ""
		if name != nil {
			n = *name
		}
		add(word{wordKey{e.System, kind, *w}, n})
	}
	say(UnitWord, e.Unit, e.UnitName)
	say(OfficerWord, e.Officer, e.OfficerName)
	say(StateWord, e.State, nil)
	say(ProcedureWord, e.Procedure, e.ProcedureName)
}

// guess says what a new word means where it needs nobody to say it: the code
// or exact name of a unit, the id of an account, a code of the list.
func (s *Service) guess(k *knowledge, w word, now time.Time) string {
	switch w.kind {
	case UnitWord:
		if s.o.Unit != nil {
			if u, ok := s.o.Unit(w.word, now); ok {
				return u.Code
			}
		}
		return s.unitNamed(w, now)
	case OfficerWord:
		if s.o.User != nil {
			if _, ok := s.o.User(w.word); ok {
				return w.word
			}
		}
	case ProcedureWord:
		if k.listed[w.word] {
			return w.word
		}
	case StateWord:
		if st, ok := (Words{}).state("", w.word); ok {
			return string(st)
		}
	}
	return ""
}

// unitNamed is the only unit in force of a name.
func (s *Service) unitNamed(w word, now time.Time) string {
	if s.o.Units == nil {
		return ""
	}
	found := ""
	for _, name := range []string{w.word, w.name} {
		if name == "" {
			continue
		}
		key := vi.Key(name)
		for _, u := range s.o.Units(now) {
			if vi.Key(u.Name) == key {
				if found != "" && found != u.Code {
					return ""
				}
				found = u.Code
			}
		}
	}
	return found
}

// teach keeps the new words of events, and returns the knowledge with them.
func (s *Service) teach(tx *store.Tx, evs []Event) (*knowledge, error) {
	k := s.known.Load()
	fresh := map[wordKey]word{}
	for i := range evs {
		wordsOf(&evs[i], func(w word) {
			if old, ok := fresh[w.wordKey]; !k.seen[w.wordKey] && (!ok || old.name == "") {
				fresh[w.wordKey] = w
			}
		})
	}
	if len(fresh) == 0 {
		return k, nil
	}
	next := k.clone()
	var rows [][]any
	meant := make(map[wordKey]string, len(fresh))
	named := map[string]Procedure{}
	for key, w := range fresh {
		meaning := s.guess(k, w, tx.Now)
		meant[key] = meaning
		rows = append(rows, []any{w.system, w.kind, w.word, w.name, meaning, 0, tx.Now, tx.Now})
		if w.kind == ProcedureWord && meaning == "" {
			if _, there := k.procedures[w.word]; !there {
				p := Procedure{Code: w.word, Name: w.name, Clock: PauseRule, Method: ByDate}
				named[p.Code] = p
				if err := putProcedure(tx, p, false); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.SortFunc(rows, func(a, b []any) int {
		return strings.Compare(a[1].(string)+a[2].(string), b[1].(string)+b[2].(string))
	})
	if err := write(tx, "insert into case_word (system, kind, word, name, meaning, refold, first_at, changed_at) values ", 8, " on conflict (system, kind, word) do nothing", rows); err != nil {
		return nil, err
	}
	next.add(meant, named)
	tx.After(func() { // others may have learnt something since
		s.learning.Lock()
		defer s.learning.Unlock()
		now := s.known.Load().clone()
		now.add(meant, named)
		s.known.Store(now)
	})
	return next, nil
}

// add puts new words and procedures into a clone; what somebody has said of a
// word meanwhile stays.
func (k *knowledge) add(meant map[wordKey]string, named map[string]Procedure) {
	for key, meaning := range meant {
		if !k.seen[key] && meaning != "" {
			k.words.said[key] = meaning
		}
		k.seen[key] = true
	}
	for code, p := range named {
		if _, there := k.procedures[code]; !there {
			k.procedures[code] = p
			k.folded = append(k.folded, foldedProcedure{p.Code, vi.Fold(p.Code + " " + p.Name)})
		}
	}
}

func (k *knowledge) clone() *knowledge {
	return &knowledge{words: Words{said: maps.Clone(k.words.said)}, seen: maps.Clone(k.seen), procedures: maps.Clone(k.procedures),
		listed: k.listed, systems: k.systems, folded: slices.Clone(k.folded)}
}
