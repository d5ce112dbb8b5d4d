package warn_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/warn"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
	"openioc.org/ioc/internal/workcal"
)

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, caltime.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func ptr[T any](v T) *T { return &v }

var (
	calendar = workcal.NewCalendar(nil, nil)
	connect  = access.System("test")
)

// room is a city with files, mail and warnings, on a clock set by hand.
type room struct {
	t     *testing.T
	db    *store.DB
	clk   *clock.Clock
	cases *casework.Service
	*warn.Service
	notify *notify.Service
	facts  []alertevent.Condition
	fail   func(e store.Event) error
}

func open(t *testing.T, db *store.DB, clk *clock.Clock) *room {
	t.Helper()
	r := &room{t: t, db: db, clk: clk}
	var err error
	if r.notify, err = notify.New(t.Context(), notify.Options{Store: db, Clock: clk}); err != nil {
		t.Fatal(err)
	}
	var w *warn.Service
	if r.cases, err = casework.New(t.Context(), casework.Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar },
		Window: func() casework.Window { return w.Window() }}); err != nil {
		t.Fatal(err)
	}
	if w, err = warn.New(t.Context(), warn.Options{Store: db, Clock: clk, Cases: r.cases, Calendar: func() *workcal.Calendar { return calendar }, Notify: r.notify, Recipients: recipients}); err != nil {
		t.Fatal(err)
	}
	r.Service = w
	db.OnEmit(func(_ *store.Tx, e store.Event) error {
		if r.fail != nil {
			if err := r.fail(e); err != nil {
				return err
			}
		}
		if c, ok := e.After.(alertevent.Condition); ok {
			r.facts = append(r.facts, c)
		}
		return nil
	})
	return r
}

// recipients: unit 20242 has a focal officer and a leader, 20257 nobody.
func recipients(_ *store.Tx, q duty.Query) (duty.Address, error) {
	a := duty.Address{Unit: q.Unit, UnitName: q.Unit}
	switch {
	case q.Unit == "20242" && q.Level == duty.LevelFocal:
		a.To = []notify.Recipient{{User: "focal", Name: "Đầu mối", Unit: "20242", Level: 1}}
	case q.Unit == "20242" && q.Level == duty.LevelLeader:
		a.To = []notify.Recipient{{User: "leader", Name: "Chủ tịch phường", Unit: "20242", Level: 2}}
	default:
		a.To = []notify.Recipient{{User: "shift", Name: "Ca trực", Level: 3}}
	}
	return a, nil
}

func each(t *testing.T, begin string, test func(t *testing.T, r *room)) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		clk := clock.Manual(at(begin))
		o.Clock = clk
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		test(t, open(t, db, clk))
	})
}

// told imports what a system says now.
func (r *room) told(code string, p casework.Patch) {
	r.t.Helper()
	rep, err := r.cases.Import(context.Background(), connect, []casework.Event{{System: "mot-cua", Code: code, At: r.clk.Now(), Seen: r.clk.Now(), Patch: p}})
	if err != nil || len(rep.Errors) > 0 {
		r.t.Fatalf("import: %v %+v", err, rep)
	}
}

// until moves the clock hour by hour, sweeping at each.
func (r *room) until(s string) {
	r.t.Helper()
	end := at(s)
	for now := r.clk.Now(); ; now = r.clk.Now() {
		r.sweep()
		if !now.Before(end) {
			return
		}
		next := now.Add(time.Hour)
		if next.After(end) {
			next = end
		}
		r.clk.Set(next)
	}
}

func (r *room) sweep() time.Time {
	r.t.Helper()
	next, err := r.Sweep(context.Background())
	if err != nil {
		r.t.Fatalf("sweep: %v", err)
	}
	return next
}

