package casework

import (
	"fmt"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

// tellEvent says an event in one line.
func tellEvent(e *told, words Words) (kind string, t msg.Text) {
	switch {
	case e.Apology != nil:
		t = msg.Text{Vi: "Thư xin lỗi " + e.Apology.Number, En: "Letter of apology " + e.Apology.Number}
		return "apology", dueSaid(t, e.Apology.Due)
	case e.Supplement != nil:
		t = msg.Text{Vi: "Yêu cầu bổ sung: " + e.Supplement.Text, En: "Papers asked for: " + e.Supplement.Text}
		return "supplement", dueSaid(t, e.Supplement.DueAfter)
	case e.State != nil:
		t = msg.Text{Vi: "“" + *e.State + "”", En: "“" + *e.State + "”"}
		if st, ok := words.state(e.System, *e.State); ok {
			t = st.Title()
		}
		if e.Step != nil && e.Step.Name != "" {
			t = msg.Text{Vi: t.Vi + " · " + e.Step.Name, En: t.En + " · " + e.Step.Name}
		}
		return "state", t
	case e.Step != nil:
		return "step", msg.Text{Vi: e.Step.Name, En: e.Step.Name}
	case e.Due != nil:
		return "due", dueSaid(msg.Text{Vi: "Hẹn trả", En: "Promised"}, *e.Due)
	case e.Digitized != nil:
		if *e.Digitized {
			return "digitized", msg.Text{Vi: "Kết quả có bản điện tử hợp lệ", En: "The result has a valid electronic copy"}
		}
		return "digitized", msg.Text{Vi: "Kết quả chưa có bản điện tử", En: "The result has no electronic copy"}
	}
	return "change", msg.Text{Vi: "Cập nhật thông tin", En: "Details changed"}
}

func dueSaid(t msg.Text, due time.Time) msg.Text {
	if due.IsZero() {
		return t
	}
	return msg.Text{Vi: fmt.Sprintf("%s, hẹn trả %s", t.Vi, caltime.FormatVi(due)), En: fmt.Sprintf("%s, due %s", t.En, caltime.FormatEn(due))}
}

// shown is what an event says, for people: names masked, instants readable.
func (e *Event) shown() map[string]any {
	out := map[string]any{}
	text := func(key string, v *string) {
		if v != nil && *v != "" {
			out[key] = *v
		}
	}
	text("procedure", e.Procedure)
	text("procedure_name", e.ProcedureName)
	text("field", e.Field)
	text("unit", e.Unit)
	text("unit_name", e.UnitName)
	text("officer", e.Officer)
	text("officer_name", e.OfficerName)
	text("state", e.State)
	text("due_reason", e.DueReason)
	if e.Channel != nil {
		out["channel"] = *e.Channel
	}
	if e.ApplicantName != nil {
		out["applicant"] = e.ApplicantName.Masked()
	}
	for key, t := range map[string]*time.Time{"received": e.Received, "due": e.Due, "planned": e.Planned, "finished": e.Finished, "returned": e.Returned} {
		if t != nil && !t.IsZero() {
			out[key] = t.UTC().Format(time.RFC3339)
		}
	}
	if e.Step != nil {
		out["step"] = map[string]any{"name": e.Step.Name, "department": e.Step.Department, "officer": e.Step.OfficerName, "comment": e.Step.Comment}
	}
	if e.Supplement != nil {
		out["supplement"] = map[string]any{"by": e.Supplement.By, "text": e.Supplement.Text}
	}
	if e.Apology != nil {
		out["apology"] = map[string]any{"number": e.Apology.Number, "reason": e.Apology.Reason}
	}
	if e.Digitized != nil {
		out["digitized"] = *e.Digitized
	}
	if len(e.Notes) > 0 {
		out["notes"] = e.Notes
	}
	return out
}
