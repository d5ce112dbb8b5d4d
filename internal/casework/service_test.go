package casework

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func each(t *testing.T, test func(t *testing.T, r *room)) {
	clk := clock.Manual(morning)
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) { test(t, newRoom(t, db, clk)) })
}

// of makes an event of a file of system "a".
func of(code, at string, p Patch) Event {
	return Event{System: "a", Code: code, At: local(at), Patch: p}
}

func opened(code, at, due, unit string) Event {
	return of(code, at, Patch{State: ptr("2"), Received: ptr(local(at)), Due: ptr(local(due)), Unit: &unit, Procedure: ptr("1.004964"), Field: ptr("HT"), Channel: ptr(Online),
		ApplicantName: ptr(personal.Name("Nguyễn Văn An")), ApplicantPhone: ptr(personal.Phone("0905123456"))})
}

const (
	codeA = "H17.19-260302-0001"
	codeB = "H17.19-260302-0002"
	codeC = "000.00.19.H17-260303-0003"
)

// Whatever the cuts, the order and the repeats of the calls, the records hold
// the same files.
func TestImportIsAFunctionOfTheSet(t *testing.T) {
	evs := []Event{
		opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "20242"),
		of(codeA, "2026-03-03 08:00", Patch{State: ptr("5")}), of(codeA, "2026-03-04 08:00", Patch{State: ptr("4")}),
		of(codeA, "2026-03-05 08:00", Patch{State: ptr("9"), Finished: ptr(local("2026-03-05 08:00"))}),
		opened(codeB, "2026-03-02 08:00", "2026-03-09 17:00", "Phường Hải Vân"), of(codeB, "2026-03-06 08:00", Patch{State: ptr("lạ"), Unit: ptr("Phòng 5")}),
	}
	var want [2]*Case
	for round := range 4 {
		clk := clock.Manual(morning)
		r := newRoom(t, storetest.SQLite(t, clk), clk)
		rnd := rand.New(rand.NewPCG(uint64(round), 1))
		all := append(slices.Clone(evs), evs[rnd.IntN(len(evs))], evs[rnd.IntN(len(evs))])
		if round > 0 {
			rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
		n := 0
		for len(all) > 0 {
			k := min(1+rnd.IntN(3), len(all))
			n += r.take(all[:k]...).New
			all = all[k:]
		}
		if n != len(evs) {
			t.Errorf("%d new of %d", n, len(evs))
		}
		for i, code := range []string{codeA, codeB} {
			c := r.byCode(code)
			c.ID, c.change = "", 0
			if round == 0 {
				want[i] = c
			} else if !reflect.DeepEqual(c, want[i]) {
				t.Errorf("round %d:\n%+v\n%+v", round, c, want[i])
			}
		}
	}
	if want[0].State != Finished || want[0].ClassNow != Early || len(want[0].Pauses) != 1 || want[1].State != Processing || want[1].Unit != "" {
		t.Errorf("%+v %+v", want[0], want[1])
	}
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		var told []string
		r.OnChange(func(_ *store.Tx, before, after *Case) error {
			was := State("-")
			if before != nil {
				was = before.State
			}
			told = append(told, fmt.Sprint(after.Code[len(after.Code)-4:], " ", was, "→", after.State))
			return nil
		})
		bad := Event{System: "a", Code: "  "}
		rep := r.take(opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "20242"), bad, opened(codeB, "2026-03-02 08:00", "2026-03-12 17:00", "Phường Hải Vân"), Event{Code: codeA})
		if rep.New != 2 || rep.Opened != 2 || rep.Cases != 2 || len(rep.Errors) != 2 || rep.Errors[0].Index != 1 || !fault.Is(rep.Errors[0].Err, errNoCode) {
			t.Errorf("%+v", rep)
		}
		if rep := r.take(opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "20242")); rep.Repeated != 1 || rep.New != 0 {
			t.Errorf("%+v", rep)
		}
		// The same code in another system is another file, and both are listed.
		other := opened(codeA, "2026-03-02 09:00", "2026-03-10 17:00", "soxd")
		other.System = "b"
		r.take(other)
		if got := r.list(leader, Filter{Problem: "duplicate_code"}); len(got) != 2 {
			t.Errorf("%v", got)
		}
		r.take(of(codeA, "2026-03-05 08:00", Patch{State: ptr("9")}))
		if got := r.list(leader, Filter{Problem: "duplicate_code"}); len(got) != 2 {
			t.Errorf("after a change: %v", got)
		}
		want := []string{"0001 -→processing", "0002 -→processing", "0001 -→processing", "0001 processing→processing", "0001 processing→finished"}
		if !slices.Equal(told, want) {
			t.Errorf("%q", told)
		}
		if got := r.byCode(codeB).Unit; got != "20194" { // by its name
			t.Error(got)
		}
		if _, err := r.Import(t.Context(), leader, nil); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if _, err := r.Import(t.Context(), system, make([]Event, MostEvents+1)); !fault.Is(err, errTooMany) {
			t.Error(err)
		}
		// A hook that fails takes everything back.
		r.OnChange(func(*store.Tx, *Case, *Case) error { return errFilter.With() })
		if _, err := r.Import(t.Context(), system, []Event{opened(codeC, "2026-03-03 08:00", "2026-03-12 17:00", "Tổ 9")}); err == nil {
			t.Error("taken")
		}
		if cs, _ := r.ByCode(t.Context(), codeC); len(cs) != 0 || r.known.Load().seen[wordKey{"a", UnitWord, "Tổ 9"}] {
			t.Error("half taken")
		}
		var n int
		if err := r.db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("select count(*) from audit_entry where subject like 'ioc.case.imported.%'").Scan(&n)
		}); err != nil || n != 3 {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

// A table that is polled without times and keys: what it says again is a
// repeat, what it says anew is news, also when it was so before.
func TestSnapshotsWithoutTime(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		for i, x := range []struct {
			state string
			fresh int
			want  State
		}{{"4", 1, Processing}, {"4", 0, Processing}, {"5", 1, Paused}, {"5", 0, Paused}, {"4", 1, Processing}, {"4", 0, Processing}} {
			r.clk.Set(r.clk.Now().Add(time.Minute))
			if rep := r.take(Event{System: "a", Code: codeA, Patch: Patch{State: &x.state}}); rep.New != x.fresh {
				t.Errorf("%d: %+v", i, rep)
			}
			if got := r.byCode(codeA).State; got != x.want {
				t.Errorf("%d: %s", i, got)
			}
		}
	})
}

