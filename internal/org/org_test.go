package org_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	admin  = access.Actor{ID: "a1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	focal  = access.Actor{ID: "u1", Name: "Đầu mối", Roles: []access.Role{access.Unit}, Unit: "20242"}
	noon   = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	in2024 = time.Date(2024, 6, 1, 0, 0, 0, 0, caltime.Zone)
	reform = time.Date(2025, 7, 1, 0, 0, 0, 0, caltime.Zone)
	danang = sync.OnceValues(city.Load)
)

type room struct {
	*org.Service
	t     *testing.T
	db    *store.DB
	clk   *clock.Clock
	city  *city.City
	facts []store.Event
}

func each(t *testing.T, test func(t *testing.T, r *room)) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		o.Clock = clock.Manual(noon)
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		r := &room{t: t, db: db, clk: o.Clock}
		r.city, err = danang()
		r.must(err)
		r.Service = r.again()
		db.OnEmit(func(_ *store.Tx, e store.Event) error { r.facts = append(r.facts, e); return nil })
		test(t, r)
	})
}

// again is another program on the same database.
func (r *room) again() *org.Service {
	r.t.Helper()
	s, err := org.New(r.t.Context(), org.Options{Store: r.db, City: r.city, Clock: r.clk,
		People: func(context.Context) (map[string]int, error) { return map[string]int{"20242": 3}, nil },
		Work: func(_ context.Context, _ access.Actor, units []string) (org.Work, error) {
			n := len(units)
			return org.Work{Alerts: &n}, nil
		}})
	r.must(err)
	return s
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// field is the code of what is wrong with a field; "" for nothing.
func field(err error, path string) string {
	f, ok := fault.As(err)
	if !ok {
		return ""
	}
	for _, x := range f.Fields {
		if x.Path == path {
			return x.Err.Code
		}
	}
	return ""
}

func codes(us []org.Unit) (out []string) {
	for _, u := range us {
		out = append(out, u.Code)
	}
	return out
}

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, caltime.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func TestTheCityThenAndNow(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		tree := r.Tree()
		count := func(at time.Time, keep func(org.Unit) bool) (n int) {
			for _, u := range tree.Children(org.Root, at) {
				if keep(u) {
					n++
				}
			}
			return n
		}
		district := func(u org.Unit) bool { return u.Administrative() && !u.Ward }
		if n, d := count(noon, func(u org.Unit) bool { return u.Ward }), count(noon, district); n != 94 || d != 0 {
			t.Errorf("2026: %d wards and %d districts below the committee", n, d)
		}
		if n, d := count(in2024, func(u org.Unit) bool { return u.Ward }), count(in2024, district); n != 0 || d != 25 {
			t.Errorf("2024: %d wards and %d districts below the committee", n, d)
		}
		old := tree.Children("492-2025", in2024)
		if len(old) == 0 || slices.ContainsFunc(old, func(u org.Unit) bool { return !u.Ward || u.Parent != "492-2025" }) {
			t.Errorf("old Hải Châu: %v", old)
		}
		if got := codes(tree.Path("20227-2025", noon)); !slices.Equal(got, []string{org.Root, "492-2025", "20227-2025"}) {
			t.Errorf("path of an old ward: %v", got)
		}
		if got := codes(tree.Path("cctl", noon)); !slices.Equal(got, []string{org.Root, "snnmt", "cctl"}) {
			t.Errorf("path of a branch: %v", got)
		}
		sub := tree.Subtree("snnmt", noon)
		if want := []string{"ccbdts", "ccbvmt", "cctl", "snnmt", "vpdkdd"}; !slices.Equal(sub, want) {
			t.Errorf("subtree of a department: %v", sub)
		}
		if tree.Subtree("", noon) != nil {
			t.Error("the subtree of nothing is not everything")
		}
		if all := tree.Subtree(org.Root, noon); !slices.Contains(all, "20242") || !slices.Contains(all, "cctl") || slices.Contains(all, "492-2025") || slices.Contains(all, "catp") {
			t.Errorf("%d below the committee", len(all))
		}
		if u, ok := tree.InForce("stnmt", noon); !ok || u.Code != "snnmt" {
			t.Errorf("successor of a department: %v %v", u.Code, ok)
		}
		if u, ok := tree.InForce("20227-2025", noon); !ok || u.Code != "20242" {
			t.Errorf("successor of a ward: %v %v", u.Code, ok)
		}
		if u, ok := tree.InForce("492-2025", reform.Add(-time.Second)); !ok || u.Code != "492-2025" {
			t.Errorf("the last second of a district: %v %v", u.Code, ok)
		}
		if u, ok := tree.InForce("492-2025", reform); !ok || !u.Ward {
			t.Errorf("the first second after a district: %v %v", u.Code, ok)
		}
		if u, ok := tree.InForce("atlantis", noon); ok {
			t.Error(u)
		}
		if u, _ := tree.Unit("492", noon); u.Code != "492-2025" {
			t.Errorf("an official code of its time: %v", u.Code)
		}
		// A parent that had not begun: what hung below it hangs above.
		if p := tree.Parent("thoatnuoc", in2024); p != org.Root {
			t.Errorf("thoatnuoc hung below %q", p)
		}
		if ps := tree.Predecessors("snnmt"); !slices.Equal(ps, []string{"snnptnt", "stnmt"}) {
			t.Error(ps)
		}
	})
}

