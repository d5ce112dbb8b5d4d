package casework

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var (
	errTooMany  = fault.Define(fault.TooLarge, "case.too_many_events", "more than {most} events at a time", "quá {most} sự kiện một lần")
	errNoCode   = fault.Define(fault.Invalid, "case.no_code", "the message names no file", "thông điệp không có mã hồ sơ")
	errNoSystem = fault.Define(fault.Invalid, "case.no_system", "the message names no system", "thông điệp không rõ hệ thống")
	errBadText  = fault.Define(fault.Invalid, "case.bad_text", "the message holds bytes that are no text", "thông điệp chứa byte không phải văn bản")
	errTooLong  = fault.Define(fault.Invalid, "case.too_long", "the code or key is longer than {most}", "mã hồ sơ hoặc khoá dài quá {most}")
)

const longestCode = 200

type fileKey struct{ code, system string }

// file is one file of a batch.
type file struct {
	before *Case // nil: not known yet
	n      int64
	told   []Event    // of the batch
	fresh  []putEvent // those of them that are new
	all    []Event    // with what was known
	tomb   *tomb      // its applicant was erased
}

// MostEvents is the most that one Import takes.
const MostEvents = 2000

// Import takes up to MostEvents events, durable and with their trace when it
// returns: all that are well formed, or none. What names no file is in
// Report.Errors.
func (s *Service) Import(ctx context.Context, actor access.Actor, evs []Event) (Report, error) {
	r := Report{Events: len(evs), Errors: []EventError{}}
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return r, err
	}
	if len(evs) > MostEvents {
		return r, errTooMany.With("most", MostEvents)
	}
	good := make([]Event, 0, len(evs))
	for i, e := range evs {
		e.Code = tidyCode(e.Code)
		if err := e.check(); err != nil {
			r.Errors = append(r.Errors, EventError{Index: i, Err: err})
			continue
		}
		good = append(good, e)
	}
	if len(good) == 0 {
		return r, nil
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error { return s.take(tx, good, &r) })
	if err != nil {
		return Report{Events: len(evs), Errors: r.Errors}, err
	}
	return r, nil
}

func (e *Event) check() *fault.Error {
	switch {
	case e.Code == "":
		return errNoCode.With()
	case e.System == "":
		return errNoSystem.With()
	case len(e.Code) > longestCode || len(e.Key) > longestCode || len(e.System) > longestCode:
		return errTooLong.With("most", longestCode)
	case !clean(e.Code) || !clean(e.Key) || !clean(e.System) || !clean(string(e.Raw)):
		return errBadText.With()
	}
	for _, p := range []*string{e.Procedure, e.ProcedureName, e.Field, e.FieldName, e.Unit, e.UnitName, e.Officer, e.OfficerName, e.State, e.DueReason, e.ApplicantKind} {
		if p != nil && !clean(*p) {
			return errBadText.With()
		}
	}
	if w := e.person(); !clean(w.Name + w.Paper + w.Phone + w.Email + w.Address) {
		return errBadText.With()
	}
	return nil
}

