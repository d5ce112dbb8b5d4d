package incident

import (
	"context"
	"strings"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// Draft is an incident that a person opens.
type Draft struct {
	Title, Text string
	Service     string
	Severity    alertevent.Severity
	Alerts      []string
	LeadUnit    string
	Place       string
	Lon, Lat    *float64
	SOP         string
	Attachments []string
}

func (d *Draft) check() error {
	bad := errStep.With()
	d.Title, d.Text, d.Place = strings.TrimSpace(vi.NFC(d.Title)), strings.TrimSpace(vi.NFC(d.Text)), strings.TrimSpace(vi.NFC(d.Place))
	checkTitle(bad, d.Title)
	if utf8.RuneCountInString(d.Text) > mostText {
		bad.At("text", errTooLong.With("limit", mostText))
	}
	if utf8.RuneCountInString(d.Place) > mostTitle {
		bad.At("place", errTooLong.With("limit", mostTitle))
	}
	if d.Service == "" || len(d.Service) > 60 {
		bad.At("service", errNeeded.With())
	}
	if !d.Severity.Valid() {
		bad.At("severity", errSeverity.With())
	}
	if len(d.Alerts) > mostAlerts {
		bad.At("alerts", errTooLong.With("limit", mostAlerts))
	}
	checkPlace(bad, d.Lon, d.Lat)
	return orNil(bad)
}

// Open opens an incident by hand, from alerts or from nothing.
func (s *Service) Open(ctx context.Context, actor access.Actor, d Draft) (Incident, error) {
	if err := access.Require(actor, access.IncidentHandle, access.Scope{Service: d.Service}); err != nil {
		return Incident{}, err
	}
	if err := d.check(); err != nil {
		return Incident{}, err
	}
	var i Incident
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		by := personOf(actor)
		i = Incident{
			ID: uid.New(tx.Now), Version: 1, State: Open, Title: d.Title, Text: d.Text, Service: d.Service, Severity: d.Severity,
			Lon: d.Lon, Lat: d.Lat, Place: d.Place, OpenedAt: tx.Now, OpenedBy: &by, Changed: Change{Step: entryOpen, By: by, At: tx.Now},
		}
		i.acknowledge(tx.Now)
		var err error
		if i.Number, err = nextNumber(tx, "SC", year(tx.Now)); err != nil {
			return err
		}
		taken, removed, err := s.take(tx, &i, d.Alerts)
		if err != nil {
			return err
		}
		for from, ids := range removed { // the proposals that lost them
			if err := s.lost(tx, from, ids); err != nil {
				return err
			}
		}
		s.placed(&i, taken, tx)
		if err := s.attach(tx, d.Attachments, i.ID, "", entryOpen); err != nil {
			return err
		}
		if err := s.entry(tx, Entry{incident: i.ID, Step: entryOpen, To: string(Open), files: d.Attachments, Data: alertData(taken)}); err != nil {
			return err
		}
		if d.SOP == "" {
			d.SOP = sopOf(taken)
		}
		if err := s.assignSOP(tx, &i, d.SOP, true); err != nil {
			return err
		}
		if d.LeadUnit != "" {
			if err := s.lead(tx, &i, &d.LeadUnit, nil); err != nil {
				return err
			}
		}
		return s.commit(tx, nil, &i, "opened", "Mở sự cố "+i.Number+": "+i.Title, nil)
	})
	if err != nil {
		return Incident{}, err
	}
	return s.one(ctx, actor, i.ID)
}

// placed gives an incident the place of its alerts where it has none.
func (s *Service) placed(i *Incident, alerts []known, tx *store.Tx) {
	for _, a := range alerts {
		i.Estimated = i.Estimated || a.Estimated
		if i.Lon == nil && a.Lon != nil && a.Lat != nil {
			i.Lon, i.Lat = a.Lon, a.Lat
			if i.Place == "" {
				i.Place = a.Place
			}
			if i.Area == "" {
				i.Area = a.Area
			}
		}
	}
	for _, a := range alerts { // a place in words is better than none
		if i.Place == "" {
			i.Place = a.Place
		}
		if i.Area == "" && i.Lon == nil {
			i.Area = a.Area
		}
	}
	s.locate(i, tx.Now)
}

func alertData(alerts []known) map[string]any {
	if len(alerts) == 0 {
		return nil
	}
	var list []map[string]any
	for _, a := range alerts {
		list = append(list, map[string]any{"id": a.ID, "number": a.Number, "title": a.Title})
	}
	return map[string]any{"alerts": list}
}

// sopOf is the procedure that the rule of the gravest alert names, among those
// whose rules name one; of equals, that of the first.
func sopOf(alerts []known) (sop string) {
	var gravest alertevent.Severity
	for _, a := range alerts {
		if a.SOP != "" && (sop == "" || a.Severity > gravest) {
			gravest, sop = a.Severity, a.SOP
		}
	}
	return sop
}

// take moves alerts into the incident. removed are the proposals that lost
// alerts by it; an alert of a confirmed incident stays there.
func (s *Service) take(tx *store.Tx, i *Incident, ids []string) (taken []known, removed map[string][]string, err error) {
	removed = map[string][]string{}
	done := map[string]bool{}
	for _, id := range ids {
		if done[id] {
			continue
		}
		done[id] = true
		a, ok, err := readKnown(tx, id)
		if err != nil {
			return nil, nil, err
		}
		if !ok && s.o.Alert != nil {
			a = known{}
			if a.Alert, ok, err = s.o.Alert(tx, id); err != nil {
				return nil, nil, err
			}
		}
		if !ok {
			return nil, nil, errAlert.With("alert", clip(id, 40))
		}
		if a.incident == i.ID {
			continue
		}
		if a.incident != "" {
			other, there, err := readIncident(tx, everything, a.incident)
			if err != nil {
				return nil, nil, err
			}
			if there && other.State != Proposed && other.State != Dismissed {
				return nil, nil, errTaken.With("alert", a.Number, "incident", other.Number)
			}
			if there && other.State == Proposed {
				removed[other.ID] = append(removed[other.ID], a.ID)
			}
		}
		a.incident, a.candidate, a.seen = i.ID, "", true
		if err := putKnown(tx, &a); err != nil {
			return nil, nil, err
		}
		taken = append(taken, a)
	}
	return taken, removed, nil
}

// lost is what becomes of a proposal some of whose alerts went elsewhere: with
// none left it is dismissed.
func (s *Service) lost(tx *store.Tx, id string, ids []string) error {
	p, ok, err := readIncident(tx, everything, id)
	if err != nil || !ok || p.State != Proposed {
		return err
	}
	left, err := alertsOf(tx, id)
	if err != nil {
		return err
	}
	before := p
	step := "changed"
	p.Version++
	p.Changed = Change{Step: StepRemoveAlerts, By: personOf(tx.Actor), At: tx.Now}
	if len(left) == 0 {
		p.State, step = Dismissed, "dismissed"
		p.Changed.Step = StepDismiss
	}
	if err := s.entry(tx, Entry{incident: id, Step: p.Changed.Step, From: string(Proposed), To: string(p.State), Data: map[string]any{"alerts_moved": ids}}); err != nil {
		return err
	}
	return s.commit(tx, &before, &p, step, "Đề xuất "+p.Number+" mất cảnh báo cho sự cố khác", ids)
}

func place(i *Incident) string {
	if i.Place == "" {
		return ""
	}
	return " – " + i.Place
}
