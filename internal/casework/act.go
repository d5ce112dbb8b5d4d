package casework

import (
	"context"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

var (
	errReason  = fault.Define(fault.Invalid, "case.reason", "say why, in at least five characters", "cần nêu lý do, ít nhất năm ký tự")
	errApology = fault.Define(fault.Invalid, "case.apology", "the letter of apology is not right", "thư xin lỗi không hợp lệ")
	errPast    = fault.Define(fault.Invalid, "case.past", "the new date must lie after the letter", "ngày hẹn mới phải sau ngày thư")
	errAhead   = fault.Define(fault.Invalid, "case.ahead", "it lies in the future", "không được ở tương lai")
	errClosed  = fault.Define(fault.Conflict, "case.closed", "the file is closed", "hồ sơ đã kết thúc")
	errNoEnd   = fault.Define(fault.Conflict, "case.no_result", "the file has no result yet", "hồ sơ chưa có kết quả")
)

// Revealed is the applicant unmasked, for who was allowed to look.
type Revealed struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Paper   string `json:"paper"`
	Email   string `json:"email"`
	Address string `json:"address"`
}

// Reveal shows the applicant of a file for a reason, on record.
func (s *Service) Reveal(ctx context.Context, actor access.Actor, id, reason string) (r Revealed, err error) {
	reason = strings.TrimSpace(vi.NFC(reason))
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		c, _, err := s.file(tx, actor, id)
		if err != nil {
			return err
		}
		if err := access.Require(actor, access.PersonalView, personalScope(c)); err != nil {
			return err
		}
		if len([]rune(reason)) < 5 {
			return errReason.With().At("reason", errReason.With())
		}
		r = revealed(c.Applicant.Kind, c.Applicant.person())
		tx.Emit(store.Event{Subject: "ioc.case.revealed." + c.ID, Entity: "case", EntityID: c.ID, After: map[string]any{"code": c.Code, "reason": reason, "applicant": c.Applicant},
			Summary: "Xem thông tin cá nhân của hồ sơ " + c.Code + ": " + reason})
		return nil
	})
	return r, s.refused(ctx, actor, id, err)
}

// Apologise records a letter of apology (NĐ 61/2018 Art. 19), with a new date
// or without.
func (s *Service) Apologise(ctx context.Context, actor access.Actor, id string, a Apology) (*Case, error) {
	a.Number, a.Reason = strings.TrimSpace(vi.NFC(a.Number)), strings.TrimSpace(vi.NFC(a.Reason))
	return s.add(ctx, actor, id, func(tx *store.Tx, c *Case) (Patch, string, string, error) {
		if a.At.IsZero() {
			a.At = tx.Now
		}
		bad := errApology.With()
		if a.Number == "" {
			bad.At("number", errRequired.With())
		}
		if len([]rune(a.Reason)) < 5 {
			bad.At("reason", errReason.With())
		}
		if a.At.After(tx.Now.Add(time.Minute)) {
			bad.At("at", errAhead.With())
		}
		if !a.Due.IsZero() && !a.Due.After(a.At) {
			bad.At("due", errPast.With())
		}
		switch {
		case len(bad.Fields) > 0:
			return Patch{}, "", "", bad
		case !c.State.Open():
			return Patch{}, "", "", errClosed.With()
		}
		a.At, a.Due = a.At.UTC(), a.Due.UTC()
		return Patch{Apology: &a}, "apologised", "Thư xin lỗi " + a.Number + " cho hồ sơ " + c.Code, nil
	})
}

// Digitize records whether the result of a file has a valid signed electronic
// copy, and where it lies.
func (s *Service) Digitize(ctx context.Context, actor access.Actor, id string, digitized bool, reference string) (*Case, error) {
	reference = strings.TrimSpace(vi.NFC(reference))
	return s.add(ctx, actor, id, func(_ *store.Tx, c *Case) (Patch, string, string, error) {
		if c.FinishedAt == nil {
			return Patch{}, "", "", errNoEnd.With()
		}
		p := Patch{Digitized: &digitized}
		if reference != "" {
			p.Step = &Step{Name: "Bản điện tử của kết quả", Comment: reference}
		}
		return p, "digitized", "Bản điện tử của kết quả hồ sơ " + c.Code, nil
	})
}

// add puts an event of our own people into a file.
func (s *Service) add(ctx context.Context, actor access.Actor, id string, say func(tx *store.Tx, c *Case) (p Patch, verb, summary string, err error)) (*Case, error) {
	var after *Case
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, evs, err := s.file(tx, actor, id)
		if err != nil {
			return err
		}
		if err := access.Require(actor, access.CaseEdit, scopeOf(before)); err != nil {
			return err
		}
		p, verb, summary, err := say(tx, before)
		if err != nil {
			return err
		}
		e := Event{System: before.System, Code: before.Code, Key: "ioc:" + uid.New(tx.Now), At: tx.Now, Seen: tx.Now, By: actor.Name, Patch: p}
		e.said, e.who = e.encode()
		e.id = e.identity()
		after = s.again(s.known.Load(), before, append(evs, e), tx.Now)
		if err := putFiles(tx, []*Case{after}); err != nil {
			return err
		}
		if err := putEvents(tx, []putEvent{{before.number(), e.id, &e}}); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.case." + verb + "." + id, Entity: "case", EntityID: id,
			Before: map[string]any{"due": before.Due, "apology_at": before.ApologyAt, "digitized": before.Digitized},
			After:  map[string]any{"code": after.Code, "due": after.Due, "apology_at": after.ApologyAt, "digitized": after.Digitized}, Summary: summary})
		if err := s.announce(tx, []*Case{before}, []*Case{after}); err != nil {
			return err
		}
		shown := *after
		after = &shown
		s.present(after, tx.Now, s.WindowNow(), tx.Now)
		return nil
	})
	if err != nil {
		return nil, s.refused(ctx, actor, id, err)
	}
	return after, nil
}
