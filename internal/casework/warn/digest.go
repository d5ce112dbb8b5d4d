package warn

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/workcal"
)

// people are the people of a unit itself at a level; those above a unit that
// has nobody are not told of each of its files.
func (s *Service) people(tx *store.Tx, unit string, level int) ([]notify.Recipient, error) {
	if s.o.Recipients == nil {
		return nil, nil
	}
	a, err := s.o.Recipients(tx, duty.Query{Unit: unit, Service: "case", Severity: alertevent.Warning, Level: level})
	if err != nil || level > duty.LevelLeader {
		return a.To, err
	}
	own := a.To[:0:0]
	for _, r := range a.To {
		if r.Level <= duty.LevelLeader && (r.Unit == unit || r.Unit == a.Unit) {
			own = append(own, r)
		}
	}
	return own, nil
}

// late is how long after its hour a digest is still worth sending, when the
// program was off.
const late = 2 * time.Hour

// slots are the last instant of a digest that is due at now, zero for none,
// and the next.
func (s *Service) slots(now time.Time) (due, next time.Time) {
	for day, i := caltime.Day(now), 0; i < 40; day, i = day.AddDate(0, 0, 1), i+1 {
		set := s.settingsAt(day)
		if !set.Enabled || !s.calendar().IsWorkday(day) {
			continue
		}
		for _, d := range set.Digests { // in order
			at, _ := workcal.ReadClock(d)
			switch slot := day.Add(at); {
			case slot.After(now):
				return due, slot
			case now.Sub(slot) < late:
				due = slot
			}
		}
	}
	return due, next
}

// sweepDigests sends the digests that are due and says when the next are. One
// transaction for each, remembered by its slot: a restart goes on where it was.
func (s *Service) sweepDigests(ctx context.Context) (time.Time, error) {
	slot, next := s.slots(s.clock.Now())
	if slot.IsZero() {
		return next, nil
	}
	mark := slot.UTC().Format(time.RFC3339)
	var waiting []Warning
	done := false
	if err := s.db.Read(ctx, func(tx *store.Tx) error {
		last, err := state(tx, "digested")
		if done = last >= mark; err != nil || done {
			return err
		}
		waiting, err = listWarnings(tx, warningFilter{reach: access.Reach{{Ceiling: access.Sensitive}}, limit: mostDigested})
		return err
	}); err != nil || done {
		return next, err
	}
	units, officers := map[string][]Warning{}, map[string][]Warning{}
	for _, w := range waiting {
		if w.Rule == NoApology { // each is overdue too
			continue
		}
		units[w.Unit] = append(units[w.Unit], w)
		if w.OfficerUser != "" {
			officers[w.OfficerUser] = append(officers[w.OfficerUser], w)
		}
	}
	var lost []Warning // of units that have nobody
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		if unit == "" { // nobody has said which unit it is
			lost = append(lost, units[unit]...)
			continue
		}
		told, err := s.digest(ctx, slot, unit, "", units[unit])
		if err != nil {
			return next, err
		}
		if !told {
			lost = append(lost, units[unit]...)
		}
	}
	for _, user := range slices.Sorted(maps.Keys(officers)) {
		if _, err := s.digest(ctx, slot, officers[user][0].Unit, user, officers[user]); err != nil {
			return next, err
		}
	}
	if len(lost) > 0 {
		if _, err := s.digest(ctx, slot, "", "", lost); err != nil {
			return next, err
		}
	}
	return next, s.db.Keep(ctx, func(tx *store.Tx) error { return setState(tx, "digested", mark) })
}

// mostDigested bounds what one digest run reads.
const mostDigested = 200_000

