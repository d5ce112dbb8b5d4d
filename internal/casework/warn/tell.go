package warn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
)

// sayings are the messages of one transaction, gathered by whom they are for:
// an officer whose ten files fall due in one minute gets one message.
type sayings struct{ by map[audience]*saying }

// audience is whom a message is for: an officer, or a level of a unit.
type audience struct {
	kind  string // near, overdue, apology, remind, climb
	user  string
	unit  string
	level int
}

type saying struct {
	name  string // of the officer
	files []said
}

// said is a file in a message.
type said struct {
	c       *casework.Case
	w       watch
	warning Warning // whose list of people is to be filled; zero: none
}

func (s *sayings) put(a audience, name string, f said) {
	if s.by == nil {
		s.by = map[audience]*saying{}
	}
	if s.by[a] == nil {
		s.by[a] = &saying{name: name}
	}
	s.by[a].files = append(s.by[a].files, f)
}

// whose is who is told of a file: its officer, or where nobody has said who
// that is the focal officers of the unit. A file of no known unit has nobody
// but the one who answers for what belongs to nobody: it is in the digest.
func whose(kind string, c *casework.Case) (audience, bool) {
	switch {
	case c.OfficerUser != "":
		return audience{kind: kind, user: c.OfficerUser}, true
	case c.Unit != "":
		return audience{kind: kind, unit: c.Unit, level: duty.LevelFocal}, true
	}
	return audience{}, false
}

func (s *sayings) add(r *rule, c *casework.Case, w *watch, n Warning) {
	if a, ok := whose(r.id, c); ok {
		s.put(a, c.OfficerName, said{c, *w, n})
	}
}

// climb tells the next level of a file that stays overdue, and reminds its
// officer.
func (t *turn) climb(w *watch, c *casework.Case, s standing) {
	if w.active&overdueBit == 0 {
		return
	}
	if level := s.level(t.tx.Now, t.set); level > w.level {
		w.level = level
		if c.Unit != "" {
			t.say.put(audience{kind: "climb", unit: c.Unit, level: level}, "", said{c: c, w: *w})
		}
	}
	every := hours(t.set.OverdueRepeatHours)
	switch {
	case every <= 0:
		w.remind = time.Time{}
	case w.remind.IsZero():
		w.remind = t.tx.Now.Add(every)
	case !w.remind.After(t.tx.Now):
		w.remind = t.tx.Now.Add(every)
		if a, ok := whose("remind", c); ok {
			t.say.put(a, c.OfficerName, said{c: c, w: *w})
		}
	}
}

var headings = map[string][2]msg.Text{ // one file, several
	NearDue: {{Vi: "Hồ sơ {code} sắp đến hạn {due}", En: "File {code} is due {due}"},
		{Vi: "{n} hồ sơ sắp đến hạn", En: "{n} files are near their due date"}},
	Overdue: {{Vi: "Hồ sơ {code} đã quá hạn {due}", En: "File {code} is overdue since {due}"},
		{Vi: "{n} hồ sơ đã quá hạn", En: "{n} files are overdue"}},
	NoApology: {{Vi: "Hồ sơ {code} quá hạn, chưa có thư xin lỗi", En: "File {code} is overdue without a letter of apology"},
		{Vi: "{n} hồ sơ quá hạn, chưa có thư xin lỗi", En: "{n} files are overdue without a letter of apology"}},
	"remind": {{Vi: "Nhắc lại: hồ sơ {code} quá hạn từ {due}", En: "Again: file {code} is overdue since {due}"},
		{Vi: "Nhắc lại: {n} hồ sơ quá hạn", En: "Again: {n} files are overdue"}},
	"climb": {{Vi: "Báo cáo cấp trên: hồ sơ {code} quá hạn từ {due}", En: "Escalated: file {code} is overdue since {due}"},
		{Vi: "Báo cáo cấp trên: {n} hồ sơ quá hạn chưa giải quyết", En: "Escalated: {n} files are overdue"}},
}

