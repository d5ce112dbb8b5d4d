package rule

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/store"
)

// Finding is one thing that is wrong with a definition, or worth a warning.
type Finding struct {
	Path     string
	Code     string
	Detail   msg.Text
	Position int // in the text at Path, characters from 1; 0 unknown
}

// ThingRef names a thing that a rule applies to.
type ThingRef struct {
	Thing string `json:"thing"`
	Name  string `json:"name"`
}

// Checked is what Check found.
type Checked struct {
	PromQL       string
	Selects      int
	Things       []ThingRef // some of them
	WouldFireNow int
	Warnings     []Finding
	Errors       []Finding
}

var (
	errInvalid     = fault.Define(fault.Invalid, "rule.invalid", "the rule is not right yet", "quy tắc chưa hợp lệ")
	errName        = fault.Define(fault.Invalid, "rule.name_missing", "give it a name of at most 200 characters in Vietnamese", "cần tên tiếng Việt, dài nhất 200 ký tự")
	errService     = fault.Define(fault.Invalid, "rule.service_unknown", "there is no service {service}; known: {known}", "không có dịch vụ {service}; có: {known}")
	errKind        = fault.Define(fault.Invalid, "rule.kind_unknown", "there is no kind {kind}", "không có loại quy tắc {kind}")
	errNoProperty  = fault.Define(fault.Invalid, "rule.property_missing", "say which property it watches (where.property), or write PromQL", "chọn đại lượng theo dõi (where.property) hoặc viết PromQL")
	errNoExpr      = fault.Define(fault.Invalid, "rule.expr_missing", "write the PromQL expression", "cần biểu thức PromQL")
	errNoLevels    = fault.Define(fault.Invalid, "rule.levels_missing", "give it at least one level", "cần ít nhất một mức cảnh báo")
	errSpan        = fault.Define(fault.Invalid, "rule.seconds", "between 0 and {limit} seconds", "từ 0 đến {limit} giây")
	errLabel       = fault.Define(fault.Invalid, "rule.label", "{label} is no label name, or its value is longer than {limit}", "{label} không phải tên nhãn, hoặc giá trị dài hơn {limit}")
	errUnitUnknown = fault.Define(fault.Invalid, "rule.unit_unknown", "there is no unit {unit}", "không có đơn vị {unit}")
	errSOPUnknown  = fault.Define(fault.Invalid, "rule.sop_unknown", "there is no procedure {sop}", "không có quy trình {sop}")
	errEverything  = fault.Define(fault.Conflict, "rule.fires_on_everything",
		"it would fire on {fires} of {selects} series right now; send \"confirm\": true if that is meant",
		"quy tắc sẽ báo ngay trên {fires}/{selects} chuỗi đo; gửi \"confirm\": true nếu đúng ý")
	errNothing = fault.Define(fault.Invalid, "rule.selects_nothing", "it selects no series; it will never fire", "không chọn được chuỗi đo nào, quy tắc sẽ không bao giờ báo")
)

var kinds = []string{
	eval.KindThreshold, eval.KindSum, eval.KindRise, eval.KindSilence, eval.KindNeighbours, eval.KindFlag, eval.KindPromQL,
}

// How much is everything: a rule over fewer series is judged by people.
const (
	everythingFrom  = 3
	everythingShare = 0.9
)

const (
	maxSpan      = 31 * 24 * 3600 // seconds
	maxLabel     = 200
	thingsListed = 20
)

