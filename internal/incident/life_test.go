package incident

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/fault"
)

var (
	t0     = time.Date(2026, 10, 1, 1, 0, 0, 0, time.UTC)
	tester = Person{ID: "u1", Name: "Trực ban"}
)

// TestIncidentLife walks at random through the life of an incident and holds
// what must be true of every walk.
func TestIncidentLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := t0
		i := Incident{ID: "i", Number: "SC-2026-0001", Version: 1, State: Proposed, Severity: 2, OpenedAt: now}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "seconds")) * time.Second)
			step := Step{
				Step: rapid.SampledFrom(moves).Draw(t, "step").step, Version: i.Version - rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(t, "behind"),
				Comment: rapid.SampledFrom([]string{"", "vì nước đã rút"}).Draw(t, "comment"), Into: rapid.SampledFrom([]string{"", "j"}).Draw(t, "into"),
				Alerts: rapid.SampledFrom([][]string{nil, {"a"}}).Draw(t, "alerts"), Severity: severityOf(rapid.IntRange(0, 5).Draw(t, "severity")),
			}
			before := i
			allowed := slices.Contains(Allowed(i.State), step.Step)
			after, err := i.apply(step, tester, now)
			switch {
			case err != nil:
				if after.Version != before.Version || after.State != before.State {
					t.Fatalf("%s was refused (%v) and still changed the incident", step.Step, err)
				}
				if step.Version != before.Version && !fault.Is(err, errChanged) {
					t.Fatalf("an old version: %v", err)
				}
				continue
			case step.Version != before.Version:
				t.Fatalf("%s of version %d on %d was taken", step.Step, step.Version, before.Version)
			case !allowed:
				t.Fatalf("%s was taken in state %s", step.Step, before.State)
			}
			i = after
			if i.Version != before.Version+1 || i.Changed.Step != step.Step || !i.Changed.At.Equal(now) {
				t.Fatalf("%s: version %d after %d, changed %+v", step.Step, i.Version, before.Version, i.Changed)
			}
			if (i.State == Merged || i.State == Dismissed) && len(Allowed(i.State)) > 0 {
				t.Fatalf("%s is not the end", i.State)
			}
			if (i.ClosedAt != nil) != (i.State == Closed) && i.State != Merged {
				t.Fatalf("state %s, closed at %v", i.State, i.ClosedAt)
			}
			if i.State == Open && i.ClearedAt != nil {
				t.Fatal("open and cleared")
			}
			if i.State != Proposed && i.State != Dismissed && i.AcknowledgedAt == nil {
				t.Fatalf("%s and never acknowledged", i.State)
			}
			var last time.Time
			for _, at := range []*time.Time{&i.OpenedAt, i.AcknowledgedAt} {
				if at != nil && at.Before(last) {
					t.Fatal("times go back")
				} else if at != nil {
					last = *at
				}
			}
			if i.ClearedAt != nil && (i.SecondsToClear == nil || *i.SecondsToClear < 0) {
				t.Fatal("cleared without a duration")
			}
		}
	})
}

