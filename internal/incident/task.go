package incident

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/incident/incidentevent"
	"openioc.org/ioc/internal/msg"
)

// TaskState is where a task is in its life.
type TaskState string

// The states of a task.
const (
	Sent       TaskState = "sent"
	Accepted   TaskState = "accepted"
	InProgress TaskState = "in_progress"
	Returned   TaskState = "returned"
	Finished   TaskState = "finished"
	Confirmed  TaskState = "confirmed"
	Cancelled  TaskState = "cancelled"
)

// TaskStates are all states in the order of the life.
var TaskStates = []TaskState{Sent, Accepted, InProgress, Returned, Finished, Confirmed, Cancelled}

var taskTitles = map[TaskState]msg.Text{
	Sent: {Vi: "Đã giao", En: "Sent"}, Accepted: {Vi: "Đã nhận", En: "Accepted"}, InProgress: {Vi: "Đang làm", En: "In progress"},
	Returned: {Vi: "Bị trả lại", En: "Returned"}, Finished: {Vi: "Chờ xác nhận", En: "Waiting for confirmation"},
	Confirmed: {Vi: "Đã xác nhận", En: "Confirmed"}, Cancelled: {Vi: "Đã huỷ", En: "Cancelled"},
}

// Title is the state's name.
func (s TaskState) Title() msg.Text { return taskTitles[s] }

// withUnit holds while the unit has to act, and its deadline runs.
func (s TaskState) withUnit() bool { return s == Sent || s == Accepted || s == InProgress }

// open holds until nobody has to act any more.
func (s TaskState) open() bool { return s != Confirmed && s != Cancelled }

// The kinds of tasks.
const (
	KindTask      = "task"
	KindDirective = "directive" // chỉ đạo: from a leader, from any place
)

// Standing is how a task stands as of now.
type Standing string

// The standings.
const (
	OnTime  Standing = "on_time"
	DueSoon Standing = "due_soon"
	Late    Standing = "late"
	Waiting Standing = "waiting" // for the giver: to confirm, or to readdress what was returned
	Done    Standing = "done"
)

// Standings are all standings in the order of the board.
var Standings = []Standing{OnTime, DueSoon, Late, Waiting, Done}

// Extension is a request for more time.
type Extension struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
	By     Person    `json:"by"`
	At     time.Time `json:"at"`
}

// Task is one task or directive as people and programs see it.
type Task struct {
	ID             string            `json:"id"`
	Number         string            `json:"number"`
	Kind           string            `json:"kind" enum:"task,directive"`
	Version        int               `json:"version"`
	Incident       string            `json:"incident"`
	IncidentNumber string            `json:"incident_number"`
	Alert          string            `json:"alert"`
	Indicator      string            `json:"indicator"`
	Title          string            `json:"title"`
	Text           string            `json:"text"`
	Unit           string            `json:"unit"`
	UnitName       string            `json:"unit_name"`
	Assignee       string            `json:"assignee" doc:"name of who accepted it"`
	State          TaskState         `json:"state" enum:"sent,accepted,in_progress,returned,finished,confirmed,cancelled"`
	Due            time.Time         `json:"due"`
	OriginalDue    time.Time         `json:"original_due"`
	Percent        int               `json:"percent"`
	ProofRequired  bool              `json:"proof_required"`
	Lon            *float64          `json:"lon"`
	Lat            *float64          `json:"lat"`
	Place          string            `json:"place"`
	Link           string            `json:"link" doc:"address in the UI of what it is about"`
	GivenBy        Person            `json:"given_by"`
	GivenAt        time.Time         `json:"given_at"`
	AcceptedAt     *time.Time        `json:"accepted_at"`
	FinishedAt     *time.Time        `json:"finished_at"`
	ConfirmedAt    *time.Time        `json:"confirmed_at"`
	Standing       Standing          `json:"standing" enum:"on_time,due_soon,late,waiting,done" doc:"as of now"`
	Extension      *Extension        `json:"extension"`
	Attachments    []attachment.File `json:"attachments"`
	Changed        Change            `json:"changed" doc:"the last step"`

	stage   int       // of the reminders
	timerAt time.Time // of the next reminder, zero: none

	lead, area, service string // of its incident, as read
}

