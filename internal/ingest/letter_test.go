package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func (r *road) letters(f ingest.LetterFilter) []ingest.Letter {
	r.t.Helper()
	ls, err := r.p.Letters(context.Background(), admin, f)
	if err != nil {
		r.t.Fatal(err)
	}
	return ls
}

func TestLetters_FixAndReplay(t *testing.T) {
	r := newRoad(t)
	r.run()
	var events []string
	r.db.OnEmit(func(_ *store.Tx, e store.Event) error { events = append(events, e.Subject); return nil })
	ctx := context.Background()
	r.accept("nuoc", sensing.Reading{Datastream: "431068", Time: start, Value: 32.43, Raw: `{"code":431068,"depth":32.43}`})
	ls := r.letters(ingest.LetterFilter{State: "open"})
	if len(ls) != 1 || ls[0].Kind != "quarantined" || ls[0].Code != "ingest.looks_like_level" || ls[0].Datastream != "d-431068" ||
		ls[0].Raw != `{"code":431068,"depth":32.43}` || !strings.Contains(ls[0].Detail.Vi, "mực nước") {
		t.Fatalf("%+v", ls)
	}
	id := ls[0].ID

	if res, err := r.p.Replay(ctx, admin, id, ""); err != nil || res.Quarantined != 1 {
		t.Fatalf("as it is: %+v %v", res, err)
	}
	if ls := r.letters(ingest.LetterFilter{}); len(ls) != 1 || ls[0].State != "open" {
		t.Fatalf("a failed replay left %+v", ls)
	}
	if _, err := r.p.Replay(ctx, viewer, id, ""); codeOf(err) != "access.denied" {
		t.Errorf("a viewer: %v", err)
	}
	if _, err := r.p.Replay(ctx, admin, id, `{"datastream":`); codeOf(err) != "ingest.json" {
		t.Errorf("broken edit: %v", err)
	}
	res, err := r.p.Replay(ctx, admin, id, `{"datastream":"ho-1","time":"2026-08-26T08:00:00Z","value":"32,43"}`)
	if err != nil || res.Accepted != 1 {
		t.Fatalf("edited: %+v %v", res, err)
	}
	r.settle()
	if ps := r.points("ho-1"); len(ps) != 1 || ps[0].V != 32.43 {
		t.Errorf("stored %v", ps)
	}
	ls = r.letters(ingest.LetterFilter{State: "replayed"})
	if len(ls) != 1 || ls[0].ClosedBy != "u1" || len(events) != 1 || events[0] != "ioc.ingest.letter_replayed."+id {
		t.Errorf("%+v, events %v", ls, events)
	}
	if _, err := r.p.Replay(ctx, admin, id, ""); codeOf(err) != "ingest.letter_closed" {
		t.Errorf("replayed twice: %v", err)
	}
	if err := r.p.Discard(ctx, admin, "nowhere"); codeOf(err) != "ingest.letter_unknown" {
		t.Errorf("unknown: %v", err)
	}
	r.balanced()
}

func TestLetters_UnreadPieceIsReadAgain(t *testing.T) {
	r := newRoad(t)
	r.run()
	ctx := context.Background()
	if _, err := r.p.Accept(ctx, ingest.Batch{Source: "nuoc", Unread: []ingest.Unread{{Raw: "cam-le\tbốn\x00\xff"}}}); err != nil {
		t.Fatal(err)
	}
	ls := r.letters(ingest.LetterFilter{Kind: "unread"})
	if len(ls) != 1 || ls[0].Code != "ingest.unread" || ls[0].Raw != "cam-le\tbốn\uFFFD\uFFFD" {
		t.Fatalf("%+v", ls)
	}
	if _, err := r.p.Replay(ctx, admin, ls[0].ID, ""); codeOf(err) != "ingest.letter_no_reader" {
		t.Errorf("without a reader: %v", err)
	}
	r.p.Reread(func(_ context.Context, source, raw string) ([]sensing.Reading, []ingest.Unread, error) {
		var key string
		var v float64
		if source != "nuoc" {
			return nil, nil, errors.New("of another source")
		}
		if _, err := fmt.Sscanf(raw, "%s\t%f", &key, &v); err != nil {
			return nil, []ingest.Unread{{Raw: raw}}, nil
		}
		return []sensing.Reading{{Datastream: key, Time: start, Value: v}}, nil, nil
	})
	if res, err := r.p.Replay(ctx, admin, ls[0].ID, "cam-le\tfour"); err != nil || len(res.Rejected) != 1 || res.Rejected[0].Err.Code != "ingest.unread" {
		t.Errorf("a mend that is none: %+v %v", res, err)
	}
	if res, err := r.p.Replay(ctx, admin, ls[0].ID, "cam-le\t4"); err != nil || res.Accepted != 1 {
		t.Errorf("%+v %v", res, err)
	}
	c := r.p.Counts("nuoc")
	if c.Rejected != 2 || c.Received != 3 {
		t.Errorf("%+v", c)
	}
}

