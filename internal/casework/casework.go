package casework

import (
	"encoding/json"
	"strconv"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/workcal"
)

// Channel is how a file came in.
type Channel string

// The channels (KenhThucHien of the national messages).
const (
	Direct         Channel = "direct" // trực tiếp
	Online         Channel = "online" // trực tuyến
	Post           Channel = "post"   // bưu chính
	UnknownChannel Channel = "unknown"
)

// Event is one thing that a one-stop system told of one file.
type Event struct {
	System string          // id of the one-stop system
	Key    string          // identity of the message within the system; "": its content is
	Code   string          // mã hồ sơ, taken for an opaque key
	At     time.Time       // when it happened there; zero: unknown, then Seen
	Seen   time.Time       // when we learned it; zero: when it is imported
	Raw    json.RawMessage // the record as it came, personal fields removed
	Notes  []string        // what the reader had to assume: "zone_assumed", "bad_time:due"
	By     string          // who of our own people said it; empty: the system
	Patch

	id, said, who string // as kept, once known
}

// Patch is what an event says; nil is not said. Times have their zone.
type Patch struct {
	Procedure, ProcedureName *string
	Field, FieldName         *string
	Channel                  *Channel

	ApplicantName    *personal.Name
	ApplicantKind    *string // person, business, organisation
	ApplicantPaper   *personal.Paper
	ApplicantPhone   *personal.Phone
	ApplicantEmail   *personal.Email
	ApplicantAddress *personal.Address

	// The system's own words; case_word says what they mean.
	Unit, UnitName       *string
	Officer, OfficerName *string
	State                *string // or the national code 1–10

	Received, Due, Planned, Finished, Returned *time.Time
	DueReason                                  *string // why Due is another than before

	Step       *Step
	Supplement *Supplement
	Apology    *Apology
	Digitized  *bool // the result has a valid signed electronic copy
	Synthetic  *bool
}

// Step is a stretch of the file's way through the offices.
type Step struct {
	Name, Department, Officer, OfficerName string
	From, Until, Due                       time.Time
	Comment                                string
}

// Supplement is a request for missing papers, and their arrival.
type Supplement struct {
	By, Text                             string
	Asked, Answered, DueBefore, DueAfter time.Time
}

// Apology is the letter for a late file (NĐ 61/2018 Art. 19).
type Apology struct {
	Number, Reason string
	At, Due        time.Time // Due: the new promised date, zero none
}

// State is where a file stands; every local state means one of them.
type State string

// The states (domain notes §2.3).
const (
	NotAccepted State = "not_accepted" // chưa tiếp nhận
	Processing  State = "processing"   // đang giải quyết
	Paused      State = "paused"       // tạm dừng, chờ bổ sung, chờ nộp phí
	Finished    State = "finished"     // đã giải quyết
	Returned    State = "returned"     // đã trả kết quả
	Refused     State = "refused"      // không được tiếp nhận
	Withdrawn   State = "withdrawn"    // công dân rút
	Stopped     State = "stopped"      // dừng xử lý
)

// States lists the states in the order of a file's life.
var States = []State{NotAccepted, Processing, Paused, Finished, Returned, Refused, Withdrawn, Stopped}

// Clock says what the term does in a state.
type Clock string

// The clocks.
const (
	NotStarted Clock = "not_started"
	Running    Clock = "running"
	ClockHeld  Clock = "stopped"
	Ended      Clock = "ended"
)

// Clock says what the term does in the state.
func (s State) Clock() Clock {
	switch s {
	case Processing:
		return Running
	case Paused:
		return ClockHeld
	case NotAccepted, "":
		return NotStarted
	}
	return Ended
}

// Open reports whether the file is still to be worked on.
func (s State) Open() bool { return s.Clock() != Ended }

var stateTitles = map[State]msg.Text{
	NotAccepted: {Vi: "Chờ tiếp nhận", En: "Not accepted yet"},
	Processing:  {Vi: "Đang giải quyết", En: "In progress"},
	Paused:      {Vi: "Tạm dừng, chờ bổ sung", En: "Paused, waiting for papers"},
	Finished:    {Vi: "Đã giải quyết", En: "Finished"},
	Returned:    {Vi: "Đã trả kết quả", En: "Result handed out"},
	Refused:     {Vi: "Từ chối tiếp nhận", En: "Refused"},
	Withdrawn:   {Vi: "Công dân rút hồ sơ", En: "Withdrawn"},
	Stopped:     {Vi: "Dừng xử lý", En: "Stopped"},
}

