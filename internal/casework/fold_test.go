package casework

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/workcal"
)

// local is an instant in Vietnam: "2026-02-12 09:00".
func local(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, caltime.Zone)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func ptr[T any](v T) *T { return &v }

var seenAt = local("2027-01-01 00:00")

// told makes an event of one file.
func tell(key, at string, p Patch) Event {
	e := Event{System: "a", Key: key, Code: "H17.19-260212-0001", Seen: seenAt, Patch: p}
	if at != "" {
		e.At = local(at)
	}
	return e
}

func say(at, state string) Event { return tell("", at, Patch{State: &state}) }

func problemCodes(c Case) []string {
	out := []string{}
	for _, p := range c.Problems {
		out = append(out, p.Code)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Any order of arrival, with repetitions, ends in the same state.
func TestFoldIsAFunctionOfTheSet(t *testing.T) {
	states := []string{"1", "2", "4", "5", "6", "9", "10", "7", "Tạm dừng", "gì đó"}
	days := []string{"2026-02-12 09:00", "2026-02-12 10:00", "2026-02-13 08:00", "2026-02-23 08:00", "2026-02-24 16:00", "2026-03-02 07:30", ""}
	instant := func(t *rapid.T, name string) *time.Time {
		if s := rapid.SampledFrom(append([]string{"", ""}, days...)).Draw(t, name); s != "" {
			return ptr(local(s))
		}
		return nil
	}
	words := Words{}.With("a", UnitWord, "P1", "20242")
	proc := Procedure{Code: "1.004964", Name: "Cấp bản sao", Field: "HT", Days: ptr(5), Method: ByDate, Clock: ResetRule}
	rapid.Check(t, func(t *rapid.T) {
		var evs []Event
		for i := range rapid.IntRange(1, 8).Draw(t, "n") {
			p := Patch{State: rapid.SampledFrom([]*string{nil, nil, ptr("4")}).Draw(t, "none")}
			if p.State == nil {
				p.State = ptr(rapid.SampledFrom(states).Draw(t, "state"))
			}
			p.Received, p.Due, p.Finished = instant(t, "received"), instant(t, "due"), instant(t, "finished")
			if rapid.Bool().Draw(t, "words") {
				p.Unit, p.Procedure, p.ApplicantName = ptr(rapid.SampledFrom([]string{"P1", "P2"}).Draw(t, "unit")), ptr("1.004964"), ptr(personal.Name(fmt.Sprint("Nguyễn Văn ", i)))
			}
			if rapid.IntRange(0, 3).Draw(t, "supplement?") == 0 {
				p.Supplement = &Supplement{Text: "thiếu giấy tờ"}
				if a := instant(t, "asked"); a != nil {
					p.Supplement.Asked = *a
				}
				if a := instant(t, "answered"); a != nil {
					p.Supplement.Answered = *a
				}
				if a := instant(t, "after"); a != nil {
					p.Supplement.DueAfter = *a
				}
			}
			if rapid.IntRange(0, 4).Draw(t, "step?") == 0 {
				p.Step = &Step{Name: rapid.SampledFrom([]string{"Tiếp nhận", "Thẩm định"}).Draw(t, "step")}
			}
			if rapid.IntRange(0, 5).Draw(t, "apology?") == 0 {
				p.Apology = &Apology{Number: "1/XL", Due: local(days[rapid.IntRange(0, 5).Draw(t, "new due")])}
			}
			e := tell(rapid.SampledFrom([]string{"", "", "1", "2", "10", "x"}).Draw(t, "key"), rapid.SampledFrom(days).Draw(t, "at"), p)
			e.Seen = seenAt.Add(time.Duration(i) * time.Minute)
			evs = append(evs, e)
		}
		want := Fold(evs, words, calendar, proc)
		for range 4 {
			again := slices.Clone(evs)
			for range rapid.IntRange(0, 4).Draw(t, "repeats") {
				e := evs[rapid.IntRange(0, len(evs)-1).Draw(t, "which")]
				if e.Key != "" || !e.At.IsZero() { // told again later
					e.Seen = e.Seen.Add(time.Hour)
				}
				again = append(again, e)
			}
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
			if got := Fold(again, words, calendar, proc); !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %+v\nwant %+v", got, want)
			}
		}
		if want.State == "" || want.Clock == "" || len(want.Turns) == 0 {
			t.Fatalf("%+v", want)
		}
		for i := 1; i < len(want.Turns); i++ {
			if !want.Turns[i-1].At.Before(want.Turns[i].At) {
				t.Fatalf("the way goes back: %+v", want.Turns)
			}
		}
		for at := local("2026-02-01 00:00"); at.Before(local("2026-03-10 00:00")); at = at.Add(7 * time.Hour) {
			want.Class(at, Window{}) // never panics
		}
	})
}

// The calendar vectors through the computed date (domain notes §2.4).
func TestComputedDue(t *testing.T) {
	for _, x := range []struct {
		received string
		n        int
		h, d     string
	}{
		{"2026-02-12 09:00", 5, "2026-02-26 09:00", "2026-02-26 17:00"},
		{"2026-01-08 10:00", 2, "2026-01-10 10:00", "2026-01-10 17:00"},
		{"2026-04-24 16:30", 1, "2026-04-28 16:30", "2026-04-28 17:00"},
		{"2026-08-21 14:00", 5, "2026-08-27 14:00", "2026-08-27 17:00"},
	} {
		for method, want := range map[string]string{ByHour: x.h, ByDate: x.d} {
			c := Fold([]Event{tell("", x.received, Patch{State: ptr("2"), Received: ptr(local(x.received)), Procedure: ptr("p"), Due: ptr(local("2026-12-31 17:00"))})},
				Words{}, calendar, Procedure{Code: "p", Days: &x.n, Method: method, Clock: PauseRule})
			if c.DueComputed == nil || !c.DueComputed.Equal(local(want)) {
				t.Errorf("%s + %d %s: %v, want %s", x.received, x.n, method, c.DueComputed, want)
			}
			if !c.DueDiffers || !c.Due.Equal(local("2026-12-31 17:00")) || c.DueVersion != 1 || len(c.Deadlines) != 2 || c.Deadlines[1].Version != 0 {
				t.Errorf("the given date does not stand: %+v", c)
			}
		}
	}
}

// Both practices of NĐ 61/2018: what was left goes on, or all begins again.
func TestPauseAndReset(t *testing.T) {
	evs := []Event{
		tell("", "2026-03-02 08:00", Patch{State: ptr("2"), Received: ptr(local("2026-03-02 08:00")), Procedure: ptr("p")}), // Monday; 5 days: Mon 09/03
		tell("", "2026-03-04 10:00", Patch{State: ptr("5"), Supplement: &Supplement{Text: "Bổ sung sơ đồ"}}),
		say("2026-03-11 14:00", "4"),
	}
	for clock, want := range map[string]string{PauseRule: "2026-03-16 17:00", ResetRule: "2026-03-18 17:00"} {
		c := Fold(evs, Words{}, calendar, Procedure{Code: "p", Days: ptr(5), Method: ByDate, Clock: clock})
		if !c.Due.Equal(local(want)) || c.DueVersion != 2 || c.DueGiven != nil || c.DueDiffers {
			t.Errorf("%s: %v version %d, want %s", clock, c.Due.In(caltime.Zone), c.DueVersion, want)
		}
		if len(c.Pauses) != 1 || c.Pauses[0].State != "5" || c.Pauses[0].Reason != "Bổ sung sơ đồ" || !c.Pauses[0].To.Equal(local("2026-03-11 14:00")) {
			t.Errorf("%+v", c.Pauses)
		}
		// The date of an instant of the past is the one that held then.
		if got := c.Class(local("2026-03-03 08:00"), Window{Calendar: calendar}); got != InTime {
			t.Error(got)
		}
		if got := c.Class(local("2026-03-10 08:00"), Window{}); got != PausedClass {
			t.Error(got)
		}
	}
}

func TestDeadlineVersions(t *testing.T) {
	c := Fold([]Event{
		tell("1", "2026-03-02 08:00", Patch{State: ptr("2"), Received: ptr(local("2026-03-02 08:00")), Due: ptr(local("2026-03-09 17:00"))}),
		tell("2", "2026-03-03 08:00", Patch{Due: ptr(local("2026-03-09 17:00"))}), // said again
		tell("3", "2026-03-04 08:00", Patch{Supplement: &Supplement{By: "Lan", Text: "thiếu bản vẽ", Asked: local("2026-03-04 08:00"), Answered: local("2026-03-06 08:00"), DueBefore: local("2026-03-09 17:00"), DueAfter: local("2026-03-11 17:00")}}),
		tell("4", "2026-03-06 09:00", Patch{State: ptr("4"), Due: ptr(local("2026-03-09 17:00"))}), // a snapshot that knows nothing of it
		tell("5", "2026-03-11 08:00", Patch{Apology: &Apology{Number: "12/XL", Reason: "chờ ý kiến", At: local("2026-03-11 08:00"), Due: local("2026-03-13 17:00")}}),
		tell("6", "2026-03-13 08:00", Patch{Apology: &Apology{Number: "13/XL", At: local("2026-03-13 08:00"), Due: local("2026-03-16 17:00")}}),
	}, Words{}, calendar, Procedure{})
	kinds := ""
	for i, d := range c.Deadlines {
		if d.Version != i+1 {
			t.Errorf("%+v", d)
		}
		kinds += d.Kind + " "
	}
	if kinds != "given supplement apology apology " || c.DueVersion != 4 || !c.Due.Equal(local("2026-03-16 17:00")) || !c.DueGiven.Equal(local("2026-03-09 17:00")) || c.Deadlines[2].Reason != "12/XL chờ ý kiến" {
		t.Errorf("%s %+v", kinds, c)
	}
	if !slices.Contains(problemCodes(c), "promised_twice") || !c.ApologyAt.Equal(local("2026-03-13 08:00")) {
		t.Errorf("%v %v", problemCodes(c), c.ApologyAt)
	}
	if got := c.DueAt(local("2026-03-12 00:00")); got.Version != 3 {
		t.Errorf("%+v", got)
	}
	if len(c.Pauses) != 1 || !c.Pauses[0].From.Equal(local("2026-03-04 08:00")) || !c.Pauses[0].To.Equal(local("2026-03-06 08:00")) {
		t.Errorf("%+v", c.Pauses)
	}
}

func TestProblems(t *testing.T) {
	at := "2026-03-02 08:00"
	for _, x := range []struct {
		name string
		evs  []Event
		want []string
	}{
		{"due before received", []Event{tell("", at, Patch{State: ptr("2"), Received: ptr(local(at)), Due: ptr(local("2026-03-01 17:00"))})}, []string{"due_before_received"}},
		{"end before start", []Event{tell("", at, Patch{State: ptr("9"), Received: ptr(local(at)), Finished: ptr(local("2026-02-27 17:00"))})}, []string{"end_before_start"}},
		{"end before start, told apart", []Event{tell("", at, Patch{State: ptr("2"), Received: ptr(local(at))}), tell("", "2026-03-02 07:00", Patch{Finished: ptr(local("2026-03-02 07:00"))})}, []string{"end_before_start"}},
		{"unknown state", []Event{say(at, "Chờ lãnh đạo ký nháy")}, []string{"unknown_state"}},
		{"unknown words", []Event{tell("", at, Patch{State: ptr("2"), Unit: ptr("P9"), Officer: ptr("cb07"), Procedure: ptr("TT9")})}, []string{"unknown_officer", "unknown_procedure", "unknown_unit"}},
		{"two contents of one key", []Event{tell("7", at, Patch{State: ptr("2")}), tell("7", at, Patch{State: ptr("4")})}, []string{"contradictory_message"}},
		{"code", []Event{{System: "a", Code: "HS-29/02", Seen: seenAt, Patch: Patch{State: ptr("2")}}}, []string{"code_form"}},
		{"zone and 29/02", []Event{{System: "a", Code: "H17-260302-001", Seen: seenAt, Notes: []string{"zone_assumed", "no_such_day:NGAY_HEN_TRA"}, Patch: Patch{State: ptr("2")}}}, []string{"no_such_day", "zone_assumed"}},
		{"a date only", []Event{tell("", at, Patch{State: ptr("2"), Due: ptr(local("2026-03-09 00:00"))})}, []string{"due_without_time"}},
		{"dated in 2099", []Event{tell("", "2099-01-01 00:00", Patch{State: ptr("2")})}, []string{"time_in_future"}},
	} {
		c := Fold(x.evs, Words{}, calendar, Procedure{})
		if got := problemCodes(c); !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
		for _, p := range c.Problems {
			if p.Text.Vi == "" || p.Text.En == "" {
				t.Errorf("%+v", p)
			}
		}
	}
	// Nothing is lost: the word is understood when somebody says what it means.
	evs := []Event{tell("", at, Patch{State: ptr("Chờ ký"), Unit: ptr("P9"), Received: ptr(local(at))}), say("2026-03-03 08:00", "Chờ ký số")}
	before := Fold(evs, Words{}, calendar, Procedure{})
	after := Fold(evs, Words{}.With("a", StateWord, "Chờ ký số", string(Paused)).With("", StateWord, "Chờ ký", string(Processing)).With("a", UnitWord, "P9", "20242"), calendar, Procedure{})
	if before.State != Processing || len(before.Problems) != 3 || after.State != Paused || after.Unit != "20242" || len(after.Problems) != 0 {
		t.Errorf("%+v\n%+v", before, after)
	}
}

// A retired procedure keeps its open files, and they keep it.
func TestProcedureRemovedWhileOpen(t *testing.T) {
	proc := Procedure{Code: "p", Name: "Cũ", Days: ptr(3), Method: ByDate, Clock: PauseRule, RetiredAt: ptr(local("2026-03-03 00:00"))}
	file := func(at string) Case {
		return Fold([]Event{tell("", at, Patch{State: ptr("2"), Received: ptr(local(at)), Procedure: ptr("p")})}, Words{}, calendar, proc)
	}
	if c := file("2026-03-02 08:00"); c.ProcedureName != "Cũ" || c.Due == nil || len(c.Problems) != 0 {
		t.Errorf("%+v", c)
	}
	if c := file("2026-03-04 08:00"); !slices.Equal(problemCodes(c), []string{"procedure_retired"}) {
		t.Errorf("%+v", c)
	}
}

func TestLocalSystemsAndNationalCodes(t *testing.T) {
	for word, want := range map[string]State{"1": NotAccepted, "2": Processing, "3": Refused, "4": Processing, "5": Paused, "6": Paused, "7": Withdrawn, "8": Stopped, "9": Finished, "10": Returned,
		"Đang giải quyết": Processing, "ĐÃ TRẢ KẾT QUẢ": Returned, "Tạm dừng": Paused, "Chờ thẩm tra": Paused, "Quá hạn bổ sung": Paused} {
		c := Fold([]Event{say("2026-03-02 08:00", word)}, Words{}, calendar, Procedure{})
		if c.State != want || c.Clock != want.Clock() || c.StateName.Vi == "" {
			t.Errorf("%s: %s", word, c.State)
		}
	}
	// An end without a word that is understood is an end.
	c := Fold([]Event{tell("", "2011-10-11 13:45", Patch{Received: ptr(local("2011-10-11 13:42")), Due: ptr(local("2011-12-06 13:41")), Finished: ptr(local("2011-10-12 08:00"))})}, Words{}, calendar, Procedure{})
	if c.State != Finished || c.Class(local("2011-10-12 09:00"), Window{}) != Early {
		t.Errorf("%+v", c)
	}
}

func TestCodes(t *testing.T) {
	for code, want := range map[string]CodeForm{
		"H17.19-250701-0012": NewForm, "H17-250701-001": NewForm, "H17.06.02-250701-000012": NewForm, "H17.06.021-250701-0012": NewForm,
		"000.00.19.H17-240115-0012": OldForm, "00.00.19.H17-240115-0012": OtherForm, "h17.19-250701-0012": OtherForm, "H17.19-2507-0012": OtherForm,
		"case-10011": OtherForm, "": OtherForm, "H17.19-250701-12": OtherForm, "H17.1.2-250701-0012": OtherForm, "H17.01.02.03.04.05.06-250701-0012": OtherForm,
	} {
		if got := FormOf(code); got != want {
			t.Errorf("%s: %s", code, got)
		}
	}
	for code, want := range map[string]string{"H17.19-250701-0012": "H17.19 2025-07-01", "000.00.19.H17-240115-0012": "H17.19 2024-01-15", "000.02.06.H17-230229-0012": "H17.06.02 0001-01-01"} {
		h, ok := HintOf(code)
		if got := h.Agency + " " + h.Day.Format("2006-01-02"); !ok || got != want {
			t.Errorf("%s: %s", code, got)
		}
	}
}

func FuzzFormOf(f *testing.F) {
	for _, s := range []string{"H17.19-250701-0012", "000.00.19.H17-240115-0012", "", "----", "H17-999999-0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, ok := HintOf(s); ok != (FormOf(s) != OtherForm) {
			t.Errorf("%q", s)
		}
		codeTail(s)
	})
}

var calendar = workcal.NewCalendar(nil, nil)
