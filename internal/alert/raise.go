package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/incident/incidentevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// Subjects are those that OnFact wants to hear.
var Subjects = []string{alertevent.SubjectCondition, alertevent.SubjectCaseCondition, incidentevent.SubjectIncident}

// OnFact is the reaction to what others say: a condition that began, changed
// or ended, an incident that took an alert in or let it go. It is called
// inside the transaction of outbox.Follow.
func (s *Service) OnFact(tx *store.Tx, f outbox.Fact) error {
	if len(f.After) == 0 {
		if f.Omitted {
			return fmt.Errorf("fact %s was too large to travel", f.ID)
		}
		return nil
	}
	switch {
	case strings.HasPrefix(f.Subject, alertevent.SubjectCondition), strings.HasPrefix(f.Subject, alertevent.SubjectCaseCondition):
		var c alertevent.Condition
		if err := json.Unmarshal(f.After, &c); err != nil {
			return fmt.Errorf("condition of fact %s: %w", f.ID, err)
		}
		return s.OnCondition(tx, c)
	case strings.HasPrefix(f.Subject, incidentevent.SubjectIncident) && f.Entity == "incident":
		var i incidentevent.Incident
		if err := json.Unmarshal(f.After, &i); err != nil {
			return fmt.Errorf("incident of fact %s: %w", f.ID, err)
		}
		return s.onIncident(tx, i)
	}
	return nil
}

// OnCondition takes what somebody says of a condition, inside his transaction.
// What is not newer than what was told before is ignored.
func (s *Service) OnCondition(tx *store.Tx, c alertevent.Condition) error {
	if c.Fingerprint == "" || c.At.IsZero() || c.Severity < alertevent.None || c.Severity > alertevent.Emergency {
		return fmt.Errorf("condition %q of rule %s at %v with severity %d cannot be", c.Fingerprint, c.Rule, c.At, c.Severity)
	}
	cfg, err := s.current(tx)
	if err != nil {
		return err
	}
	mem, known, err := readCondition(tx, c.Fingerprint)
	if err != nil {
		return err
	}
	if known && !c.At.After(mem.lastAt) {
		return nil
	}
	was, told := mem.active, mem.severity
	mem.lastAt, mem.active, mem.severity = c.At, c.Severity > 0, c.Severity
	if !was && mem.active {
		mem.activations = within(append(mem.activations, store.Micros(tx.Now)), tx.Now, cfg.settings.Flap)
	}
	var a Alert
	if known && mem.alert != "" {
		if a, known, err = readAlert(tx, mem.alert); err != nil {
			return err
		}
	}
	switch {
	case known && a.open() && !mem.flapDue.IsZero():
		err = s.hold(tx, cfg, &mem, a, &c)
	case known && a.open():
		a, err = s.follow(tx, a, &c)
	case c.Severity == alertevent.None:
	case known && was && c.Severity <= told:
		// Somebody closed it while it lasted: it comes back when it gets worse,
		// or ends and begins again.
	default:
		mem.flapDue, mem.held = time.Time{}, 0
		if a, err = s.raise(tx, cfg, &c, nil); err == nil {
			mem.alert = a.ID
		}
	}
	if err != nil {
		return err
	}
	if mem.active && !was && mem.flapDue.IsZero() {
		if err := s.startFlap(tx, cfg, &mem, a); err != nil {
			return err
		}
	}
	return putCondition(tx, c.Fingerprint, &mem)
}

// follow brings an open alert to what its condition says now.
func (s *Service) follow(tx *store.Tx, a Alert, c *alertevent.Condition) (Alert, error) {
	do := Command{Actor: access.System("alert"), At: c.At, Value: c.Value, Title: c.Title, Text: c.Text, Severity: c.Severity, Data: map[string]any{}}
	switch {
	case c.Severity == alertevent.None && !a.Active:
		return a, nil
	case c.Severity == alertevent.None:
		do.Verb = Resolve
	case !a.Active:
		do.Verb = Reactivate
	case c.Severity == a.Severity:
		return a, nil
	default:
		do.Verb = Severity
	}
	if c.Value != nil {
		do.Data["value"] = *c.Value
	}
	if c.Severity > a.Severity {
		next := a
		next.Version++
		hash, err := s.freeze(tx, &next, c)
		if err != nil {
			return a, err
		}
		do.Data["evidence"] = hash
	}
	return s.moved(tx, a, do)
}