// digest sends one; false when the unit has nobody to be told.
func (s *Service) digest(ctx context.Context, slot time.Time, unit, officer string, ws []Warning) (told bool, err error) {
	d := Digest{slot: slot, Unit: unit, Officer: officer, To: []string{}}
	if unit != "" {
		d.UnitName = ws[0].UnitName
	}
	for _, w := range ws {
		if w.Rule == NearDue {
			d.NearDue++
		} else {
			d.Overdue++
		}
	}
	err = s.db.Write(ctx, access.System("casework"), func(tx *store.Tx) error {
		to, err := s.digestTo(tx, unit, officer, ws)
		if err != nil {
			return err
		}
		told = len(to) > 0
		if !told {
			return nil // it is in the one of those that have nobody
		}
		for _, r := range to {
			d.To = append(d.To, r.Name)
		}
		d.ID, d.At = uid.New(tx.Now), tx.Now
		text := digestText(d, ws)
		d.Text = text.Vi
		fresh, err := insertDigest(tx, d)
		if err != nil || !fresh {
			return err
		}
		title := labelled(digestTitle(d), !slices.ContainsFunc(ws, func(w Warning) bool { return !w.Synthetic }))
		key := unit
		if key == "" {
			key = "-"
		}
		tx.Emit(store.Event{Subject: "ioc.case.digested." + key, Entity: "case_digest", EntityID: d.ID, Summary: title.Vi,
			After: map[string]any{"unit": unit, "officer": officer, "slot": slot.UTC(), "near_due": d.NearDue, "overdue": d.Overdue, "people": len(to)}})
		if s.o.Notify == nil {
			return nil
		}
		link := "/cases?class=near_due,overdue"
		if unit != "" && officer == "" {
			link += "&unit=" + unit
		}
		severity := alertevent.Notice
		if d.Overdue > 0 {
			severity = alertevent.Warning
		}
		return s.o.Notify.Enqueue(tx, notify.Message{Key: "case-digest:" + slot.UTC().Format(time.RFC3339) + ":" + unit + ":" + officer, Topic: notify.TopicDigest,
			Severity: severity, Service: "case", Unit: unit, Title: title, Text: text, Link: link, To: to})
	})
	return told, err
}

// digestTo are the officer, or the focal officers and leaders of the unit, or
// for what nobody answers the shift of the IOC.
func (s *Service) digestTo(tx *store.Tx, unit, officer string, ws []Warning) ([]notify.Recipient, error) {
	switch {
	case officer != "":
		return []notify.Recipient{{User: officer, Name: ws[0].OfficerName, Unit: unit, Level: duty.LevelFocal}}, nil
	case unit == "" && s.o.Recipients == nil:
		return nil, nil
	case unit == "":
		a, err := s.o.Recipients(tx, duty.Query{Unit: duty.IOC, Service: "case", Severity: alertevent.Notice, Level: duty.LevelFocal})
		return a.To, err
	}
	to, err := s.people(tx, unit, duty.LevelFocal)
	if err != nil {
		return nil, err
	}
	leaders, err := s.people(tx, unit, duty.LevelLeader)
	for _, l := range leaders {
		if !slices.ContainsFunc(to, func(r notify.Recipient) bool { return r.User == l.User }) {
			to = append(to, l)
		}
	}
	return to, err
}

func digestTitle(d Digest) msg.Text {
	name, nameEn := d.UnitName, d.UnitName
	switch {
	case d.Officer != "":
		name, nameEn = "Hồ sơ của tôi", "My files"
	case d.Unit == "":
		name, nameEn = "Đơn vị chưa có người nhận", "Units with nobody to be told"
	}
	return msg.Text{Vi: fmt.Sprintf("%s: %d hồ sơ sắp đến hạn, %d quá hạn", name, d.NearDue, d.Overdue),
		En: fmt.Sprintf("%s: %d files near their due date, %d overdue", nameEn, d.NearDue, d.Overdue)}
}

// digestText lists the files by their date, the longest overdue first; of many
// units it counts.
func digestText(d Digest, ws []Warning) msg.Text {
	if d.Unit == "" && d.Officer == "" {
		var vi, en []string
		byUnit := map[string][2]int{}
		for _, w := range ws {
			name := w.UnitName
			if name == "" {
				name = "—"
			}
			n := byUnit[name]
			if w.Rule == NearDue {
				n[0]++
			} else {
				n[1]++
			}
			byUnit[name] = n
		}
		for _, name := range slices.Sorted(maps.Keys(byUnit)) {
			n := byUnit[name]
			vi = append(vi, fmt.Sprintf("%s: %d sắp đến hạn, %d quá hạn", name, n[0], n[1]))
			en = append(en, fmt.Sprintf("%s: %d near the due date, %d overdue", name, n[0], n[1]))
		}
		return msg.Text{Vi: strings.Join(vi, "\n"), En: strings.Join(en, "\n")}
	}
	return listed(len(ws), func(i int) msg.Text { // by due date
		w := &ws[i]
		who := w.OfficerName
		if who == "" {
			who = w.Officer
		}
		if who != "" && d.Officer == "" {
			who = " · " + who
		} else {
			who = ""
		}
		state := msg.Text{Vi: "hạn ", En: "due "}
		if w.Rule == Overdue {
			state = msg.Text{Vi: "quá hạn từ ", En: "overdue since "}
		}
		return labelled(msg.Text{Vi: w.Code + " · " + state.Vi + caltime.FormatVi(w.Due) + who, En: w.Code + " · " + state.En + caltime.FormatEn(w.Due) + who}, w.Synthetic)
	})
}