// soonAt is when the deadline begins to be near: a fifth of the time is left,
// or two hours of a task that is longer than four.
func soonAt(given, due time.Time) time.Time {
	span := due.Sub(given)
	return due.Add(-max(span/5, min(2*time.Hour, span/2)))
}

// standing is how the task stands at now.
func (t *Task) standing(now time.Time) Standing {
	switch {
	case !t.State.open():
		return Done
	case !t.State.withUnit():
		return Waiting
	case now.After(t.Due):
		return Late
	case !now.Before(soonAt(t.GivenAt, t.Due)):
		return DueSoon
	}
	return OnTime
}

// The steps that people take with a task.
const (
	TaskAccept    = "accept"
	TaskReturn    = "return"
	TaskStart     = "start"
	TaskProgress  = "progress"
	TaskExtend    = "extend"
	TaskGrant     = "grant"
	TaskRefuse    = "refuse"
	TaskFinish    = "finish"
	TaskConfirm   = "confirm"
	TaskRedo      = "redo"
	TaskCancel    = "cancel"
	TaskComment   = "comment"
	TaskReaddress = "readdress"
)

// side says who takes a step.
type side uint8

const (
	theUnit  side = iota // the unit charged
	theGiver             // who gave it
	anyone               // who may see it
)

type taskMove struct {
	step string
	who  side
	from []TaskState
	to   TaskState // "": it stays
	did  msg.Text
}

// taskMoves is the whole life of a task. What a unit forgot to say, a later
// step says for it: who finishes a task has accepted it.
var taskMoves = []taskMove{
	{TaskAccept, theUnit, []TaskState{Sent}, Accepted, msg.Text{Vi: "nhận", En: "accepted"}},
	{TaskReturn, theUnit, []TaskState{Sent, Accepted, InProgress}, Returned, msg.Text{Vi: "trả lại", En: "returned"}},
	{TaskStart, theUnit, []TaskState{Sent, Accepted}, InProgress, msg.Text{Vi: "bắt đầu làm", En: "started on"}},
	{TaskProgress, theUnit, []TaskState{Sent, Accepted, InProgress}, InProgress, msg.Text{Vi: "cập nhật tiến độ", En: "reported on"}},
	{TaskExtend, theUnit, []TaskState{Sent, Accepted, InProgress}, "", msg.Text{Vi: "xin gia hạn", En: "asked for more time for"}},
	{TaskGrant, theGiver, []TaskState{Sent, Accepted, InProgress}, "", msg.Text{Vi: "cho gia hạn", En: "gave more time for"}},
	{TaskRefuse, theGiver, []TaskState{Sent, Accepted, InProgress}, "", msg.Text{Vi: "từ chối gia hạn", En: "refused more time for"}},
	{TaskFinish, theUnit, []TaskState{Sent, Accepted, InProgress}, Finished, msg.Text{Vi: "báo hoàn thành", En: "finished"}},
	{TaskConfirm, theGiver, []TaskState{Finished}, Confirmed, msg.Text{Vi: "xác nhận hoàn thành", En: "confirmed"}},
	{TaskRedo, theGiver, []TaskState{Finished}, InProgress, msg.Text{Vi: "yêu cầu làm lại", En: "sent back"}},
	{TaskReaddress, theGiver, []TaskState{Sent, Accepted, InProgress, Returned}, Sent, msg.Text{Vi: "chuyển đơn vị khác", En: "readdressed"}},
	{TaskCancel, theGiver, []TaskState{Sent, Accepted, InProgress, Returned, Finished}, Cancelled, msg.Text{Vi: "huỷ", En: "cancelled"}},
	{TaskComment, anyone, TaskStates, "", msg.Text{Vi: "ghi ý kiến vào", En: "commented on"}},
}

func taskMoveOf(step string) (taskMove, bool) {
	i := slices.IndexFunc(taskMoves, func(m taskMove) bool { return m.step == step })
	if i < 0 {
		return taskMove{}, false
	}
	return taskMoves[i], true
}

// TaskStep is one thing that a person does with a task.
type TaskStep struct {
	Step        string
	Version     int
	Comment     string
	Percent     *int
	Due         *time.Time
	Unit        string
	UnitName    string // of Unit
	Attachments []string

	proof int // files that hang on the task already
}