// TestTaskLife walks at random through the life of a task.
func TestTaskLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := t0
		k := Task{ID: "t", Number: "NV-2026-0001", Kind: KindTask, Version: 1, State: Sent, Unit: "A", GivenAt: now, Due: now.Add(24 * time.Hour),
			ProofRequired: rapid.Bool().Draw(t, "proof")}
		k.arm(now)
		hours := func(name string) *time.Time {
			if !rapid.Bool().Draw(t, name+"?") {
				return nil
			}
			at := now.Add(time.Duration(rapid.IntRange(-5, 100).Draw(t, name)) * time.Hour)
			return &at
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "hours")) * time.Hour)
			percent := rapid.IntRange(-10, 120).Draw(t, "percent")
			s := TaskStep{Step: rapid.SampledFrom(taskMoves).Draw(t, "step").step, Version: k.Version, Comment: rapid.SampledFrom([]string{"", "lý do"}).Draw(t, "comment"),
				Percent: &percent, Due: hours("due"), Unit: rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "unit"), Attachments: rapid.SampledFrom([][]string{nil, {"f"}}).Draw(t, "files")}
			before := k
			m, _ := taskMoveOf(s.Step)
			after, err := k.apply(s, tester, now)
			if err != nil {
				if after.Version != before.Version || after.State != before.State || after.Due != before.Due {
					t.Fatalf("%s was refused (%v) and still changed the task", s.Step, err)
				}
				continue
			}
			k = after
			if !slices.Contains(m.from, before.State) || k.Version != before.Version+1 {
				t.Fatalf("%s in %s, version %d after %d", s.Step, before.State, k.Version, before.Version)
			}
			if k.ProofRequired && s.Step == TaskFinish && len(s.Attachments) == 0 {
				t.Fatal("finished without proof")
			}
			if (k.State == Accepted || k.State == InProgress || k.State == Finished) && k.AcceptedAt == nil {
				t.Fatalf("%s and never accepted", k.State)
			}
			if k.State == Sent && k.AcceptedAt != nil {
				t.Fatal("sent and accepted")
			}
			if k.Extension != nil && !k.State.withUnit() {
				t.Fatalf("%s and asks for time", k.State)
			}
			if k.Percent < 0 || k.Percent > 100 {
				t.Fatalf("percent %d", k.Percent)
			}
			if k.timerAt.IsZero() != (!k.State.withUnit() || k.stage >= stageGiver) {
				t.Fatalf("%s at stage %d has the timer %v", k.State, k.stage, k.timerAt)
			}
			if !k.State.open() && k.standing(now) != Done || k.State == Finished && k.standing(now) != Waiting {
				t.Fatalf("%s stands %s", k.State, k.standing(now))
			}
			if s.Step == TaskGrant && !k.Due.After(before.Due) {
				t.Fatal("more time was given and the deadline is not later")
			}
		}
	})
}

func TestStanding(t *testing.T) {
	for _, c := range []struct {
		span, at time.Duration
		want     Standing
	}{
		{10 * time.Hour, 7*time.Hour + 59*time.Minute, OnTime},
		{10 * time.Hour, 8 * time.Hour, DueSoon},
		{10 * time.Hour, 10 * time.Hour, DueSoon},
		{10 * time.Hour, 10*time.Hour + 1, Late},
		{6 * time.Hour, 4 * time.Hour, DueSoon}, // two hours before
		{time.Hour, 0, OnTime},                  // a short task is not due soon at once
		{time.Hour, 30 * time.Minute, DueSoon},
		{100 * 24 * time.Hour, 79 * 24 * time.Hour, OnTime},
		{100 * 24 * time.Hour, 80 * 24 * time.Hour, DueSoon},
	} {
		k := Task{State: Accepted, GivenAt: t0, Due: t0.Add(c.span)}
		if got := k.standing(t0.Add(c.at)); got != c.want {
			t.Errorf("%v of %v: %s, want %s", c.at, c.span, got, c.want)
		}
	}
}

func TestShippedSOPs(t *testing.T) {
	files, err := shippedSOPs.ReadDir("sop")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range files {
		data, err := shippedSOPs.ReadFile("sop/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSOP(data)
		if err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		ids = append(ids, s.ID)
		if s.Title.En == "" || s.ID+".yaml" != f.Name() {
			t.Errorf("%s: %+v", f.Name(), s)
		}
		for _, st := range s.Steps {
			if st.Title.En == "" || st.Text.Vi == "" || st.Text.En == "" {
				t.Errorf("%s: %+v is not in both languages", f.Name(), st)
			}
		}
	}
	if want := []string{"flood-rain", "flood-river", "flood-street", "sensor-fault", "tree-fallen"}; !slices.Equal(ids, want) {
		t.Errorf("shipped %v", ids)
	}
}

func FuzzSOP(f *testing.F) {
	data, err := shippedSOPs.ReadFile("sop/flood-street.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("id: x\nsteps: [1]"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("1: 2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSOP(data)
		if err == nil && (s.Title.Vi == "" || len(s.Steps) == 0) {
			t.Errorf("%+v was taken", s)
		}
	})
}
