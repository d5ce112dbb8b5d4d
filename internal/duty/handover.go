package duty

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// Handover is what a shift leaves to the next: what is open, and what else
// there is to know.
type Handover struct {
	ID         string     `json:"id"`
	Shift      string     `json:"shift"`
	ShiftName  msg.Text   `json:"shift_name"`
	ToShift    string     `json:"to_shift"`
	From       Officer    `json:"from"`
	Notes      string     `json:"notes"`
	Open       OpenWork   `json:"open" doc:"as it was then"`
	At         time.Time  `json:"at"`
	AcceptedAt *time.Time `json:"accepted_at"`
	AcceptedBy *Officer   `json:"accepted_by"`
	Comment    string     `json:"comment"`
}

var (
	errHandover    = fault.Define(fault.Invalid, "duty.handover", "the hand-over is not complete", "bàn giao chưa hợp lệ")
	errNoHandover  = fault.Define(fault.NotFound, "duty.no_handover", "there is no hand-over {id}", "không có biên bản bàn giao {id}")
	errWaiting     = fault.Define(fault.Conflict, "duty.handover_waits", "a hand-over of this shift waits to be accepted", "ca này đã có bàn giao đang chờ nhận")
	errAccepted    = fault.Define(fault.Conflict, "duty.handover_accepted", "{name} has accepted it already", "{name} đã nhận bàn giao này")
	errNotIncoming = fault.Define(fault.Forbidden, "duty.not_incoming", "only somebody of the incoming shift, or a leader of the IOC, can accept", "chỉ người của ca sau hoặc lãnh đạo IOC được nhận bàn giao")
)

// waitFor is how long after the beginning of the incoming shift a hand-over
// may wait before its lead is reminded.
const waitFor = 15 * time.Minute

// HandOver writes the hand-over of a shift, with what is open now.
func (s *Service) HandOver(ctx context.Context, actor access.Actor, shift, notes string) (h Handover, err error) {
	if err := access.Require(actor, access.DutyLog, access.Scope{}); err != nil {
		return Handover{}, err
	}
	notes = tidy(notes)
	if len([]rune(notes)) > 10000 {
		return Handover{}, errHandover.With().At("notes", errText.With("max", 10000))
	}
	open, err := s.open(ctx) // before the transaction: it reads by itself
	if err != nil {
		return Handover{}, err
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		out, ok, err := findShift(tx, shift)
		if err != nil {
			return err
		}
		if !ok {
			return errNoShift.With("id", shift)
		}
		if _, waits, err := waitingHandover(tx, shift); err != nil {
			return err
		} else if waits {
			return errWaiting.With()
		}
		h = Handover{ID: uid.New(tx.Now), Shift: shift, ShiftName: out.Name, From: Officer{ID: actor.ID, Name: actor.Name}, Notes: notes, Open: open, At: tx.Now}
		next, ok, err := shiftAfter(tx, out.To)
		if err != nil {
			return err
		}
		remind := tx.Now
		if ok {
			h.ToShift = next.ID
			if next.From.After(remind) {
				remind = next.From
			}
		}
		if err := insertHandover(tx, h, remind.Add(waitFor)); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.duty.handed_over." + h.ID, Entity: "duty_handover", EntityID: h.ID, After: h, Summary: "Bàn giao " + out.Name.Vi})
		return nil
	})
	return h, err
}

// Accept takes a hand-over over.
func (s *Service) Accept(ctx context.Context, actor access.Actor, id, comment string) (h Handover, err error) {
	if err := access.Require(actor, access.DutyLog, access.Scope{}); err != nil {
		return Handover{}, err
	}
	comment = clip(tidy(comment), 2000)
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, ok, err := findHandover(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoHandover.With("id", id)
		}
		if before.AcceptedBy != nil {
			return errAccepted.With("name", before.AcceptedBy.Name)
		}
		if may, err := mayAccept(tx, actor, before); err != nil {
			return err
		} else if !may {
			return errNotIncoming.With()
		}
		if err := acceptHandover(tx, id, comment); err != nil {
			return err
		}
		h, _, err = findHandover(tx, id)
		tx.Emit(store.Event{Subject: "ioc.duty.accepted." + id, Entity: "duty_handover", EntityID: id, Before: before, After: h, Summary: "Nhận bàn giao " + h.ShiftName.Vi})
		return err
	})
	return h, err
}

func mayAccept(tx *store.Tx, actor access.Actor, h Handover) (bool, error) {
	if actor.Has(access.IOCLeader) {
		return true, nil
	}
	next, ok, err := findShift(tx, h.ToShift)
	if err != nil || !ok { // no shift is planned: whoever keeps the book
		return !ok, err
	}
	for _, o := range next.People {
		if o.User == actor.ID {
			return true, nil
		}
	}
	return false, nil
}

// Handovers are the newest hand-overs.
func (s *Service) Handovers(ctx context.Context, actor access.Actor, limit int) (hs []Handover, err error) {
	if err := ownBook(actor); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		hs, err = listHandovers(tx, limit)
		return err
	})
	return hs, err
}

// sweepEvery is how often Run looks for hand-overs that wait too long.
const sweepEvery = 5 * time.Second

// Run reminds the incoming lead of hand-overs that wait, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	s.everybody(ctx) // before the first question, which may come inside a transaction
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.remind(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("waiting hand-overs could not be looked for", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *Service) remind(ctx context.Context) error {
	var waiting []Handover
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		waiting, err = handoversToRemind(tx, tx.Now)
		return err
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	return s.db.Write(ctx, access.System("duty"), func(tx *store.Tx) error {
		again, err := handoversToRemind(tx, tx.Now)
		if err != nil {
			return err
		}
		for _, h := range again {
			to, err := s.incoming(tx, h)
			if err != nil {
				return err
			}
			if err := markReminded(tx, h.ID); err != nil {
				return err
			}
			err = s.notify.Enqueue(tx, notify.Message{Key: "duty.handover." + h.ID, Topic: notify.TopicDuty, Severity: alertevent.Notice, Unit: IOC, Link: "/duty",
				Title: msg.Text{Vi: "Bàn giao ca chưa được nhận", En: "A hand-over waits to be accepted"},
				Text:  msg.Text{Vi: h.ShiftName.Vi + ": " + h.From.Name + " đã bàn giao, chờ nhận quá 15 phút", En: h.ShiftName.En + ": handed over by " + h.From.Name + ", waiting for more than 15 minutes"},
				To:    to})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// incoming are the leads of the shift that takes over, or whoever is on.
func (s *Service) incoming(tx *store.Tx, h Handover) ([]notify.Recipient, error) {
	next, ok, err := findShift(tx, h.ToShift)
	if err != nil {
		return nil, err
	}
	var to []notify.Recipient
	if ok {
		for _, o := range next.People {
			if o.Post != PostOfficer {
				to = append(to, notify.Recipient{User: o.User, Name: o.Name, Level: LevelShift})
			}
		}
	}
	if len(to) > 0 {
		return to, nil
	}
	a, err := s.Recipients(tx, Query{Unit: IOC, Level: LevelFocal})
	return a.To, err
}
