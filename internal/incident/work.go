package incident

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// TaskDraft is a task or directive that somebody gives.
type TaskDraft struct {
	Kind          string
	Incident      string
	Alert         string
	Indicator     string
	Title, Text   string
	Unit          string
	Due           time.Time
	ProofRequired bool
	Lon, Lat      *float64
	Place, Link   string
	Attachments   []string
}

func (d *TaskDraft) check(now time.Time) error {
	bad := errTaskInvalid.With()
	d.Title, d.Text, d.Place = strings.TrimSpace(vi.NFC(d.Title)), strings.TrimSpace(vi.NFC(d.Text)), strings.TrimSpace(vi.NFC(d.Place))
	if d.Kind != KindTask && d.Kind != KindDirective {
		bad.At("kind", errKind.With())
	}
	checkTitle(bad, d.Title)
	if utf8.RuneCountInString(d.Text) > mostText {
		bad.At("text", errTooLong.With("limit", mostText))
	}
	for path, v := range map[string]string{"place": d.Place, "link": d.Link, "indicator": d.Indicator, "alert": d.Alert} {
		if utf8.RuneCountInString(v) > mostTitle {
			bad.At(path, errTooLong.With("limit", mostTitle))
		}
	}
	if d.Link != "" && (!strings.HasPrefix(d.Link, "/") || strings.HasPrefix(d.Link, "//") || strings.ContainsAny(d.Link, "\\\n\r")) {
		bad.At("link", errLink.With())
	}
	if d.Unit == "" {
		bad.At("unit", errNeeded.With())
	}
	if !d.Due.After(now) || d.Due.Sub(now) > mostDue {
		bad.At("due", errDue.With())
	}
	checkPlace(bad, d.Lon, d.Lat)
	return orNil(bad)
}

// Give gives a task of an incident, or a directive.
func (s *Service) Give(ctx context.Context, actor access.Actor, d TaskDraft) (Task, error) {
	need := access.IncidentHandle
	if d.Kind == KindDirective {
		need = access.DirectiveGive
	}
	if err := access.Require(actor, need, access.Scope{}); err != nil {
		return Task{}, err
	}
	var t Task
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		if err := d.check(tx.Now); err != nil {
			return err
		}
		name, ok := s.unitName(d.Unit, tx.Now)
		if !ok {
			return errTaskInvalid.With().At("unit", errUnit.With("unit", clip(d.Unit, 40)))
		}
		by := personOf(actor)
		t = Task{
			ID: uid.New(tx.Now), Kind: d.Kind, Version: 1, Alert: d.Alert, Indicator: d.Indicator, Title: d.Title, Text: d.Text, Unit: d.Unit, UnitName: name,
			State: Sent, Due: d.Due.UTC().Truncate(time.Microsecond), ProofRequired: d.ProofRequired, Lon: d.Lon, Lat: d.Lat, Place: d.Place, Link: d.Link,
			GivenBy: by, GivenAt: tx.Now, Changed: Change{Step: "give", By: by, At: tx.Now},
		}
		t.OriginalDue = t.Due
		var before, i Incident
		if d.Incident != "" {
			if i, ok, _ = readIncident(tx, actor.Reach(access.IncidentView), d.Incident); !ok {
				return errTaskInvalid.With().At("incident", errMissing.With())
			}
			if i.State != Open && i.State != Resolved {
				return errState.With("state", i.State.Title(), "did", text("giao nhiệm vụ", "given tasks"))
			}
			before = i
			t.Incident, t.IncidentNumber, t.lead, t.area, t.service = i.ID, i.Number, i.LeadUnit, i.Area, i.Service
			if t.Lon == nil {
				t.Lon, t.Lat = i.Lon, i.Lat
			}
			if t.Place == "" {
				t.Place = i.Place
			}
		} else if d.Alert != "" {
			a, ok, err := s.alert(tx, d.Alert)
			if err != nil {
				return err
			}
			if !ok {
				return errTaskInvalid.With().At("alert", errAlert.With("alert", clip(d.Alert, 40)))
			}
			if t.Lon == nil && a.Lon != nil {
				t.Lon, t.Lat = a.Lon, a.Lat
			}
			if t.Place == "" {
				t.Place = a.Place
			}
		}
		if err := t.require(actor, need); err != nil {
			return err
		}
		prefix := "NV"
		if t.Kind == KindDirective {
			prefix = "CD"
		}
		var err error
		if t.Number, err = nextNumber(tx, prefix, year(tx.Now)); err != nil {
			return err
		}
		t.arm(tx.Now)
		if err := s.attach(tx, d.Attachments, t.Incident, t.ID, "give"); err != nil {
			return err
		}
		if err := s.entry(tx, Entry{incident: t.Incident, Task: t.ID, Step: "give", To: string(Sent), files: d.Attachments,
			Data: map[string]any{"number": t.Number, "title": t.Title, "unit": t.Unit, "unit_name": t.UnitName, "due": t.Due}}); err != nil {
			return err
		}
		if err := s.tellUnit(tx, &t, "sent", duty.LevelFocal, text("giao", "given")); err != nil {
			return err
		}
		if err := s.commitTask(tx, &t, "sent", actor.Name+" giao "+t.Number+" cho "+t.UnitName+": "+t.Title); err != nil {
			return err
		}
		if t.Incident == "" {
			return nil
		}
		i.dispatch(tx.Now)
		return s.commit(tx, &before, &i, "changed", "Giao nhiệm vụ "+t.Number+" trong sự cố "+i.Number, nil)
	})
	if err != nil {
		return Task{}, err
	}
	return s.oneTask(ctx, actor, t.ID)
}