// own finds what is wrong apart from what the evaluator says.
func (s *Service) own(d Definition) (errs, warnings []Finding) {
	wrong := func(path string, e *fault.Error) { errs = append(errs, finding(path, e, 0)) }
	if n := len([]rune(d.Name.Vi)); n == 0 || n > 200 || len([]rune(d.Name.En)) > 200 {
		wrong("name", errName.With())
	}
	if !slices.Contains(s.o.Services, d.Service) {
		wrong("service", errService.With("service", d.Service, "known", strings.Join(s.o.Services, ", ")))
	}
	switch {
	case !slices.Contains(kinds, d.Kind):
		wrong("kind", errKind.With("kind", d.Kind))
	case PromQL(d) == "" && d.Kind == eval.KindPromQL:
		wrong("expr", errNoExpr.With())
	case PromQL(d) == "":
		wrong("where.property", errNoProperty.With())
	}
	if len(d.Levels) == 0 {
		wrong("levels", errNoLevels.With())
	}
	for path, n := range map[string]int64{"window_seconds": d.WindowSeconds, "every_seconds": d.EverySeconds, "for_seconds": d.ForSeconds, "keep_firing_seconds": d.KeepFiringSeconds} {
		if n < 0 || n > maxSpan {
			wrong(path, errSpan.With("limit", maxSpan))
		}
	}
	for path, labels := range map[string]map[string]string{"where": d.Where, "labels": d.Labels} {
		for k, v := range labels {
			if !isMetric(k) || strings.Contains(k, ":") || strings.HasPrefix(k, "__") || len(v) > maxLabel {
				wrong(path+"."+k, errLabel.With("label", k, "limit", maxLabel))
			}
		}
	}
	if d.Message.Title.Vi == "" {
		wrong("message.title.vi", errMessageEmpty.With())
	}
	for path, text := range map[string]string{
		"message.title.vi": d.Message.Title.Vi, "message.title.en": d.Message.Title.En, "message.text.vi": d.Message.Text.Vi, "message.text.en": d.Message.Text.En,
	} {
		if at, err := checkTemplate(text); err != nil {
			errs = append(errs, finding(path, err, at))
		}
	}
	if d.Unit != "" && s.o.UnitKnown != nil && !s.o.UnitKnown(d.Unit) {
		warnings = append(warnings, finding("unit", errUnitUnknown.With("unit", d.Unit), 0))
	}
	if d.SOP != "" && s.o.SOPKnown != nil && !s.o.SOPKnown(d.SOP) {
		warnings = append(warnings, finding("sop", errSOPUnknown.With("sop", d.SOP), 0))
	}
	slices.SortFunc(errs, func(a, b Finding) int { return strings.Compare(a.Path, b.Path) })
	return errs, warnings
}

// refuse is nil for a definition that may be written.
func (s *Service) refuse(d Definition) error {
	errs, _ := s.own(d)
	if PromQL(d) != "" && len(d.Levels) > 0 {
		_, more := compiled("draft", 0, d)
		errs = append(errs, more...)
	}
	if len(errs) == 0 {
		return nil
	}
	return refusal(errs)
}

func refusal(errs []Finding) error {
	bad := errInvalid.With()
	for _, f := range errs {
		bad.At(f.Path, &fault.Error{Def: &fault.Def{Kind: fault.Invalid, Code: f.Code, Text: f.Detail}})
	}
	return bad
}

// compiled makes the program of a definition, or says what is wrong.
func compiled(id string, number int, d Definition) (*eval.Program, []Finding) {
	r, bad := d.rule(id, number)
	if len(bad) > 0 {
		return nil, findings(bad)
	}
	p, err := eval.Compile(r)
	if err != nil {
		return nil, findings(problemsOf("expr", err))
	}
	return p, nil
}

// Check judges a definition: what is wrong, what it selects, and how much of
// that would fire now.
func (s *Service) Check(ctx context.Context, actor access.Actor, d Definition) (Checked, error) {
	if err := access.Require(actor, access.RuleEdit, access.Scope{}); err != nil {
		return Checked{}, err
	}
	return s.check(ctx, d.normal())
}

func (s *Service) check(ctx context.Context, d Definition) (Checked, error) {
	out := Checked{PromQL: PromQL(d)}
	out.Errors, out.Warnings = s.own(d)
	r, bad := d.rule("draft", 0)
	if len(bad) > 0 || out.PromQL == "" || len(d.Levels) == 0 {
		out.Errors = append(out.Errors, findings(bad)...)
		return out, nil
	}
	report, err := eval.Check(ctx, r, s.runner.world.env(), s.instant())
	if err != nil {
		return out, err
	}
	out.Errors = append(out.Errors, findings(report.Errors)...)
	if len(report.Errors) > 0 {
		return out, nil
	}
	if report.PromQL != "" {
		out.PromQL = report.PromQL
	}
	out.Selects, out.WouldFireNow = len(report.Selects), len(report.FiresNow)
	seen := map[string]bool{}
	for _, x := range report.Selects {
		ref := ThingRef{x.Thing(), x.Labels["name"]}
		if ref.Thing == "" {
			ref.Thing = x.ID
		}
		if !seen[ref.Thing] && len(out.Things) < thingsListed {
			seen[ref.Thing] = true
			out.Things = append(out.Things, ref)
		}
	}
	out.Warnings = append(out.Warnings, findings(report.Warnings)...)
	has := func(code string) bool {
		return slices.ContainsFunc(out.Warnings, func(f Finding) bool { return f.Code == code })
	}
	if out.Selects == 0 && !has(errNothing.Code) {
		out.Warnings = append(out.Warnings, finding("where", errNothing.With(), 0))
	}
	if everything(out) && !has(errEverything.Code) {
		out.Warnings = append(out.Warnings, finding("levels", errEverything.With("fires", out.WouldFireNow, "selects", out.Selects), 0))
	}
	return out, nil
}