// Whenever one asks, each unit in force stands in the tree once, with its path
// beginning at a root.
func TestNothingFallsOutOfTheTree(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		tree := r.Tree()
		for _, at := range []time.Time{{}, in2024, day("2025-02-28"), day("2025-03-01"), day("2025-06-30"), reform, noon} {
			units, seen := tree.Units(at), map[string]bool{}
			for _, u := range tree.Flat(at) {
				if seen[u.Code] || !u.In(at) || u.Parent != "" && tree.Parent(u.Code, at) != "" && !seen[tree.Parent(u.Code, at)] {
					t.Errorf("%v: %s", at, u.Code)
				}
				seen[u.Code] = true
				if p := tree.Path(u.Code, at); p[len(p)-1].Code != u.Code || tree.Parent(p[0].Code, at) != "" {
					t.Errorf("%v: path of %s: %v", at, u.Code, codes(p))
				}
			}
			if len(seen) != len(units) {
				t.Errorf("%v: %d of %d units in the tree", at, len(seen), len(units))
			}
		}
	})
}

func TestAUnitIsAddedRenamedMovedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		u, err := r.Put(t.Context(), admin, org.Unit{Code: "ttcds", Name: "  Trung tâm  Chuyển đổi số", Kind: "branch", Parent: "skhcn", ValidFrom: day("2026-01-01")})
		r.must(err)
		if u.Name != "Trung tâm Chuyển đổi số" || !slices.Contains(r.Tree().Subtree("skhcn", noon), "ttcds") || slices.Contains(r.Tree().Subtree("skhcn", day("2025-12-31")), "ttcds") {
			t.Fatalf("%+v", u)
		}
		if e := r.facts[0]; e.Subject != "ioc.org.added.ttcds" || e.Before != nil || e.After == nil {
			t.Errorf("%+v", e)
		}
		// Corrected: the same life.
		_, err = r.Put(t.Context(), admin, org.Unit{Code: "ttcds", Name: "Trung tâm Chuyển đổi số thành phố", Kind: "branch", Parent: "skhcn"})
		r.must(err)
		if ls := r.Tree().Lives("ttcds"); len(ls) != 1 || !ls[0].ValidFrom.Equal(day("2026-01-01")) {
			t.Fatalf("%+v", ls)
		}
		n := len(r.facts)
		_, err = r.Put(t.Context(), admin, org.Unit{Code: "ttcds", Name: "Trung tâm Chuyển đổi số thành phố", Kind: "branch", Parent: "skhcn"})
		if r.must(err); len(r.facts) != n {
			t.Error("nothing changed and it was told")
		}
		// Moved on a day: a second life, before which everything is as it was.
		_, err = r.Put(t.Context(), admin, org.Unit{Code: "ttcds", Name: "Trung tâm CĐS", Kind: "office", Parent: "vpubnd", ValidFrom: day("2026-07-01")})
		r.must(err)
		tree := r.Tree()
		before, _ := tree.Unit("ttcds", day("2026-06-30"))
		after, _ := tree.Unit("ttcds", day("2026-07-01"))
		if before.Parent != "skhcn" || after.Parent != "vpubnd" || !slices.Contains(tree.Subtree("vpubnd", noon), "ttcds") || slices.Contains(tree.Subtree("skhcn", noon), "ttcds") {
			t.Errorf("%+v %+v", before, after)
		}
		_, err = r.Dissolve(t.Context(), admin, "ttcds", day("2026-12-01"), []string{"ioc", "skhcn"}, "QĐ 1/2026")
		r.must(err)
		if who, _ := r.Tree().InForce("ttcds", noon); who.Code != "ttcds" {
			t.Errorf("ended before its day: %v", who.Code)
		}
		if who, _ := r.Tree().InForce("ttcds", day("2026-12-01")); who.Code != "ioc" {
			t.Errorf("on the day %v answers", who.Code)
		}
		if e := r.facts[len(r.facts)-1]; e.Subject != "ioc.org.dissolved.ttcds" || !strings.Contains(e.Summary, "kế thừa: Trung tâm Giám sát") || e.Before == nil {
			t.Errorf("%+v", e)
		}
		r.clk.Set(day("2027-01-01"))
		if _, err = r.Dissolve(t.Context(), admin, "ttcds", day("2027-02-01"), nil, ""); fault.KindOf(err) != fault.Conflict {
			t.Errorf("ended twice: %v", err)
		}
		// Another program on the same records sees the same.
		if !slices.Equal(codes(r.again().Tree().All()), codes(r.Tree().All())) {
			t.Error("read again it is another tree")
		}
	})
}

