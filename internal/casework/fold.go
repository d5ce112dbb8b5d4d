package casework

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/workcal"
)

// folding is a fold under way.
type folding struct {
	Case
	words     Words
	cal       *workcal.Calendar
	said      []said // every state that was told, repeats too
	supplied  []Supplement
	lastGiven time.Time
	promised  int  // apologies that named another date
	starts    bool // the event at hand is the first that says when it was received

	officerKnown bool
}

// said is a state that was told, and in what words.
type said struct {
	Turn
	word, reason string
}

// Fold makes the file of its events: a pure function, in which the order of
// arrival and repetitions do not matter. ID, names of units and what needs to
// know other files are not its business.
func Fold(events []Event, words Words, cal *workcal.Calendar, proc Procedure) Case {
	f := &folding{words: words, cal: cal}
	f.Channel, f.Problems = UnknownChannel, []Problem{}
	keys := map[string]string{}
	all := ordered(events, words)
	for i := range all {
		e := &all[i]
		if e.Key != "" {
			if id, twice := keys[e.Key]; twice && id != e.id {
				f.problem("contradictory_message", "")
			}
			keys[e.Key] = e.id
		}
		f.apply(e)
	}
	f.Version = len(all)
	f.settle(all, proc)
	f.compute(proc)
	f.judge(proc)
	return f.Case
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

func moment(to **time.Time, v *time.Time) {
	if v != nil && !v.IsZero() {
		t := v.UTC().Truncate(time.Microsecond)
		*to = &t
	}
}

// apply takes one event, in order.
func (f *folding) apply(e *told) {
	f.System, f.Code = e.System, e.Code
	if e.Seen.After(f.UpdatedAt) {
		f.UpdatedAt = e.Seen
	}
	set(&f.procedureRaw, e.Procedure)
	set(&f.ProcedureName, e.ProcedureName)
	set(&f.Field, e.Field)
	set(&f.FieldName, e.FieldName)
	set(&f.Channel, e.Channel)
	set(&f.Applicant.Kind, e.ApplicantKind)
	set(&f.Applicant.Name, e.ApplicantName)
	set(&f.Applicant.Paper, e.ApplicantPaper)
	set(&f.Applicant.Phone, e.ApplicantPhone)
	set(&f.Applicant.Email, e.ApplicantEmail)
	set(&f.Applicant.Address, e.ApplicantAddress)
	if e.Unit != nil && *e.Unit != f.UnitRaw { // the name belongs to its word
		f.UnitRaw, f.UnitName = *e.Unit, ""
	}
	set(&f.UnitName, e.UnitName)
	if e.Officer != nil && *e.Officer != f.Officer {
		f.Officer, f.OfficerName = *e.Officer, ""
	}
	set(&f.OfficerName, e.OfficerName)
	f.starts = f.ReceivedAt == nil && e.Received != nil && !e.Received.IsZero()
	moment(&f.ReceivedAt, e.Received)
	if e.Digitized != nil {
		d := *e.Digitized
		f.Digitized = &d
	}
	set(&f.Synthetic, e.Synthetic)
	f.state(e)
	if e.Supplement != nil {
		f.supplement(e)
	}
	if e.Due != nil && !e.Due.IsZero() {
		f.given(e)
	}
	if e.Apology != nil {
		f.apology(e)
	}
	if e.Step != nil {
		f.step(e)
	}
	for _, n := range e.Notes {
		code, field, _ := strings.Cut(n, ":")
		f.problem(code, field)
	}
	if !e.At.IsZero() && !e.when.Equal(e.At) {
		f.problem("time_in_future", "at")
	}
}

// state takes what an event says of the state. A time of ending without a word
// that is understood is an ending too.
func (f *folding) state(e *told) {
	word := ""
	if e.State != nil {
		word = *e.State
		f.StateRaw = word
		if _, known := f.words.state(e.System, word); !known {
			f.problem("unknown_state", word)
		}
	}
	st, ok := e.says(f.words)
	if !ok {
		return
	}
	at := e.when
	switch {
	case st.Clock() == Ended:
		moment(&f.FinishedAt, e.Finished)
		moment(&f.ReturnedAt, e.Returned)
		switch {
		case st == Returned && e.Finished == nil && f.stands() == Finished: // finished before, handed out now
			if f.ReturnedAt == nil {
				moment(&f.ReturnedAt, &at)
			}
		case e.Finished != nil && !e.Finished.IsZero():
			at = *e.Finished
		case e.Returned != nil && !e.Returned.IsZero():
			at = *e.Returned
		}
		if at.After(e.when.Add(time.Minute)) { // told before it is to happen: known since it was told
			f.problem("finished_in_future", "finished_at")
			at = e.when
		}
		if (st == Finished || st == Returned) && f.FinishedAt == nil {
			moment(&f.FinishedAt, &at)
		}
	case st == Processing && f.starts && f.stands().Clock() == Ended: // an end before the start: being received opens nothing again
		return
	case st == Processing && e.Received != nil && !e.Received.IsZero() && (len(f.said) == 0 || f.stands() == NotAccepted):
		if at = *e.Received; at.After(e.when) {
			at = e.when
		}
		f.reopen()
	default:
		f.reopen()
	}
	reason := ""
	if e.Step != nil {
		reason = e.Step.Comment
	}
	if e.Supplement != nil {
		reason = e.Supplement.Text
	}
	f.said = append(f.said, said{Turn{at.UTC().Truncate(time.Microsecond), st}, word, reason})
}

// stands is the state told last.
func (f *folding) stands() State {
	if len(f.said) == 0 {
		return ""
	}
	return f.said[len(f.said)-1].State
}

// reopen forgets the end of a file that is said to be open after all.
func (f *folding) reopen() { f.FinishedAt, f.ReturnedAt = nil, nil }

func (f *folding) supplement(e *told) {
	s := *e.Supplement
	i := slices.IndexFunc(f.supplied, func(o Supplement) bool { return o.Asked.Equal(s.Asked) })
	switch {
	case s.Asked.IsZero(): // only the state says since when it waits
	case i < 0:
		f.supplied = append(f.supplied, s)
	default:
		f.supplied[i] = s
	}
	from := e.when
	if !s.Answered.IsZero() {
		from = s.Answered
	}
	if !s.DueBefore.IsZero() && f.due() == nil {
		f.version(s.DueBefore, f.since(e.when), GivenDue, "", by(e))
	}
	if !s.DueAfter.IsZero() {
		f.version(s.DueAfter, from, SupplementDue, s.Text, by(e))
	}
}

func by(e *told) string {
	if e.By != "" {
		return e.By
	}
	return e.System
}

// since is from when a first date holds: it was promised at reception.
func (f *folding) since(at time.Time) time.Time {
	if f.ReceivedAt != nil && f.ReceivedAt.Before(at) {
		return *f.ReceivedAt
	}
	return at
}

// due is the version in force, of those that were told.
func (f *folding) due() *Deadline {
	if n := len(f.Deadlines); n > 0 {
		return &f.Deadlines[n-1]
	}
	return nil
}

// version adds a version of the date, unless it is the one in force.
func (f *folding) version(due, from time.Time, kind, reason, by string) {
	due = endOfDay(due).UTC().Truncate(time.Microsecond)
	if last := f.due(); last != nil && last.Due.Equal(due) {
		return
	}
	f.Deadlines = append(f.Deadlines, Deadline{Version: len(f.Deadlines) + 1, Due: due, From: from.UTC().Truncate(time.Microsecond), Kind: kind, Reason: reason, By: by})
}

// endOfDay: a date without a time of day ends with its day (Civil Code
// Art. 148), however the source writes it.
func endOfDay(t time.Time) time.Time {
	if day := caltime.Day(t); day.Equal(t) {
		return day.AddDate(0, 0, 1).Add(-time.Second)
	}
	return t
}

// given takes the date of a message. A system that repeats the date it knows
// does not take back what was promised since.
func (f *folding) given(e *told) {
	moment(&f.DueGiven, e.Due)
	if e.Due.Equal(f.lastGiven) {
		return
	}
	f.lastGiven = *e.Due
	if !endOfDay(*e.Due).Equal(*e.Due) {
		f.problem("due_without_time", "due_given")
	}
	from, reason := e.when, ""
	if f.due() == nil {
		from = f.since(e.when)
	}
	set(&reason, e.DueReason)
	f.version(*e.Due, from, GivenDue, reason, by(e))
}

func (f *folding) apology(e *told) {
	a := *e.Apology
	if a.At.IsZero() {
		a.At = e.when
	}
	moment(&f.ApologyAt, &a.At)
	if a.Due.IsZero() {
		return
	}
	if last := f.due(); last != nil && last.Due.Equal(endOfDay(a.Due)) {
		return
	}
	if f.promised++; f.promised > 1 { // NĐ 61/2018 Art. 19: once only
		f.problem("promised_twice", "due")
	}
	reason := strings.TrimSpace(a.Number + " " + a.Reason)
	f.version(a.Due, a.At, ApologyDue, reason, by(e))
}

func (f *folding) step(e *told) {
	s := e.Step
	from := s.From
	if from.IsZero() {
		from = e.when
	}
	n := Stretch{Name: s.Name, Department: s.Department, Officer: s.OfficerName}
	if n.Officer == "" {
		n.Officer = s.Officer
	}
	moment(&n.From, &from)
	moment(&n.To, &s.Until)
	moment(&n.Due, &s.Due)
	i := slices.IndexFunc(f.Steps, func(o Stretch) bool {
		return o.Name == n.Name && o.Department == n.Department && o.From.Equal(*n.From)
	})
	if i < 0 {
		f.Steps = append(f.Steps, n)
		return
	}
	f.Steps[i] = n
}

// problem lists something once.
func (f *folding) problem(code, field string) { f.Case.problem(code, field) }

func (c *Case) problem(code, field string) {
	if !slices.ContainsFunc(c.Problems, func(p Problem) bool { return p.Code == code && p.Field == field }) {
		c.Problems = append(c.Problems, Problem{Code: code, Field: field, Text: problemText(code, field)})
	}
}

// settle makes the way of the states and what follows from it.
func (f *folding) settle(all []told, proc Procedure) {
	first := time.Time{}
	if len(all) > 0 {
		first = all[0].when
	}
	way := f.way(first)
	for _, s := range way {
		f.Turns = append(f.Turns, s.Turn)
	}
	if n := len(way); n > 0 {
		f.State = way[n-1].State
	}
	f.pauses(way)
	f.StateName, f.Clock = f.State.Title(), f.State.Clock()
	slices.SortStableFunc(f.Steps, func(a, b Stretch) int { return a.From.Compare(*b.From) })
	for i := range f.Steps {
		s := &f.Steps[i]
		if s.To == nil && i+1 < len(f.Steps) {
			s.To = f.Steps[i+1].From
		}
		if s.To == nil && f.State.Clock() == Ended {
			t := f.Turns[len(f.Turns)-1].At
			s.To = &t
		}
		if s.To != nil && s.Due != nil && s.To.After(*s.Due) {
			s.LateSeconds = int64(s.To.Sub(*s.Due) / time.Second)
		}
	}
	if n := len(f.Steps); n > 0 {
		f.Step = f.Steps[n-1].Name
	}
	f.CodeForm = FormOf(f.Code)
	f.Procedure = f.procedureRaw
	if m, ok := f.words.Mean(f.System, ProcedureWord, f.procedureRaw); ok {
		f.Procedure = m
	}
	if proc.Code != "" && proc.Code == f.Procedure {
		if proc.Name != "" {
			f.ProcedureName = proc.Name
		}
		if proc.Field != "" {
			f.Field, f.FieldName = proc.Field, proc.FieldName
		}
	}
	if m, ok := f.words.Mean(f.System, UnitWord, f.UnitRaw); ok {
		f.Unit, f.UnitOrigin = m, m
	}
	if m, ok := f.words.Mean(f.System, OfficerWord, f.Officer); ok {
		if f.officerKnown = true; m != NoAccount {
			f.OfficerUser = m
		}
	}
}

// way is what was told of the state as a way in time: what a later message
// dates back undoes what lies behind it.
func (f *folding) way(first time.Time) []said {
	var way []said
	add := func(s said) {
		for len(way) > 0 && !way[len(way)-1].At.Before(s.At) {
			way = way[:len(way)-1]
		}
		way = append(way, s)
	}
	if len(f.said) == 0 || f.said[0].State.Clock() != NotStarted && f.ReceivedAt != nil && f.ReceivedAt.Before(f.said[0].At) {
		start := said{Turn: Turn{first, NotAccepted}}
		switch {
		case f.ReceivedAt != nil:
			start.Turn = Turn{*f.ReceivedAt, Processing}
			if len(f.said) == 0 && first.Before(start.At) {
				start.At = first
			}
		case len(f.Steps) > 0:
			start.State = Processing
		}
		add(start)
	}
	for _, s := range f.said {
		add(s)
	}
	for _, s := range f.supplied {
		way = lay(way, s)
	}
	return slices.CompactFunc(way, func(a, b said) bool { return a.State == b.State })
}

// lay lays the pause of a request for papers over the way, where the file was
// in progress.
func lay(way []said, s Supplement) []said {
	asked, answered := s.Asked.UTC().Truncate(time.Microsecond), s.Answered.UTC().Truncate(time.Microsecond)
	var out []said
	under := said{} // what holds without the pause
	laid := false
	begin := func() {
		if !laid && under.State == Processing {
			if n := len(out); out[n-1].At.Equal(asked) {
				out = out[:n-1]
			}
			out = append(out, said{Turn{asked, Paused}, "", s.Text})
		}
		laid = true
	}
	for _, w := range way {
		if w.At.After(asked) {
			begin()
		}
		inside := w.At.After(asked) && !s.Answered.IsZero() && w.At.Before(answered)
		if inside && w.State == Processing && len(out) > 0 && out[len(out)-1].State == Paused { // still waiting, whatever it says meanwhile
			under = w
			continue
		}
		if !s.Answered.IsZero() && w.At.After(answered) {
			out = resume(out, answered, under)
		}
		under = w
		out = append(out, w)
	}
	begin()
	if !s.Answered.IsZero() {
		out = resume(out, answered, under)
	}
	return out
}

// resume lets the way go on at the answer, when it stands paused there.
func resume(out []said, at time.Time, under said) []said {
	n := len(out)
	if n == 0 || out[n-1].State != Paused || !out[n-1].At.Before(at) || under.State.Clock() == Ended {
		return out
	}
	return append(out, said{Turn{at, Processing}, "", ""})
}

func (f *folding) pauses(way []said) {
	for i, s := range way {
		if s.State != Paused {
			continue
		}
		p := Pause{From: s.At, State: s.word, Reason: s.reason}
		if i+1 < len(way) {
			t := way[i+1].At
			p.To = &t
		}
		f.Pauses = append(f.Pauses, p)
	}
}

// judge lists what does not fit together.
func (f *folding) judge(proc Procedure) {
	if f.CodeForm == OtherForm {
		f.problem("code_form", "code")
	}
	if f.UnitRaw != "" && f.Unit == "" {
		f.problem("unknown_unit", f.UnitRaw)
	}
	if f.Officer != "" && !f.officerKnown {
		f.problem("unknown_officer", f.Officer)
	}
	if f.Procedure != "" && proc.Code != f.Procedure {
		f.problem("unknown_procedure", f.Procedure)
	}
	if proc.Code == f.Procedure && proc.RetiredAt != nil && f.ReceivedAt != nil && !f.ReceivedAt.Before(*proc.RetiredAt) {
		f.problem("procedure_retired", "procedure")
	}
	if f.ReceivedAt != nil {
		if f.DueGiven != nil && endOfDay(*f.DueGiven).Before(*f.ReceivedAt) {
			f.problem("due_before_received", "due_given")
		}
		if f.FinishedAt != nil && f.FinishedAt.Before(*f.ReceivedAt) {
			f.problem("end_before_start", "finished_at")
		}
	}
	if f.FinishedAt != nil && f.ReturnedAt != nil && f.ReturnedAt.Before(*f.FinishedAt) {
		f.problem("returned_before_finished", "returned_at")
	}
}

var problemTexts = map[string]msg.Text{
	"code_form":                {Vi: "Mã hồ sơ không đúng mẫu", En: "The code has an unknown form"},
	"duplicate_code":           {Vi: "Mã hồ sơ có ở hai hệ thống", En: "Two systems have a file of this code"},
	"contradictory_message":    {Vi: "Cùng một thông điệp, nội dung khác nhau", En: "One message came with two contents"},
	"unknown_state":            {Vi: "Chưa rõ trạng thái “{field}”", En: "Nobody has said what the state “{field}” means"},
	"unknown_unit":             {Vi: "Chưa rõ đơn vị “{field}”", En: "Nobody has said which unit “{field}” is"},
	"unknown_officer":          {Vi: "Chưa rõ cán bộ “{field}”", En: "Nobody has said who “{field}” is"},
	"unknown_procedure":        {Vi: "Thủ tục {field} chưa có trong danh mục", En: "The procedure {field} is not in the list"},
	"procedure_retired":        {Vi: "Tiếp nhận theo thủ tục đã bãi bỏ", En: "Received under a procedure that had been removed"},
	"due_before_received":      {Vi: "Ngày hẹn trả trước ngày tiếp nhận", En: "Due before it was received"},
	"due_without_time":         {Vi: "Hẹn trả chỉ có ngày: tính đến hết ngày", En: "The due date has no time of day: the end of the day counts"},
	"end_before_start":         {Vi: "Kết thúc trước khi tiếp nhận", En: "Finished before it was received"},
	"returned_before_finished": {Vi: "Trả kết quả trước khi giải quyết xong", En: "Handed out before it was finished"},
	"finished_in_future":       {Vi: "Thời điểm kết thúc ở tương lai", En: "The end lies in the future"},
	"time_in_future":           {Vi: "Thông điệp ghi thời điểm ở tương lai: xếp theo lúc nhận", En: "The message is dated in the future: ordered by its arrival"},
	"promised_twice":           {Vi: "Hẹn lại quá một lần (NĐ 61/2018 Điều 19)", En: "Promised again more than once (Decree 61/2018, Art. 19)"},
	"zone_assumed":             {Vi: "Thời gian không có múi giờ: lấy giờ Việt Nam", En: "A time had no zone: that of Vietnam was taken"},
	"bad_time":                 {Vi: "Thời gian không đọc được: {field}", En: "A time could not be read: {field}"},
	"bad_value":                {Vi: "Giá trị không đọc được: {field}", En: "A value could not be read: {field}"},
	"no_such_day":              {Vi: "Ngày không có trong lịch: {field}", En: "There is no such day: {field}"},
}

func problemText(code, field string) msg.Text {
	t, ok := problemTexts[code]
	if !ok {
		return msg.Text{Vi: fmt.Sprintf("%s %s", code, field), En: fmt.Sprintf("%s %s", code, field)}
	}
	r := strings.NewReplacer("{field}", field)
	return msg.Text{Vi: r.Replace(t.Vi), En: r.Replace(t.En)}
}