// Title is the state in words.
func (s State) Title() msg.Text {
	if t, ok := stateTitles[s]; ok {
		return t
	}
	return msg.Text{Vi: "Chưa rõ trạng thái", En: "State not known"}
}

// Class is how a file stands against its date at an instant (domain notes
// §2.6); the classes exclude each other.
type Class string

// The classes.
const (
	NoClass        Class = ""        // there was no such file yet
	Waiting        Class = "waiting" // chờ tiếp nhận
	InTime         Class = "in_time" // trong hạn
	NearDue        Class = "near_due"
	Overdue        Class = "overdue" // quá hạn chưa giải quyết
	PausedClass    Class = "paused"
	Early          Class = "early"   // trước hạn
	OnTime         Class = "on_time" // đúng hạn
	Late           Class = "late"    // trễ hạn đã giải quyết
	RefusedClass   Class = "refused"
	WithdrawnClass Class = "withdrawn"
	StoppedClass   Class = "stopped"
	NoDue          Class = "no_due" // accepted or finished, but no date is known
)

// Classes lists the classes in the order tables show them.
var Classes = []Class{Waiting, InTime, NearDue, Overdue, PausedClass, Early, OnTime, Late, RefusedClass, WithdrawnClass, StoppedClass, NoDue}

var classTitles = map[Class]msg.Text{
	Waiting: {Vi: "Chờ tiếp nhận", En: "Waiting to be accepted"}, InTime: {Vi: "Trong hạn", En: "In time"},
	NearDue: {Vi: "Sắp đến hạn", En: "Near due"}, Overdue: {Vi: "Quá hạn chưa giải quyết", En: "Overdue"},
	PausedClass: {Vi: "Tạm dừng, chờ bổ sung", En: "Paused"}, Early: {Vi: "Trước hạn", En: "Early"},
	OnTime: {Vi: "Đúng hạn", En: "On time"}, Late: {Vi: "Trễ hạn đã giải quyết", En: "Late"},
	RefusedClass: {Vi: "Từ chối", En: "Refused"}, WithdrawnClass: {Vi: "Rút hồ sơ", En: "Withdrawn"},
	StoppedClass: {Vi: "Dừng xử lý", En: "Stopped"}, NoDue: {Vi: "Không có ngày hẹn", En: "No due date"},
}

// Title is the class in words.
func (c Class) Title() msg.Text { return classTitles[c] }

// Applicant is who the file is for; every field but the kind masks itself.
type Applicant struct {
	Kind    string           `json:"kind"`
	Name    personal.Name    `json:"name"`
	Phone   personal.Phone   `json:"phone"`
	Paper   personal.Paper   `json:"paper"`
	Email   personal.Email   `json:"email"`
	Address personal.Address `json:"address"`
}

// Problem is something about a file that needs a person's eye.
type Problem struct {
	Code  string   `json:"code"`
	Field string   `json:"field"`
	Text  msg.Text `json:"text"`
}

// Deadline is one version of the promised date. The versions that count are
// numbered from 1; a computed one that only stands beside a given one is 0.
type Deadline struct {
	Version int       `json:"version"`
	Due     time.Time `json:"due"`
	From    time.Time `json:"from"` // since when it holds
	Kind    string    `json:"kind"` // given, supplement, apology, computed
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
}

// The kinds of deadlines.
const (
	GivenDue      = "given"
	SupplementDue = "supplement"
	ApologyDue    = "apology"
	ComputedDue   = "computed"
)

// Pause is a stretch in which the clock stands.
type Pause struct {
	From   time.Time  `json:"from"`
	To     *time.Time `json:"to"`
	State  string     `json:"state"` // the system's word
	Reason string     `json:"reason"`
}

// Stretch is a step as it is shown.
type Stretch struct {
	Name        string     `json:"name"`
	Department  string     `json:"department"`
	Officer     string     `json:"officer"`
	From        *time.Time `json:"from"`
	To          *time.Time `json:"to"`
	Due         *time.Time `json:"due"`
	LateSeconds int64      `json:"late_seconds"`
}

// Turn is a change of the state: State holds from At on.
type Turn struct {
	At    time.Time `json:"at"`
	State State     `json:"state"`
}

