package identity

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// policyStale is how long a policy that another program changed may go
// unnoticed.
const policyStale = time.Minute

// baseDay is from when the policy of the configuration applies.
const baseDay = "1970-01-01"

// ruleBook is the policies of a city by the day from which each applies. It is
// never changed, only replaced.
type ruleBook struct {
	base  Policy
	rows  []PolicyRow // by From, the oldest first
	read  time.Time   // from the records
	now   *Policy     // in force on the day that begins at from and ends at until
	from  time.Time
	until time.Time
}

// PolicyRow is a policy with the day from which it applies, and where it was
// decided.
type PolicyRow struct {
	From    string        `json:"from" format:"date" doc:"local day from which it applies"`
	Min     int           `json:"min_length"`
	Lower   bool          `json:"lower"`
	Upper   bool          `json:"upper"`
	Digit   bool          `json:"digit"`
	Special bool          `json:"special"`
	History int           `json:"history" doc:"past passwords that may not come back"`
	MaxAge  int           `json:"max_age_days" doc:"0: passwords do not grow old"`
	Lock    int           `json:"lock_after" doc:"failures in a row"`
	LockFor int           `json:"lock_minutes"`
	Idle    int           `json:"idle_minutes"`
	Life    int           `json:"absolute_hours"`
	Limit   int           `json:"sessions" doc:"of one person at once; 0: any number"`
	Second  []access.Role `json:"second_factor_roles" nullable:"false" doc:"whose holders must set up a second factor"`
	Unused  int           `json:"unused_days" doc:"an account nobody used for longer is refused; 0: never"`
	Source  string        `json:"source" doc:"the decision or rule it comes from"`
}

// policy is the rules of a row.
func (r *PolicyRow) policy() Policy {
	const day = 24 * time.Hour
	return Policy{MinLength: r.Min, Lower: r.Lower, Upper: r.Upper, Digit: r.Digit, Special: r.Special, History: r.History,
		MaxAge: time.Duration(r.MaxAge) * day, LockAfter: r.Lock, LockFor: time.Duration(r.LockFor) * time.Minute,
		Idle: time.Duration(r.Idle) * time.Minute, Absolute: time.Duration(r.Life) * time.Hour, Sessions: r.Limit,
		SecondFactor: r.Second, Unused: time.Duration(r.Unused) * day}
}

// rowOf is a policy as people read it, in whole days and minutes.
func rowOf(from, source string, p *Policy) PolicyRow {
	whole := func(d, unit time.Duration) int { return int((d + unit - 1) / unit) }
	const day = 24 * time.Hour
	return PolicyRow{From: from, Min: p.MinLength, Lower: p.Lower, Upper: p.Upper, Digit: p.Digit, Special: p.Special, History: p.History,
		MaxAge: whole(p.MaxAge, day), Lock: p.LockAfter, LockFor: whole(p.LockFor, time.Minute), Idle: whole(p.Idle, time.Minute),
		Life: whole(p.Absolute, time.Hour), Limit: p.Sessions, Second: append([]access.Role{}, p.SecondFactor...), Unused: whole(p.Unused, day), Source: source}
}

// openPolicy reads the dated policies; base applies where there is none.
func (s *Service) openPolicy(ctx context.Context, base Policy) error {
	s.arrange(base, nil, time.Time{})
	return s.db.Read(ctx, s.freshen)
}

// policy is the policy in force. It may be asked inside a transaction, so it
// never asks the records itself.
func (s *Service) policy() *Policy {
	book := s.rules.Load()
	if now := s.now(); !now.Before(book.until) || now.Before(book.from) {
		s.arrange(book.base, book.rows, book.read)
		book = s.rules.Load()
	}
	return book.now
}

// freshen reads the dated policies when another program may have changed them.
func (s *Service) freshen(tx *store.Tx) error {
	book := s.rules.Load()
	if age := s.now().Sub(book.read); age >= 0 && age < policyStale {
		return nil
	}
	rows, err := listPolicies(tx)
	if err != nil {
		return err
	}
	s.arrange(book.base, rows, s.now())
	return nil
}

// arrange puts the rows to use, as they were at an instant.
func (s *Service) arrange(base Policy, rows []PolicyRow, read time.Time) {
	now := s.now()
	today := caltime.Day(now)
	book := &ruleBook{base: base, rows: rows, read: read, from: today, until: today.AddDate(0, 0, 1)}
	book.now = &book.base
	if r := inForce(rows, now); r != nil {
		p := r.policy()
		book.now = &p
	}
	s.rules.Store(book)
}