// What hangs below a unit that ends goes with its work; without an heir it
// hangs where the unit hung.
func TestChildrenOfWhatEnds(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		_, err := r.Dissolve(t.Context(), admin, "snnmt", day("2026-10-01"), []string{"sxd"}, "")
		r.must(err)
		if p := r.Tree().Parent("cctl", noon); p != "sxd" {
			t.Errorf("cctl hangs below %q", p)
		}
		_, err = r.Dissolve(t.Context(), admin, "syt", day("2026-10-01"), nil, "")
		r.must(err)
		if p := r.Tree().Parent("cdc", noon); p != org.Root {
			t.Errorf("cdc hangs below %q", p)
		}
		if p := r.Tree().Parent("cdc", day("2026-09-30")); p != "syt" {
			t.Errorf("cdc hung below %q", p)
		}
	})
}

// Who edits one branch names no heir outside it: the rights in a unit that has
// ended reach its heir.
func TestAnHeirLiesWithinTheReachToo(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		local := access.Actor{ID: "x", Grants: []access.Grant{{Role: access.Admin, Unit: "snnmt", Units: r.Tree().Subtree("snnmt", noon), Ceiling: access.Personal}}}
		if _, err := r.Dissolve(t.Context(), local, "cctl", day("2026-12-01"), []string{org.Root}, ""); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("dissolved: %v", err)
		}
		if _, err := r.Import(t.Context(), local, "code,name,valid_to,successors\ncctl,Chi cục Thủy lợi,2026-12-01,ubnd\n", false); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("imported: %v", err)
		}
		if _, err := r.Dissolve(t.Context(), local, "cctl", day("2026-12-01"), []string{"ccbvmt"}, ""); err != nil {
			t.Errorf("within the branch: %v", err)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		base := org.Unit{Code: "moi", Name: "Mới", Kind: "office", Parent: org.Root}
		with := func(f func(u *org.Unit)) org.Unit { u := base; f(&u); return u }
		for name, x := range map[string]struct {
			unit        org.Unit
			field, code string
		}{
			"code":           {with(func(u *org.Unit) { u.Code = "Mới!" }), "code", "org.code"},
			"no name":        {with(func(u *org.Unit) { u.Name = " " }), "name", "org.name"},
			"kind":           {with(func(u *org.Unit) { u.Kind = "castle" }), "kind", "org.kind"},
			"parent":         {with(func(u *org.Unit) { u.Parent = "atlantis" }), "parent", "org.parent"},
			"itself":         {with(func(u *org.Unit) { u.Parent = "moi" }), "parent", "org.cycle"},
			"a cycle":        {org.Unit{Code: "snnmt", Name: "Sở", Kind: "department", Parent: "cctl"}, "parent", "org.cycle"},
			"a long legal":   {with(func(u *org.Unit) { u.Legal = strings.Repeat("a", 501) }), "legal", "org.long"},
			"ward to agency": {org.Unit{Code: "20242", Name: "Hải Châu", Kind: "office", Parent: org.Root}, "kind", "org.kind_fixed"},
			"before its own": {org.Unit{Code: "snnmt", Name: "Sở", Kind: "department", Parent: org.Root, ValidFrom: day("2020-01-01")}, "valid_from", "org.overlap"},
			"inside its own": {org.Unit{Code: "stnmt", Name: "Sở", Kind: "department", Parent: org.Root, ValidFrom: day("2024-01-01")}, "valid_from", "org.overlap"},
		} {
			_, err := r.Put(t.Context(), admin, x.unit)
			if got := field(err, x.field); got != x.code {
				t.Errorf("%s: %s, %v", name, got, err)
			}
		}
		for name, x := range map[string]struct {
			code        string
			on          time.Time
			heirs       []string
			field, want string
		}{
			"turned round":     {"snnmt", day("2025-01-01"), []string{"sxd"}, "on", "org.turned"},
			"itself":           {"snnmt", day("2026-12-01"), []string{"snnmt"}, "successors", "org.successor"},
			"nobody":           {"snnmt", day("2026-12-01"), []string{"atlantis"}, "successors", "org.successor"},
			"twice":            {"snnmt", day("2026-12-01"), []string{"sxd", "sxd"}, "successors", "org.successor"},
			"its own branch":   {"snnmt", day("2026-12-01"), []string{"cctl"}, "", ""},
			"who ended before": {"snv", day("2026-12-01"), []string{"490-2025"}, "", ""}, // its heirs take over
		} {
			_, err := r.Dissolve(t.Context(), admin, x.code, x.on, x.heirs, "")
			if got := field(err, x.field); got != x.want || x.want == "" && err != nil {
				t.Errorf("%s: %s, %v", name, got, err)
			}
		}
		if _, err := r.Dissolve(t.Context(), admin, "atlantis", day("2026-12-01"), nil, ""); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if _, err := r.Put(t.Context(), focal, base); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		// An administrator of one department edits what lies in it, and nothing else.
		sub := r.Tree().Subtree("sxd", noon)
		local := access.Actor{ID: "a2", Grants: []access.Grant{{Role: access.Admin, Unit: "sxd", Units: sub, Ceiling: access.Personal}}}
		if _, err := r.Put(t.Context(), local, org.Unit{Code: "qlda", Name: "Ban Quản lý dự án", Kind: "branch", Parent: "sxd"}); err != nil {
			t.Error(err)
		}
		if _, err := r.Put(t.Context(), local, base); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if _, err := r.Put(t.Context(), local, org.Unit{Code: "thoatnuoc", Name: "Thoát nước", Kind: "utility", Parent: org.Root}); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
	})
}