// tell queues the messages in the transaction that made them.
func (t *turn) tell() error {
	if t.s.o.Notify == nil {
		return nil
	}
	for _, a := range slices.SortedFunc(maps.Keys(t.say.by), func(a, b audience) int {
		return strings.Compare(fmt.Sprint(a.kind, a.user, a.unit, a.level), fmt.Sprint(b.kind, b.user, b.unit, b.level))
	}) {
		if err := t.tellOne(a, t.say.by[a]); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) tellOne(a audience, s *saying) error {
	var to []notify.Recipient
	if a.user != "" {
		to = []notify.Recipient{{User: a.user, Name: s.name, Unit: s.files[0].c.Unit, Level: duty.LevelFocal}}
	} else {
		var err error
		if to, err = t.s.people(t.tx, a.unit, a.level); err != nil || len(to) == 0 {
			return err
		}
	}
	slices.SortStableFunc(s.files, func(x, y said) int { return x.w.due.Compare(y.w.due) })
	m := notify.Message{Topic: notify.TopicAlert, Severity: alertevent.Notice, Service: "case", Unit: s.files[0].c.Unit, To: to, Link: "/cases?class=overdue"}
	switch a.kind {
	case NearDue:
		m.Link = "/cases?class=near_due"
	case "climb":
		m.Topic, m.Severity = notify.TopicEscalation, alertevent.Warning
	default:
		m.Severity = alertevent.Warning
	}
	first := s.files[0]
	heading := headings[a.kind][min(len(s.files)-1, 1)]
	fill := func(lang msg.Lang) string {
		return heading.Format(lang, map[string]any{"code": first.c.Code, "due": caltime.Format(lang, first.w.due), "n": len(s.files)})
	}
	m.Title = labelled(msg.Text{Vi: fill(msg.Vi), En: fill(msg.En)}, !slices.ContainsFunc(s.files, func(f said) bool { return !f.c.Synthetic }))
	if len(s.files) == 1 {
		m.Link = "/cases/" + first.c.ID
		m.Key = fmt.Sprintf("%s:%d:%s:%s:%d", fingerprint(a.kind, first.c.ID, first.w.version), first.w.round, a.user, a.unit, a.level)
		if a.kind == "remind" {
			m.Key += ":" + t.tx.Now.UTC().Format("20060102T150405")
		}
	}
	m.Text = linesOf(s.files)
	if err := t.s.o.Notify.Enqueue(t.tx, m); err != nil {
		return err
	}
	names := make([]string, len(to))
	for i, r := range to {
		names[i] = r.Name
	}
	for _, f := range s.files {
		if f.warning.Case != "" {
			f.warning.Told = names
			if err := setTold(t.tx, f.warning); err != nil {
				return err
			}
		}
	}
	return nil
}

// labelled says of what is made up that it is.
func labelled(t msg.Text, synthetic bool) msg.Text {
	if !synthetic {
		return t
	}
	return msg.Text{Vi: t.Vi + " (mô phỏng)", En: t.En + " (simulated)"}
}

// mostLines is how many files a message names.
const mostLines = 20

func linesOf(files []said) msg.Text {
	return listed(len(files), func(i int) msg.Text {
		f := &files[i]
		line := f.c.Code
		if f.c.ProcedureName != "" {
			line += " · " + f.c.ProcedureName
		}
		return labelled(msg.Text{Vi: line + " · hạn " + caltime.FormatVi(f.w.due), En: line + " · due " + caltime.FormatEn(f.w.due)}, f.c.Synthetic)
	})
}

// listed puts n files under each other, of many only the first.
func listed(n int, line func(i int) msg.Text) msg.Text {
	var vi, en []string
	for i := range min(n, mostLines) {
		x := line(i)
		vi, en = append(vi, x.Vi), append(en, x.En)
	}
	if more := n - mostLines; more > 0 {
		vi, en = append(vi, fmt.Sprintf("… và %d hồ sơ khác", more)), append(en, fmt.Sprintf("… and %d more", more))
	}
	return msg.Text{Vi: strings.Join(vi, "\n"), En: strings.Join(en, "\n")}
}