// said lists the facts in short: "near-due+ 1" began for version 1.
func (r *room) said() []string {
	out := []string{}
	for _, c := range r.facts {
		sign := "+"
		if c.Severity == alertevent.None {
			sign = "-"
		}
		parts := strings.Split(c.Fingerprint, ":")
		out = append(out, strings.TrimPrefix(c.Rule, "case-")+sign+parts[len(parts)-1])
	}
	r.facts = nil
	return out
}

func (r *room) expect(want ...string) {
	r.t.Helper()
	if got := r.said(); !slices.Equal(got, want) {
		r.t.Errorf("at %s the facts are %v, want %v", r.clk.Now().In(caltime.Zone).Format("02/01 15:04"), got, want)
	}
}

// inbox counts what a person was told, by title.
func (r *room) inbox(user string) []string {
	r.t.Helper()
	var out []string
	if err := r.db.Read(r.t.Context(), func(tx *store.Tx) (err error) {
		out, err = store.All(tx, func(scan store.Scan) (s string, err error) { return s, scan(&s) },
			"select m.title_vi from notify_inbox i join notify_message m on m.id = i.message where i.user_id = $1 order by m.id", user)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func received(due string) casework.Patch {
	return casework.Patch{State: ptr("2"), Received: ptr(at("2026-03-02 08:00")), Due: ptr(at(due)), Unit: ptr("P1"), UnitName: ptr("Phường Hải Châu"), Officer: ptr("cb1"), OfficerName: ptr("Lê Thị Bình"),
		Procedure: ptr("1.004964"), ProcedureName: ptr("Đăng ký khai sinh"), ApplicantName: ptr(personal.Name("Nguyễn Văn An"))}
}

const code = "H17.19-260302-0012"

// mapped says what the system's words mean, so that unit and officer are known.
func (r *room) mapped() {
	r.t.Helper()
	for _, w := range [][3]string{{casework.UnitWord, "P1", "20242"}, {casework.OfficerWord, "cb1", "u-binh"}} {
		if err := r.cases.SetWord(context.Background(), connect, "mot-cua", w[0], w[1], w[2]); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestOneFile_HourByHour(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		r.mapped()
		r.until("2026-03-09 17:00")
		r.expect() // 24 hours before is not yet less than 24 hours before
		r.until("2026-03-09 18:00")
		if len(r.facts) != 1 {
			t.Fatalf("facts %+v", r.facts)
		}
		if c := r.facts[0]; c.Unit != "20242" || !c.Direct || c.Kind != "case" || c.Service != "case" || c.Severity != alertevent.Notice || c.Fingerprint != "case-near-due:1:1" ||
			strings.Contains(fmt.Sprint(c), "Văn") || !strings.Contains(c.Title.Vi, code) {
			t.Errorf("the condition %+v", c)
		}
		r.expect("near-due+1")
		r.until("2026-03-10 17:00")
		r.expect()
		r.until("2026-03-10 18:00")
		r.expect("near-due-1", "overdue+1", "no-apology+1")
		r.until("2026-03-11 18:00") // a day overdue climbs to the leader
		r.told(code, casework.Patch{Apology: &casework.Apology{Number: "12/XL", At: r.clk.Now()}})
		r.sweep()
		r.expect("no-apology-1")
		r.until("2026-03-12 10:00")
		r.told(code, casework.Patch{State: ptr("9"), Finished: ptr(r.clk.Now())})
		r.expect("overdue-1") // in the very transaction
		r.until("2026-03-20 10:00")
		r.expect()
		want := []string{"Hồ sơ " + code + " sắp đến hạn 17:00 10/03/2026", "Hồ sơ của tôi: 1 hồ sơ sắp đến hạn, 0 quá hạn", "Hồ sơ của tôi: 1 hồ sơ sắp đến hạn, 0 quá hạn",
			"Hồ sơ " + code + " đã quá hạn 17:00 10/03/2026", "Hồ sơ " + code + " quá hạn, chưa có thư xin lỗi",
			"Hồ sơ của tôi: 0 hồ sơ sắp đến hạn, 1 quá hạn", "Hồ sơ của tôi: 0 hồ sơ sắp đến hạn, 1 quá hạn", "Hồ sơ của tôi: 0 hồ sơ sắp đến hạn, 1 quá hạn"}
		got := r.inbox("u-binh")
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("the officer has\n%s", strings.Join(got, "\n"))
		}
		if got := r.inbox("leader"); !slices.Contains(got, "Báo cáo cấp trên: hồ sơ "+code+" quá hạn từ 17:00 10/03/2026") {
			t.Errorf("the leader has %v", got)
		}
		if got := r.inbox("shift"); len(got) != 0 {
			t.Errorf("the shift was told %v", got)
		}
	})
}

func TestPause_EndsAndWarnsAgain(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		r.mapped()
		r.until("2026-03-05 08:00")
		r.told(code, casework.Patch{State: ptr("5")})
		r.until("2026-03-12 08:00")
		r.expect() // the whole time is a pause
		r.told(code, casework.Patch{State: ptr("4"), Due: ptr(at("2026-03-13 17:00"))})
		r.until("2026-03-12 18:00")
		r.expect("near-due+2")
		r.told(code, casework.Patch{State: ptr("6")})
		r.expect("near-due-2")
		r.until("2026-03-13 08:00")
		r.expect()
		r.told(code, casework.Patch{State: ptr("4")}) // the same date
		r.until("2026-03-13 10:00")
		r.expect("near-due+2")
		r.told(code, casework.Patch{Due: ptr(at("2026-03-20 17:00"))})
		r.expect("near-due-2")
		r.until("2026-03-19 18:00")
		r.expect("near-due+3")
		r.told(code, casework.Patch{State: ptr("7")})
		r.until("2026-04-01 08:00")
		r.expect("near-due-3")
		n := 0
		for _, title := range r.inbox("u-binh") {
			if strings.HasPrefix(title, "Hồ sơ "+code+" sắp đến hạn") {
				n++
			}
		}
		if n != 3 {
			t.Errorf("the officer was warned %d times, want 3: %v", n, r.inbox("u-binh"))
		}
	})
}

