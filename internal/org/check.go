package org

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
)

var (
	errUnit      = fault.Define(fault.Invalid, "org.unit", "the unit is not complete", "thông tin đơn vị chưa hợp lệ")
	errCode      = fault.Define(fault.Invalid, "org.code", "1 to 32 of a–z, 0–9, - and _", "1–32 ký tự a–z, 0–9, - và _")
	errName      = fault.Define(fault.Invalid, "org.name", "give it a name, at most 300 letters", "cần tên đơn vị, tối đa 300 ký tự")
	errLong      = fault.Define(fault.Invalid, "org.long", "at most {max} letters", "tối đa {max} ký tự")
	errKind      = fault.Define(fault.Invalid, "org.kind", "{kind} is no kind of unit: one of {kinds}", "loại đơn vị {kind} không có: chọn một trong {kinds}")
	errKindFixed = fault.Define(fault.Invalid, "org.kind_fixed", "a ward or district stays one, and an agency an agency: give the new unit a code of its own", "phường/xã, quận/huyện không thể thành cơ quan (và ngược lại): hãy dùng mã khác")
	errParent    = fault.Define(fault.Invalid, "org.parent", "there is no unit {unit}", "không có đơn vị {unit}")
	errCycle     = fault.Define(fault.Invalid, "org.cycle", "{unit} lies below this very unit", "{unit} đang nằm dưới chính đơn vị này")
	errDate      = fault.Define(fault.Invalid, "org.date", "{text} is no date like 2025-07-01 or 01/07/2025", "{text} không phải ngày, ví dụ 2025-07-01 hoặc 01/07/2025")
	errTurned    = fault.Define(fault.Invalid, "org.turned", "it ends before it begins", "ngày kết thúc không sau ngày bắt đầu")
	errOverlap   = fault.Define(fault.Invalid, "org.overlap", "it overlaps the same unit's life from {from} to {to}", "trùng thời gian với chính đơn vị này từ {from} đến {to}")
	errSuccessor = fault.Define(fault.Invalid, "org.successor", "there is no unit {unit} that could take over", "không có đơn vị {unit} để kế thừa")
	errNoEnd     = fault.Define(fault.Invalid, "org.no_end", "a unit that does not end has no successors", "đơn vị chưa kết thúc thì chưa có đơn vị kế thừa")
)

// finding is one thing that is wrong with a life.
type finding struct {
	unit  Unit
	field string
	err   *fault.Error
}

// faults makes the findings of one unit an error; nil when there are none.
func faults(fs []finding) error {
	if len(fs) == 0 {
		return nil
	}
	bad := errUnit.With()
	for _, f := range fs {
		bad.At(f.field, f.err)
	}
	return bad
}

// check looks at the lives that codes would have from now on: at each alone,
// at the lives of one code together, and at the tree that comes of all.
func (t *Tree) check(changed map[string][]Unit) (out []finding) {
	next := t.with(changed)
	for _, code := range slices.Sorted(maps.Keys(changed)) {
		was := t.lives[code]
		for i, u := range changed[code] {
			add := func(field string, err *fault.Error) { out = append(out, finding{u, field, err}) }
			next.checkLife(u, add)
			if len(was) > 0 && u.Administrative() != was[0].Administrative() {
				add("kind", errKindFixed.With())
			}
			for _, o := range changed[code][:i] {
				if overlap(u, o) {
					add("valid_from", errOverlap.With("from", dayOf(o.ValidFrom), "to", dayOf(o.ValidTo)))
				}
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	return next.cycles(changed)
}

func (t *Tree) checkLife(u Unit, add func(string, *fault.Error)) {
	if !ValidCode(u.Code) {
		add("code", errCode.With())
	}
	if u.Name == "" || utf8.RuneCountInString(u.Name) > 300 {
		add("name", errName.With())
	}
	if utf8.RuneCountInString(u.NameEn) > 300 {
		add("name_en", errLong.With("max", 300))
	}
	if utf8.RuneCountInString(u.Legal) > 500 {
		add("legal", errLong.With("max", 500))
	}
	if !slices.Contains(agencies, u.Kind) && !slices.Contains(administrative, u.Kind) {
		add("kind", errKind.With("kind", quoted(u.Kind), "kinds", strings.Join(Kinds(), ", ")))
	}
	if u.Parent == u.Code && u.Code != "" {
		add("parent", errCycle.With("unit", u.Parent))
	} else if u.Parent != "" && len(t.lives[u.Parent]) == 0 {
		add("parent", errParent.With("unit", quoted(u.Parent)))
	}
	if !u.ValidTo.IsZero() && !u.ValidFrom.Before(u.ValidTo) {
		add("valid_to", errTurned.With())
	}
	if u.ValidTo.IsZero() && len(u.Successors) > 0 {
		add("successors", errNoEnd.With())
	}
	for i, s := range u.Successors {
		if _, ok := t.InForce(s, u.ValidTo); s == u.Code || !ok || slices.Contains(u.Successors[:i], s) {
			add("successors", errSuccessor.With("unit", quoted(s)))
			break
		}
	}
	if len(u.Successors) > 200 {
		add("successors", errLong.With("max", 200))
	}
}

func overlap(a, b Unit) bool {
	return (a.ValidTo.IsZero() || b.ValidFrom.Before(a.ValidTo)) && (b.ValidTo.IsZero() || a.ValidFrom.Before(b.ValidTo))
}

// cycles finds the changed units that would hang below themselves, at any time.
func (t *Tree) cycles(changed map[string][]Unit) (out []finding) {
	told := map[string]bool{}
	for _, at := range append([]time.Time{{}}, t.bounds...) {
		parent := map[string]string{}
		for _, ls := range t.lives {
			for _, u := range ls {
				if u.In(at) {
					parent[u.Code] = t.parentAt(u, at)
				}
			}
		}
		for code := range parent {
			if !circular(parent, code) || told[code] {
				continue
			}
			told[code] = true
			for _, u := range changed[code] {
				if u.In(at) {
					out = append(out, finding{u, "parent", errCycle.With("unit", u.Parent)})
				}
			}
			if changed[code] == nil && !closes(parent, code, changed) { // an end or a beginning somewhere else closed it
				for _, c := range slices.Sorted(maps.Keys(changed)) {
					out = append(out, finding{changed[c][0], "successors", errCycle.With("unit", code)})
					break
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b finding) int { return strings.Compare(a.unit.Code, b.unit.Code) })
	return out
}

// closes says whether one of the changed units lies on the circle through code.
func closes(parent map[string]string, code string, changed map[string][]Unit) bool {
	for at := parent[code]; at != code && at != ""; at = parent[at] {
		if changed[at] != nil {
			return true
		}
	}
	return false
}

// ValidCode reports whether s has the form of a unit's code.
func ValidCode(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

func quoted(s string) string { return "“" + s + "”" }
