package incident_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/blob"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/incident"
	"openioc.org/ioc/internal/incident/incidentevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

const (
	haiChau = "20242"
	sonTra  = "20275"
)

var (
	start    = time.Date(2026, 10, 1, 1, 0, 0, 0, time.UTC)
	officer  = access.Actor{ID: "u-duty", Name: "Trực ban", Roles: []access.Role{access.Duty}}
	officer2 = access.Actor{ID: "u-duty2", Name: "Trưởng ca", Roles: []access.Role{access.Duty}}
	leader   = access.Actor{ID: "u-leader", Name: "Chủ tịch", Roles: []access.Role{access.Leader}}
	iocLead  = access.Actor{ID: "u-ioc", Name: "Giám đốc IOC", Roles: []access.Role{access.IOCLeader}}
	focal    = access.Actor{ID: "u-unit", Name: "Cán bộ Hải Châu", Roles: []access.Role{access.Unit}, Unit: haiChau}
	boss     = access.Actor{ID: "u-unitlead", Name: "Chủ tịch Hải Châu", Roles: []access.Role{access.UnitLeader}, Unit: haiChau}
	stranger = access.Actor{ID: "u-other", Name: "Cán bộ Sơn Trà", Roles: []access.Role{access.Unit}, Unit: sonTra}
)

// room is the incident service with real engines around it.
type room struct {
	*incident.Service
	t     *testing.T
	db    *store.DB
	clk   *clock.Clock
	files *attachment.Service

	mu     sync.Mutex
	events []store.Event
	gone   map[string]string // dissolved units and their successors
	live   []string
}

func newRoom(t *testing.T, db *store.DB, clk *clock.Clock) *room {
	t.Helper()
	r := &room{t: t, db: db, clk: clk, gone: map[string]string{}}
	db.OnEmit(func(_ *store.Tx, e store.Event) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, e)
		return nil
	})
	r.open()
	return r
}