// moved is change for what the condition does: it may also change what keeps
// the alert quiet, and whom the alert keeps quiet.
func (s *Service) moved(tx *store.Tx, before Alert, do Command) (Alert, error) {
	cfg, err := s.current(tx)
	if err != nil {
		return before, err
	}
	after, err := s.change(tx, before, do)
	if err != nil {
		return after, err
	}
	if err := s.reenter(tx, cfg, &before, &after); err != nil {
		return after, err
	}
	if do.Verb == Severity || do.Verb == Reactivate {
		if after, err = s.judgeAgain(tx, cfg, after); err != nil {
			return after, err
		}
		if after.Severity > before.Severity && after.SuppressedBy == nil && !after.Direct && after.Times.DispatchedAt != nil && after.open() {
			return after, s.tellUnit(tx, &after, "severity")
		}
	}
	if do.Verb == Resolve && after.Direct && after.open() {
		return s.change(tx, after, Command{Verb: Close, Actor: access.System("alert"), Comment: "tự đóng: không còn điều kiện cảnh báo"})
	}
	if do.Verb == Resolve && cfg.settings.AutoClose && after.State == Raised && after.PeakSeverity == alertevent.Info {
		return s.change(tx, after, Command{Verb: Close, Actor: access.System("alert"), Comment: "tự đóng: hiện tượng đã hết"})
	}
	return after, nil
}

// raise makes the alert of a condition.
func (s *Service) raise(tx *store.Tx, cfg *config, c *alertevent.Condition, files []string) (Alert, error) {
	a := Alert{
		ID: uid.New(tx.Now), Version: 1, State: Raised, Active: true, Severity: c.Severity, PeakSeverity: c.Severity,
		Service: c.Service, Kind: c.Kind, Rule: c.Rule, RuleVersion: c.RuleVersion, RuleName: c.RuleName, Title: c.Title, Text: c.Text,
		Place: c.Place, Lon: finite(c.Lon), Lat: finite(c.Lat), Area: c.Area, AreaName: s.areaName(c.Area), Thing: c.Thing, Datastream: c.Datastream,
		Value: finite(c.Value), UnitSymbol: c.UnitSymbol, Since: c.Since, RaisedAt: tx.Now, UpdatedAt: tx.Now, SOP: c.SOP, Runbook: c.Runbook,
		Estimated: c.Estimated, Direct: c.Direct, Labels: c.Labels, fingerprint: c.Fingerprint,
	}
	if a.Kind == "" {
		a.Kind = alertevent.KindRule
	}
	if a.Since.IsZero() {
		a.Since = c.At
	}
	if a.fingerprint == "" {
		a.fingerprint = "alert:" + a.ID
	}
	var err error
	if a.Unit = s.inForce(tx, c.Unit); a.Unit == "" {
		if a.Unit, err = s.responsible(tx, a.Service, a.Area); err != nil {
			return a, err
		}
		a.Unit = s.inForce(tx, a.Unit)
	}
	a.UnitName = s.unitName(a.Unit, tx.Now)
	if a.Number, err = nextNumber(tx); err != nil {
		return a, err
	}
	if a.SuppressedBy, err = s.judge(tx, cfg, &a); err != nil {
		return a, err
	}
	a.touched = touch{version: 1, by: tx.Actor.Name, step: Raise, at: tx.Now}
	a.begin(cfg.settings.limit(a.Severity, tx.Now), tx.Now)
	if a.Direct {
		a.goDirect(tx.Now)
	}
	if err := s.join(tx, cfg, &a); err != nil {
		return a, err
	}
	if err := insertAlert(tx, &a); err != nil {
		return a, err
	}
	step := Step{N: 1, At: tx.Now, Actor: tx.Actor, Verb: Raise, To: a.State, Attachments: files, Data: map[string]any{"severity": int(a.Severity)}}
	more := ""
	if a.Kind != alertevent.KindManual {
		hash, err := s.freeze(tx, &a, c)
		if err != nil {
			return a, err
		}
		step.Data["evidence"] = hash
		more = " · sha256 " + hash
	}
	if a.SuppressedBy != nil {
		step.Data["suppressed_by"] = a.SuppressedBy
	}
	if err := insertStep(tx, a.ID, &step); err != nil {
		return a, err
	}
	s.tell(tx, nil, &a, &step, more)
	return a, s.enter(tx, cfg, &a)
}

// finite keeps what JSON cannot say out of a document.
func finite(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	return v
}

