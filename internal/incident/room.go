package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
)

// lead names the lead unit and the helpers, and tells them.
func (s *Service) lead(tx *store.Tx, i *Incident, lead *string, helping []string) error {
	data := map[string]any{}
	fresh := []string{}
	if lead != nil && *lead != i.LeadUnit {
		name, ok := "", true
		if *lead != "" {
			if name, ok = s.unitName(*lead, tx.Now); !ok {
				return errStep.With().At("lead_unit", errUnit.With("unit", clip(*lead, 40)))
			}
			fresh = append(fresh, *lead)
		}
		data["lead_unit"], data["lead_unit_name"], data["lead_unit_before"] = *lead, name, i.LeadUnit
		i.LeadUnit, i.LeadUnitName = *lead, name
	}
	if helping != nil {
		had := i.units()
		refs := []UnitRef{}
		for _, code := range helping {
			name, ok := s.unitName(code, tx.Now)
			if !ok {
				return errStep.With().At("helping_units", errUnit.With("unit", clip(code, 40)))
			}
			if code == i.LeadUnit || slices.ContainsFunc(refs, func(u UnitRef) bool { return u.Code == code }) {
				continue
			}
			refs = append(refs, UnitRef{code, name})
			if !slices.Contains(had, code) {
				fresh = append(fresh, code)
			}
		}
		data["helping_units"] = refs
		i.HelpingUnits = refs
	}
	i.HelpingUnits = slices.DeleteFunc(slices.Clone(i.HelpingUnits), func(u UnitRef) bool { return u.Code == i.LeadUnit })
	if i.LeadUnit != "" {
		i.dispatch(tx.Now)
	}
	if err := s.entry(tx, Entry{incident: i.ID, Step: StepLead, From: string(i.State), To: string(i.State), Data: data}); err != nil {
		return err
	}
	for _, u := range fresh {
		what := text("Sự cố "+i.Number+": đơn vị phối hợp", "Incident "+i.Number+": you help")
		if u == i.LeadUnit {
			what = text("Sự cố "+i.Number+": đơn vị chủ trì", "Incident "+i.Number+": you lead")
		}
		if err := s.tell(tx, notify.Message{
			Key: fmt.Sprintf("incident/%s/lead/%s/%d", i.ID, u, i.Version), Topic: notify.TopicTask, Severity: i.Severity, Service: i.Service,
			Title: what, Text: text(i.Title+place(i), i.Title+place(i)), Link: "/incidents/" + i.ID, Incident: i.ID,
		}, duty.Query{Unit: u, Service: i.Service, Area: i.Area, Severity: i.Severity, Level: duty.LevelFocal}, nil); err != nil {
			return err
		}
	}
	return nil
}

// Do takes a step with an incident.
func (s *Service) Do(ctx context.Context, actor access.Actor, id string, step Step) (Incident, error) {
	if err := access.Require(actor, access.IncidentHandle, access.Scope{}); err != nil {
		return Incident{}, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, ok, err := readIncident(tx, actor.Reach(access.IncidentView), id)
		if err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
		}
		if err := may(tx, actor, id, access.IncidentHandle); err != nil {
			return err
		}
		return s.step(tx, before, step)
	})
	if err != nil {
		return Incident{}, err
	}
	return s.one(ctx, actor, id)
}

func (s *Service) step(tx *store.Tx, before Incident, step Step) error {
	i, err := before.apply(step, personOf(tx.Actor), tx.Now)
	if err != nil {
		return err
	}
	e := Entry{incident: i.ID, Step: step.Step, From: string(before.State), To: string(i.State), Comment: step.Comment, files: step.Attachments, Data: map[string]any{}}
	if err := s.attach(tx, step.Attachments, i.ID, "", step.Step); err != nil {
		return err
	}
	var removed []string
	switch step.Step {
	case StepConfirm:
		removed, err = s.confirm(tx, &i, step)
	case StepDismiss:
		removed, err = s.dismiss(tx, &i)
	case StepClose:
		err = s.mayClose(tx, &i)
	case StepMerge:
		return s.merge(tx, before, i, step, e)
	case StepSplit:
		return s.split(tx, before, i, step, e)
	case StepAddAlerts:
		err = s.addAlerts(tx, &i, step.Alerts, e.Data)
	case StepRemoveAlerts:
		removed, err = s.removeAlerts(tx, &i, step.Alerts, e.Data)
	case StepSeverity:
		e.Data["severity_before"], e.Data["severity"] = before.Severity, i.Severity
	case StepEdit:
		if i.Lon != before.Lon {
			i.Area = ""
		}
		s.locate(&i, tx.Now)
		if i.Title != before.Title {
			e.Data["title_before"], e.Data["title"] = before.Title, i.Title
		}
		if i.Severity != before.Severity {
			e.Data["severity_before"], e.Data["severity"] = before.Severity, i.Severity
		}
	}
	if err != nil {
		return err
	}
	if step.Step != StepLead { // lead writes its own
		if err := s.entry(tx, e); err != nil {
			return err
		}
	}
	switch step.Step {
	case StepConfirm, StepLead:
		if step.LeadUnit != nil || step.Helping != nil {
			if err := s.lead(tx, &i, step.LeadUnit, step.Helping); err != nil {
				return err
			}
		}
		if step.Step == StepLead && (step.Comment != "" || len(step.Attachments) > 0) {
			if err := s.entry(tx, Entry{incident: i.ID, Step: entryMessage, Comment: step.Comment, files: step.Attachments}); err != nil {
				return err
			}
			i.Messages++
		}
	}
	d := did(step.Step)
	return s.commit(tx, &before, &i, verb(step.Step), tx.Actor.Name+" "+d.Vi+" sự cố "+i.Number, removed)
}

