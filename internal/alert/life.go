package alert

import (
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// Verb is something that is done with an alert.
type Verb string

// What people do.
const (
	Acknowledge Verb = "acknowledge"
	Verify      Verb = "verify"
	Dispatch    Verb = "dispatch"
	Accept      Verb = "accept"
	Return      Verb = "return"
	Start       Verb = "start"
	Finish      Verb = "finish"
	Check       Verb = "check"
	Close       Verb = "close"
	Reopen      Verb = "reopen"
	Comment     Verb = "comment"
	Escalate    Verb = "escalate"
)

// What happens by itself.
const (
	Raise      Verb = "raise"
	Severity   Verb = "severity"   // the condition grew or shrank
	Resolve    Verb = "resolve"    // the condition is over
	Reactivate Verb = "reactivate" // it came again while the alert was open
	Suppress   Verb = "suppress"
	Release    Verb = "release"
	Flap       Verb = "flap"   // it comes and goes too often
	Steady     Verb = "steady" // and no longer
	Join       Verb = "incident"
	Readdress  Verb = "readdress" // its unit was dissolved
)

var verbTitles = map[Verb]msg.Text{
	Acknowledge: {Vi: "tiếp nhận", En: "acknowledged"}, Verify: {Vi: "xác minh", En: "verified"}, Dispatch: {Vi: "chuyển đơn vị", En: "dispatched"},
	Accept: {Vi: "nhận xử lý", En: "accepted"}, Return: {Vi: "trả lại", En: "returned"}, Start: {Vi: "bắt đầu xử lý", En: "started on"},
	Finish: {Vi: "báo xử lý xong", En: "finished"}, Check: {Vi: "kiểm tra", En: "checked"}, Close: {Vi: "đóng", En: "closed"},
	Reopen: {Vi: "mở lại", En: "reopened"}, Comment: {Vi: "ghi ý kiến", En: "commented on"}, Escalate: {Vi: "leo thang", En: "escalated"},
	Raise: {Vi: "phát cảnh báo", En: "raised"}, Severity: {Vi: "đổi mức", En: "changed the severity of"}, Resolve: {Vi: "ghi nhận hết hiện tượng", En: "resolved"},
	Reactivate: {Vi: "ghi nhận tái diễn", En: "reactivated"}, Suppress: {Vi: "tắt tiếng", En: "suppressed"}, Release: {Vi: "thôi tắt tiếng", En: "released"},
	Flap: {Vi: "ghi nhận chập chờn", En: "found flapping"}, Steady: {Vi: "ghi nhận hết chập chờn", En: "found steady"},
	Join: {Vi: "gắn sự cố", En: "joined to an incident"}, Readdress: {Vi: "đổi đơn vị", En: "readdressed"},
}

// Title is what was done, as in "… has <title> the alert".
func (v Verb) Title() msg.Text { return verbTitles[v] }

// Command is one thing to do with an alert.
type Command struct {
	Verb    Verb
	Actor   access.Actor
	Version int // the version the actor saw; 0 takes whatever there is

	Comment     string
	Verdict     string // Verify
	Reason      string
	DuplicateOf string
	Unit        string // Dispatch, Readdress
	UnitName    string
	OK          *bool // Check
	Attachments []string

	Limit Limit // the times in force for the alert's severity

	// Of what happens by itself.
	Severity       alertevent.Severity
	At             time.Time // of the condition's change
	Value          *float64
	Title, Text    msg.Text
	Suppression    *Suppression
	Incident       string
	IncidentNumber string
	Data           map[string]any // more for the timeline
}

// Step is one entry of the timeline. N is the version of the alert that it
// made.
type Step struct {
	N           int
	At          time.Time
	Actor       access.Actor
	Verb        Verb
	From, To    State
	Comment     string
	Attachments []string
	Data        map[string]any
}

var (
	errChanged = fault.Define(fault.Conflict, "alert.changed",
		"{who} {step} the alert at {at}; it is now “{state}”: look again", "{who} đã {step} lúc {at}; cảnh báo nay ở trạng thái “{state}”, hãy xem lại")
	errState = fault.Define(fault.Conflict, "alert.step_not_allowed",
		"an alert that is “{state}” cannot be {step}", "cảnh báo ở trạng thái “{state}” không thể {step}")
	errNotYours = fault.Define(fault.Forbidden, "alert.not_your_unit",
		"the alert is addressed to another unit", "cảnh báo được giao cho đơn vị khác")
	errStep     = fault.Define(fault.Invalid, "alert.invalid_step", "the step is not complete", "bước xử lý chưa đủ thông tin")
	errVerb     = fault.Define(fault.Invalid, "alert.unknown_step", "there is no step {step}", "không có bước {step}")
	errVerdict  = fault.Define(fault.Invalid, "alert.verdict", "say true, false or duplicate", "chọn đúng, sai hoặc trùng")
	errReason   = fault.Define(fault.Invalid, "alert.reason_missing", "say why", "cần nêu lý do")
	errTwin     = fault.Define(fault.Invalid, "alert.duplicate_of", "name the alert that it repeats", "cần chỉ ra cảnh báo bị trùng")
	errNoUnit   = fault.Define(fault.Invalid, "alert.unit_missing", "choose the unit that is to act", "cần chọn đơn vị xử lý")
	errOK       = fault.Define(fault.Invalid, "alert.check_result", "say whether it is in order", "cần ghi đạt hay không đạt")
	errTooLong  = fault.Define(fault.Invalid, "alert.too_long", "at most {limit} characters", "dài nhất {limit} ký tự")
	errTopLevel = fault.Define(fault.Conflict, "alert.highest_level", "the alert is with the city's leaders already", "cảnh báo đã lên cấp lãnh đạo thành phố")
)

// mostText bounds a comment or reason, in runes.
const mostText = 4000

// move says from which states a verb is possible, and who may do it.
type move struct {
	from []State
	may  access.Permission // AlertHandle; AlertAnswer: the unit addressed, or who handles
}

var moves = map[Verb]move{
	Acknowledge: {[]State{Raised}, access.AlertHandle},
	Verify:      {[]State{Raised, Acknowledged, Verified}, access.AlertHandle},
	Dispatch:    {[]State{Raised, Acknowledged, Verified, Dispatched}, access.AlertHandle},
	Accept:      {[]State{Dispatched}, access.AlertAnswer},
	Return:      {[]State{Dispatched, Accepted}, access.AlertAnswer},
	Start:       {[]State{Dispatched, Accepted}, access.AlertAnswer},
	Finish:      {[]State{Dispatched, Accepted, InProgress}, access.AlertAnswer},
	Check:       {[]State{Done}, access.AlertHandle},
	Close:       {[]State{Raised, Acknowledged, Verified, Done, Checked}, access.AlertHandle},
	Reopen:      {[]State{Closed}, access.AlertHandle},
	Comment:     {States, access.AlertView},
	Escalate:    {States[:len(States)-1], access.AlertHandle},
}

// inner are the verbs of the program alone.
var inner = []Verb{Severity, Resolve, Reactivate, Suppress, Release, Flap, Steady, Join, Readdress}

// Apply does one thing with an alert and returns what it is then, with the
// entry of the timeline. It is the whole life of an alert; everything else
// only keeps what it says.
func Apply(a Alert, c Command, now time.Time) (Alert, Step, error) {
	a = a.clone()
	step := Step{At: now, Actor: c.Actor, Verb: c.Verb, From: a.State, Comment: strings.TrimSpace(c.Comment), Attachments: c.Attachments, Data: map[string]any{}}
	for k, v := range c.Data {
		step.Data[k] = v
	}
	var err error
	if m, ok := moves[c.Verb]; ok {
		if err = admit(&a, &c, m); err == nil {
			err = step.person(&a, &c, now)
		}
	} else if slices.Contains(inner, c.Verb) && c.Actor.IsSystem() {
		err = step.program(&a, &c, now)
	} else {
		err = errStep.With().At("step", errVerb.With("step", string(c.Verb)))
	}
	if err != nil {
		return Alert{}, Step{}, err
	}
	a.Version++
	a.UpdatedAt = now
	if !c.Actor.IsSystem() && c.Verb != Comment || c.Verb == Reactivate {
		a.touched = touch{version: a.Version, by: c.Actor.Name, step: c.Verb, at: now}
	}
	a.schedule(c.Limit, now)
	step.N, step.To = a.Version, a.State
	if step.Comment == "" {
		step.Comment = strings.TrimSpace(c.Reason)
	}
	return a, step, nil
}

// Allowed lists what the actor may do with the alert now.
func Allowed(a Alert, actor access.Actor) []Verb {
	out := []Verb{}
	for _, v := range []Verb{Acknowledge, Verify, Dispatch, Accept, Return, Start, Finish, Check, Close, Reopen, Comment, Escalate} {
		if admit(&a, &Command{Verb: v, Actor: actor}, moves[v]) == nil && (v != Escalate || a.Escalation.Level < topLevel) {
			out = append(out, v)
		}
	}
	return out
}

// admit asks whether the actor may do it, saw what there is, and whether the
// state lets him.
func admit(a *Alert, c *Command, m move) error {
	if err := mayTake(c.Actor, a, m.may); err != nil {
		return err
	}
	if c.Version != 0 && (c.Version < a.touched.version || c.Version > a.Version) {
		return errChanged.With("who", a.touched.by, "step", a.touched.step.Title(),
			"at", msg.Text{Vi: caltime.FormatVi(a.touched.at), En: caltime.FormatEn(a.touched.at)}, "state", a.State.Title())
	}
	over := c.Verb == Close && a.Direct && c.Actor.IsSystem() && a.open() // with its condition, wherever the unit is
	if !over && !slices.Contains(m.from, a.State) {
		return errState.With("state", a.State.Title(), "step", c.Verb.Title())
	}
	return nil
}

// person does what people do.
func (step *Step) person(a *Alert, c *Command, now time.Time) error {
	bad := errStep.With()
	for path, text := range map[string]string{"comment": c.Comment, "reason": c.Reason} {
		if len([]rune(text)) > mostText {
			bad.At(path, errTooLong.With("limit", mostText))
		}
	}
	reason := func() {
		if strings.TrimSpace(c.Reason) == "" && strings.TrimSpace(c.Comment) == "" {
			bad.At("reason", errReason.With())
		}
	}
	switch c.Verb {
	case Acknowledge:
		a.acknowledge(c.Actor, now)
		a.State = Acknowledged
	case Verify:
		switch c.Verdict {
		case VerdictTrue:
		case VerdictFalse:
			reason()
		case VerdictDuplicate:
			if c.DuplicateOf == "" || c.DuplicateOf == a.ID {
				bad.At("duplicate_of", errTwin.With())
			}
		default:
			bad.At("verdict", errVerdict.With())
		}
		step.imply(a, c, now, Acknowledge)
		a.Verdict, a.VerdictReason, a.DuplicateOf = c.Verdict, strings.TrimSpace(c.Reason), ""
		step.Data["verdict"] = c.Verdict
		if c.Verdict == VerdictTrue {
			a.State = Verified
			break
		}
		if a.VerdictReason == "" {
			a.VerdictReason = step.Comment
		}
		if c.Verdict == VerdictDuplicate {
			a.DuplicateOf = c.DuplicateOf
			step.Data["duplicate_of"] = c.DuplicateOf
		}
		a.close(now)
	case Dispatch:
		unit, name := c.Unit, c.UnitName
		if unit == "" {
			unit, name = a.Unit, a.UnitName
		}
		if unit == "" {
			bad.At("unit", errNoUnit.With())
		}
		step.imply(a, c, now, Acknowledge, Verify)
		step.Data["unit"], step.Data["unit_name"] = unit, name
		a.Unit, a.UnitName, a.State = unit, name, Dispatched
		a.Times.DispatchedAt, a.Times.AnsweredAt = &now, nil
		a.Times.AnswerBy = c.Limit.by(now, c.Limit.AnswerMinutes)
		a.Times.Late = slices.DeleteFunc(a.Times.Late, func(s string) bool { return s == stageAnswer }) // another unit, its own time
	case Accept:
		step.answer(a, now)
		a.State = Accepted
	case Return:
		reason()
		step.answer(a, now)
		a.State, a.Direct = Verified, false // the shift has to find somebody else
		// The time to find another unit runs from the return.
		a.Times.DispatchBy, a.Times.DispatchedAt, a.Times.AnswerBy = c.Limit.by(now, c.Limit.DispatchMinutes), nil, nil
		a.Times.Late = slices.DeleteFunc(a.Times.Late, func(s string) bool { return s == stageDispatch })
	case Start:
		step.imply(a, c, now, Accept)
		a.State = InProgress
	case Finish:
		step.imply(a, c, now, Accept, Start)
		a.State = Done
	case Check:
		if c.OK == nil {
			bad.At("ok", errOK.With())
			break
		}
		step.Data["ok"] = *c.OK
		if a.State = Checked; !*c.OK {
			reason()
			a.State = InProgress
		}
	case Close:
		if a.Active && a.State != Done && a.State != Checked {
			reason() // it goes on, and nobody was sent
		}
		step.imply(a, c, now, Acknowledge, Check) // not Verify: closing says nothing of right or wrong
		a.close(now)
	case Reopen:
		reason()
		a.State, a.ClosedAt = Acknowledged, nil
		a.Verdict, a.VerdictReason, a.DuplicateOf = "", "", ""
		a.Assignee = c.Actor.Name
		a.Times = Times{AcknowledgedAt: &now, DispatchBy: c.Limit.by(now, c.Limit.DispatchMinutes), Late: []string{}}
		a.Escalation.Level = 1
	case Escalate:
		switch {
		case c.Actor.IsSystem():
			step.Data["missed"] = a.climb(c.Limit, now)
		case a.Escalation.Level >= topLevel:
			return errTopLevel.With()
		default:
			a.Escalation.Level++
		}
		step.Data["level"] = a.Escalation.Level
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// program does what happens by itself.
func (step *Step) program(a *Alert, c *Command, now time.Time) error {
	switch c.Verb {
	case Severity, Reactivate:
		step.Data["from"], step.Data["to"] = int(a.Severity), int(c.Severity)
		if c.Verb == Reactivate {
			a.Active, a.ResolvedAt = true, nil
		}
		if c.Severity > a.Severity && a.SuppressedBy == nil {
			a.tighten(c.Limit, now)
		}
		a.Severity, a.PeakSeverity = c.Severity, max(a.PeakSeverity, c.Severity)
		a.tell(c)
	case Resolve:
		at := c.At
		a.Active, a.ResolvedAt = false, &at
		a.tell(c)
	case Suppress:
		a.SuppressedBy = c.Suppression
		step.Data["kind"], step.Data["id"], step.Data["title"] = c.Suppression.Kind, c.Suppression.ID, c.Suppression.Title
	case Release:
		a.SuppressedBy = nil
		a.restart(c.Limit, now)
	case Flap:
		a.Flapping = true
		if a.SuppressedBy == nil {
			a.SuppressedBy = &Suppression{Kind: ByFlap, ID: a.ID}
		}
	case Steady:
		a.Flapping = false
		if a.SuppressedBy != nil && a.SuppressedBy.Kind == ByFlap {
			a.SuppressedBy = c.Suppression
			if a.SuppressedBy == nil {
				a.restart(c.Limit, now)
			}
		}
	case Join:
		step.Data["incident"], step.Data["number"] = c.Incident, c.IncidentNumber
		if c.Incident == "" {
			step.Data["left"] = a.IncidentNumber
		}
		a.Incident, a.IncidentNumber = c.Incident, c.IncidentNumber
	case Readdress:
		step.Data["from"], step.Data["unit"], step.Data["unit_name"] = a.Unit, c.Unit, c.UnitName
		a.Unit, a.UnitName = c.Unit, c.UnitName
	}
	return nil
}

// tell takes over what the condition says of itself.
func (a *Alert) tell(c *Command) {
	if c.Value != nil {
		a.Value = c.Value
	}
	if c.Title.Vi != "" {
		a.Title = c.Title
	}
	if c.Text.Vi != "" {
		a.Text = c.Text
	}
}

// imply does the steps that the actor skipped as done by him, and says so in
// the entry.
func (step *Step) imply(a *Alert, c *Command, now time.Time, verbs ...Verb) {
	var skipped []string
	for _, v := range verbs {
		switch {
		case v == Acknowledge && a.State == Raised:
			a.acknowledge(c.Actor, now)
			a.State = Acknowledged
		case v == Verify && a.State == Acknowledged:
			a.Verdict, a.State = VerdictTrue, Verified
		case v == Accept && a.State == Dispatched:
			step.answer(a, now)
			a.State = Accepted
		case v == Start && a.State == Accepted:
			a.State = InProgress
		case v == Check && a.State == Done:
			a.State = Checked
		default:
			continue
		}
		skipped = append(skipped, string(v))
	}
	if len(skipped) > 0 {
		step.Data["skipped"] = skipped
	}
}

func (step *Step) answer(a *Alert, now time.Time) {
	if a.Times.AnsweredAt == nil {
		a.Times.AnsweredAt = &now
	}
}

func (a *Alert) acknowledge(by access.Actor, now time.Time) {
	a.Times.AcknowledgedAt = &now
	a.Assignee = by.Name
}

// close ends it; the condition may go on, but nobody waits for it.
func (a *Alert) close(now time.Time) {
	a.State, a.ClosedAt = Closed, &now
	if a.Kind == alertevent.KindManual {
		a.Active = false
	}
}
