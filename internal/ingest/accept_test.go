package ingest_test

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/source"
)

func TestAccept_OneReading(t *testing.T) {
	r := newRoad(t)
	r.run()
	now := start
	seen := r.accept("nuoc", sensing.Reading{Datastream: "431068", Time: now.Add(-time.Hour), Value: .1})
	if seen.Accepted != 1 {
		t.Fatal(seen)
	}
	r.settle()
	for name, c := range map[string]struct {
		reading sensing.Reading
		verdict string // accepted, duplicate, quarantined, or the code of the rejection
		value   float64
		flags   sensing.Flags
	}{
		"plain":              {sensing.Reading{Datastream: "431057", Time: now, Value: .25}, "accepted", .25, 0},
		"by id":              {sensing.Reading{Datastream: "d-431057", Time: now.Add(-time.Minute), Value: .25}, "accepted", .25, 0},
		"centimetres":        {sensing.Reading{Datastream: "431056", Time: now, Value: 7, Unit: "cm"}, "accepted", .07, sensing.WrongUnit},
		"same unit":          {sensing.Reading{Datastream: "431056", Time: now.Add(-time.Minute), Value: .07, Unit: "M"}, "accepted", .07, 0},
		"unit of its own":    {sensing.Reading{Datastream: "431056", Time: now, Value: 7, Unit: "kPa"}, "ingest.unit_unknown", 0, 0},
		"strange unit":       {sensing.Reading{Datastream: "431056", Time: now, Value: 7, Unit: "gang tay"}, "ingest.unit_unknown", 0, 0},
		"no name":            {sensing.Reading{Time: now, Value: 1}, "ingest.datastream_missing", 0, 0},
		"unknown":            {sensing.Reading{Datastream: "999", Time: now, Value: 1}, "ingest.datastream_unknown", 0, 0},
		"of another source":  {sensing.Reading{Datastream: "d-khac-1", Time: now, Value: 1}, "ingest.datastream_foreign", 0, 0},
		"NaN":                {sensing.Reading{Datastream: "431068", Time: now, Value: math.NaN()}, "ingest.value_not_finite", 0, 0},
		"infinite":           {sensing.Reading{Datastream: "431068", Time: now, Value: math.Inf(-1)}, "ingest.value_not_finite", 0, 0},
		"text":               {sensing.Reading{Datastream: "431068", Time: now, Text: "cao"}, "ingest.value_not_a_number", 0, 0},
		"no time":            {sensing.Reading{Datastream: "431068", Value: 1}, "ingest.time_missing", 0, 0},
		"1970":               {sensing.Reading{Datastream: "431068", Time: time.Unix(60, 0), Value: 1}, "ingest.time_unset", 0, 0},
		"two years ago":      {sensing.Reading{Datastream: "431068", Time: now.AddDate(-2, 0, 0), Value: 1}, "ingest.time_too_old", 0, 0},
		"2099":               {sensing.Reading{Datastream: "431068", Time: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), Value: 1}, "quarantined", 0, 0},
		"6 minutes ahead":    {sensing.Reading{Datastream: "431068", Time: now.Add(6 * time.Minute), Value: 1}, "quarantined", 0, 0},
		"4 minutes ahead":    {sensing.Reading{Datastream: "cam-le", Time: now.Add(4 * time.Minute), Value: 1}, "accepted", 1, 0},
		"seen":               {sensing.Reading{Datastream: "431068", Time: now.Add(-time.Hour), Value: .1}, "duplicate", 0, 0},
		"seen, other value":  {sensing.Reading{Datastream: "431068", Time: now.Add(-time.Hour), Value: .2}, "duplicate", 0, 0},
		"small negative":     {sensing.Reading{Datastream: "431021", Time: now, Value: -.01}, "accepted", 0, sensing.Negative},
		"negative":           {sensing.Reading{Datastream: "430001", Time: now, Value: -.27}, "accepted", -.27, sensing.OutOfRange},
		"level in depth":     {sensing.Reading{Datastream: "430001", Time: now.Add(-time.Minute), Value: 61.2}, "quarantined", 0, 0},
		"impossible":         {sensing.Reading{Datastream: "mua-1", Time: now.Add(-time.Minute), Value: 9999}, "quarantined", 0, 0},
		"calibrating (TT10)": {sensing.Reading{Datastream: "mua-1", Time: now, Value: 3, Quality: "01"}, "accepted", 3, sensing.Bad},
		"estimated, given":   {sensing.Reading{Datastream: "ho-1", Time: now, Value: 32.43, Quality: "estimated,given"}, "accepted", 32.43, sensing.Estimated | sensing.Given},
		"a word of its own":  {sensing.Reading{Datastream: "cam-le", Time: now, Value: 1, Quality: "hmm"}, "accepted", 1, sensing.Suspect},
		"50 minutes late":    {sensing.Reading{Datastream: "cam-le", Time: now.Add(-50 * time.Minute), Value: 1}, "accepted", 1, sensing.Late},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.p.Counts("nuoc")
			res := r.accept("nuoc", c.reading)
			r.settle()
			after := r.p.Counts("nuoc")
			verdict := "none"
			switch {
			case res.Accepted == 1 && after.Stored == before.Stored+1:
				verdict = "accepted"
			case res.Duplicate == 1 && after.Duplicate == before.Duplicate+1:
				verdict = "duplicate"
			case res.Quarantined == 1 && after.Quarantined == before.Quarantined+1:
				verdict = "quarantined"
			case len(res.Rejected) == 1 && after.Rejected == before.Rejected+1:
				verdict = res.Rejected[0].Err.Code
			}
			if verdict != c.verdict || after.Received != before.Received+1 || !after.Balanced() {
				t.Fatalf("%s (%+v, %+v → %+v), want %s", verdict, res, before, after, c.verdict)
			}
			if c.verdict != "accepted" {
				return
			}
			r.mu.Lock()
			o := r.stored[len(r.stored)-1]
			r.mu.Unlock()
			if o.Value != c.value || o.Flags != c.flags || !o.Time.Equal(c.reading.Time) || o.Source != "nuoc" {
				t.Errorf("stored %+v (%s), want %v (%s)", o, o.Flags, c.value, c.flags)
			}
		})
	}
	r.balanced()
}