func clean(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// take is an import within its transaction.
func (s *Service) take(tx *store.Tx, evs []Event, r *Report) error {
	for i := range evs {
		if evs[i].Seen.IsZero() {
			evs[i].Seen = tx.Now
		}
		evs[i].Seen = evs[i].Seen.UTC().Truncate(time.Microsecond)
	}
	k, err := s.teach(tx, evs)
	if err != nil {
		return err
	}
	files, order, twins, err := s.gather(tx, evs)
	if err != nil {
		return err
	}
	hash := sha256.New()
	var put []putEvent
	var changed []*Case
	var befores []*Case
	for _, key := range order {
		f := files[key]
		r.New += len(f.fresh)
		r.Repeated += len(f.told) - len(f.fresh)
		if len(f.fresh) == 0 {
			continue
		}
		put = append(put, f.fresh...)
		for _, p := range f.fresh {
			hash.Write([]byte(p.id))
		}
		befores = append(befores, f.before)
		changed = append(changed, nil)
	}
	if r.New == 0 {
		return nil
	}
	s.foldAll(k, files, order, twins, changed, tx.Now)
	for i, c := range changed {
		if befores[i] == nil {
			r.Opened++
		}
		if len(c.Problems) > 0 {
			r.Problems++
		}
	}
	r.Cases = len(changed)
	more, moreBefore := duplicates(changed, twins)
	changed, befores = append(changed, more...), append(befores, moreBefore...)
	if err := putFiles(tx, changed); err != nil {
		return err
	}
	if err := putEvents(tx, put); err != nil {
		return err
	}
	system := evs[0].System
	sum := hex.EncodeToString(hash.Sum(nil))
	tx.Emit(store.Event{Subject: "ioc.case.imported." + system, Entity: "case_system", EntityID: system,
		After:   map[string]any{"events": r.New, "repeated": r.Repeated, "cases": r.Cases, "opened": r.Opened, "problems": r.Problems, "refused": len(r.Errors), "sha256": sum},
		Summary: fmt.Sprintf("Nhận %d sự kiện hồ sơ từ %s: %d hồ sơ, %d mới", r.New, system, r.Cases, r.Opened)})
	return s.announce(tx, befores, changed)
}

// announce keeps by whom files that changed are found, and tells hooks and
// browsers of them.
func (s *Service) announce(tx *store.Tx, befores, changed []*Case) error {
	if err := s.index(tx, befores, changed); err != nil {
		return err
	}
	for i, c := range changed {
		if err := s.tell(tx, befores[i], c); err != nil {
			return err
		}
	}
	n := int64(len(changed))
	tx.After(func() { s.changed.Add(n) })
	return nil
}

// gather finds the files of events, what is known of them, and those of other
// systems with the same codes.
func (s *Service) gather(tx *store.Tx, evs []Event) (files map[fileKey]*file, order []fileKey, twins map[string][]*Case, err error) {
	files, twins = map[fileKey]*file{}, map[string][]*Case{}
	var codes []string
	for i := range evs {
		key := fileKey{evs[i].Code, evs[i].System}
		f := files[key]
		if f == nil {
			f = &file{}
			files[key] = f
			order = append(order, key)
			if twins[key.code] == nil {
				twins[key.code] = []*Case{}
				codes = append(codes, key.code)
			}
		}
		f.told = append(f.told, evs[i])
	}
	old, err := filesOfCodes(tx, codes)
	if err != nil {
		return nil, nil, nil, err
	}
	var ns []int64
	for _, c := range old {
		twins[c.Code] = append(twins[c.Code], c)
		if f := files[fileKey{c.Code, c.System}]; f != nil {
			f.before, f.n = c, c.number()
			ns = append(ns, f.n)
		}
	}
	past, err := eventsOf(tx, ns, false)
	if err != nil {
		return nil, nil, nil, err
	}
	tombs, err := s.tombsOf(tx, ns)
	if err != nil {
		return nil, nil, nil, err
	}
	next, err := nextNumber(tx)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, key := range order {
		f := files[key]
		if f.before == nil {
			f.n, next = next, next+1
		}
		f.tomb = tombs[f.n]
		f.sift(s.subjects, key, past[f.n])
	}
	return files, order, twins, nil
}

// sift takes out of a file's messages those that are new. One without time and
// key that says what the last such one said is a repeat.
func (f *file) sift(h *hasher, key fileKey, past []Event) {
	here := make(map[string]bool, len(past)+len(f.told))
	last, lastSeen := "", time.Time{} // the newest message without time and key
	for i := range past {
		e := &past[i]
		e.Code, e.System = key.code, key.system
		here[e.id] = true
		if e.Key == "" && e.At.IsZero() && !e.Seen.Before(lastSeen) {
			last, lastSeen = string(e.content()), e.Seen
		}
	}
	f.all = past
	for i := range f.told {
		e := &f.told[i]
		if !e.At.IsZero() {
			e.At = e.At.UTC().Truncate(time.Microsecond)
		}
		e.said, e.who = e.encode()
		e.id = e.identity() // of the message as it came: a repeat stays one after the erasure
		if p := e.person(); f.tomb.bars(h, f.n, p) {
			r := &redactor{}
			r.add(p)
			r.event(e)
		}
		bare := e.Key == "" && e.At.IsZero()
		if here[e.id] || bare && string(e.content()) == last {
			continue
		}
		here[e.id] = true
		if bare {
			last = string(e.content())
		}
		f.fresh = append(f.fresh, putEvent{f.n, e.id, e})
		f.all = append(f.all, *e)
	}
}

// foldAll folds the files that have something new, in order.
func (s *Service) foldAll(k *knowledge, files map[fileKey]*file, order []fileKey, twins map[string][]*Case, into []*Case, now time.Time) {
	i := 0
	for _, key := range order {
		f := files[key]
		if len(f.fresh) == 0 {
			continue
		}
		into[i] = s.fold(k, f.n, f.all, now)
		twins[key.code] = slices.DeleteFunc(twins[key.code], func(c *Case) bool { return c.System == key.system })
		twins[key.code] = append(twins[key.code], into[i])
		i++
	}
}

// again is fold of a file that is known: that another system has its code stays
// listed.
func (s *Service) again(k *knowledge, old *Case, events []Event, now time.Time) *Case {
	c := s.fold(k, old.number(), events, now)
	if old.duplicated() {
		c.problem(duplicateCode, "code")
	}
	return c
}

// fold is Fold with what only the service knows: number, successor, names.
func (s *Service) fold(k *knowledge, n int64, events []Event, now time.Time) *Case {
	c := Fold(events, k.words, s.o.Calendar(), k.procedureOf(events))
	c.ID = strconv.FormatInt(n, 10)
	c.Unit = s.answering(c.UnitOrigin, now)
	return &c
}

// duplicateCode is the problem that Fold cannot see: it takes other files.
const duplicateCode = "duplicate_code"

func (c *Case) duplicated() bool {
	return slices.ContainsFunc(c.Problems, func(p Problem) bool { return p.Code == duplicateCode })
}

// duplicates lists the problem at files whose code another system has too, and
// returns those of other systems that have to be written for it.
func duplicates(changed []*Case, twins map[string][]*Case) (more, moreBefore []*Case) {
	mine := map[*Case]bool{}
	for _, c := range changed {
		mine[c] = true
	}
	for _, c := range changed {
		same := twins[c.Code]
		if len(same) < 2 {
			continue
		}
		for _, t := range same {
			if t.duplicated() {
				continue
			}
			if mine[t] {
				t.problem(duplicateCode, "code")
				continue
			}
			old := *t
			old.Problems = slices.Clone(t.Problems)
			t.problem(duplicateCode, "code")
			more, moreBefore = append(more, t), append(moreBefore, &old)
		}
	}
	return more, moreBefore
}