// alert finds an alert among those known from facts, or asks.
func (s *Service) alert(tx *store.Tx, id string) (alertevent.Alert, bool, error) {
	k, ok, err := readKnown(tx, id)
	if err != nil || ok || s.o.Alert == nil {
		return k.Alert, ok, err
	}
	return s.o.Alert(tx, id)
}

// commitTask writes the task, emits its fact and tells browsers.
func (s *Service) commitTask(tx *store.Tx, t *Task, step, summary string) error {
	if err := putTask(tx, t); err != nil {
		return err
	}
	tx.Emit(store.Event{Subject: "ioc.task." + step + "." + t.ID, Entity: "task", EntityID: t.ID, After: t.fact(), Summary: summary})
	t.lead, t.area, t.service = "", "", ""
	if t.Incident != "" {
		if i, ok, err := readIncident(tx, everything, t.Incident); err != nil {
			return err
		} else if ok {
			t.lead, t.area, t.service = i.LeadUnit, i.Area, i.Service
		}
	}
	s.publish(tx, "tasks", t.ID, step, []string{t.Unit, t.lead}, t.area, t.service)
	tx.After(s.wakeUp)
	return nil
}

// mayTask asks whether the actor stands on the side that takes a step.
func mayTask(actor access.Actor, t *Task, who side) error {
	handles := t.require(actor, access.IncidentHandle) == nil
	switch who {
	case theUnit:
		// The shift writes down what a unit says by telephone.
		if handles {
			return nil
		}
		if err := access.Require(actor, access.TaskAnswer, access.Scope{}); err != nil {
			return err
		}
		if !holds(actor.Reach(access.TaskAnswer), []string{t.Unit}, t.area, t.service) {
			return errNotYours.With()
		}
		return nil
	case theGiver:
		if t.Kind != KindDirective {
			return t.require(actor, access.IncidentHandle)
		}
		if err := t.require(actor, access.DirectiveGive); err != nil {
			return err
		}
		// The leaders of the IOC act for a leader who is away.
		if actor.ID != t.GivenBy.ID && !handles {
			return errNotGiver.With()
		}
		return nil
	}
	return mayAnswer(actor)
}

