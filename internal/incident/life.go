package incident

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// The steps that people take with an incident.
const (
	StepConfirm      = "confirm"
	StepDismiss      = "dismiss"
	StepLead         = "lead"
	StepResolve      = "resolve"
	StepClose        = "close"
	StepReopen       = "reopen"
	StepMerge        = "merge"
	StepSplit        = "split"
	StepAddAlerts    = "add_alerts"
	StepRemoveAlerts = "remove_alerts"
	StepSeverity     = "severity"
	StepEdit         = "edit"
)

// Entries of the timeline that are no steps of their own.
const (
	entryPropose   = "propose"
	entryOpen      = "open"
	entryMessage   = "message"
	entrySOP       = "sop"
	entrySOPAssign = "sop_assign"
	entrySOPLate   = "sop_late"
	entryAbsorb    = "absorb" // another incident was merged into this one
	entryReaddress = "readdress"
)

// move says from which states a step is possible, and what it leads to.
type move struct {
	step string
	from []State
	to   State // "": it stays
	did  msg.Text
}

// moves is the whole life of an incident, in the order in which the steps are
// offered.
var moves = []move{
	{StepConfirm, []State{Proposed}, Open, msg.Text{Vi: "xác nhận", En: "confirmed"}},
	{StepDismiss, []State{Proposed}, Dismissed, msg.Text{Vi: "bỏ qua", En: "dismissed"}},
	{StepLead, []State{Open}, "", msg.Text{Vi: "giao đơn vị chủ trì cho", En: "named the lead unit of"}},
	{StepResolve, []State{Open}, Resolved, msg.Text{Vi: "báo xử lý xong", En: "resolved"}},
	{StepClose, []State{Open, Resolved}, Closed, msg.Text{Vi: "đóng", En: "closed"}},
	{StepReopen, []State{Resolved, Closed}, Open, msg.Text{Vi: "mở lại", En: "reopened"}},
	{StepMerge, []State{Open, Resolved}, Merged, msg.Text{Vi: "gộp", En: "merged"}},
	{StepSplit, []State{Open}, "", msg.Text{Vi: "tách", En: "split"}},
	{StepAddAlerts, []State{Proposed, Open, Resolved}, "", msg.Text{Vi: "thêm cảnh báo vào", En: "added alerts to"}},
	{StepRemoveAlerts, []State{Proposed, Open, Resolved}, "", msg.Text{Vi: "bớt cảnh báo khỏi", En: "took alerts out of"}},
	{StepSeverity, []State{Proposed, Open, Resolved}, "", msg.Text{Vi: "đổi mức của", En: "changed the severity of"}},
	{StepEdit, []State{Proposed, Open, Resolved}, "", msg.Text{Vi: "sửa", En: "edited"}},
}

func moveOf(step string) (move, bool) {
	i := slices.IndexFunc(moves, func(m move) bool { return m.step == step })
	if i < 0 {
		return move{}, false
	}
	return moves[i], true
}

// did is what a step did, as in "… has <did> the incident".
func did(step string) msg.Text {
	if m, ok := moveOf(step); ok {
		return m.did
	}
	return msg.Text{Vi: "thay đổi", En: "changed"}
}

// Allowed lists the steps that an incident in state s may take next.
func Allowed(s State) []string {
	out := []string{}
	for _, m := range moves {
		if slices.Contains(m.from, s) {
			out = append(out, m.step)
		}
	}
	return out
}

// Step is one thing that a person does with an incident.
type Step struct {
	Step        string
	Version     int // the version the actor saw
	Comment     string
	LeadUnit    *string
	Helping     []string // nil: as they are
	Into        string   // merge
	Alerts      []string
	Title, Text *string
	Severity    alertevent.Severity
	Place       *string
	Lon, Lat    *float64
	Attachments []string
}