func TestUnknownWordsAreUnderstoodLater(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		e := opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "Tổ một cửa 7")
		e.State, e.Officer, e.OfficerName = ptr("Chờ ký số"), ptr("cb07"), ptr("Trần T. B.")
		r.take(e)
		c := r.byCode(codeA)
		if got := problemCodes(*c); !slices.Equal(got, []string{"unknown_officer", "unknown_procedure", "unknown_state", "unknown_unit"}) || c.UnitName != "Tổ một cửa 7" {
			t.Errorf("%v %s", got, c.UnitName)
		}
		if got := r.list(officer, Filter{}); len(got) != 0 {
			t.Errorf("a file of no unit is seen: %v", got)
		}
		words, err := r.Words(t.Context(), iocHead, "", "", true)
		if err != nil || len(words) != 4 || words[0].N != 1 {
			t.Errorf("%v %+v", err, words)
		}
		for _, w := range [][3]string{{UnitWord, "Tổ một cửa 7", "20242"}, {StateWord, "Chờ ký số", "paused"}, {OfficerWord, "cb07", "o1"}} {
			if err := r.SetWord(t.Context(), iocHead, "a", w[0], w[1], w[2]); err != nil {
				t.Fatal(w, err)
			}
		}
		if err := r.PutProcedures(t.Context(), iocHead, Procedure{Code: "1.004964", Name: "Cấp bản sao", Field: "HT", FieldName: "Hộ tịch", Days: ptr(3)}); err != nil {
			t.Fatal(err)
		}
		c = r.byCode(codeA)
		if len(c.Problems) != 0 || c.Unit != "20242" || c.State != Paused || c.OfficerUser != "o1" || c.OfficerName != "Trần Thị Cán Bộ" || c.ProcedureName != "Cấp bản sao" || c.FieldName != "Hộ tịch" || c.DueComputed == nil || !c.DueDiffers {
			t.Errorf("%+v", c)
		}
		if got := r.list(officer, Filter{Mine: true}); len(got) != 1 {
			t.Errorf("%v", got)
		}
		if err := r.SetWord(t.Context(), iocHead, "a", UnitWord, "Tổ một cửa 7", "9999"); !fault.Is(err, errMeaning) {
			t.Error(err)
		}
		if err := r.SetWord(t.Context(), iocHead, "a", UnitWord, "không có", "20242"); !fault.Is(err, errNoWord) {
			t.Error(err)
		}
		if err := r.SetWord(t.Context(), leader, "a", UnitWord, "Tổ một cửa 7", ""); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if err := r.SetWord(t.Context(), iocHead, "a", UnitWord, "Tổ một cửa 7", ""); err != nil || r.byCode(codeA).Unit != "" {
			t.Error("taken back", err)
		}
	})
}

