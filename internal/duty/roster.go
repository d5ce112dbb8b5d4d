package duty

import (
	"context"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

var (
	errNoShift = fault.Define(fault.NotFound, "duty.no_shift", "there is no shift {id}", "không có ca trực {id}")
	errShift   = fault.Define(fault.Invalid, "duty.shift", "the shift is not complete", "ca trực chưa hợp lệ")
	errPast    = fault.Define(fault.Conflict, "duty.past", "the shift {name} is over: its roster is a record", "{name} đã kết thúc: danh sách trực là hồ sơ, không sửa được")
	errAbsent  = fault.Define(fault.Invalid, "duty.absent", "{user} is not on this shift", "{user} không có trong ca này")
	errReason  = fault.Define(fault.Invalid, "duty.reason", "say why, in 3 to 500 characters", "cần nêu lý do, 3–500 ký tự")
)

// on are the people at their posts at an instant.
func (s *Service) on(tx *store.Tx, at time.Time) ([]OnDuty, error) {
	shift, ok, err := shiftAt(tx, at)
	if err != nil || !ok {
		return nil, err
	}
	return shift.People, nil
}

// On are the people of the IOC at their posts at an instant.
func (s *Service) On(tx *store.Tx, at time.Time) ([]OnDuty, error) { return s.on(tx, at) }

// DutyNow is what a shift looks at.
type DutyNow struct {
	Shift    *Shift    `json:"shift" doc:"null: none is planned"`
	On       []OnDuty  `json:"on"`
	Next     *Shift    `json:"next"`
	Open     OpenWork  `json:"open"`
	Handover *Handover `json:"handover" doc:"that waits to be accepted"`
}

// Now returns who is on, who comes, and what is open.
func (s *Service) Now(ctx context.Context, actor access.Actor) (n DutyNow, err error) {
	if err := access.Require(actor, access.DutyView, access.Scope{}); err != nil {
		return n, err
	}
	if n.Open, err = s.open(ctx); err != nil {
		return n, err
	}
	n.On = []OnDuty{}
	return n, s.db.Read(ctx, func(tx *store.Tx) error {
		shift, ok, err := shiftAt(tx, tx.Now)
		if err != nil {
			return err
		}
		if ok {
			n.Shift, n.On = &shift, shift.People
		}
		next, ok, err := shiftAfter(tx, tx.Now.Add(time.Microsecond))
		if err != nil {
			return err
		}
		if ok {
			n.Next = &next
		}
		if !actor.Reach(access.DutyView).Everywhere() { // hand-overs are the IOC's own
			return nil
		}
		h, ok, err := waitingHandover(tx, "")
		if ok {
			n.Handover = &h
		}
		return err
	})
}

// Shifts are the shifts that have a part in [from, to).
func (s *Service) Shifts(ctx context.Context, actor access.Actor, from, to time.Time) (out []Shift, err error) {
	if err := access.Require(actor, access.DutyView, access.Scope{}); err != nil {
		return nil, err
	}
	if err := checkSpan(from, to, mostPlanned); err != nil {
		return nil, errPlan.With().At("to", err)
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		out, err = shiftsIn(tx, from, to)
		return err
	})
	return out, err
}

func checkSpan(from, to time.Time, most time.Duration) *fault.Error {
	if d := to.Sub(from); d <= 0 || d > most {
		return errSpan.With("days", int(most.Hours()/24))
	}
	return nil
}

// Plan makes the shifts of a span by a pattern; people take turns. It refuses
// a span in which there is a shift already.
func (s *Service) Plan(ctx context.Context, actor access.Actor, from, to time.Time, pattern string, users []string) ([]Shift, error) {
	if err := access.RequireEverywhere(actor, access.DutyEdit); err != nil {
		return nil, err
	}
	bad := errPlan.With()
	if patterns[pattern] == nil {
		bad.At("pattern", errPattern.With())
	}
	if err := checkSpan(from, to, mostPlanned); err != nil {
		bad.At("to", err)
	}
	people := s.named(ctx, bad, "people", users)
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	shifts := plan(from, to, pattern, people)
	if len(shifts) == 0 {
		return nil, errPlan.With().At("to", errSpan.With("days", int(mostPlanned.Hours()/24)))
	}
	return shifts, s.insertShifts(ctx, actor, shifts)
}