func TestLetters_FoldWhatIsAlike(t *testing.T) {
	r := newRoad(t)
	ctx := context.Background()
	for i := range 500 {
		r.accept("nuoc",
			sensing.Reading{Datastream: "nowhere", Time: start.Add(time.Duration(i) * time.Second), Value: float64(i)},
			sensing.Reading{Datastream: "cam-le", Time: start.AddDate(1, 0, i), Value: 1},
			sensing.Reading{Datastream: "431068", Time: start, Value: math.NaN()},
		)
	}
	r.close()
	r.open()
	totals := map[string]int{}
	rows := map[string]int{}
	for _, l := range r.letters(ingest.LetterFilter{Limit: 1000}) {
		totals[l.Code] += l.Repeats + 1
		rows[l.Code]++
	}
	if want := map[string]int{"ingest.datastream_unknown": 500, "ingest.time_future": 500, "ingest.value_not_finite": 500}; fmt.Sprint(totals) != fmt.Sprint(want) {
		t.Errorf("counted %v, want %v", totals, want)
	}
	// Rejected ones are samples, quarantined ones are data, the same again is
	// the same.
	if want := map[string]int{"ingest.datastream_unknown": 20, "ingest.time_future": 500, "ingest.value_not_finite": 1}; fmt.Sprint(rows) != fmt.Sprint(want) {
		t.Errorf("rows %v, want %v", rows, want)
	}
	// A closed letter makes room for another sample.
	newest := r.letters(ingest.LetterFilter{Kind: "rejected"})
	for _, l := range newest {
		if l.Code == "ingest.datastream_unknown" {
			if err := r.p.Discard(ctx, admin, l.ID); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	r.accept("nuoc", sensing.Reading{Datastream: "nowhere", Time: start, Value: -5})
	r.close()
	r.open()
	if n := len(r.letters(ingest.LetterFilter{Kind: "rejected", State: "open"})); n != 21 {
		t.Errorf("%d open rejected letters, want 21", n)
	}
}

func TestLetters_NewestTenThousandStay(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 22,000 rows")
	}
	r := newRoad(t)
	var readings []sensing.Reading
	for i := range 22_000 {
		readings = append(readings, sensing.Reading{Datastream: fmt.Sprint("unknown-", i), Time: start, Value: 1})
	}
	r.accept("khac", sensing.Reading{Datastream: "x", Time: start})
	for len(readings) > 0 {
		r.accept("nuoc", readings[:2000]...)
		r.clk.Set(r.clk.Now().Add(time.Second))
		readings = readings[2000:]
	}
	r.close()
	r.open()
	var n, other int
	err := r.db.Read(context.Background(), func(tx *store.Tx) error {
		if err := tx.QueryRow(`select count(*) from ingest_letter where source = 'khac'`).Scan(&other); err != nil {
			return err
		}
		return tx.QueryRow(`select count(*) from ingest_letter where source = 'nuoc'`).Scan(&n)
	})
	if err != nil || n < 10_000 || n > 11_000 || other != 1 {
		t.Errorf("%d letters kept, %d of the other source, %v", n, other, err)
	}
	if ls := r.letters(ingest.LetterFilter{Source: "nuoc", Limit: 1}); len(ls) != 1 || ls[0].Datastream < "unknown-2" {
		t.Errorf("the newest is %+v", ls)
	}
}

// The statements run on both databases.
func TestRecords_OnBothDatabases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoadOn(t, db)
		r.run()
		ctx := context.Background()
		r.accept("nuoc", sensing.Reading{Datastream: "431068", Time: start, Value: 32.43}, sensing.Reading{Datastream: "x", Time: start}, sensing.Reading{Datastream: "cam-le", Time: start, Value: 1})
		r.settle()
		for _, f := range []ingest.LetterFilter{{}, {Source: "nuoc", State: "open", Kind: "quarantined", Before: "zzz", Limit: 5}} {
			if ls := r.letters(f); len(ls) == 0 {
				t.Errorf("no letters for %+v", f)
			}
		}
		for _, l := range r.letters(ingest.LetterFilter{Kind: "quarantined"}) {
			if err := r.p.Discard(ctx, admin, l.ID); err != nil {
				t.Error(err)
			}
		}
		rule := ingest.Rule{Property: sensing.FloodDepth, Unit: "m", From: "2026-02-01", Source: "thử", Plausible: &[2]float64{0, 1}}
		for range 2 {
			if err := r.p.PutRule(ctx, admin, rule); err != nil {
				t.Fatal(err)
			}
		}
		r.feed("431068", 2)
		r.settle()
		if n, _ := count(r.points("431068"), sensing.OutOfRange); n != 1 {
			t.Error("the new rule does not hold")
		}
		want := r.p.Counts("nuoc")
		r.close()
		r.open()
		if got := r.p.Counts("nuoc"); got != want || !got.Balanced() {
			t.Errorf("after a restart %+v, want %+v", got, want)
		}
		if rejected, quarantined := r.p.Codes("nuoc"); rejected["ingest.datastream_unknown"] != 1 || quarantined["ingest.looks_like_level"] != 1 {
			t.Errorf("codes %v %v", rejected, quarantined)
		}
		if days, err := r.p.Days(ctx, "nuoc", 7); err != nil || len(days) != 1 || days[0].Counts.Received != want.Received {
			t.Errorf("days %+v %v", days, err)
		}
	})
}