func TestLateMessages(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		r.until("2026-03-09 18:00")
		r.expect("near-due+1")
		// A version that was promised before arrives late: the date keeps its warning.
		if _, err := r.cases.Import(t.Context(), connect, []casework.Event{{System: "mot-cua", Code: code, Key: "late", At: at("2026-03-01 08:00"), Seen: r.clk.Now(), Patch: casework.Patch{State: ptr("2"), Due: ptr(at("2026-03-05 17:00"))}}}); err != nil {
			t.Fatal(err)
		}
		r.until("2026-03-09 20:00")
		r.expect()
		// Its end was days ago: the warning was for nothing and ends.
		if _, err := r.cases.Import(t.Context(), connect, []casework.Event{{System: "mot-cua", Code: code, Key: "end", At: at("2026-03-08 08:00"), Seen: r.clk.Now(), Patch: casework.Patch{State: ptr("9"), Finished: ptr(at("2026-03-08 08:00"))}}}); err != nil {
			t.Fatal(err)
		}
		r.expect("near-due-1")
		// A file that is near, overdue or ended when it is first seen.
		p := received("2026-03-06 17:00")
		r.told("H17.19-260302-0013", p)
		r.until("2026-03-09 21:00")
		r.expect("overdue+1", "no-apology+1")
		p.State, p.Finished = ptr("9"), ptr(at("2026-03-09 08:00"))
		r.told("H17.19-260302-0014", p)
		r.until("2026-03-12 21:00")
		r.expect()
	})
}

