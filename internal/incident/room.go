package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/notify"
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

func sopOf(alerts []known) string {
	for _, a := range alerts {
		if a.SOP != "" {
			return a.SOP
		}
	}
	return ""
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
			other, there, err := readIncident(tx, "", a.incident)
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
	p, ok, err := readIncident(tx, "", id)
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

func place(i *Incident) string {
	if i.Place == "" {
		return ""
	}
	return " – " + i.Place
}

// Do takes a step with an incident.
func (s *Service) Do(ctx context.Context, actor access.Actor, id string, step Step) (Incident, error) {
	if err := access.Require(actor, access.IncidentHandle, access.Scope{}); err != nil {
		return Incident{}, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, ok, err := readIncident(tx, actor.Limit(), id)
		if err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
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
	into, ok, err := readIncident(tx, "", step.Into)
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

// Say adds a message to the thread.
func (s *Service) Say(ctx context.Context, actor access.Actor, id, words string, files []string) (Message, error) {
	if err := mayAnswer(actor); err != nil {
		return Message{}, err
	}
	words = strings.TrimSpace(vi.NFC(words))
	bad := errStep.With()
	switch {
	case words == "" && len(files) == 0:
		bad.At("text", errNeeded.With())
	case utf8.RuneCountInString(words) > mostComment:
		bad.At("text", errTooLong.With("limit", mostComment))
	}
	if err := orNil(bad); err != nil {
		return Message{}, err
	}
	m := Message{By: personOf(actor), Text: words}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		i, ok, err := readIncident(tx, actor.Limit(), id)
		if err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
		}
		if !i.State.active() && i.State != Closed {
			return errState.With("state", i.State.Title(), "did", text("trao đổi", "talked about"))
		}
		if err := s.attach(tx, files, i.ID, "", entryMessage); err != nil {
			return err
		}
		p := m.By
		e := Entry{incident: i.ID, Step: entryMessage, Comment: words, files: files, Actor: &p, Data: map[string]any{}}
		if err := insertEntry(tx, &e); err != nil {
			return err
		}
		m.ID, m.At = e.ID, e.At
		if m.Attachments, err = s.files.Files(tx, files); err != nil {
			return err
		}
		before := i
		i.Messages++
		return s.commit(tx, &before, &i, "message", actor.Name+" nhắn trong sự cố "+i.Number, nil)
	})
	return m, err
}

// mayAnswer holds for whoever takes part in an incident.
func mayAnswer(actor access.Actor) error {
	for _, p := range []access.Permission{access.IncidentHandle, access.TaskAnswer, access.DirectiveGive} {
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