func TestAccept_Batch(t *testing.T) {
	r := newRoad(t)
	r.run()
	res := r.accept("nuoc",
		sensing.Reading{Datastream: "cam-le", Time: start, Value: 1},
		sensing.Reading{Datastream: "nowhere", Time: start, Value: 1},
		sensing.Reading{Datastream: "cam-le", Time: start.Add(-step), Value: .9}, // newest first, as many services list
		sensing.Reading{Datastream: "cam-le", Time: start, Value: 1},             // twice in one batch
		sensing.Reading{Datastream: "ho-1", Time: start, Value: 30},
		sensing.Reading{Datastream: "cam-le", Time: start.AddDate(80, 0, 0), Value: 1},
	)
	if res.Accepted != 3 || res.Duplicate != 1 || res.Quarantined != 1 || len(res.Rejected) != 1 || res.Rejected[0].Index != 1 {
		t.Errorf("%+v", res)
	}
	r.settle()
	r.balanced()
	if ps := r.points("cam-le"); len(ps) != 2 || ps[0].V != .9 || ps[1].V != 1 {
		t.Errorf("stored %v", ps)
	}
}

func TestAccept_AgainIsAllDuplicate(t *testing.T) {
	r := newRoad(t)
	var readings []sensing.Reading
	for i := range 500 {
		readings = append(readings, sensing.Reading{Datastream: "cam-le", Time: start.Add(-time.Duration(i) * time.Minute), Value: float64(i) / 100})
	}
	// Before the writer runs everything is in flight; the second time half of
	// it is stored; the third time all of it.
	for round := range 3 {
		res := r.accept("nuoc", readings...)
		if want := 500; (round == 0) != (res.Accepted == want) || (round > 0) != (res.Duplicate == want) {
			t.Errorf("round %d: %+v", round, res)
		}
		if round == 1 {
			r.run()
			r.settle()
		}
	}
	r.balanced()
	if n := len(r.points("cam-le")); n != 500 {
		t.Errorf("%d points, want 500", n)
	}
}