// open makes the services anew on the same records, as a restart does.
func (r *room) open() {
	r.t.Helper()
	ctx := r.t.Context()
	blobs, err := blob.Open(blob.Options{Dir: r.t.TempDir()})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = blobs.Close() })
	if r.files, err = attachment.New(ctx, attachment.Options{Store: r.db, Files: blobs, Clock: r.clk}); err != nil {
		r.t.Fatal(err)
	}
	n, err := notify.New(ctx, notify.Options{Store: r.db, Clock: r.clk})
	if err != nil {
		r.t.Fatal(err)
	}
	units, err := org.New(ctx, org.Options{Store: r.db, Clock: r.clk})
	if err != nil {
		r.t.Fatal(err)
	}
	d, err := duty.New(ctx, duty.Options{Store: r.db, Notify: n, Org: units, Clock: r.clk, People: func(context.Context) ([]duty.Person, error) {
		var ps []duty.Person
		for _, a := range []access.Actor{officer, leader, iocLead, focal, boss, stranger} {
			ps = append(ps, duty.Person{User: a.ID, Name: a.Name, Role: a.Roles[0], Unit: a.Unit})
		}
		return ps, nil
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	names := map[string]string{haiChau: "Phường Hải Châu", sonTra: "Phường Sơn Trà", "old": "Phường Cũ"}
	if r.Service, err = incident.New(ctx, incident.Options{
		Store: r.db, Attachments: r.files, Notify: n, Duty: d, Clock: r.clk,
		UnitName:  func(code string, _ time.Time) (string, bool) { return names[code], names[code] != "" },
		Successor: func(u string, _ time.Time) (string, bool) { to, ok := r.gone[u]; return to, ok },
		Publish: func(topic string, data any, who func(access.Actor) bool) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			raw, _ := json.Marshal(data)
			line := topic + " " + string(raw)
			if who(stranger) {
				line += " stranger"
			}
			r.live = append(r.live, line)
			return nil
		},
	}); err != nil {
		r.t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

func alert(id string, lon, lat float64) alertevent.Alert {
	return alertevent.Alert{ID: id, Number: "CB-" + id, State: "new", Active: true, Severity: 3, Service: "flood", Kind: "rule", Rule: "flood-depth", Thing: "tower-" + id,
		Title: msg.Text{Vi: "Ngập " + id, En: "Flood " + id}, Place: "Đường " + id, Lon: &lon, Lat: &lat, SOP: "flood-street", Since: start, RaisedAt: start}
}

// hear hands facts to OnFact as the outbox does.
func (r *room) hear(as ...alertevent.Alert) {
	r.t.Helper()
	err := r.db.Write(r.t.Context(), access.System("incident"), func(tx *store.Tx) error {
		for _, a := range as {
			raw, err := json.Marshal(a)
			if err != nil {
				return err
			}
			if err := r.OnFact(tx, outbox.Fact{ID: "f-" + a.ID, Subject: "ioc.alert.raised." + a.ID, Entity: "alert", EntityID: a.ID, After: raw}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) openIncident(alerts ...string) incident.Incident {
	r.t.Helper()
	i, err := r.Open(r.t.Context(), officer, incident.Draft{Title: "Ngập Mẹ Suốt", Service: "flood", Severity: 3, Alerts: alerts})
	if err != nil {
		r.t.Fatal(err)
	}
	return i
}

func (r *room) do(as access.Actor, i incident.Incident, s incident.Step) incident.Incident {
	r.t.Helper()
	s.Version = i.Version
	out, err := r.Do(r.t.Context(), as, i.ID, s)
	if err != nil {
		r.t.Fatalf("%s: %v", s.Step, err)
	}
	return out
}

func (r *room) give(as access.Actor, d incident.TaskDraft) incident.Task {
	r.t.Helper()
	if d.Kind == "" {
		d.Kind = incident.KindTask
	}
	if d.Title == "" {
		d.Title = "Cắm biển"
	}
	if d.Unit == "" {
		d.Unit = haiChau
	}
	if d.Due.IsZero() {
		d.Due = r.clk.Now().Add(10 * time.Hour)
	}
	k, err := r.Give(r.t.Context(), as, d)
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

func (r *room) doTask(as access.Actor, k incident.Task, s incident.TaskStep) incident.Task {
	r.t.Helper()
	s.Version = k.Version
	out, err := r.DoTask(r.t.Context(), as, k.ID, s)
	if err != nil {
		r.t.Fatalf("%s: %v", s.Step, err)
	}
	return out
}

func (r *room) photo(as access.Actor) string {
	r.t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		r.t.Fatal(err)
	}
	f, err := r.files.Add(r.t.Context(), as, attachment.Draft{Name: "a.png", Body: &b})
	if err != nil {
		r.t.Fatal(err)
	}
	return f.ID
}

func (r *room) detail(as access.Actor, id string) incident.Detail {
	r.t.Helper()
	d, err := r.Get(r.t.Context(), as, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// facts returns the facts of incidents whose subject begins with a prefix.
func (r *room) facts(prefix string) []incidentevent.Incident {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []incidentevent.Incident
	for _, e := range r.events {
		if i, ok := e.After.(incidentevent.Incident); ok && strings.HasPrefix(e.Subject, prefix) {
			out = append(out, i)
		}
	}
	return out
}

func code(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return fmt.Sprint(err)
}

func each(t *testing.T, test func(t *testing.T, r *room)) {
	t.Helper()
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		o.Clock = clock.Manual(start)
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		test(t, newRoom(t, db, o.Clock))
	})
}

// TestFromAlertToClosed is the whole way: alert, incident, lead unit, task,
// procedure, proof, closed, with the times counted.
func TestFromAlertToClosed(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		r.hear(alert("a1", 108.20, 16.06))
		i := r.openIncident("a1")
		if i.State != incident.Open || !strings.HasPrefix(i.Number, "SC-2026-0001") || len(i.Alerts) != 1 || i.SOP != "flood-street" || i.SOPTotal == 0 || !i.ProofRequired ||
			i.Lon == nil || i.Place != "Đường a1" || i.SecondsToAcknowledge == nil || i.DispatchedAt != nil {
			t.Fatalf("%+v", i)
		}
		if fs := r.facts("ioc.incident.opened."); len(fs) != 1 || !slices.Equal(fs[0].Alerts, []string{"a1"}) {
			t.Errorf("facts %+v", fs)
		}
		r.clk.Set(start.Add(5 * time.Minute))
		i = r.do(officer, i, incident.Step{Step: incident.StepLead, LeadUnit: ptr(haiChau), Helping: []string{sonTra}})
		if i.LeadUnitName != "Phường Hải Châu" || *i.SecondsToDispatch != 300 || len(i.HelpingUnits) != 1 {
			t.Fatalf("%+v", i)
		}
		k := r.give(officer, incident.TaskDraft{Incident: i.ID, ProofRequired: true})
		if k.IncidentNumber != i.Number || k.Standing != incident.OnTime || k.Place != i.Place {
			t.Fatalf("%+v", k)
		}
		if _, err := r.DoTask(ctx, focal, k.ID, incident.TaskStep{Step: incident.TaskFinish, Version: k.Version}); code(err) != "task.proof_missing" {
			t.Errorf("finished without proof: %v", err)
		}
		k = r.doTask(focal, k, incident.TaskStep{Step: incident.TaskProgress, Percent: ptr(40)})
		if k.State != incident.InProgress || k.Assignee != focal.Name || k.Percent != 40 {
			t.Errorf("%+v", k)
		}
		if _, err := r.Do(ctx, officer, i.ID, incident.Step{Step: incident.StepClose, Version: i.Version}); code(err) != "incident.tasks_open" || !strings.Contains(err.Error(), k.Number) {
			t.Errorf("closed with open tasks: %v", err)
		}
		k = r.doTask(focal, k, incident.TaskStep{Step: incident.TaskFinish, Attachments: []string{r.photo(focal)}})
		if k.Standing != incident.Waiting || len(k.Attachments) != 1 {
			t.Errorf("%+v", k)
		}
		if _, err := r.DoTask(ctx, focal, k.ID, incident.TaskStep{Step: incident.TaskConfirm, Version: k.Version}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the unit confirmed its own task: %v", err)
		}
		r.doTask(officer, k, incident.TaskStep{Step: incident.TaskConfirm})
		i = r.detail(officer, i.ID).Incident
		if i.TasksOpen != 0 || i.TasksTotal != 1 || i.Attachments != 1 {
			t.Errorf("%+v", i)
		}
		if _, err := r.Do(ctx, officer, i.ID, incident.Step{Step: incident.StepClose, Version: i.Version}); code(err) != "incident.proof_missing_step" {
			t.Errorf("closed without the steps that demand proof: %v", err)
		}
		if _, err := r.MarkSOP(ctx, focal, i.ID, 2, incident.SOPDone, "", nil); code(err) != "incident.proof_missing_step" {
			t.Errorf("step done without proof: %v", err)
		}
		if _, err := r.MarkSOP(ctx, focal, i.ID, 2, incident.SOPSkipped, "", nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("skipped without a reason: %v", err)
		}
		steps, err := r.MarkSOP(ctx, focal, i.ID, 2, incident.SOPDone, "đã cắm", []string{r.photo(focal)})
		if err != nil || steps[1].State != incident.SOPDone || steps[1].By.Name != focal.Name || len(steps[1].Attachments) != 1 || steps[1].Late {
			t.Fatalf("%+v, %v", steps, err)
		}
		if _, err := r.MarkSOP(ctx, officer, i.ID, 7, incident.SOPSkipped, "trời tối", nil); err != nil {
			t.Fatal(err)
		}
		r.clk.Set(start.Add(time.Hour))
		i = r.do(officer, r.detail(officer, i.ID).Incident, incident.Step{Step: incident.StepResolve, Comment: "nước rút"})
		i = r.do(officer, i, incident.Step{Step: incident.StepClose})
		if i.State != incident.Closed || *i.SecondsToClear != 3600 || i.ClosedAt == nil || i.SOPDone != 2 {
			t.Errorf("%+v", i)
		}
		if _, err := r.Do(ctx, officer, i.ID, incident.Step{Step: incident.StepReopen, Version: i.Version}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("reopened without a reason: %v", err)
		}
		i = r.do(officer, i, incident.Step{Step: incident.StepReopen, Comment: "nước lại lên"})
		if i.State != incident.Open || i.ClearedAt != nil || i.ClosedAt != nil || i.AcknowledgedAt == nil {
			t.Errorf("%+v", i)
		}
		d := r.detail(officer, i.ID)
		var story []string
		for _, e := range d.Timeline {
			story = append(story, e.Step)
		}
		want := "open sop_assign lead give progress finish confirm sop sop resolve close reopen"
		if got := strings.Join(story, " "); got != want {
			t.Errorf("timeline\n%s, want\n%s", got, want)
		}
		for n, e := range d.Timeline[1:] {
			if e.At.Before(d.Timeline[n].At) {
				t.Error("the timeline goes back")
			}
		}
	})
}

// TestOfTwoWhoCloseOneHears holds that of two who act on the same version one
// is told who did what.
func TestOfTwoWhoCloseOneHears(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		i, err := r.Open(t.Context(), officer, incident.Draft{Title: "Cây đổ", Service: "urban", Severity: 2})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for n, a := range []access.Actor{officer, officer2} {
			wg.Go(func() {
				_, errs[n] = r.Do(context.Background(), a, i.ID, incident.Step{Step: incident.StepClose, Version: i.Version})
			})
		}
		wg.Wait()
		slices.SortFunc(errs, func(a, b error) int {
			if a == nil {
				return -1
			}
			return 1
		})
		if errs[0] != nil || code(errs[1]) != "incident.changed" || fault.KindOf(errs[1]) != fault.Conflict {
			t.Fatalf("%v", errs)
		}
		f, _ := fault.As(errs[1])
		if said := f.In(msg.Vi); !strings.Contains(said, "đã đóng sự cố") || !strings.Contains(said, "Tr") || !strings.Contains(said, "Đã đóng") {
			t.Errorf("said %q", said)
		}
	})
}

func TestUnitsSeeTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		i := r.openIncident()
		see := func(a access.Actor) bool {
			_, err := r.Get(ctx, a, i.ID)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				t.Fatal(err)
			}
			p, err := r.List(ctx, a, incident.Filter{})
			if err != nil || (len(p.Incidents) == 1) != (p.Total == 1) {
				t.Fatalf("%+v %v", p, err)
			}
			return err == nil && p.Total == 1
		}
		if see(focal) || !see(officer) || !see(leader) {
			t.Error("before anybody is named")
		}
		i = r.do(officer, i, incident.Step{Step: incident.StepLead, LeadUnit: ptr(haiChau)})
		if !see(focal) || see(stranger) {
			t.Error("the lead unit must see it, another not")
		}
		k := r.give(officer, incident.TaskDraft{Incident: i.ID, Unit: sonTra})
		if !see(stranger) {
			t.Error("a unit with a task must see the incident")
		}
		if _, err := r.Task(ctx, focal, k.ID); err != nil {
			t.Errorf("the lead unit cannot see the tasks of the incident: %v", err)
		}
		if _, err := r.DoTask(ctx, focal, k.ID, incident.TaskStep{Step: incident.TaskAccept, Version: k.Version}); code(err) != "task.not_your_unit" {
			t.Errorf("accepted another unit's task: %v", err)
		}
		other := r.give(officer, incident.TaskDraft{Unit: haiChau})
		if _, err := r.Task(ctx, stranger, other.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("saw another unit's task: %v", err)
		}
		if _, err := r.DoTask(ctx, stranger, other.ID, incident.TaskStep{Step: incident.TaskAccept, Version: 1}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%v", err)
		}
		photo := r.photo(focal)
		if _, err := r.Say(ctx, focal, i.ID, "ảnh", []string{photo}); err != nil {
			t.Fatal(err)
		}
		if _, c, err := r.files.Open(ctx, stranger, photo); err != nil {
			t.Errorf("who works on the incident does not see its photo: %v", err)
		} else {
			_ = c.Close()
		}
		if d := r.detail(stranger, i.ID); len(d.Messages) != 1 || d.Messages[0].By.Name != focal.Name || len(d.Files) != 1 || len(d.Allowed) != 0 {
			t.Errorf("%+v", d)
		}
	})
}