// Draft is an alert raised by hand.
type Draft struct {
	Title       msg.Text
	Text        msg.Text
	Severity    alertevent.Severity
	Service     string
	Place       string
	Lon, Lat    *float64
	Area        string
	Unit        string
	Thing       string
	Attachments []string
}

var (
	errDraft   = fault.Define(fault.Invalid, "alert.invalid", "the alert is not complete", "cảnh báo chưa đủ thông tin")
	errTitle   = fault.Define(fault.Invalid, "alert.title_missing", "say what is happening, in at most 300 characters", "cần nêu hiện tượng, dài nhất 300 ký tự")
	errService = fault.Define(fault.Invalid, "alert.service_missing", "say which service it concerns", "cần chọn lĩnh vực")
	errPlace   = fault.Define(fault.Invalid, "alert.position", "the position is not on the earth", "toạ độ không hợp lệ")
)

func (d *Draft) check() error {
	bad := errDraft.With()
	for _, t := range []*msg.Text{&d.Title, &d.Text} {
		t.Vi, t.En = strings.TrimSpace(vi.NFC(t.Vi)), strings.TrimSpace(vi.NFC(t.En))
		if t.Vi == "" {
			t.Vi = t.En
		}
		if t.En == "" {
			t.En = t.Vi
		}
	}
	d.Place = strings.TrimSpace(vi.NFC(d.Place))
	if n := max(len([]rune(d.Title.Vi)), len([]rune(d.Title.En))); n == 0 || n > 300 {
		bad.At("title", errTitle.With())
	}
	for path, s := range map[string]string{"text": d.Text.Vi + d.Text.En, "place": d.Place, "area": d.Area, "unit": d.Unit, "thing": d.Thing} {
		if limit := mostText; len([]rune(s)) > limit {
			bad.At(path, errTooLong.With("limit", limit))
		}
	}
	if !d.Severity.Valid() {
		bad.At("severity", errSeverity.With())
	}
	if d.Service == "" || len(d.Service) > 100 {
		bad.At("service", errService.With())
	}
	if (d.Lon == nil) != (d.Lat == nil) || d.Lon != nil && !(math.Abs(*d.Lon) <= 180 && math.Abs(*d.Lat) <= 90) {
		bad.At("lon", errPlace.With())
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Raise makes an alert by hand.
func (s *Service) Raise(ctx context.Context, actor access.Actor, d Draft) (Alert, error) {
	if err := access.Require(actor, access.AlertHandle, access.Scope{Unit: d.Unit, Area: d.Area, Service: d.Service}); err != nil {
		return Alert{}, err
	}
	if err := d.check(); err != nil {
		return Alert{}, err
	}
	var a Alert
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		cfg, err := s.current(tx)
		if err != nil {
			return err
		}
		if err := s.checkFiles(tx, d.Attachments); err != nil {
			return err
		}
		if d.Area == "" && d.Lon != nil && s.opt.AreaAt != nil {
			d.Area = s.opt.AreaAt(*d.Lon, *d.Lat, tx.Now)
		}
		a, err = s.raise(tx, cfg, &alertevent.Condition{
			Kind: alertevent.KindManual, Service: d.Service, Title: d.Title, Text: d.Text, Severity: d.Severity, Since: tx.Now, At: tx.Now,
			Place: d.Place, Lon: d.Lon, Lat: d.Lat, Area: d.Area, Unit: d.Unit, Thing: d.Thing,
		}, d.Attachments)
		return err
	})
	return a, err
}

// onIncident keeps which incident an alert belongs to.
func (s *Service) onIncident(tx *store.Tx, i incidentevent.Incident) error {
	set := func(id, incident, number string, only string) error {
		a, ok, err := readAlert(tx, id)
		if err != nil || !ok || a.Incident == incident || only != "" && a.Incident != only {
			return err
		}
		_, err = s.change(tx, a, Command{Verb: Join, Actor: access.System("incident"), Incident: incident, IncidentNumber: number})
		return err
	}
	for _, id := range i.Removed {
		if err := set(id, "", "", i.ID); err != nil {
			return err
		}
	}
	for _, id := range i.Alerts {
		var err error
		switch i.State {
		case "proposed":
		case "dismissed", "merged": // a merged incident's alerts are told by the one that took them
			err = set(id, "", "", i.ID)
		default:
			err = set(id, i.ID, i.Number, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