func TestRolledBack_WarnsOnce(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		r.mapped()
		r.clk.Set(at("2026-03-09 18:00"))
		r.fail = func(e store.Event) error {
			if strings.HasPrefix(e.Subject, "ioc.notify") { // after the condition was told and the message queued
				return errors.New("killed")
			}
			return nil
		}
		for range 3 {
			if _, err := r.Sweep(t.Context()); err == nil {
				t.Fatal("the sweep was to fail")
			}
		}
		if got := r.inbox("u-binh"); len(got) != 0 {
			t.Errorf("told by a transaction that was rolled back: %v", got)
		}
		r.fail, r.facts = nil, nil
		r.until("2026-03-10 03:00")
		r.expect("near-due+1")
		if got := r.inbox("u-binh"); len(got) != 1 {
			t.Errorf("the officer has %v", got)
		}
		// A change whose transaction fails leaves nothing behind.
		r.fail = func(e store.Event) error {
			if strings.HasPrefix(e.Subject, alertevent.SubjectCaseCondition) {
				return errors.New("killed")
			}
			return nil
		}
		if _, err := r.cases.Import(t.Context(), connect, []casework.Event{{System: "mot-cua", Code: code, At: r.clk.Now(), Patch: casework.Patch{State: ptr("9"), Finished: ptr(r.clk.Now())}}}); err == nil {
			t.Fatal("the import was to fail")
		}
		r.fail, r.facts = nil, nil
		r.told("H17.19-260302-0099", received("2026-06-10 17:00"))
		r.expect()
		r.told(code, casework.Patch{State: ptr("9"), Finished: ptr(r.clk.Now())})
		r.expect("near-due-1")
	})
}

// A restart, and a machine whose clock was set back, warn of nothing twice.
func TestRestartAndClockSetBack(t *testing.T) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		var begun, ended int
		for i, span := range [][2]string{{"2026-03-02 08:00", "2026-03-09 19:00"}, {"2026-03-09 20:00", "2026-03-09 22:00"}, {"2026-03-08 08:00", "2026-03-10 02:00"}, {"2026-03-09 23:00", "2026-03-10 16:00"}} {
			clk := clock.Manual(at(span[0]))
			o.Clock = clk
			db, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			r := open(t, db, clk)
			if i == 0 {
				r.told(code, received("2026-03-10 17:00"))
				r.mapped()
			}
			r.until(span[1])
			last := map[string]time.Time{}
			for _, c := range r.facts {
				if !c.At.After(last[c.Fingerprint]) {
					t.Errorf("the fact %+v is not later than the one before", c)
				}
				last[c.Fingerprint] = c.At
				if c.Severity > 0 {
					begun++
				} else {
					ended++
				}
			}
			if got := r.inbox("u-binh"); len(got) < 1 || strings.Contains(strings.Join(got[1:], "\n"), "Hồ sơ "+code+" sắp đến hạn") {
				t.Errorf("in run %d the officer has %v", i, got)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if begun != 1 || ended != 0 {
			t.Errorf("the condition began %d and ended %d times", begun, ended)
		}
	})
}

func TestSettings_ReachEveryFile(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		r.until("2026-03-07 10:00")
		r.expect()
		lead := access.Actor{ID: "l1", Name: "Lãnh đạo IOC", Roles: []access.Role{access.IOCLeader}}
		set := warn.Settings{Window: warn.Near{Mode: casework.CalendarHours, Hours: 96}, Enabled: true, From: ptr("2026-03-01"), Source: "QĐ 12/QĐ-UBND"}
		if err := r.SetSettings(t.Context(), lead, set); err != nil {
			t.Fatal(err)
		}
		r.sweep()
		r.expect("near-due+1")
		set.Window, set.From = warn.Near{Mode: casework.WorkingHours, Hours: 8}, ptr("2026-03-08") // only in the future
		if err := r.SetSettings(t.Context(), lead, set); err != nil {
			t.Fatal(err)
		}
		r.sweep()
		r.expect()
		r.until("2026-03-08 01:00")
		r.expect("near-due-1")
		r.until("2026-03-10 07:00")
		r.expect()
		r.until("2026-03-10 08:00")
		r.expect("near-due+1")
		set.Enabled, set.From = false, ptr("2026-03-10")
		if err := r.SetSettings(t.Context(), lead, set); err != nil {
			t.Fatal(err)
		}
		r.until("2026-03-14 08:00")
		r.expect("near-due-1")
	})
}