func TestMergeAndSplit(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		r.hear(alert("a1", 108.20, 16.06), alert("b1", 108.30, 16.20))
		a, b := r.openIncident("a1"), r.openIncident("b1")
		k := r.give(officer, incident.TaskDraft{Incident: a.ID})
		if _, err := r.Say(ctx, officer, a.ID, "tin trước khi gộp", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Do(ctx, officer, a.ID, incident.Step{Step: incident.StepMerge, Version: a.Version, Into: a.ID}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("merged into itself: %v", err)
		}
		if _, err := r.Do(ctx, officer, b.ID, incident.Step{Step: incident.StepAddAlerts, Version: b.Version, Alerts: []string{"a1"}}); code(err) != "incident.alert_taken" {
			t.Errorf("took an alert of another incident: %v", err)
		}
		a = r.do(officer, a, incident.Step{Step: incident.StepMerge, Into: b.ID, Comment: "cùng một vụ"})
		if a.State != incident.Merged || a.MergedInto != b.ID || len(a.Alerts) != 0 {
			t.Errorf("%+v", a)
		}
		d := r.detail(officer, b.ID)
		if len(d.Incident.Alerts) != 2 || len(d.Tasks) != 1 || d.Tasks[0].ID != k.ID || d.Tasks[0].IncidentNumber != b.Number || len(d.Messages) != 1 || d.Incident.Messages != 1 || d.Incident.TasksOpen != 1 {
			t.Errorf("%+v", d)
		}
		merged := r.facts("ioc.incident.merged.")
		if len(merged) != 1 || !slices.Equal(merged[0].Removed, []string{"a1"}) || len(merged[0].Alerts) != 0 || merged[0].State != "merged" {
			t.Errorf("%+v", merged)
		}
		if _, err := r.Do(ctx, officer, a.ID, incident.Step{Step: incident.StepReopen, Version: a.Version, Comment: "x"}); code(err) != "incident.step_not_allowed" {
			t.Errorf("%v", err)
		}
		b = r.do(officer, d.Incident, incident.Step{Step: incident.StepSplit, Alerts: []string{"a1"}, Title: ptr("Vụ thứ hai")})
		if len(b.Alerts) != 1 || b.Title != "Ngập Mẹ Suốt" {
			t.Errorf("%+v", b)
		}
		p, err := r.List(ctx, officer, incident.Filter{Q: "vu thu hai"})
		if err != nil || len(p.Incidents) != 1 {
			t.Fatalf("%+v %v", p, err)
		}
		n := p.Incidents[0]
		if n.State != incident.Open || n.SplitFrom != b.ID || len(n.Alerts) != 1 || n.Alerts[0].ID != "a1" || n.SOP != "flood-street" {
			t.Errorf("%+v", n)
		}
		last := r.facts("ioc.incident.")
		last = last[len(last)-2:]
		if !slices.Equal(last[0].Removed, []string{"a1"}) || !slices.Equal(last[1].Alerts, []string{"a1"}) || last[1].ID != n.ID {
			t.Errorf("%+v", last)
		}
	})
}