var (
	errTaskMissing = fault.Define(fault.NotFound, "task.missing", "there is no such task", "không có nhiệm vụ này")
	errTaskChanged = fault.Define(fault.Conflict, "task.changed",
		"{who} {did} the task at {at}; it is now “{state}”: look again", "{who} đã {did} nhiệm vụ lúc {at}; nhiệm vụ nay ở trạng thái “{state}”, hãy xem lại")
	errTaskState = fault.Define(fault.Conflict, "task.step_not_allowed",
		"a task that is “{state}” cannot be {did}", "nhiệm vụ ở trạng thái “{state}” không thể {did}")
	errTaskStep    = fault.Define(fault.Invalid, "task.invalid_step", "the step is not complete", "bước xử lý chưa đủ thông tin")
	errTaskInvalid = fault.Define(fault.Invalid, "task.invalid", "the task is not complete", "nhiệm vụ chưa đủ thông tin")
	errTaskVerb    = fault.Define(fault.Invalid, "task.unknown_step", "there is no step {step}", "không có bước {step}")
	errNotYours    = fault.Define(fault.Forbidden, "task.not_your_unit", "the task was given to another unit", "nhiệm vụ được giao cho đơn vị khác")
	errNotGiver    = fault.Define(fault.Forbidden, "task.not_the_giver", "only who gave the directive may do this", "chỉ người giao chỉ đạo mới làm được bước này")
	errTaskProof   = fault.Define(fault.Invalid, "task.proof_missing", "the task demands proof: attach a photo or paper", "nhiệm vụ yêu cầu minh chứng: hãy đính kèm ảnh hoặc văn bản")
	errPercent     = fault.Define(fault.Invalid, "task.percent", "progress is between 0 and 100", "tiến độ từ 0 đến 100")
	errDue         = fault.Define(fault.Invalid, "task.due", "the deadline must lie ahead, within two years", "thời hạn phải ở phía trước, trong vòng hai năm")
	errLater       = fault.Define(fault.Invalid, "task.due_not_later", "it must be later than the deadline in force", "phải muộn hơn thời hạn hiện tại")
	errAsked       = fault.Define(fault.Conflict, "task.no_extension", "nobody has asked for more time", "chưa có đề nghị gia hạn")
	errKind        = fault.Define(fault.Invalid, "task.kind", "a task is of kind task or directive", "loại phải là task hoặc directive")
	errSameUnit    = fault.Define(fault.Invalid, "task.same_unit", "the task is with this unit already", "nhiệm vụ đang ở chính đơn vị này")
)

const mostDue = 2 * 366 * 24 * time.Hour

// apply takes a step: what the task is afterwards. Who may is asked before.
func (t Task) apply(s TaskStep, by Person, now time.Time) (Task, error) {
	m, ok := taskMoveOf(s.Step)
	if !ok {
		return t, errTaskVerb.With("step", clip(s.Step, 40))
	}
	if s.Version != t.Version {
		return t, t.changedError()
	}
	if !slices.Contains(m.from, t.State) {
		return t, errTaskState.With("state", t.State.Title(), "did", m.did)
	}
	if err := s.check(&t, now); err != nil {
		return t, err
	}
	if m.to != "" {
		t.State = m.to
	}
	if m.who == theUnit && s.Step != TaskReturn && s.Step != TaskExtend && t.AcceptedAt == nil {
		t.AcceptedAt, t.Assignee = &now, by.Name
	}
	switch s.Step {
	case TaskReturn:
		t.Extension = nil
	case TaskStart, TaskProgress:
		if s.Percent != nil {
			t.Percent = *s.Percent
		}
	case TaskExtend:
		t.Extension = &Extension{Until: *s.Due, Reason: s.Comment, By: by, At: now}
	case TaskGrant:
		until := t.Extension.Until
		if s.Due != nil {
			until = *s.Due
		}
		t.setDue(until)
		t.Extension = nil
	case TaskRefuse:
		t.Extension = nil
	case TaskFinish:
		t.Percent, t.FinishedAt, t.Extension = 100, &now, nil
	case TaskConfirm:
		t.ConfirmedAt = &now
	case TaskRedo:
		t.Percent, t.FinishedAt = min(t.Percent, 90), nil
		if s.Due != nil {
			t.setDue(*s.Due)
		}
	case TaskReaddress:
		t.Unit, t.UnitName = s.Unit, s.UnitName
		t.Assignee, t.AcceptedAt, t.Extension, t.Percent = "", nil, nil, 0
		if s.Due != nil {
			t.setDue(*s.Due)
		}
	case TaskCancel:
		t.Extension = nil
	}
	t.arm(now)
	t.Version++
	t.Changed = Change{Step: s.Step, By: by, At: now}
	return t, nil
}