// Work of a dissolved unit is its successor's; of one that went in parts it
// stays where it was.
func TestSuccessor(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.take(opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "4921"), opened(codeB, "2026-03-02 08:00", "2026-03-09 17:00", "492"))
		if c := r.byCode(codeA); c.Unit != "20242" || c.UnitOrigin != "4921" {
			t.Errorf("%s of %s", c.Unit, c.UnitOrigin)
		}
		if c := r.byCode(codeB); c.Unit != "492" {
			t.Errorf("%s", c.Unit)
		}
		if got := r.list(officer, Filter{}); !slices.Equal(got, []string{codeA}) {
			t.Errorf("%v", got)
		}
	})
}

func TestListFilters(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.take(
			opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "20242"),                                                                                     // overdue
			opened(codeB, "2026-03-03 08:00", "2026-03-10 17:00", "20242"),                                                                                     // near
			opened(codeC, "2026-03-04 08:00", "2026-03-20 17:00", "20194"),                                                                                     // in time
			opened("H17.19-260305-0004", "2026-03-05 08:00", "2026-03-20 17:00", "soxd"), of("H17.19-260305-0004", "2026-03-06 08:00", Patch{State: ptr("5")}), // paused
			opened("H17.19-260205-0005", "2026-02-05 08:00", "2026-02-10 17:00", "20242"), of("H17.19-260205-0005", "2026-02-09 08:00", Patch{State: ptr("9"), Finished: ptr(local("2026-02-09 08:00")), Digitized: ptr(true)}), // early
			opened("H17.19-260205-0006", "2026-02-05 08:00", "2026-02-10 17:00", "20242"), of("H17.19-260205-0006", "2026-02-10 08:00", Patch{State: ptr("10"), Returned: ptr(local("2026-02-10 08:00"))}), // on time
			opened("H17.19-260205-0007", "2026-02-05 08:00", "2026-02-10 17:00", "20194"), of("H17.19-260205-0007", "2026-02-12 08:00", Patch{State: ptr("9")}), // late
			of("H17.19-260309-0008", "2026-03-09 08:00", Patch{State: ptr("1"), Unit: ptr("20242"), Procedure: ptr("2.000815"), ProcedureName: ptr("Chứng thực chữ ký")}), // waiting
		)
		if err := r.PutProcedures(t.Context(), iocHead, Procedure{Code: "1.004964", Name: "Cấp bản sao trích lục hộ tịch", Field: "HT", Days: ptr(5)}); err != nil {
			t.Fatal(err)
		}
		short := func(l []string) string {
			out := ""
			for _, c := range l {
				out += c[len(c)-1:]
			}
			return out
		}
		for _, x := range []struct {
			who  access.Actor
			f    Filter
			want string
		}{
			{leader, Filter{}, "84321" + "567"},
			{leader, Filter{Sort: SortDue}, "8567" + "1234"},
			{leader, Filter{Classes: []Class{Overdue}}, "1"}, {leader, Filter{Classes: []Class{NearDue}}, "2"}, {leader, Filter{Classes: []Class{InTime}}, "3"},
			{leader, Filter{Classes: []Class{PausedClass}}, "4"}, {leader, Filter{Classes: []Class{Early}}, "5"}, {leader, Filter{Classes: []Class{OnTime}}, "6"},
			{leader, Filter{Classes: []Class{Late}, Sort: SortLate}, "7"}, {leader, Filter{Classes: []Class{Waiting}}, "8"}, {leader, Filter{Classes: []Class{Overdue, NearDue}, Sort: SortDue}, "12"},
			{leader, Filter{States: []State{Finished, Returned}}, "567"}, {leader, Filter{Unit: "20194"}, "37"}, {leader, Filter{Unit: "ubnd"}, "84321567"},
			{leader, Filter{Field: "HT", Classes: []Class{InTime}}, "3"}, {leader, Filter{Channel: "online"}, "4321567"}, {leader, Filter{System: "a", Procedure: "2.000815"}, "8"}, {leader, Filter{System: "b"}, ""},
			{leader, Filter{Q: "H17.19-260302"}, "12"}, {leader, Filter{Q: "260205-000"}, "567"}, {leader, Filter{Q: "000.00.19"}, "3"}, {leader, Filter{Q: "trich luc"}, "4321567"}, {leader, Filter{Q: "hai van"}, "37"}, {leader, Filter{Q: "%"}, ""},
			{leader, Filter{MissingCopy: true}, "67"}, {leader, Filter{Problem: "unknown_procedure"}, "8"}, {leader, Filter{Differs: true, Unit: "soxd"}, "4"},
			{leader, Filter{From: local("2026-03-01 00:00"), To: local("2026-03-05 00:00")}, "321"}, {leader, Filter{Classes: []Class{Late}, From: local("2026-02-11 00:00"), To: local("2026-02-13 00:00")}, "7"},
			{officer, Filter{}, "821" + "56"}, {officer, Filter{Classes: []Class{Overdue}}, "1"}, {officer, Filter{Unit: "20194"}, ""}, {officer, Filter{Q: "0007"}, ""},
			// as of the past
			{leader, Filter{At: local("2026-02-11 08:00"), Classes: []Class{Overdue}}, "7"}, {leader, Filter{At: local("2026-02-10 08:30"), Classes: []Class{NearDue}}, "7"},
			{leader, Filter{At: local("2026-02-09 12:00"), Classes: []Class{Early, InTime}}, "567"}, {leader, Filter{At: local("2026-03-05 12:00"), Classes: []Class{InTime}}, "4321"}, {leader, Filter{At: local("2026-03-05 12:00"), Classes: []Class{Waiting}}, ""},
		} {
			got := short(r.list(x.who, x.f))
			if x.f.Sort == "" || len(x.f.Classes) > 1 { // those of one instant by number
				a, b := strings.Split(got, ""), strings.Split(x.want, "")
				slices.Sort(a)
				slices.Sort(b)
				got, x.want = strings.Join(a, ""), strings.Join(b, "")
			}
			if got != x.want && x.f.Sort != SortDue {
				t.Errorf("%s %+v: %s, want %s", x.who.ID, x.f, got, x.want)
			}
		}
		if got, err := r.Sweep(t.Context(), morning); err != nil || fmt.Sprint(got) != "map[in_time:1 near_due:1 overdue:1 paused:1 waiting:1]" {
			t.Errorf("%v %v", got, err)
		}
		// Page by page it is the same list, once each.
		for _, sort := range []string{SortDue, SortReceived, SortLate} {
			var all []string
			f := Filter{Sort: sort, Limit: 3}
			for {
				p, err := r.List(t.Context(), leader, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range p.Cases {
					all = append(all, c.Code)
				}
				if f.Cursor = p.Next; p.Next == "" {
					break
				}
			}
			if len(all) != 8 || len(slices.Compact(sorted(all))) != 8 {
				t.Errorf("%s: %v", sort, all)
			}
		}
		for _, f := range []Filter{{Classes: []Class{"x"}}, {States: []State{"x"}}, {Sort: "x"}, {Cursor: "x"}, {Cursor: "OjA"}} {
			if _, err := r.List(t.Context(), leader, f); !fault.Is(err, errFilter) {
				t.Errorf("%+v: %v", f, err)
			}
		}
		if _, err := r.List(t.Context(), citizen, Filter{}); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
	})
}