func TestPutRule_Refuses(t *testing.T) {
	r := newRoad(t)
	for name, c := range map[string]struct {
		rule  ingest.Rule
		field string
	}{
		"property": {ingest.Rule{From: "2026-01-01"}, "property"},
		"day":      {ingest.Rule{Property: "rain", From: "1/1/2026"}, "from"},
		"unit":     {ingest.Rule{Property: "rain", From: "2026-01-01", Unit: "gang"}, "unit"},
		"range":    {ingest.Rule{Property: "rain", From: "2026-01-01", Hard: &[2]float64{1, 0}}, "hard"},
	} {
		if err := r.p.PutRule(context.Background(), admin, c.rule); codeOf(err) != "ingest.rule" || !strings.Contains(err.Error(), c.field+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.p.PutRule(context.Background(), viewer, ingest.Rule{}); codeOf(err) != "access.denied" {
		t.Errorf("a viewer: %v", err)
	}
}

func TestRules_OfOneDatastream(t *testing.T) {
	r := newRoad(t)
	r.run()
	ctx := context.Background()
	err := r.catalog.PatchDatastream(ctx, admin, "d-431068", func(d *sensing.Datastream) error {
		d.Properties = map[string]any{"qc": map[string]any{"plausible": []float64{0, 0.5}, "frozen_span": "30m", "frozen": 3}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.feed("431068", .2, .2, .2, .7)
	r.settle()
	ps := r.points("431068")
	if n, first := count(ps, sensing.Frozen); n != 1 || first != 2 {
		t.Errorf("%d frozen from %d", n, first)
	}
	if n, _ := count(ps, sensing.OutOfRange); n != 1 {
		t.Errorf("%d out of range", n)
	}
}