func (s *Service) insertShifts(ctx context.Context, actor access.Actor, shifts []Shift) error {
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		first, last := shifts[0], shifts[len(shifts)-1]
		if err := free(tx, first.From, last.To, ""); err != nil {
			return err
		}
		for i := range shifts {
			shifts[i].ID = uid.New(tx.Now)
			if err := insertShift(tx, shifts[i]); err != nil {
				return err
			}
		}
		tx.Emit(store.Event{Subject: "ioc.duty.planned." + shifts[0].ID, Entity: "duty_shift", EntityID: shifts[0].ID,
			After:   map[string]any{"from": first.From, "to": last.To, "pattern": first.Pattern, "shifts": len(shifts)},
			Summary: "Xếp lịch trực từ " + caltime.FormatVi(first.From) + " đến " + caltime.FormatVi(last.To)})
		return nil
	})
}

// free refuses a span that another shift has a part in.
func free(tx *store.Tx, from, to time.Time, except string) error {
	taken, err := shiftsIn(tx, from, to)
	for _, t := range taken {
		if t.ID != except {
			return errOverlap.With("name", t.Name, "from", caltime.FormatVi(t.From))
		}
	}
	return err
}

// named looks up the people by their ids.
func (s *Service) named(ctx context.Context, bad *fault.Error, path string, users []string) []Person {
	known := map[string]Person{}
	for _, p := range s.everybody(ctx) {
		known[p.User] = p
	}
	seen := map[string]bool{}
	var out []Person
	for _, u := range users {
		p, ok := known[u]
		switch {
		case !ok || !standsDuty(p):
			bad.At(path, errPerson.With("user", u))
		case seen[u]:
			bad.At(path, errTwice.With("user", p.Name))
		default:
			seen[u] = true
			out = append(out, p)
		}
	}
	if len(users) == 0 {
		bad.At(path, errNobody.With())
	}
	return out
}

// standsDuty reports whether a person can be at a post of the IOC.
func standsDuty(p Person) bool { return p.Role == access.Duty || p.Role == access.IOCLeader }

// ShiftDraft is a shift that is typed in.
type ShiftDraft struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Name   *msg.Text `json:"name,omitempty"`
	People []struct {
		User string `json:"user"`
		Post string `json:"post" enum:"lead,officer,on_call"`
	} `json:"people"`
}

func (s *Service) shiftOf(ctx context.Context, d ShiftDraft) (Shift, error) {
	bad := errShift.With()
	if err := checkSpan(d.From, d.To, mostShift); err != nil {
		bad.At("to", err)
	}
	users := make([]string, len(d.People))
	for i, p := range d.People {
		users[i] = p.User
		if p.Post != PostLead && p.Post != PostOfficer && p.Post != PostOnCall {
			bad.At("people", errPost.With())
		}
	}
	people := s.named(ctx, bad, "people", users)
	if len(bad.Fields) > 0 {
		return Shift{}, bad
	}
	shift := Shift{From: d.From.UTC().Truncate(time.Microsecond), To: d.To.UTC().Truncate(time.Microsecond)}
	from, to := d.From.In(caltime.Zone).Format("15:04"), d.To.In(caltime.Zone).Format("15:04")
	shift.Name = msg.Text{Vi: "Ca " + from + "–" + to, En: "Shift " + from + "–" + to}
	if d.Name != nil && d.Name.Vi != "" {
		shift.Name = *d.Name
	}
	for i, p := range people {
		shift.People = append(shift.People, OnDuty{User: p.User, Name: p.Name, Post: d.People[i].Post})
	}
	return shift, nil
}