// mayTaskSteps lists what the actor may do next with the task.
func mayTaskSteps(actor access.Actor, t *Task) []string {
	out := []string{}
	for _, m := range taskMoves {
		if (m.step == TaskGrant || m.step == TaskRefuse) && t.Extension == nil {
			continue
		}
		for _, from := range m.from {
			if from == t.State && mayTask(actor, t, m.who) == nil {
				out = append(out, m.step)
				break
			}
		}
	}
	return out
}

// DoTask takes a step with a task.
func (s *Service) DoTask(ctx context.Context, actor access.Actor, id string, step TaskStep) (Task, error) {
	if err := mayAnswer(actor); err != nil {
		return Task{}, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, ok, err := readTask(tx, actor.Reach(access.IncidentView), id)
		if err != nil {
			return err
		}
		if !ok {
			return errTaskMissing.With()
		}
		m, ok := taskMoveOf(step.Step)
		if !ok {
			return errTaskVerb.With("step", clip(step.Step, 40))
		}
		if err := mayTask(actor, &before, m.who); err != nil {
			return err
		}
		if step.Step == TaskReaddress && step.Unit != "" {
			if step.UnitName, ok = s.unitName(step.Unit, tx.Now); !ok {
				return errTaskStep.With().At("unit", errUnit.With("unit", clip(step.Unit, 40)))
			}
		}
		return s.taskStep(tx, before, step, m)
	})
	if err != nil {
		return Task{}, err
	}
	return s.oneTask(ctx, actor, id)
}

func (s *Service) taskStep(tx *store.Tx, before Task, step TaskStep, m taskMove) error {
	have, err := taskFiles(tx, before.ID)
	if err != nil {
		return err
	}
	step.proof = len(have)
	if step.Due != nil {
		due := step.Due.UTC().Truncate(time.Microsecond)
		step.Due = &due
	}
	t, err := before.apply(step, personOf(tx.Actor), tx.Now)
	if err != nil {
		return err
	}
	if err := s.attach(tx, step.Attachments, t.Incident, t.ID, "task_"+step.Step); err != nil {
		return err
	}
	data := map[string]any{"number": t.Number, "title": t.Title}
	if t.Percent != before.Percent {
		data["percent"] = t.Percent
	}
	if !t.Due.Equal(before.Due) {
		data["due"], data["due_before"] = t.Due, before.Due
	}
	if step.Step == TaskExtend {
		data["until"] = t.Extension.Until
	}
	if t.Unit != before.Unit {
		data["unit"], data["unit_name"], data["unit_before"] = t.Unit, t.UnitName, before.Unit
	}
	if err := s.entry(tx, Entry{incident: t.Incident, Task: t.ID, Step: step.Step, From: string(before.State), To: string(t.State),
		Comment: step.Comment, files: step.Attachments, Data: data}); err != nil {
		return err
	}
	if err := s.tellOfStep(tx, &before, &t, step, m); err != nil {
		return err
	}
	if err := s.commitTask(tx, &t, taskVerb(step.Step), tx.Actor.Name+" "+m.did.Vi+" "+t.Number); err != nil {
		return err
	}
	return s.touchIncident(tx, t.Incident, before.State.open() != t.State.open() || len(step.Attachments) > 0)
}

// touchIncident counts again what hangs on an incident when a task of it
// changed.
func (s *Service) touchIncident(tx *store.Tx, id string, counts bool) error {
	if id == "" || !counts {
		return nil
	}
	i, ok, err := readIncident(tx, everything, id)
	if err != nil || !ok {
		return err
	}
	before := i
	return s.commit(tx, &before, &i, "changed", "Sự cố "+i.Number+": nhiệm vụ thay đổi", nil)
}

func taskVerb(step string) string {
	switch step {
	case TaskAccept:
		return "accepted"
	case TaskReturn:
		return "returned"
	case TaskStart, TaskProgress:
		return "progressed"
	case TaskFinish:
		return "finished"
	case TaskConfirm:
		return "confirmed"
	case TaskCancel:
		return "cancelled"
	case TaskReaddress:
		return "readdressed"
	}
	return "changed"
}

