package incident

import (
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

func (s *Service) addAlerts(tx *store.Tx, i *Incident, ids []string, data map[string]any) error {
	taken, others, err := s.take(tx, i, ids)
	if err != nil {
		return err
	}
	for from, moved := range others {
		if err := s.lost(tx, from, moved); err != nil {
			return err
		}
	}
	s.placed(i, taken, tx)
	for k, v := range alertData(taken) {
		data[k] = v
	}
	if i.SOP == "" && i.State == Open {
		return s.assignSOP(tx, i, sopOf(taken), true)
	}
	return nil
}

// removeAlerts takes alerts out, and refuses candidates.
func (s *Service) removeAlerts(tx *store.Tx, i *Incident, ids []string, data map[string]any) (removed []string, err error) {
	var gone []known
	for _, id := range ids {
		a, ok, err := readKnown(tx, id)
		if err != nil {
			return nil, err
		}
		switch {
		case !ok:
			return nil, errAlert.With("alert", clip(id, 40))
		case a.incident == i.ID:
			removed = append(removed, a.ID)
		case a.candidate == i.ID:
		default:
			return nil, errNotIn.With("alert", a.Number)
		}
		a.incident, a.candidate = "", ""
		if err := putKnown(tx, &a); err != nil {
			return nil, err
		}
		if err := refuse(tx, i.ID, a.ID); err != nil {
			return nil, err
		}
		gone = append(gone, a)
	}
	for k, v := range alertData(gone) {
		data[k] = v
	}
	return removed, nil
}

// merge moves everything of an incident into another.
func (s *Service) merge(tx *store.Tx, before, i Incident, step Step, e Entry) error {
	into, ok, err := readIncident(tx, tx.Actor.Reach(access.IncidentHandle), step.Into)
	if err != nil {
		return err
	}
	if !ok || into.ID == i.ID || into.State != Open {
		return errStep.With().At("into", errInto.With())
	}
	intoBefore := into
	alerts, err := alertsOf(tx, i.ID)
	if err != nil {
		return err
	}
	cands, err := candidatesOf(tx, i.ID, mostAlerts)
	if err != nil {
		return err
	}
	var ids []string
	for _, a := range append(slices.Clone(alerts), cands...) {
		if a.incident != "" {
			ids, a.incident = append(ids, a.ID), into.ID
		} else {
			a.candidate = into.ID
		}
		if err := putKnown(tx, &a); err != nil {
			return err
		}
	}
	tasks, err := tasksOf(tx, i.ID)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		t.Incident, t.IncidentNumber = into.ID, into.Number
		if err := s.commitTask(tx, &t, "moved", "Nhiệm vụ "+t.Number+" chuyển sang sự cố "+into.Number); err != nil {
			return err
		}
	}
	files, err := filesOf(tx, i.ID)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := putFile(tx, f.id, into.ID, f.task, f.step); err != nil {
			return err
		}
	}
	var helping []string
	for _, u := range append(into.units(), i.units()...) {
		if u != into.LeadUnit && !slices.Contains(helping, u) {
			helping = append(helping, u)
		}
	}
	into.HelpingUnits = nil
	for _, u := range helping {
		name, _ := s.unitName(u, tx.Now)
		into.HelpingUnits = append(into.HelpingUnits, UnitRef{u, name})
	}
	into.Severity = max(into.Severity, i.Severity)
	into.Messages += i.Messages
	if i.OpenedAt.Before(into.OpenedAt) { // it is as old as the older of the two
		into.OpenedAt = i.OpenedAt
		into.retime()
	}
	into.Version++
	into.Changed = Change{Step: StepMerge, By: personOf(tx.Actor), At: tx.Now}
	s.placed(&into, alerts, tx)
	e.Data["into"], e.Data["number"] = into.ID, into.Number
	if err := s.entry(tx, e); err != nil {
		return err
	}
	if err := s.commit(tx, &before, &i, "merged", tx.Actor.Name+" gộp sự cố "+i.Number+" vào "+into.Number, ids); err != nil {
		return err
	}
	if into.SOP == "" && i.SOP != "" {
		if err := s.assignSOP(tx, &into, i.SOP, true); err != nil {
			return err
		}
	}
	if err := s.entry(tx, Entry{incident: into.ID, Step: entryAbsorb, From: string(into.State), To: string(into.State), Comment: step.Comment,
		Data: map[string]any{"incident": i.ID, "number": i.Number, "title": i.Title, "alerts": len(ids), "tasks": len(tasks)}}); err != nil {
		return err
	}
	return s.commit(tx, &intoBefore, &into, "changed", "Sự cố "+into.Number+" nhận sự cố "+i.Number, nil)
}