// AddShift adds one shift.
func (s *Service) AddShift(ctx context.Context, actor access.Actor, d ShiftDraft) (Shift, error) {
	if err := access.RequireEverywhere(actor, access.DutyEdit); err != nil {
		return Shift{}, err
	}
	shift, err := s.shiftOf(ctx, d)
	if err != nil {
		return Shift{}, err
	}
	shifts := []Shift{shift}
	err = s.insertShifts(ctx, actor, shifts)
	return shifts[0], err
}

// ChangeShift writes a shift that is not over again.
func (s *Service) ChangeShift(ctx context.Context, actor access.Actor, id string, d ShiftDraft) (Shift, error) {
	if err := access.RequireEverywhere(actor, access.DutyEdit); err != nil {
		return Shift{}, err
	}
	after, err := s.shiftOf(ctx, d)
	if err != nil {
		return Shift{}, err
	}
	return after, s.editShift(ctx, actor, id, "changed", func(tx *store.Tx, before Shift) (*Shift, error) {
		after.ID, after.Pattern, after.Demo = id, before.Pattern, before.Demo
		if err := free(tx, after.From, after.To, id); err != nil {
			return nil, err
		}
		return &after, updateShift(tx, after, true)
	})
}

// DeleteShift removes a shift that is not over.
func (s *Service) DeleteShift(ctx context.Context, actor access.Actor, id string) error {
	if err := access.RequireEverywhere(actor, access.DutyEdit); err != nil {
		return err
	}
	return s.editShift(ctx, actor, id, "deleted", func(tx *store.Tx, _ Shift) (*Shift, error) { return nil, deleteShift(tx, id) })
}

// Substitute lets somebody come in the place of somebody. Who keeps the duty
// book may do it, because at three in the morning nobody else is there.
func (s *Service) Substitute(ctx context.Context, actor access.Actor, id, user, absent, reason string) (out Shift, err error) {
	if err := access.Require(actor, access.DutyLog, access.Scope{}); err != nil {
		return Shift{}, err
	}
	reason = strings.TrimSpace(vi.NFC(reason))
	bad := errShift.With()
	if n := len([]rune(reason)); n < 3 || n > 500 {
		bad.At("reason", errReason.With())
	}
	people := s.named(ctx, bad, "user", []string{user})
	if len(bad.Fields) > 0 {
		return Shift{}, bad
	}
	err = s.editShift(ctx, actor, id, "substituted", func(tx *store.Tx, before Shift) (*Shift, error) {
		there := false
		for _, o := range before.People {
			there = there || o.User == absent
			if o.User == user {
				return nil, errShift.With().At("user", errTwice.With("user", people[0].Name))
			}
		}
		if !there {
			return nil, errShift.With().At("for", errAbsent.With("user", absent))
		}
		if err := insertSubstitution(tx, id, substitution{absent: absent, user: user, name: people[0].Name, reason: reason}); err != nil {
			return nil, err
		}
		out, _, err = findShift(tx, id)
		return &out, err
	})
	return out, err
}

func (s *Service) editShift(ctx context.Context, actor access.Actor, id, verb string, change func(*store.Tx, Shift) (*Shift, error)) error {
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, ok, err := findShift(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoShift.With("id", id)
		}
		if !before.To.After(tx.Now) {
			return errPast.With("name", before.Name)
		}
		after, err := change(tx, before)
		if err != nil {
			return err
		}
		e := store.Event{Subject: "ioc.duty.shift_" + verb + "." + id, Entity: "duty_shift", EntityID: id, Before: before,
			Summary: map[string]string{"changed": "Sửa ", "deleted": "Xoá ", "substituted": "Trực thay: "}[verb] + before.Name.Vi + " " + caltime.FormatVi(before.From)}
		if after != nil {
			e.After = *after
		}
		tx.Emit(e)
		return nil
	})
}