func (t *Task) topic() string {
	if t.Kind == KindDirective {
		return notify.TopicDirective
	}
	return notify.TopicTask
}

// severity of what is said about a task: a directive is a warning.
func (t *Task) severity() alertevent.Severity {
	if t.Kind == KindDirective {
		return alertevent.Warning
	}
	return alertevent.Notice
}

func (t *Task) message(key string, severity alertevent.Severity, title, body msg.Text) notify.Message {
	return notify.Message{
		Key: "task/" + t.ID + "/" + key, Topic: t.topic(), Severity: severity, Title: title, Text: body,
		Link: "/tasks/" + t.ID, Task: t.ID, Incident: t.Incident, Alert: t.Alert, Data: t.fact(),
	}
}

func (t *Task) kindTitle() msg.Text {
	if t.Kind == KindDirective {
		return text("Chỉ đạo", "Directive")
	}
	return text("Nhiệm vụ", "Task")
}

func (t *Task) body() msg.Text {
	return text(t.Title+". Hạn "+clockText(t.Due)+". Đơn vị: "+t.UnitName+".", t.Title+". Due "+clockText(t.Due)+". Unit: "+t.UnitName+".")
}

// tellUnit tells the unit charged; key makes the message one of its kind.
func (s *Service) tellUnit(tx *store.Tx, t *Task, key string, level int, what msg.Text) error {
	k := t.kindTitle()
	m := t.message(fmt.Sprintf("%s/%d", key, t.Version), t.severity(),
		text(k.Vi+" "+t.Number+": "+what.Vi, k.En+" "+t.Number+": "+what.En), t.body())
	return s.tell(tx, m, duty.Query{Unit: t.Unit, Severity: t.severity(), Level: level}, nil)
}

// tellGiver tells who gave the task; what the program gave goes to the shift.
func (s *Service) tellGiver(tx *store.Tx, t *Task, key string, severity alertevent.Severity, what, body msg.Text) error {
	k := t.kindTitle()
	m := t.message(key, severity, text(k.Vi+" "+t.Number+": "+what.Vi, k.En+" "+t.Number+": "+what.En), body)
	if strings.HasPrefix(t.GivenBy.ID, "system:") {
		return s.tell(tx, m, duty.Query{Unit: duty.IOC, Severity: severity, Level: duty.LevelShift}, nil)
	}
	return s.tell(tx, m, duty.Query{}, []notify.Recipient{{User: t.GivenBy.ID, Name: t.GivenBy.Name, Unit: t.GivenBy.Unit}})
}

// tellOfStep tells the other side of what was done.
func (s *Service) tellOfStep(tx *store.Tx, before, t *Task, step TaskStep, m taskMove) error {
	body := t.body()
	if step.Comment != "" {
		c := clip(step.Comment, 300)
		body = text(body.Vi+" "+c, body.En+" "+c)
	}
	key := fmt.Sprintf("%s/%d", step.Step, t.Version)
	switch step.Step {
	case TaskReturn, TaskExtend, TaskFinish:
		what := text(t.UnitName+" "+m.did.Vi, t.UnitName+" has "+m.did.En+" it")
		return s.tellGiver(tx, t, key, t.severity(), what, body)
	case TaskGrant, TaskRefuse, TaskRedo, TaskConfirm:
		return s.tellUnit(tx, t, step.Step, duty.LevelFocal, m.did)
	case TaskCancel:
		if before.State != Returned {
			return s.tellUnit(tx, t, step.Step, duty.LevelFocal, m.did)
		}
	case TaskReaddress:
		if before.Unit != t.Unit && before.State.withUnit() {
			was := *before
			was.Version = t.Version
			if err := s.tellUnit(tx, &was, "taken", duty.LevelFocal, text("đã chuyển đơn vị khác", "given to another unit")); err != nil {
				return err
			}
		}
		return s.tellUnit(tx, t, "sent", duty.LevelFocal, text("giao", "given"))
	}
	return nil
}