func TestDirective(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		if _, err := r.Give(ctx, officer, incident.TaskDraft{Kind: incident.KindDirective, Title: "x", Unit: haiChau, Due: start.Add(time.Hour)}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the duty officer gave a directive: %v", err)
		}
		if _, err := r.Give(ctx, leader, incident.TaskDraft{Kind: incident.KindDirective, Title: "x", Unit: "nowhere", Due: start.Add(-time.Hour), Link: "//evil"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
		k := r.give(leader, incident.TaskDraft{Kind: incident.KindDirective, Indicator: "flood.deepest", Link: "/flood"})
		if !strings.HasPrefix(k.Number, "CD-2026-") || k.GivenBy.Role != "leader" {
			t.Errorf("%+v", k)
		}
		k = r.doTask(focal, k, incident.TaskStep{Step: incident.TaskExtend, Comment: "mưa lớn", Due: ptr(k.Due.Add(24 * time.Hour))})
		if k.Extension == nil || k.Extension.By.Name != focal.Name {
			t.Errorf("%+v", k)
		}
		if _, err := r.DoTask(ctx, officer, k.ID, incident.TaskStep{Step: incident.TaskGrant, Version: k.Version}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the duty officer gave more time for a directive: %v", err)
		}
		was := k.Due
		k = r.doTask(leader, k, incident.TaskStep{Step: incident.TaskGrant})
		if !k.Due.Equal(was.Add(24*time.Hour)) || !k.OriginalDue.Equal(was) || k.Extension != nil {
			t.Errorf("%+v", k)
		}
		k = r.doTask(focal, k, incident.TaskStep{Step: incident.TaskReturn, Comment: "không thuộc địa bàn"})
		k = r.doTask(leader, k, incident.TaskStep{Step: incident.TaskReaddress, Unit: sonTra})
		if k.Unit != sonTra || k.State != incident.Sent {
			t.Errorf("%+v", k)
		}
		k = r.doTask(stranger, k, incident.TaskStep{Step: incident.TaskFinish})
		d, err := r.Task(ctx, leader, k.ID)
		if err != nil || !slices.Contains(d.Allowed, incident.TaskConfirm) || slices.Contains(d.Allowed, incident.TaskFinish) {
			t.Errorf("%+v %v", d.Allowed, err)
		}
		b, err := r.Board(ctx, leader, incident.KindDirective)
		if err != nil || len(b.Units) != 1 || b.Units[0].Waiting != 1 || b.Units[0].Name != "Phường Sơn Trà" || b.Total.Total != 1 {
			t.Errorf("%+v %v", b, err)
		}
		ts, n, err := r.Tasks(ctx, leader, incident.TaskFilter{Standings: []string{"waiting", "late"}, Kind: "directive"})
		if err != nil || n != 1 || ts[0].ID != k.ID {
			t.Errorf("%+v %v", ts, err)
		}
		if ts, _, _ := r.Tasks(ctx, leader, incident.TaskFilter{Standings: []string{"on_time"}}); len(ts) != 0 {
			t.Errorf("%+v", ts)
		}
		r.doTask(iocLead, k, incident.TaskStep{Step: incident.TaskConfirm})
	})
}