var (
	errMissing = fault.Define(fault.NotFound, "incident.missing", "there is no such incident", "không có sự cố này")
	errChanged = fault.Define(fault.Conflict, "incident.changed",
		"{who} {did} the incident at {at}; it is now “{state}”: look again", "{who} đã {did} sự cố lúc {at}; sự cố nay ở trạng thái “{state}”, hãy xem lại")
	errState = fault.Define(fault.Conflict, "incident.step_not_allowed",
		"an incident that is “{state}” cannot be {did}", "sự cố ở trạng thái “{state}” không thể {did}")
	errStep     = fault.Define(fault.Invalid, "incident.invalid_step", "the step is not complete", "bước xử lý chưa đủ thông tin")
	errVerb     = fault.Define(fault.Invalid, "incident.unknown_step", "there is no step {step}", "không có bước {step}")
	errReason   = fault.Define(fault.Invalid, "incident.reason_missing", "say why", "cần nêu lý do")
	errTooLong  = fault.Define(fault.Invalid, "incident.too_long", "at most {limit} characters", "dài nhất {limit} ký tự")
	errNeeded   = fault.Define(fault.Invalid, "incident.needed", "this is needed", "không được để trống")
	errSeverity = fault.Define(fault.Invalid, "incident.severity", "a severity is 1, 2, 3 or 4", "mức phải là 1, 2, 3 hoặc 4")
	errUnit     = fault.Define(fault.Invalid, "incident.unit_unknown", "there is no unit {unit} in force", "không có đơn vị {unit} đang hoạt động")
	errPlace    = fault.Define(fault.Invalid, "incident.place", "a place needs both longitude and latitude", "vị trí cần đủ kinh độ và vĩ độ")
	errAlert    = fault.Define(fault.Invalid, "incident.alert_unknown", "there is no alert {alert}", "không có cảnh báo {alert}")
	errTaken    = fault.Define(fault.Conflict, "incident.alert_taken", "the alert {alert} belongs to the incident {incident}", "cảnh báo {alert} đã thuộc sự cố {incident}")
	errNotIn    = fault.Define(fault.Invalid, "incident.alert_elsewhere", "the alert {alert} does not belong to this incident", "cảnh báo {alert} không thuộc sự cố này")
	errInto     = fault.Define(fault.Invalid, "incident.merge_target", "it can only be merged into another incident that is open", "chỉ gộp được vào một sự cố khác đang mở")
	errTasks    = fault.Define(fault.Invalid, "incident.tasks_open", "{n} tasks are not finished and confirmed: {tasks}", "còn {n} nhiệm vụ chưa hoàn thành và xác nhận: {tasks}")
	errProof    = fault.Define(fault.Invalid, "incident.proof_missing", "the SOP demands proof (a photo or paper) before it is closed", "quy trình yêu cầu minh chứng (ảnh hoặc văn bản) trước khi đóng")
	errProofFor = fault.Define(fault.Invalid, "incident.proof_missing_step", "step {n} “{step}” demands proof: attach a photo or paper, or skip it and say why",
		"bước {n} “{step}” yêu cầu minh chứng: đính kèm ảnh hoặc văn bản, hoặc bỏ qua và nêu lý do")
)

const (
	mostComment = 4000 // runes
	mostTitle   = 300
	mostText    = 10_000
	mostUnits   = 50
	mostAlerts  = 500 // of one request
)

// apply takes a step: what the incident is afterwards. It knows no records:
// who may, which alerts move and what still stands in the way of closing is
// asked before.
func (i Incident) apply(s Step, by Person, now time.Time) (Incident, error) {
	m, ok := moveOf(s.Step)
	if !ok {
		return i, errVerb.With("step", clip(s.Step, 40))
	}
	if s.Version != i.Version {
		return i, i.changedError()
	}
	if !slices.Contains(m.from, i.State) {
		return i, errState.With("state", i.State.Title(), "did", m.did)
	}
	if err := s.check(); err != nil {
		return i, err
	}
	if m.to != "" {
		i.State = m.to
	}
	switch s.Step {
	case StepConfirm:
		i.acknowledge(now)
		i.OpenedBy = &by
	case StepResolve:
		i.clear(now)
	case StepClose:
		i.clear(now)
		i.ClosedAt = &now
	case StepReopen:
		i.ClearedAt, i.SecondsToClear, i.ClosedAt = nil, nil, nil
	case StepMerge:
		i.MergedInto = s.Into
	case StepSeverity:
		i.Severity = s.Severity
	case StepLead:
		i.dispatch(now)
	}
	if s.Title != nil && s.Step != StepSplit { // of a split it is the new incident's
		i.Title = strings.TrimSpace(*s.Title)
	}
	if s.Text != nil && s.Step != StepSplit {
		i.Text = strings.TrimSpace(*s.Text)
	}
	if s.Step == StepEdit {
		if s.Severity.Valid() {
			i.Severity = s.Severity
		}
		if s.Place != nil {
			i.Place = strings.TrimSpace(*s.Place)
		}
		if s.Lon != nil {
			i.Lon, i.Lat = s.Lon, s.Lat
		}
	}
	i.Version++
	i.Changed = Change{Step: s.Step, By: by, At: now}
	return i, nil
}