func dayOf(t time.Time) string { return t.In(caltime.Zone).Format(time.DateOnly) }

func inForce(rows []PolicyRow, now time.Time) (in *PolicyRow) {
	day := dayOf(now)
	for i := range rows {
		if rows[i].From <= day {
			in = &rows[i]
		}
	}
	return in
}

// relax makes the base policy that of the demo, whose password is said aloud:
// a second factor would protect nothing, and nobody comes back in time.
func (s *Service) relax() {
	book := s.rules.Load()
	base := book.base
	base.SecondFactor, base.Unused = nil, 0
	s.arrange(base, book.rows, book.read)
}

var (
	errPolicy       = fault.Define(fault.Invalid, "identity.policy", "the policy is not valid", "chính sách không hợp lệ")
	errPolicyRange  = fault.Define(fault.Invalid, "identity.policy_range", "from {min} to {max}", "từ {min} đến {max}")
	errPolicyFrom   = fault.Define(fault.Invalid, "identity.policy_from", "a day from today on, as yyyy-mm-dd", "ngày từ hôm nay trở đi, dạng yyyy-mm-dd")
	errPolicySource = fault.Define(fault.Invalid, "identity.policy_source", "name the decision or rule it comes from, in 1 to 500 characters", "nêu văn bản hoặc quy định làm căn cứ, 1 đến 500 ký tự")
)

// Policies are the dated policies, the one of the configuration first, and the
// day of the one in force. It needs user.view.
func (s *Service) Policies(ctx context.Context, actor access.Actor) (rows []PolicyRow, current string, err error) {
	if err := access.Require(actor, access.UserView, access.Scope{}); err != nil {
		return nil, "", err
	}
	if err := s.db.Read(ctx, s.freshen); err != nil {
		return nil, "", err
	}
	book := s.rules.Load()
	rows = append([]PolicyRow{rowOf(baseDay, "cấu hình (cấp độ 3, TCVN 11930)", &book.base)}, book.rows...)
	return rows, inForce(rows, s.now()).From, nil
}

// SetPolicy makes a policy apply from a day on; a row of that day is replaced.
// Days that have passed stay as they were. It needs user.edit in the whole
// city.
func (s *Service) SetPolicy(ctx context.Context, actor access.Actor, r PolicyRow) error {
	if err := access.RequireEverywhere(actor, access.UserEdit); err != nil {
		return err
	}
	if err := r.check(s.now()); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		rows, err := listPolicies(tx)
		if err != nil {
			return err
		}
		e := store.Event{Subject: "ioc.identity.policy_set." + r.From, Entity: "policy", EntityID: r.From, After: r, Summary: "đặt chính sách đăng nhập từ ngày " + r.From}
		if i := slices.IndexFunc(rows, func(o PolicyRow) bool { return o.From == r.From }); i >= 0 {
			e.Before = rows[i]
		}
		tx.Emit(e)
		if err := savePolicy(tx, r, actor.ID, s.now()); err != nil {
			return err
		}
		if rows, err = listPolicies(tx); err != nil {
			return err
		}
		tx.After(func() {
			s.arrange(s.rules.Load().base, rows, s.now())
			s.cache.clear()
		})
		return nil
	})
}

func (r *PolicyRow) check(now time.Time) error {
	e := errPolicy.With()
	if day, err := time.Parse(time.DateOnly, r.From); err != nil || day.Format(time.DateOnly) < dayOf(now) || day.Year() > 2200 {
		e.At("from", errPolicyFrom.With())
	}
	for _, f := range []struct {
		name          string
		n, least, top int
	}{
		{"min_length", r.Min, 8, 128}, {"history", r.History, 0, 50}, {"max_age_days", r.MaxAge, 0, 3650},
		{"lock_after", r.Lock, 3, 20}, {"lock_minutes", r.LockFor, 1, 1440}, {"idle_minutes", r.Idle, 1, 1440},
		{"absolute_hours", r.Life, 1, 720}, {"sessions", r.Limit, 0, 1000}, {"unused_days", r.Unused, 0, 3650},
	} {
		if f.n < f.least || f.n > f.top {
			e.At(f.name, errPolicyRange.With("min", f.least, "max", f.top))
		}
	}
	for _, role := range r.Second {
		if !slices.Contains(Assignable(), role) {
			e.At("second_factor_roles", errRole.With("role", string(role)))
		}
	}
	r.Source = vi.NFC(strings.TrimSpace(r.Source))
	if n := utf8.RuneCountInString(r.Source); n < 1 || n > 500 {
		e.At("source", errPolicySource.With())
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}