// retime counts the times again from OpenedAt.
func (i *Incident) retime() {
	if i.AcknowledgedAt != nil {
		i.SecondsToAcknowledge = i.since(*i.AcknowledgedAt)
	}
	if i.DispatchedAt != nil {
		i.SecondsToDispatch = i.since(*i.DispatchedAt)
	}
	if i.ClearedAt != nil {
		i.SecondsToClear = i.since(*i.ClearedAt)
	}
}

// split opens a new incident with some of the alerts.
func (s *Service) split(tx *store.Tx, before, i Incident, step Step, e Entry) error {
	var moved []known
	for _, id := range step.Alerts {
		a, ok, err := readKnown(tx, id)
		if err != nil {
			return err
		}
		if !ok || a.incident != i.ID {
			return errStep.With().At("alerts", errNotIn.With("alert", clip(id, 40)))
		}
		moved = append(moved, a)
	}
	by := personOf(tx.Actor)
	n := Incident{
		ID: uid.New(tx.Now), Version: 1, State: Open, Service: i.Service, Severity: alertevent.Info, Title: moved[0].Title.Vi,
		OpenedAt: tx.Now, OpenedBy: &by, SplitFrom: i.ID, Changed: Change{Step: entryOpen, By: by, At: tx.Now},
	}
	if step.Title != nil {
		n.Title = strings.TrimSpace(*step.Title)
	}
	if n.Title == "" {
		n.Title = i.Title
	}
	if step.Text != nil {
		n.Text = strings.TrimSpace(*step.Text)
	}
	n.acknowledge(tx.Now)
	var err error
	if n.Number, err = nextNumber(tx, "SC", year(tx.Now)); err != nil {
		return err
	}
	var ids []string
	for _, a := range moved {
		n.Severity = max(n.Severity, a.Severity)
		ids = append(ids, a.ID)
		if err := refuse(tx, i.ID, a.ID); err != nil {
			return err
		}
		a.incident = n.ID
		if err := putKnown(tx, &a); err != nil {
			return err
		}
	}
	if step.Severity.Valid() {
		n.Severity = step.Severity
	}
	s.placed(&n, moved, tx)
	e.Data["incident"], e.Data["number"], e.Data["alerts"] = n.ID, n.Number, alertData(moved)["alerts"]
	if err := s.entry(tx, e); err != nil {
		return err
	}
	if err := s.commit(tx, &before, &i, "changed", tx.Actor.Name+" tách sự cố "+n.Number+" từ "+i.Number, ids); err != nil {
		return err
	}
	data := alertData(moved)
	data["incident"], data["number"] = i.ID, i.Number
	if err := s.entry(tx, Entry{incident: n.ID, Step: entryOpen, To: string(Open), Comment: step.Comment, Data: data}); err != nil {
		return err
	}
	if err := s.assignSOP(tx, &n, sopOf(moved), true); err != nil {
		return err
	}
	if step.LeadUnit != nil || step.Helping != nil {
		if err := s.lead(tx, &n, step.LeadUnit, step.Helping); err != nil {
			return err
		}
	}
	return s.commit(tx, nil, &n, "opened", "Mở sự cố "+n.Number+" tách từ "+i.Number, nil)
}