func (i *Incident) changedError() error {
	return errChanged.With("who", i.Changed.By.Name, "did", did(i.Changed.Step), "at", clockText(i.Changed.At), "state", i.State.Title())
}

func (i *Incident) since(at time.Time) *int64 {
	n := max(int64(at.Sub(i.OpenedAt)/time.Second), 0)
	return &n
}

func (i *Incident) acknowledge(at time.Time) {
	if i.AcknowledgedAt == nil {
		i.AcknowledgedAt, i.SecondsToAcknowledge = &at, i.since(at)
	}
}

func (i *Incident) dispatch(at time.Time) {
	i.acknowledge(at)
	if i.DispatchedAt == nil {
		i.DispatchedAt, i.SecondsToDispatch = &at, i.since(at)
	}
}

func (i *Incident) clear(at time.Time) {
	i.acknowledge(at)
	if i.ClearedAt == nil {
		i.ClearedAt, i.SecondsToClear = &at, i.since(at)
	}
}

// check asks whether a step says what it must.
func (s *Step) check() error {
	bad := errStep.With()
	if utf8.RuneCountInString(s.Comment) > mostComment {
		bad.At("comment", errTooLong.With("limit", mostComment))
	}
	s.Comment = strings.TrimSpace(s.Comment)
	if s.Comment == "" && (s.Step == StepDismiss || s.Step == StepReopen) {
		bad.At("comment", errReason.With())
	}
	if s.Title != nil {
		checkTitle(bad, *s.Title)
	}
	if s.Text != nil && utf8.RuneCountInString(*s.Text) > mostText {
		bad.At("text", errTooLong.With("limit", mostText))
	}
	if s.Step == StepSeverity && !s.Severity.Valid() || s.Severity != 0 && !s.Severity.Valid() {
		bad.At("severity", errSeverity.With())
	}
	if s.Step == StepMerge && s.Into == "" {
		bad.At("into", errNeeded.With())
	}
	if (s.Step == StepSplit || s.Step == StepAddAlerts || s.Step == StepRemoveAlerts) && len(s.Alerts) == 0 {
		bad.At("alerts", errNeeded.With())
	}
	if s.Step == StepLead && s.LeadUnit == nil && s.Helping == nil {
		bad.At("lead_unit", errNeeded.With())
	}
	if len(s.Alerts) > mostAlerts {
		bad.At("alerts", errTooLong.With("limit", mostAlerts))
	}
	if len(s.Helping) > mostUnits {
		bad.At("helping_units", errTooLong.With("limit", mostUnits))
	}
	if s.Place != nil && utf8.RuneCountInString(*s.Place) > mostTitle {
		bad.At("place", errTooLong.With("limit", mostTitle))
	}
	checkPlace(bad, s.Lon, s.Lat)
	return orNil(bad)
}

func checkTitle(bad *fault.Error, title string) {
	switch n := utf8.RuneCountInString(title); {
	case strings.TrimSpace(title) == "":
		bad.At("title", errNeeded.With())
	case n > mostTitle:
		bad.At("title", errTooLong.With("limit", mostTitle))
	}
}

func checkPlace(bad *fault.Error, lon, lat *float64) {
	if (lon == nil) != (lat == nil) || lon != nil && !(*lon >= -180 && *lon <= 180 && *lat >= -90 && *lat <= 90) {
		bad.At("lon", errPlace.With())
	}
}

// orNil is the fault when it names a field, else nothing.
func orNil(e *fault.Error) error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// mayStep lists what one who handles an incident in state s may do next.
func mayStep(handles bool, s State) []string {
	if !handles {
		return []string{}
	}
	return Allowed(s)
}