// Case is the state of one file, folded from its events.
type Case struct {
	ID            string    `json:"id"`
	Code          string    `json:"code"`
	CodeForm      CodeForm  `json:"code_form"`
	System        string    `json:"system"`
	SystemName    string    `json:"system_name"`
	Procedure     string    `json:"procedure"`
	ProcedureName string    `json:"procedure_name"`
	Field         string    `json:"field"`
	FieldName     string    `json:"field_name"`
	Channel       Channel   `json:"channel"`
	Applicant     Applicant `json:"applicant"`
	Unit          string    `json:"unit" doc:"code of who answers for it now; empty: the system's word is not known yet"`
	UnitName      string    `json:"unit_name"`
	UnitRaw       string    `json:"unit_raw" doc:"the system's word"`
	UnitOrigin    string    `json:"unit_origin" doc:"the unit that had it, where another has succeeded since"`
	Officer       string    `json:"officer" doc:"the system's word"`
	OfficerName   string    `json:"officer_name"`
	OfficerUser   string    `json:"officer_user" doc:"id of the account, empty while unknown"`
	State         State     `json:"state"`
	StateRaw      string    `json:"state_raw"`
	StateName     msg.Text  `json:"state_name"`
	Clock         Clock     `json:"clock"`

	ReceivedAt  *time.Time `json:"received_at"`
	Due         *time.Time `json:"due" doc:"what counts: the given date, else the computed one"`
	DueGiven    *time.Time `json:"due_given"`
	DueComputed *time.Time `json:"due_computed"`
	DueDiffers  bool       `json:"due_differs"`
	FinishedAt  *time.Time `json:"finished_at"`
	ReturnedAt  *time.Time `json:"returned_at"`

	ClassNow         Class      `json:"class" doc:"at the instant asked for"`
	RemainingSeconds *int64     `json:"remaining_seconds"`
	LateSeconds      int64      `json:"late_seconds"`
	PausedSince      *time.Time `json:"paused_since"`
	DueVersion       int        `json:"due_version"`
	ApologyAt        *time.Time `json:"apology_at"`
	Digitized        *bool      `json:"digitized" doc:"null: nothing is known of a copy"`
	Synthetic        bool       `json:"synthetic"`
	Problems         []Problem  `json:"problems"`
	Step             string     `json:"step"`
	UpdatedAt        time.Time  `json:"updated_at"`
	Version          int        `json:"version"`

	Deadlines []Deadline `json:"-"`
	Pauses    []Pause    `json:"-"`
	Steps     []Stretch  `json:"-"`
	Turns     []Turn     `json:"-"` // the states, oldest first

	procedureRaw string
	change       int64 // number of the change in the store
}

// number is the ID as the store knows it.
func (c *Case) number() int64 {
	n, _ := strconv.ParseInt(c.ID, 10, 64)
	return n
}

// Window says when a file is near its date.
type Window struct {
	Mode     string // CalendarHours, WorkingHours, NextWorkingDay
	Hours    int
	Calendar *workcal.Calendar
	// EarlyByTime takes any time before the date for early; else only an
	// earlier day is.
	EarlyByTime bool
}

// The modes of a window.
const (
	CalendarHours  = "calendar_hours"
	WorkingHours   = "working_hours"
	NextWorkingDay = "next_working_day"
)

// Procedure is what is known of a kind of file.
type Procedure struct {
	Code      string     `json:"code"`
	Name      string     `json:"name"`
	Field     string     `json:"field"`
	FieldName string     `json:"field_name"`
	Clock     string     `json:"clock"` // PauseRule or ResetRule
	Days      *int       `json:"days"`
	Hours     *float64   `json:"hours"`
	Method    string     `json:"method"` // ByDate "D" or ByHour "H"
	Source    string     `json:"source"`
	RetiredAt *time.Time `json:"retired_at" doc:"no file is received under it from then on; open ones keep it"`
	Cases     int        `json:"cases"`
}

// The rules of procedures.
const (
	PauseRule = "pause" // what was left goes on
	ResetRule = "reset" // the term is counted again from the start (NĐ 61/2018 Art. 19)
	ByDate    = "D"     // the day of reception is not counted, the end of office hours
	ByHour    = "H"     // n × 8 hours of office time
)

// Report says what an import did.
type Report struct {
	Events   int          `json:"events"`
	New      int          `json:"new"`
	Repeated int          `json:"repeated"`
	Cases    int          `json:"cases" doc:"touched"`
	Opened   int          `json:"opened" doc:"seen for the first time"`
	Problems int          `json:"problems" doc:"of the cases touched, with any problem"`
	Errors   []EventError `json:"errors"`
}

// EventError is an event that was not taken: it names no file, or holds what
// no record can. The others of its batch are.
type EventError struct {
	Index int          `json:"index"`
	Err   *fault.Error `json:"-"`
}