func TestAccept_WholeBatchRefused(t *testing.T) {
	r := newRoad(t)
	off := false
	if _, err := r.sources.Update(context.Background(), admin, "khac", source.Patch{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	one := []sensing.Reading{{Datastream: "khac-1", Time: start, Value: 1}}
	for name, c := range map[string]struct {
		batch ingest.Batch
		code  string
	}{
		"unknown source": {ingest.Batch{Source: "xyz", Readings: one}, "ingest.source_unknown"},
		"off":            {ingest.Batch{Source: "khac", Readings: one}, "ingest.source_off"},
		"foreign actor":  {ingest.Batch{Source: "nuoc", Readings: one, Actor: access.Actor{ID: "source:khac", Roles: []access.Role{access.Device}, Source: "khac"}}, "access.denied"},
		"a viewer":       {ingest.Batch{Source: "nuoc", Readings: one, Actor: viewer}, "access.denied"},
		"a citizen":      {ingest.Batch{Source: "nuoc", Readings: one, Actor: access.Actor{ID: "u3", Roles: []access.Role{access.Citizen}}}, "access.denied"},
		"nobody":         {ingest.Batch{Readings: one}, "access.sign_in"},
	} {
		if _, err := r.p.Accept(context.Background(), c.batch); codeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if c := r.p.Totals(); c.Received != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestAccept_WithoutSourceAndTexts(t *testing.T) {
	r := newRoad(t)
	r.run()
	ctx := context.Background()
	err := r.catalog.Apply(ctx, admin, catalog.Station{
		Thing: sensing.Thing{ID: "cong", Name: "Cống"}, Lon: 108, Lat: 16,
		Datastreams: []sensing.Datastream{{
			ID: "cong-cua", Name: "Cửa cống", ObservationType: catalog.OMCategory, SensorID: "s", ObservedPropertyID: "cua",
			Unit: sensing.UnitOfMeasurement{Name: "-", Symbol: "1"}, SourceID: "nuoc", Key: "cua",
		}},
		ObservedProperties: []sensing.ObservedProperty{{ID: "cua", Name: "Trạng thái cửa", Definition: "https://example.org/gate"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := ingest.Batch{Actor: access.System("sta"), Readings: []sensing.Reading{
		{Datastream: "cong-cua", Time: start, Text: "mở"}, {Datastream: "d-khac-1", Time: start, Value: 2}, {Datastream: "khac-1", Time: start, Value: 2},
	}}
	for round, want := range []ingest.Result{{Accepted: 2}, {Duplicate: 2}} {
		res, err := r.p.Accept(ctx, b)
		if err != nil || res.Accepted != want.Accepted || res.Duplicate != want.Duplicate || len(res.Rejected) != 1 {
			t.Errorf("round %d: %+v %v", round, res, err)
		}
		r.settle()
	}
	texts, err := r.catalog.Texts(ctx, "cong-cua", start, start, false, 10)
	if err != nil || len(texts) != 1 || texts[0].Result != "mở" {
		t.Errorf("texts %v %v", texts, err)
	}
	if c := r.p.Counts("direct"); c.Stored != 2 || !c.Balanced() {
		t.Errorf("%+v", c)
	}
}

func TestAccept_BusDownTakesNothing(t *testing.T) {
	r := newRoad(t)
	if err := r.bus.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := r.p.Accept(context.Background(), ingest.Batch{Source: "nuoc", Readings: []sensing.Reading{
		{Datastream: "431068", Time: start, Value: 1}, {Datastream: "nowhere", Time: start, Value: 1},
	}})
	if codeOf(err) != "ingest.unavailable" {
		t.Fatalf("got %v", err)
	}
	if c := r.p.Totals(); c != (ingest.Counts{}) {
		t.Errorf("counted %+v", c)
	}
	if ls, err := r.p.Letters(context.Background(), admin, ingest.LetterFilter{}); err != nil || len(ls) != 0 {
		t.Errorf("letters %v %v", ls, err)
	}
}

func TestPreview_TellsAndDoesNothing(t *testing.T) {
	r := newRoad(t)
	r.run()
	r.accept("nuoc", sensing.Reading{Datastream: "431068", Time: start, Value: .1})
	r.settle()
	before := r.p.Totals()
	b := ingest.Batch{Source: "nuoc", Readings: []sensing.Reading{
		{Datastream: "431068", Time: start, Value: .1}, {Datastream: "431068", Time: start.Add(time.Minute), Value: 120, Unit: "cm"},
		{Datastream: "431068", Time: start.Add(time.Minute), Value: 1}, {Datastream: "431057", Time: start, Value: 32.43}, {Datastream: "x", Time: start},
	}, Unread: []ingest.Unread{{Raw: "rác"}}}
	want := []string{"duplicate", "accepted", "duplicate", "quarantined", "rejected", "unread"}
	for range 2 {
		rows, err := r.p.Preview(context.Background(), b)
		if err != nil || len(rows) != len(want) {
			t.Fatalf("%v %v", rows, err)
		}
		for i, row := range rows {
			if row.Verdict != want[i] || (row.Err == nil) != (row.Verdict == "accepted" || row.Verdict == "duplicate") {
				t.Errorf("row %d: %+v, want %s", i, row, want[i])
			}
		}
		if rows[1].Value != 1.2 || rows[1].Unit != "m" || rows[1].Flags != sensing.WrongUnit|sensing.Step {
			t.Errorf("%+v", rows[1])
		}
	}
	if after := r.p.Totals(); after != before || len(r.points("431068")) != 1 {
		t.Errorf("%+v, was %+v", after, before)
	}
}

func TestApproxSkew(t *testing.T) {
	r := newRoad(t)
	if _, ok := r.p.ApproxSkew("nuoc"); ok {
		t.Error("a skew without readings")
	}
	for i := range 9 {
		r.accept("nuoc", sensing.Reading{Datastream: "cam-le", Time: start.Add(-2*time.Minute - time.Duration(i)*time.Second), Value: 1})
	}
	if d, ok := r.p.ApproxSkew("nuoc"); !ok || d != 2*time.Minute+4*time.Second {
		t.Errorf("skew %v %v", d, ok)
	}
}

func TestAccept_DatastreamDeletedOnTheWay(t *testing.T) {
	r := newRoad(t)
	ctx := context.Background()
	r.accept("nuoc", sensing.Reading{Datastream: "cam-le", Time: start, Value: 1}, sensing.Reading{Datastream: "ho-1", Time: start, Value: 30})
	if err := r.catalog.DeleteDatastream(ctx, admin, "d-cam-le"); err != nil {
		t.Fatal(err)
	}
	r.run()
	r.settle()
	if c := r.p.Counts("nuoc"); c.Stored != 1 || c.Rejected != 1 || !c.Balanced() {
		t.Errorf("%+v", c)
	}
	r.close()
	r.open()
	if ls := r.letters(ingest.LetterFilter{}); len(ls) != 1 || ls[0].Code != "series.unknown_datastream" || ls[0].Datastream != "d-cam-le" {
		t.Errorf("%+v", ls)
	}
}

func TestAccept_ManyCallersCountOnce(t *testing.T) {
	r := newRoad(t)
	r.run()
	const callers, each = 16, 200
	var all sync.WaitGroup
	var accepted, duplicate atomic.Int64
	for range callers {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range each { // every caller sends the same
				res, err := r.p.Accept(context.Background(), ingest.Batch{Source: "nuoc", Readings: []sensing.Reading{
					{Datastream: "cam-le", Time: start.Add(-time.Duration(i) * time.Minute), Value: float64(i) / 100},
				}})
				if err != nil {
					t.Error(err)
				}
				accepted.Add(int64(res.Accepted))
				duplicate.Add(int64(res.Duplicate))
			}
		}()
	}
	all.Wait()
	r.settle()
	if accepted.Load() != each || duplicate.Load() != (callers-1)*each || len(r.points("cam-le")) != each {
		t.Errorf("%d accepted, %d duplicate, %d stored", accepted.Load(), duplicate.Load(), len(r.points("cam-le")))
	}
	if c := r.p.Counts("nuoc"); c.Stored != each || c.Duplicate != duplicate.Load() || !c.Balanced() {
		t.Errorf("%+v", c)
	}
}