// setDue moves the deadline; the reminders begin again.
func (t *Task) setDue(due time.Time) { t.Due, t.stage = due, 0 }

func (t *Task) changedError() error {
	d := msg.Text{Vi: "thay đổi", En: "changed"}
	if m, ok := taskMoveOf(t.Changed.Step); ok {
		d = m.did
	}
	return errTaskChanged.With("who", t.Changed.By.Name, "did", d, "at", clockText(t.Changed.At), "state", t.State.Title())
}

func (s *TaskStep) check(t *Task, now time.Time) error {
	bad := errTaskStep.With()
	if utf8.RuneCountInString(s.Comment) > mostComment {
		bad.At("comment", errTooLong.With("limit", mostComment))
	}
	s.Comment = strings.TrimSpace(s.Comment)
	switch s.Step {
	case TaskReturn, TaskExtend, TaskRefuse, TaskRedo, TaskCancel:
		if s.Comment == "" {
			bad.At("comment", errReason.With())
		}
	case TaskComment:
		if s.Comment == "" && len(s.Attachments) == 0 {
			bad.At("comment", errNeeded.With())
		}
	}
	if s.Percent != nil && (*s.Percent < 0 || *s.Percent > 100) || s.Percent == nil && s.Step == TaskProgress {
		bad.At("percent", errPercent.With())
	}
	switch {
	case s.Due == nil && s.Step == TaskExtend:
		bad.At("due", errNeeded.With())
	case s.Due == nil:
	case s.Step != TaskExtend && s.Step != TaskGrant && s.Step != TaskRedo && s.Step != TaskReaddress:
		s.Due = nil // says nothing here
	case !s.Due.After(now) || s.Due.Sub(now) > mostDue:
		bad.At("due", errDue.With())
	case (s.Step == TaskExtend || s.Step == TaskGrant) && !s.Due.After(t.Due):
		bad.At("due", errLater.With())
	}
	if s.Step == TaskReaddress {
		switch s.Unit {
		case "":
			bad.At("unit", errNeeded.With())
		case t.Unit:
			if t.State != Returned {
				bad.At("unit", errSameUnit.With())
			}
		}
	}
	if err := orNil(bad); err != nil {
		return err
	}
	switch {
	case (s.Step == TaskGrant || s.Step == TaskRefuse) && t.Extension == nil:
		return errAsked.With()
	case s.Step == TaskFinish && t.ProofRequired && len(s.Attachments)+s.proof == 0:
		return errTaskProof.With()
	}
	return nil
}

// fact is the task as other domains may know it.
func (t *Task) fact() incidentevent.Task {
	return incidentevent.Task{ID: t.ID, Number: t.Number, Incident: t.Incident, Kind: t.Kind, State: string(t.State), Title: t.Title, Unit: t.Unit, Due: t.Due}
}

// The stages of reminding: what was said last.
const (
	stageNothing = iota
	stageSoon    // the unit's focal point: the deadline is near
	stageLate    // the same: it has passed
	stageLeader  // the leader of the unit
	stageGiver   // who gave the task
)

// after is how long after the deadline a stage is said: the leader hears of it
// when a tenth of the span more has gone, at least a quarter of an hour and at
// most four hours, the giver after three times that.
func (t *Task) timerOf(stage int) time.Time {
	step := min(max(t.Due.Sub(t.GivenAt)/10, 15*time.Minute), 4*time.Hour)
	switch stage {
	case stageSoon:
		return soonAt(t.GivenAt, t.Due)
	case stageLate:
		return t.Due
	case stageLeader:
		return t.Due.Add(step)
	case stageGiver:
		return t.Due.Add(3 * step)
	}
	return time.Time{}
}

// arm sets the next reminder. Reminders that a later one has overtaken are
// not said any more.
func (t *Task) arm(now time.Time) {
	t.timerAt = time.Time{}
	if !t.State.withUnit() {
		return
	}
	if t.stage == stageNothing && !now.Before(t.Due) {
		t.stage = stageSoon
	}
	if t.stage < stageGiver {
		t.timerAt = t.timerOf(t.stage + 1)
	}
}