// A circle that only closes when a successor takes over is one too.
func TestNoCircleOverSuccessors(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		for _, u := range []org.Unit{
			{Code: "a", Name: "A", Kind: "office", Parent: org.Root}, {Code: "b", Name: "B", Kind: "office", Parent: org.Root},
			{Code: "c", Name: "C", Kind: "office", Parent: "a"}, {Code: "d", Name: "D", Kind: "office", Parent: "c"},
		} {
			_, err := r.Put(t.Context(), admin, u)
			r.must(err)
		}
		_, err := r.Put(t.Context(), admin, org.Unit{Code: "a", Name: "A", Kind: "office", Parent: "b"})
		r.must(err)
		// b ends and d takes over: a would hang below d, which hangs below c, below a.
		if _, err = r.Dissolve(t.Context(), admin, "b", day("2026-12-01"), []string{"d"}, ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", err, codes(r.Tree().Path("d", day("2026-12-02"))))
		}
	})
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		text := "\uFEFFcode;name;kind;parent;valid_from;valid_to;successors;legal\n" +
			"doi1;Đội Một;branch;moi;01/02/2026;;;QĐ 5\n" + // its parent stands below
			"moi;Phòng Mới;office;ubnd;2026-01-01;;;QĐ 5\n" +
			"stp;Sở Tư pháp thành phố;department;ubnd;;;;\n" +
			"sct;Sở Công Thương;department;ubnd;;;;\n" +
			"sngv;Sở Ngoại vụ;department;ubnd;;2027-01-01;vpubnd|snv;\n"
		res, err := r.Import(t.Context(), admin, text, true)
		r.must(err)
		if res.Created != 2 || res.Updated != 2 || res.Unchanged != 1 || len(res.Problems) > 0 || len(r.facts) > 0 {
			t.Fatalf("preview: %+v, %d facts", res, len(r.facts))
		}
		res, err = r.Import(t.Context(), admin, text, false)
		r.must(err)
		tree := r.Tree()
		stp, _ := tree.Unit("stp", noon)
		heir, _ := tree.InForce("sngv", day("2027-01-01"))
		if got := tree.Path("doi1", noon); len(got) != 3 || stp.NameEn != "Department of Justice" || stp.Name != "Sở Tư pháp thành phố" || heir.Code != "vpubnd" || len(r.facts) != 5 {
			t.Errorf("%+v %v %+v %v %d facts", res, codes(got), stp, heir.Code, len(r.facts))
		}
		res, err = r.Import(t.Context(), admin, text, false)
		r.must(err)
		if res.Unchanged != 5 || res.Created+res.Updated > 0 || len(r.facts) != 5 {
			t.Errorf("again: %+v", res)
		}

		res, err = r.Import(t.Context(), admin, "code,name,kind,parent,valid_from,valid_to,successors\n"+
			"ok1,Tốt,office,ubnd,,,\n"+
			"x1,,office,ubnd,,,\n"+
			"x2,Hai,office,khong-co,,,\n"+
			"x3,Ba,office,ubnd,30/02/2026,,\n"+
			"x4,Bốn,office,ubnd,2026-02-01,2026-01-01,\n", false)
		r.must(err)
		if len(res.Problems) != 1 || res.Problems[0].Line != 5 || res.Problems[0].Field != "valid_from" {
			t.Errorf("%+v", res.Problems)
		}
		res, err = r.Import(t.Context(), admin, "code,name,kind,parent,valid_from,valid_to,successors\n"+
			"ok1,Tốt,office,ubnd,,,\n"+
			"x1,,office,ubnd,,,\n"+
			"x2,Hai,office,khong-co,,,\n"+
			"x4,Bốn,office,ubnd,2026-02-01,2026-01-01,\n"+
			"x5,Năm,office,ubnd,2026-01-01,2026-06-01,\n"+
			"x5,Năm,office,ubnd,2026-05-01,,\n"+
			"x6,Sáu,office,ubnd,,,\n"+
			"x6,Sáu,office,ubnd,,,\n", false)
		r.must(err)
		var got []string
		for _, p := range res.Problems {
			got = append(got, p.Field+":"+p.Err.Code)
		}
		want := []string{"name:org.name", "parent:org.parent", "valid_to:org.turned", "valid_from:org.overlap", "code:org.csv_again"}
		if slices.Sort(got); !slices.Equal(got, func() []string { slices.Sort(want); return want }()) {
			t.Errorf("%v", got)
		}
		if _, ok := r.Tree().Unit("ok1", noon); ok {
			t.Error("a part of a wrong file was taken")
		}
		if res, _ := r.Import(t.Context(), admin, "code,name,kind,parent\nv1,A,office,v2\nv2,B,office,v1\n", false); len(res.Problems) != 2 || res.Problems[0].Err.Code != "org.cycle" {
			t.Errorf("%+v", res.Problems)
		}
	})
}

// A change of another program is seen when the tree is renewed.
func TestAnotherProgram(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		other := r.again()
		turned := 0
		r.OnTurn(func(*org.Tree) { turned++ })
		_, err := other.Put(t.Context(), admin, org.Unit{Code: "moi", Name: "Mới", Kind: "office", Parent: org.Root})
		r.must(err)
		r.must(r.Renew(t.Context()))
		r.must(r.Renew(t.Context()))
		if _, ok := r.Tree().Unit("moi", noon); !ok || turned != 1 {
			t.Errorf("seen %v, told %d times", ok, turned)
		}
	})
}