func TestWaits_UntilTheVeryInstant(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		next := r.sweep()
		for !next.IsZero() && next.Before(at("2026-03-09 17:00")) { // digests
			r.clk.Set(next)
			next = r.sweep()
		}
		if want := at("2026-03-09 17:00").Add(time.Microsecond); !next.Equal(want) {
			t.Errorf("looks again at %v, want %v", next, want)
		}
	})
}

func TestOpens_IsWhenNearBegins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := casework.Window{Mode: rapid.SampledFrom([]string{casework.CalendarHours, casework.WorkingHours, casework.NextWorkingDay}).Draw(t, "mode"),
			Hours: rapid.IntRange(0, 60).Draw(t, "hours"), Calendar: calendar}
		due := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "due"), 0)
		from := warn.Opens(w, due)
		if !w.Near(from, due) || w.Near(from.Add(-time.Microsecond), due) {
			t.Fatalf("with %+v a date %v is near from %v", w, due.In(caltime.Zone), from.In(caltime.Zone))
		}
	})
}

func TestDigests(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		other := received("2026-03-09 10:00")
		other.Unit, other.UnitName, other.Officer, other.OfficerName = ptr("P2"), ptr("Xã Bà Nà"), nil, nil
		r.told("H17.20-260302-0001", other)
		unknown := received("2026-03-09 10:00")
		unknown.Unit, unknown.UnitName, unknown.Officer = ptr("P3"), ptr("Phòng lạ"), nil
		r.told("H17.21-260302-0001", unknown)
		r.mapped()
		if err := r.cases.SetWord(t.Context(), connect, "mot-cua", casework.UnitWord, "P2", "20257"); err != nil {
			t.Fatal(err)
		}
		r.until("2026-03-08 12:00") // Saturday and Sunday have none
		if ds, err := r.Digests(t.Context(), connect, 50); err != nil || len(ds) != 0 {
			t.Fatalf("%v %+v", err, ds)
		}
		r.until("2026-03-10 09:00")
		r2 := open(t, r.db, r.clk) // restarted in the hours of the digest
		r2.sweep()
		ds, err := r.Digests(t.Context(), connect, 50)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range ds {
			got = append(got, fmt.Sprintf("%s %s/%s %d %d %v", d.At.In(caltime.Zone).Format("02 15:04"), d.Unit, d.Officer, d.NearDue, d.Overdue, d.To))
		}
		// Monday 07:30 (swept at 08:00): two are near, of units with nobody.
		// Monday 13:30: they are overdue. Tuesday 07:30: the first is near too.
		want := []string{
			"10 08:00 / 0 2 [Ca trực]", "10 08:00 20242/u-binh 1 0 [Lê Thị Bình]", "10 08:00 20242/ 1 0 [Đầu mối Chủ tịch phường]",
			"09 14:00 / 0 2 [Ca trực]", "09 08:00 / 2 0 [Ca trực]",
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("digests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, d := range ds {
			if d.Unit == "20242" && d.Officer == "" && d.Text != code+" · hạn 17:00 10/03/2026 · Lê Thị Bình" {
				t.Errorf("the digest says %q", d.Text)
			}
		}
		if n := len(r.inbox("leader")); n != 1 {
			t.Errorf("the leader has %d messages", n)
		}
		unit := access.Actor{ID: "x", Roles: []access.Role{access.UnitLeader}, Unit: "20242"}
		if ds, err := r.Digests(t.Context(), unit, 50); err != nil || len(ds) != 2 {
			t.Errorf("a unit sees %+v, %v", ds, err)
		}
	})
}