// everything reports whether a rule would fire on nearly all it selects.
func everything(c Checked) bool {
	return c.Selects >= everythingFrom && float64(c.WouldFireNow) >= everythingShare*float64(c.Selects)
}

// sane refuses to hand in or approve a version that would fire on nearly
// everything, unless that was confirmed.
func (s *Service) sane(ctx context.Context, id string, number int, confirm bool) error {
	var d Definition
	err := s.o.Store.Read(ctx, func(tx *store.Tx) error {
		b, err := openBook(tx, id)
		if err != nil {
			return err
		}
		v, err := b.choose(id, number)
		if err == nil {
			d = v.Definition
		}
		return err
	})
	if err != nil {
		return err
	}
	c, err := s.check(ctx, d)
	switch {
	case err != nil:
		return err
	case len(c.Errors) > 0:
		return refusal(c.Errors)
	case everything(c) && !confirm:
		return errEverything.With("fires", c.WouldFireNow, "selects", c.Selects)
	}
	return nil
}

func finding(path string, e *fault.Error, position int) Finding {
	return Finding{Path: path, Code: e.Code, Detail: msg.Text{Vi: e.In(msg.Vi), En: e.In(msg.En)}, Position: position}
}

func findings(ps eval.Problems) []Finding {
	out := make([]Finding, 0, len(ps))
	for _, p := range ps {
		d := p.Detail
		if p.Hint != (msg.Text{}) {
			d = msg.Text{Vi: d.Vi + " – " + p.Hint.Vi, En: d.En + " – " + p.Hint.En}
		}
		out = append(out, Finding{Path: p.Path, Code: p.Code, Detail: d, Position: p.Position})
	}
	return out
}

// problemsOf reads the error of the evaluator.
func problemsOf(path string, err error) eval.Problems {
	if ps, ok := err.(eval.Problems); ok {
		return ps
	}
	return eval.Problems{problemOf(path, err)}
}

func problemOf(path string, err error) eval.Problem {
	if f, ok := fault.As(err); ok {
		return eval.Problem{Path: path, Code: f.Code, Detail: msg.Text{Vi: f.In(msg.Vi), En: f.In(msg.En)}}
	}
	return eval.Problem{Path: path, Code: "rule.invalid", Detail: msg.Text{Vi: err.Error(), En: err.Error()}}
}

// stateNames and stepNames are for sentences about versions; a map of texts
// is translated where it is said.
var (
	stateNames = map[string]msg.Text{
		Draft: {Vi: "bản nháp", En: "a draft"}, Review: {Vi: "chờ duyệt", En: "in review"}, Live: {Vi: "có hiệu lực", En: "in force"},
		Rejected: {Vi: "bị từ chối", En: "rejected"}, Retired: {Vi: "đã thay thế", En: "replaced"},
	}
	stepNames = map[string]msg.Text{
		stepSubmit: {Vi: "trình duyệt", En: "be handed in"}, stepApprove: {Vi: "duyệt", En: "be approved"},
		stepReject: {Vi: "từ chối", En: "be rejected"}, stepReplace: {Vi: "thay thế", En: "be replaced"},
	}
)

// summary is the line of the trail.
func summary(verb string, v View) string {
	name := v.Name.Vi
	switch verb {
	case "created":
		return "Soạn quy tắc mới: " + name
	case "drafted":
		return fmt.Sprintf("Soạn phiên bản %d của quy tắc %s", v.Version, name)
	case "submitted":
		return fmt.Sprintf("Trình duyệt phiên bản %d của quy tắc %s", v.Version, name)
	case "approved":
		return fmt.Sprintf("Duyệt phiên bản %d của quy tắc %s, có hiệu lực", v.LiveVersion, name)
	case "rejected":
		return "Từ chối phiên bản của quy tắc " + name + ": " + v.Reason
	case "enabled":
		return "Bật quy tắc " + name
	case "disabled":
		return "Tắt quy tắc " + name + ": " + v.SwitchReason
	case "retired":
		return "Thu hồi quy tắc " + name
	case "shipped":
		return fmt.Sprintf("Quy tắc đi kèm phần mềm có hiệu lực: %s (phiên bản %d)", name, v.LiveVersion)
	}
	return "Quy tắc " + name
}