func TestConfirmedWordsAndSOPLibrary(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		r.hear(alert("a1", 108.20, 16.06))
		i := r.openIncident("a1")
		r.give(officer, incident.TaskDraft{Due: start.Add(time.Minute)})
		if w, err := r.OpenWork(ctx); err != nil || w.Incidents != 1 || w.Tasks != 1 || len(w.Items) != 2 || w.Items[0].Number != i.Number {
			t.Errorf("%+v %v", w, err)
		}
		r.clk.Set(start.Add(time.Hour))
		r.do(officer, i, incident.Step{Step: incident.StepResolve})
		got, err := r.Confirmed(ctx, start.Add(-time.Hour), start.Add(2*time.Hour))
		if err != nil || len(got) != 1 || got[0].Things[0] != "tower-a1" || !got[0].To.Equal(start.Add(time.Hour)) {
			t.Errorf("%+v %v", got, err)
		}
		if got, _ := r.Confirmed(ctx, start.Add(2*time.Hour), start.Add(3*time.Hour)); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		for _, in := range r.Indicators() {
			if f, err := in.Compute(ctx, figure.Scope{}, r.clk.Now()); err != nil || f.Value == nil && f.Why == nil {
				t.Errorf("%s: %+v %v", in.ID, f, err)
			} else if in.ID == "incident.median_clear" && *f.Value != 60 {
				t.Errorf("median %v", *f.Value)
			}
		}
		p, err := r.SOP(ctx, officer, "flood-street")
		if err != nil || p.Version != 1 || p.ChangedBy != nil {
			t.Fatalf("%+v %v", p, err)
		}
		p.Steps[0].Minutes = 5
		if p, err = r.SaveSOP(ctx, officer, p); err != nil || p.Version != 2 {
			t.Fatalf("%+v %v", p, err)
		}
		p.Version = 1
		if _, err = r.SaveSOP(ctx, officer, p); code(err) != "sop.changed" {
			t.Errorf("%v", err)
		}
		r.open() // what somebody changed stays
		if p, err = r.SOP(ctx, officer, "flood-street"); err != nil || p.Version != 2 || p.Steps[0].Minutes != 5 {
			t.Errorf("%+v %v", p, err)
		}
	})
}