// A file whose unit nobody knew is addressed anew when somebody says which
// unit and officer the words mean, and its officer hears of it then.
func TestUnitAndOfficer_KnownLater(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		r.until("2026-03-09 18:00")
		if len(r.facts) != 1 || r.facts[0].Unit != "" {
			t.Errorf("facts %+v", r.facts)
		}
		r.expect("near-due+1")
		r.mapped()
		r.sweep()
		if n := len(r.facts); n < 2 || r.facts[n-1].Unit != "20242" {
			t.Errorf("facts %+v", r.facts)
		}
		r.until("2026-03-10 06:00")
		r.expect("near-due-1", "near-due+1")
		if got := r.inbox("u-binh"); len(got) != 1 {
			t.Errorf("the officer has %v", got)
		}
		r.told(code, casework.Patch{Officer: ptr("cb2"), OfficerName: ptr("Phạm Văn Cường")}) // given to another
		r.sweep()
		r.expect()
		p, err := r.Warnings(t.Context(), connect, "", "cb2", "", false, 10)
		if err != nil || len(p.Warnings) != 1 || p.Warnings[0].OfficerName != "Phạm Văn Cường" {
			t.Errorf("%v %+v", err, p)
		}
	})
}

func TestOverdue_ClimbsAndReminds(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		lead := access.Actor{ID: "l1", Name: "Lãnh đạo IOC", Roles: []access.Role{access.IOCLeader}}
		if err := r.SetSettings(t.Context(), lead, warn.Settings{Window: warn.Near{Mode: casework.CalendarHours, Hours: 24}, Enabled: true, From: ptr("2026-03-01"), Source: "thử",
			OverdueRepeatHours: 24, ApologyAfterHours: 30, Escalate: []warn.Escalation{{AfterHours: 12, Level: 2}, {AfterHours: 48, Level: 4}}}); err != nil {
			t.Fatal(err)
		}
		r.told(code, received("2026-03-10 17:00"))
		r.told("H17.19-260302-0013", received("2026-03-10 17:00"))
		r.mapped()
		r.until("2026-03-11 23:00")
		r.expect("near-due+1", "near-due+1", "near-due-1", "overdue+1", "near-due-1", "overdue+1")
		r.until("2026-03-13 08:00")
		r.expect("no-apology+1", "no-apology+1")
		for _, c := range []string{code, "H17.19-260302-0013"} {
			r.told(c, casework.Patch{State: ptr("10"), Finished: ptr(r.clk.Now())})
		}
		r.until("2026-03-20 08:00")
		r.expect("overdue-1", "no-apology-1", "overdue-1", "no-apology-1")
		for who, want := range map[string][]string{
			"u-binh": {"2 hồ sơ sắp đến hạn", "2 hồ sơ đã quá hạn", "Nhắc lại: 2 hồ sơ quá hạn", "2 hồ sơ quá hạn, chưa có thư xin lỗi", "Nhắc lại: 2 hồ sơ quá hạn"},
			"leader": {"Báo cáo cấp trên: 2 hồ sơ quá hạn chưa giải quyết"},
			"shift":  {"Báo cáo cấp trên: 2 hồ sơ quá hạn chưa giải quyết"}, // who is asked for level 4 here
			"focal":  nil,
		} {
			if got := r.inbox(who); !slices.Equal(got, want) {
				t.Errorf("%s has %q, want %q", who, got, want)
			}
		}
	})
}

func TestSynthetic_IsLabelled(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		p := received("2026-03-10 17:00")
		p.Synthetic = ptr(true)
		r.told(code, p)
		r.mapped()
		r.until("2026-03-10 08:00")
		if len(r.facts) != 1 || !r.facts[0].Estimated || !strings.HasSuffix(r.facts[0].Text.Vi, "(mô phỏng)") {
			t.Errorf("facts %+v", r.facts)
		}
		for _, title := range append(r.inbox("u-binh"), r.inbox("leader")...) {
			if !strings.HasSuffix(title, "(mô phỏng)") {
				t.Errorf("%q does not say that it is simulated", title)
			}
		}
	})
}