// verb is the step's token in subjects.
func verb(step string) string {
	switch step {
	case StepConfirm:
		return "confirmed"
	case StepDismiss:
		return "dismissed"
	case StepResolve:
		return "resolved"
	case StepClose:
		return "closed"
	case StepReopen:
		return "reopened"
	case StepMerge:
		return "merged"
	}
	return "changed"
}

// confirm makes a proposal an incident, with all its alerts or those named.
func (s *Service) confirm(tx *store.Tx, i *Incident, step Step) (removed []string, err error) {
	alerts, err := alertsOf(tx, i.ID)
	if err != nil {
		return nil, err
	}
	kept := alerts[:0:0]
	for _, a := range alerts {
		if len(step.Alerts) > 0 && !slices.Contains(step.Alerts, a.ID) {
			a.incident, a.refused = "", true
			if err := putKnown(tx, &a); err != nil {
				return nil, err
			}
			removed = append(removed, a.ID)
			continue
		}
		kept = append(kept, a)
	}
	if len(step.Alerts) > 0 {
		taken, others, err := s.take(tx, i, step.Alerts)
		if err != nil {
			return nil, err
		}
		for from, ids := range others {
			if err := s.lost(tx, from, ids); err != nil {
				return nil, err
			}
		}
		kept = append(kept, taken...)
	}
	s.placed(i, kept, tx)
	if step.Severity.Valid() {
		i.Severity = step.Severity
	}
	return removed, s.assignSOP(tx, i, sopOf(kept), true)
}

func (s *Service) dismiss(tx *store.Tx, i *Incident) (removed []string, err error) {
	alerts, err := alertsOf(tx, i.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		a.incident, a.refused = "", true
		if err := putKnown(tx, &a); err != nil {
			return nil, err
		}
		removed = append(removed, a.ID)
	}
	cands, err := candidatesOf(tx, i.ID, mostAlerts)
	if err != nil {
		return nil, err
	}
	for _, a := range cands {
		a.candidate = ""
		if err := putKnown(tx, &a); err != nil {
			return nil, err
		}
	}
	return removed, nil
}

// mayClose asks what still stands in the way.
func (s *Service) mayClose(tx *store.Tx, i *Incident) error {
	tasks, err := tasksOf(tx, i.ID)
	if err != nil {
		return err
	}
	var open []string
	for _, t := range tasks {
		if t.State.open() {
			open = append(open, t.Number)
		}
	}
	if len(open) > 0 {
		n := len(open)
		if n > 5 {
			open = append(open[:5], "…")
		}
		return errTasks.With("n", n, "tasks", strings.Join(open, ", "))
	}
	if !i.ProofRequired {
		return nil
	}
	steps, err := sopStepsOf(tx, i.ID)
	if err != nil {
		return err
	}
	for _, st := range steps {
		if st.Proof && st.State == SOPOpen {
			return errProofFor.With("n", st.N, "step", st.Title)
		}
	}
	n, err := countFiles(tx, i.ID)
	if err == nil && n == 0 {
		return errProof.With()
	}
	return err
}

// takePart are the permissions of those who take part in an incident.
var takePart = []access.Permission{access.IncidentHandle, access.TaskAnswer, access.DirectiveGive}

// mayAnswer holds for whoever takes part in an incident.
func mayAnswer(actor access.Actor) error {
	for _, p := range takePart {
		if actor.Can(p, access.Scope{}) {
			return nil
		}
	}
	return access.Require(actor, access.IncidentHandle, access.Scope{})
}

// fill puts the files of the ids into a list that shows them.
func (s *Service) fill(tx *store.Tx, ids []string) ([]attachment.File, error) {
	if len(ids) == 0 {
		return []attachment.File{}, nil
	}
	return s.files.Files(tx, ids)
}
