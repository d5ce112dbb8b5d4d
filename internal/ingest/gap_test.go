package ingest

import (
	"testing"
	"time"
)

var noonOfTest = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

func TestGapsSurviveSaving(t *testing.T) {
	g := gaps{{after: 10, to: 12}, {after: 20, to: 25}}
	back, err := parseGaps(g.String())
	if err != nil || back.String() != "10-12,20-25" {
		t.Fatalf("%v %v", back, err)
	}
	for seq, want := range map[uint64]bool{10: false, 11: true, 12: true, 13: false, 21: true, 26: false} {
		if back.hold(seq) != want {
			t.Errorf("message %d: %v", seq, back.hold(seq))
		}
	}
	if got := back.beyond(12).String(); got != "20-25" {
		t.Errorf("beyond 12: %s", got)
	}
	if empty, err := parseGaps(""); err != nil || empty != nil {
		t.Errorf("%v %v", empty, err)
	}
	if _, err := parseGaps("x"); err == nil {
		t.Error("nonsense was taken")
	}
}

// TestLedger_KillWhileCatchingUp is two kills in a row: the second life
// publishes beyond what the first had published and never counted.
func TestLedger_KillWhileCatchingUp(t *testing.T) {
	one := shares{"a": 1}
	life := func(base place, before Counts) *ledger {
		l := newLedger()
		l.account("a").Counts = before
		l.base, l.now = base, base
		return l
	}
	done := func(l *ledger, seqs ...uint64) {
		for _, s := range seqs {
			l.stored([]taken{{seq: s, shares: one}}, map[string]*outcome{"a": {stored: 1}}, noonOfTest)
		}
	}
	first := life(place{}, Counts{})
	first.published(1, one, noonOfTest)
	saved, counts := first.now, first.account("a").Counts
	// Killed here: 2 and 3 are on the bus and no page says so.
	second := life(saved, counts)
	second.published(4, one, noonOfTest)
	done(second, 1)
	saved, counts = second.now, second.account("a").Counts
	// Killed again, with 2 and 3 still to come.
	third := life(saved, counts)
	done(third, 2, 3, 4)
	if got, want := third.account("a").Counts, (Counts{Received: 4, Stored: 4}); got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
}
