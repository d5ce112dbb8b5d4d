package warn

import (
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// fingerprint is the identity of a condition for the alert engine.
func fingerprint(rule, id string, version int) string {
	return fmt.Sprintf("%s:%s:%d", rule, id, version)
}

// begin lets a condition hold. It is told to people once only: case_warning
// knows what was warned of before, and to whom.
func (t *turn) begin(w *watch, c *casework.Case, r *rule) error {
	n := warningOf(w, c, r, t.tx.Now)
	for {
		fresh, err := insertWarning(t.tx, n)
		if err != nil {
			return err
		}
		if fresh {
			t.say.add(r, c, w, n)
			break
		}
		before, _, err := findWarning(t.tx, n.Case, n.Rule, n.DueVersion, n.round)
		if err != nil {
			return err
		}
		if before.Due.Equal(n.Due) {
			if before.OverAt != nil && before.OverAt.After(w.told) {
				w.told = *before.OverAt
			}
			if err := resumeWarning(t.tx, n); err != nil {
				return err
			}
			if len(before.Told) == 0 { // nobody was known to be told then
				t.say.add(r, c, w, n)
			}
			break
		}
		n.round++ // another date had this number, before a late message was put in
	}
	w.round = n.round
	w.active |= r.bit
	t.emit(w, c, r, r.severity, "")
	return nil
}

func warningOf(w *watch, c *casework.Case, r *rule, now time.Time) Warning {
	return Warning{Case: c.ID, Rule: r.id, DueVersion: w.version, round: w.round, Code: c.Code, Unit: c.Unit, UnitName: unitName(c),
		Officer: c.Officer, OfficerName: c.OfficerName, OfficerUser: c.OfficerUser, Due: w.due, WarnedAt: now, Synthetic: c.Synthetic}
}

func unitName(c *casework.Case) string {
	if c.UnitName != "" {
		return c.UnitName
	}
	return c.UnitRaw
}

func (t *turn) end(w *watch, c *casework.Case, r *rule, why string) error {
	w.active &^= r.bit
	t.emit(w, c, r, alertevent.None, why)
	return endWarning(t.tx, c.ID, r.id, why, t.tx.Now)
}

// evidence is why a condition holds, without anything of the applicant.
type evidence struct {
	Code      string     `json:"code"`
	Procedure string     `json:"procedure"`
	System    string     `json:"system"`
	Received  *time.Time `json:"received"`
	Due       time.Time  `json:"due"`
	Version   int        `json:"due_version"`
	State     string     `json:"state"`
	Officer   string     `json:"officer"`
	Window    Near       `json:"window"`
}

// emit tells the alert engine. The instant of a fact is later than that of
// the last one, whatever the clock says.
func (t *turn) emit(w *watch, c *casework.Case, r *rule, severity alertevent.Severity, why string) {
	at := t.tx.Now
	if !at.After(w.told) {
		at = w.told.Add(tick)
	}
	w.told = at
	e, _ := json.Marshal(evidence{Code: c.Code, Procedure: c.ProcedureName, System: c.System, Received: c.ReceivedAt, Due: w.due, Version: w.version,
		State: string(c.State), Officer: c.Officer, Window: t.set.Window}) // numbers and text always marshal
	due := msg.Text{Vi: caltime.FormatVi(w.due), En: caltime.FormatEn(w.due)}
	title := msg.Text{Vi: "Hồ sơ " + c.Code + " sắp đến hạn " + due.Vi, En: "File " + c.Code + " is due " + due.En}
	switch r.bit {
	case overdueBit:
		title = msg.Text{Vi: "Hồ sơ " + c.Code + " quá hạn từ " + due.Vi, En: "File " + c.Code + " is overdue since " + due.En}
	case apologyBit:
		title = msg.Text{Vi: "Hồ sơ " + c.Code + " quá hạn từ " + due.Vi + ", chưa có thư xin lỗi", En: "File " + c.Code + " is overdue since " + due.En + " without a letter of apology"}
	}
	what := c.ProcedureName
	if what == "" {
		what = c.Procedure
	}
	who := c.OfficerName
	if who == "" {
		who = c.Officer
	}
	text := msg.Text{Vi: what, En: what}
	if who != "" {
		text = msg.Text{Vi: what + " · cán bộ: " + who, En: what + " · officer: " + who}
	}
	text = labelled(text, c.Synthetic)
	tail := ""
	if severity == alertevent.None {
		tail = ": hết (" + why + ")"
	}
	t.tx.Emit(store.Event{Subject: alertevent.SubjectCaseCondition + r.id, Entity: "case", EntityID: c.ID, Summary: title.Vi + tail,
		After: alertevent.Condition{
			Fingerprint: fingerprint(r.id, c.ID, w.version), Kind: "case", Service: "case", Rule: r.id, RuleName: r.name, Title: title, Text: text,
			Severity: severity, Since: t.tx.Now, At: at, Unit: c.Unit, Direct: true, Estimated: c.Synthetic, Evidence: e,
			Labels: map[string]string{"case": c.ID, "code": c.Code, "procedure": c.Procedure, "field": c.Field},
		}})
}