func TestPersonalDataIsMaskedUntilRevealed(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.take(opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "20242"), opened(codeB, "2026-03-02 08:00", "2026-03-09 17:00", "20194"))
		mine, theirs := r.byCode(codeA).ID, r.byCode(codeB).ID
		d, err := r.Get(t.Context(), officer, mine, time.Time{})
		if err != nil || !slices.Equal(d.Allowed, []string{"reveal", "apology"}) {
			t.Fatalf("%v %+v", err, d)
		}
		b, _ := json.Marshal(d)
		if strings.Contains(string(b), "Nguyễn") || strings.Contains(string(b), "0905123456") || !strings.Contains(string(b), "N*** V** A") {
			t.Errorf("%s", b)
		}
		if got, err := r.Reveal(t.Context(), officer, mine, "Gọi bổ sung giấy tờ"); err != nil || got.Name != "Nguyễn Văn An" || got.Phone != "0905123456" {
			t.Errorf("%+v %v", got, err)
		}
		for _, x := range []struct {
			who        access.Actor
			id, reason string
			want       fault.Kind
		}{
			{officer, theirs, "Gọi bổ sung giấy tờ", fault.NotFound}, {officer, mine, " a ", fault.Invalid}, {leader, mine, "Gọi bổ sung giấy tờ", fault.Forbidden},
			{analyst, mine, "Gọi bổ sung giấy tờ", fault.Forbidden}, {officer, "x", "Gọi bổ sung giấy tờ", fault.NotFound}, {access.Nobody(), mine, "Gọi bổ sung giấy tờ", fault.Unauthenticated},
		} {
			if _, err := r.Reveal(t.Context(), x.who, x.id, x.reason); fault.KindOf(err) != x.want {
				t.Errorf("%+v: %v", x, err)
			}
		}
		if _, err := r.Get(t.Context(), officer, theirs, time.Time{}); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		var trail []string
		if err := r.db.Read(t.Context(), func(tx *store.Tx) (err error) {
			trail, err = store.All(tx, func(scan store.Scan) (s string, err error) { return s, scan(&s) }, "select summary || coalesce(after, '') from audit_entry where subject like 'ioc.case.%'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(trail, "\n"); strings.Contains(text, "Nguyễn") || strings.Contains(text, "0905123456") || !strings.Contains(text, "Gọi bổ sung giấy tờ") {
			t.Error(text)
		}
	})
}

