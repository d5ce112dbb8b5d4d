package org

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

// Result is what an import did, or with preview would do.
type Result struct {
	Created   int
	Updated   int
	Unchanged int
	Problems  []Problem
}

// Import takes the units of a CSV file: all of them, or with a problem in any
// line none. A line means the life of its code that begins on its day; what
// it has no column for stays as it is.
func (s *Service) Import(ctx context.Context, actor access.Actor, text string, preview bool) (res Result, err error) {
	if err := access.Require(actor, access.UnitEdit, access.Scope{}); err != nil {
		return Result{}, err
	}
	rows, problems := ReadCSV(text)
	if len(problems) > 0 {
		return Result{Problems: problems}, nil
	}
	run := func(tx *store.Tx) error {
		t, err := s.read(tx)
		if err != nil {
			return err
		}
		var changed map[string][]Unit
		if res, changed = t.merge(rows); len(res.Problems) > 0 || preview {
			return nil
		}
		for _, code := range slices.Sorted(maps.Keys(changed)) {
			if err := t.mayEdit(actor, changed[code]...); err != nil {
				return err
			}
			verb, what := "changed", "Sửa đơn vị "
			if len(t.Lives(code)) == 0 {
				verb, what = "added", "Thêm đơn vị "
			}
			s.emit(tx, t, code, changed[code], verb, what+changed[code][0].Name+" (nhập tệp)")
			if err := writeLives(tx, code, changed[code]); err != nil {
				return err
			}
		}
		if len(changed) > 0 {
			tx.Emit(store.Event{Subject: "ioc.org.imported.all", Entity: "org_unit", EntityID: "all",
				After:   map[string]int{"created": res.Created, "updated": res.Updated, "unchanged": res.Unchanged},
				Summary: "Nhập đơn vị từ tệp: thêm " + strconv.Itoa(res.Created) + ", sửa " + strconv.Itoa(res.Updated)})
		}
		return nil
	}
	if preview {
		return res, s.db.Read(ctx, run)
	}
	err = s.db.Write(ctx, actor, run)
	return res, err
}

// merge puts rows over the lives there are, and tells what is wrong by line.
func (t *Tree) merge(rows []Row) (res Result, changed map[string][]Unit) {
	changed = map[string][]Unit{}
	type key struct {
		code string
		from int64
	}
	lines := map[key]int{}
	fail := func(line int, field string, err *fault.Error) {
		res.Problems = append(res.Problems, Problem{line, field, err})
	}
	for _, r := range rows {
		u := r.Unit
		lives, begun := changed[u.Code]
		if !begun {
			lives = slices.Clone(t.Lives(u.Code))
		}
		i := lifeOf(lives, u.ValidFrom)
		if i < 0 {
			if len(lives) > 0 {
				u = r.over(lives[0], false)
				u.ValidFrom = r.Unit.ValidFrom
				lives = follow(lives, u)
				newest(lives)
			} else {
				lives = []Unit{u}
			}
			res.Created++
		} else if next := r.over(lives[i], true); next.same(lives[i]) {
			u = next
			res.Unchanged++
		} else {
			u, lives[i] = next, next
			res.Updated++
		}
		changed[u.Code] = lives
		k := key{u.Code, store.Micros(u.ValidFrom)}
		if first := lines[k]; first > 0 {
			fail(r.Line, "code", errAgain.With("line", first))
			continue
		}
		lines[k] = r.Line
	}
	for _, f := range t.check(changed) {
		line := lines[key{f.unit.Code, store.Micros(f.unit.ValidFrom)}]
		if line == 0 { // another life of the same code
			for k, l := range lines {
				if k.code == f.unit.Code && (line == 0 || l < line) {
					line = l
				}
			}
		}
		fail(line, f.field, f.err)
	}
	slices.SortStableFunc(res.Problems, func(a, b Problem) int { return a.Line - b.Line })
	res.Problems = res.Problems[:min(len(res.Problems), mostErrs)]
	for code, lives := range changed {
		if sameLives(lives, t.Lives(code)) {
			delete(changed, code)
		}
	}
	return res, changed
}

// over is a life with what the row says of it.
func (r Row) over(was Unit, same bool) Unit {
	u := r.Unit
	keep := func(column string, to *string, old string) {
		if !r.said[column] {
			*to = old
		}
	}
	keep("name_en", &u.NameEn, was.NameEn)
	keep("kind", &u.Kind, was.Kind)
	keep("parent", &u.Parent, was.Parent)
	keep("legal", &u.Legal, was.Legal)
	if same {
		u.ValidFrom = was.ValidFrom
		if !r.said["valid_to"] {
			u.ValidTo = was.ValidTo
		}
		if !r.said["successors"] {
			u.Successors = was.Successors
		}
	}
	return u
}