func TestApologyAndCopy(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.take(opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "20242"))
		id := r.byCode(codeA).ID
		c, err := r.Apologise(t.Context(), officer, id, Apology{Number: "12/XL", Reason: "Chờ ý kiến sở", Due: local("2026-03-12 17:00")})
		if err != nil || c.ClassNow != InTime || c.DueVersion != 2 || !c.DueGiven.Equal(local("2026-03-09 17:00")) || c.ApologyAt == nil {
			t.Fatalf("%v %+v", err, c)
		}
		// The system goes on to say the old date; the promise stands.
		r.take(of(codeA, "2026-03-10 09:30", Patch{State: ptr("4"), Due: ptr(local("2026-03-09 17:00"))}))
		if c := r.byCode(codeA); c.DueVersion != 2 {
			t.Errorf("%+v", c.Deadlines)
		}
		if _, err := r.Apologise(t.Context(), officer, id, Apology{Number: " ", Reason: "x", At: morning.Add(time.Hour), Due: morning}); !fault.Is(err, errApology) {
			t.Error(err)
		} else if f, _ := fault.As(err); len(f.Fields) != 4 {
			t.Errorf("%v", err)
		}
		if _, err := r.Apologise(t.Context(), leader, id, Apology{Number: "13", Reason: "Chờ ý kiến"}); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if _, err := r.Digitize(t.Context(), officer, id, true, ""); !fault.Is(err, errNoEnd) {
			t.Error(err)
		}
		r.take(of(codeA, "2026-03-10 10:00", Patch{State: ptr("9")}))
		if c, err := r.Digitize(t.Context(), officer, id, true, "kho/123"); err != nil || c.Digitized == nil || !*c.Digitized {
			t.Errorf("%v %+v", err, c)
		}
		if _, err := r.Apologise(t.Context(), officer, id, Apology{Number: "13/XL", Reason: "Chờ ý kiến"}); !fault.Is(err, errClosed) {
			t.Error(err)
		}
		d, err := r.Get(t.Context(), officer, id, time.Time{})
		if err != nil || len(d.Events) != 5 || d.Events[0].By == "" || len(d.Deadlines) != 2 {
			t.Errorf("%v %+v", err, d)
		}
	})
}
