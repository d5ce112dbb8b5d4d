package board

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// lives are files of all kinds over two years.
func lives(n int) [][]casework.Event {
	r := rand.New(rand.NewPCG(7, 7))
	out := make([][]casework.Event, n)
	for i := range out {
		received := local("2024-06-03 08:00").Add(time.Duration(r.IntN(600*24)) * time.Hour)
		due := received.Add(time.Duration(1+r.IntN(15)) * 24 * time.Hour)
		unit := []string{"20242", "20194", "soxd", "Tổ lạ"}[r.IntN(4)]
		if received.Before(local("2025-07-01 00:00")) {
			unit = []string{"492", "4921", "soxd"}[r.IntN(3)]
		}
		code := fmt.Sprintf("H17.19-%s-%04d", received.Format("060102"), i)
		at := func(days float64, p casework.Patch) {
			out[i] = append(out[i], casework.Event{System: "mc", Code: code, At: received.Add(time.Duration(days * 24 * float64(time.Hour))), Patch: p})
		}
		if r.IntN(5) == 0 {
			out[i] = append(out[i], casework.Event{System: "mc", Code: code, At: received.Add(-5 * time.Hour), Patch: casework.Patch{State: ptr("1"), Unit: &unit}})
		}
		first := casework.Patch{State: ptr("2"), Received: &received, Due: &due, Unit: &unit, Procedure: ptr([]string{"1.004964", "2.000815"}[i%2]), Field: ptr("HT"), FieldName: ptr("Hộ tịch"), Channel: ptr(channels[i%4]), Officer: ptr(fmt.Sprint("cb", i%5))}
		if r.IntN(12) == 0 {
			first.Due = nil
		}
		at(0, first)
		if r.IntN(4) == 0 {
			at(1, casework.Patch{State: ptr("5")})
			if r.IntN(4) > 0 {
				at(3.5, casework.Patch{State: ptr("4"), Due: ptr(due.Add(60 * time.Hour)), DueReason: ptr("bổ sung")})
			}
		}
		switch k := r.IntN(10); {
		case k < 7:
			days := float64(4 + r.IntN(14))
			end := received.Add(time.Duration(days * 24 * float64(time.Hour)))
			at(days, casework.Patch{State: ptr("9"), Finished: &end, Digitized: ptr(r.IntN(3) > 0), Step: &casework.Step{Name: "Thẩm định", From: received, Until: end}})
			if r.IntN(2) == 0 {
				at(days+2, casework.Patch{State: ptr("10")})
			}
			if r.IntN(20) == 0 {
				at(days+3, casework.Patch{State: ptr("4")})
			}
		case k == 7:
			at(4, casework.Patch{State: ptr("7")})
		}
	}
	return out
}

func take(t testing.TB, b *Board, evs ...casework.Event) {
	t.Helper()
	for len(evs) > 0 {
		k := min(len(evs), casework.MostEvents)
		if _, err := b.o.Cases.Import(t.Context(), system, evs[:k]); err != nil {
			t.Fatal(err)
		}
		evs = evs[k:]
	}
}

func flat(l [][]casework.Event) (out []casework.Event) {
	for _, e := range l {
		out = append(out, e...)
	}
	return out
}

func each(t *testing.T, test func(t *testing.T, b *Board)) {
	clk := clock.Manual(local("2026-03-10 09:00"))
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) { test(t, newCases(t, db, clk)) })
}

// The board says of any instant and period what the files themselves say, one
// by one; filled by changes or read from the records.
func TestBoardAgreesWithTheFiles(t *testing.T) {
	each(t, func(t *testing.T, b *Board) {
		if _, err := b.Count(t.Context(), leader, Ask{}); !fault.Is(err, errLoading) {
			t.Fatal(err)
		}
		all := lives(600)
		var late []casework.Event // what is told later, file by file
		for i, l := range all {
			if i%3 == 0 && len(l) > 1 {
				late = append(late, l[1:]...)
				all[i] = l[:1]
			}
		}
		take(t, b, flat(all)...)
		if err := b.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		take(t, b, late...)
		read, err := New(b.o)
		if err != nil {
			t.Fatal(err)
		}
		if err := read.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		var files []*casework.Case
		f := casework.Filter{Limit: 500}
		for {
			p, err := b.o.Cases.List(t.Context(), leader, f)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, p.Cases...)
			if f.Cursor = p.Next; p.Next == "" {
				break
			}
		}
		if len(files) != 600 {
			t.Fatal(len(files))
		}
		w := b.o.Cases.WindowNow()
		for _, span := range [][2]string{{"2024-06-01 00:00", "2026-03-10 09:00"}, {"2025-01-01 00:00", "2026-01-01 00:00"}, {"2025-06-01 00:00", "2025-07-01 00:00"}, {"2026-01-12 10:30", "2026-01-20 11:45"}, {"2026-03-01 00:00", "2026-03-10 09:00"}} {
			from, to := local(span[0]), local(span[1])
			var want tally
			for _, c := range files {
				if c.ReceivedAt != nil && !c.ReceivedAt.Before(from) && c.ReceivedAt.Before(to) {
					want.received++
				}
				switch c.Class(from.Add(-time.Microsecond), w) {
				case casework.InTime, casework.NearDue, casework.Overdue, casework.PausedClass:
					want.carried++
				case casework.NoDue:
					if st, _ := c.StateAt(from.Add(-time.Microsecond)); st.State == casework.Processing {
						want.carried++
					}
				}
				line := c.Line(w)
				ended := line.Ended != 0 && line.Ended >= from.UnixMicro() && line.Ended < to.UnixMicro()
				if ended && line.Outcome != casework.WithdrawnClass {
					want.finished++
					if c.Digitized != nil && *c.Digitized {
						want.digitized++
					}
				}
				switch class := c.Class(to, w); class {
				case casework.InTime:
					want.inTime++
				case casework.NearDue:
					want.near++
				case casework.Overdue:
					want.overdue++
				case casework.PausedClass:
					want.paused++
				case casework.Waiting:
					want.waiting++
				case casework.Early, casework.OnTime, casework.Late, casework.WithdrawnClass:
					if ended {
						*map[casework.Class]*int{casework.Early: &want.early, casework.OnTime: &want.onTime, casework.Late: &want.late, casework.WithdrawnClass: &want.withdrawn}[class]++
					}
				}
			}
			for name, board := range map[string]*Board{"by changes": b, "read": read} {
				for _, by := range []string{ByUnit, ByProcedure, ByField, ByChannel, ByOfficer} {
					s, err := board.Count(t.Context(), leader, Ask{By: by, From: from, To: to, At: to})
					if err != nil {
						t.Fatal(err)
					}
					got := tally{received: s.Total.Received, carried: s.Total.CarriedOver, finished: s.Total.Finished, early: s.Total.Early, onTime: s.Total.OnTime, late: s.Total.Late, inTime: s.Total.InTime, near: s.Total.NearDue,
						overdue: s.Total.Overdue, paused: s.Total.Paused, waiting: s.Total.Waiting, withdrawn: s.Total.Withdrawn, digitized: s.Total.Digitized}
					if got != want {
						t.Errorf("%s, %s %v:\n%+v\n%+v", name, by, span, got, want)
					}
					sum := 0
					for _, r := range s.Rows {
						sum += r.Received
					}
					if sum != s.Total.Received {
						t.Errorf("%s: %d of %d", by, sum, s.Total.Received)
					}
				}
			}
		}
		// Somebody of a unit counts theirs.
		mine, err := b.Count(t.Context(), officer, Ask{From: local("2024-06-01 00:00")})
		if err != nil || len(mine.Rows) != 1 || mine.Rows[0].Key != "20242" {
			t.Errorf("%v %+v", err, mine.Rows)
		}
		one, err := b.Count(t.Context(), leader, Ask{From: local("2024-06-01 00:00"), Unit: "20242"})
		if err != nil || one.Total.Received != mine.Total.Received || one.Total.Received == 0 {
			t.Errorf("%v %d %d", err, one.Total.Received, mine.Total.Received)
		}
		top, err := b.Count(t.Context(), leader, Ask{From: local("2024-06-01 00:00"), Parent: "ubnd"})
		if err != nil || len(top.Rows) != 3 {
			t.Errorf("%v %+v", err, top.Rows)
		}
	})
}

// 2024 by district beside 2026 by ward: what went in parts belongs to nobody,
// and everything adds up.
func TestCompare(t *testing.T) {
	each(t, func(t *testing.T, b *Board) {
		take(t, b, flat(lives(400))...)
		if err := b.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := b.Compare(t.Context(), leader, local("2024-06-01 00:00"), local("2025-01-01 00:00"), local("2025-08-01 00:00"), local("2026-03-01 00:00"))
		if err != nil {
			t.Fatal(err)
		}
		sum := c.Sums
		sum.add(c.Unattributed)
		if sum != c.Total || c.Total.A.Received == 0 || c.Total.B.Received == 0 || c.Unattributed.A.Received == 0 {
			t.Errorf("%+v", c)
		}
		var rows Pair
		for _, r := range c.Rows {
			rows.add(r.Pair)
			want := map[string]string{"20242": "[Phường Thạch Thang Quận Hải Châu] false", "20194": "[Quận Hải Châu] false", "soxd": "[] true"}[r.Unit]
			if got := fmt.Sprint(r.Predecessors, r.Exact); got != want {
				t.Errorf("%s: %s", r.Unit, got)
			}
		}
		if rows != c.Sums || len(c.Parted) == 0 {
			t.Errorf("%+v %+v", rows, c.Sums)
		}
		sheet, err := b.Count(t.Context(), leader, Ask{From: local("2024-06-01 00:00"), To: local("2025-01-01 00:00")})
		if err != nil || sheet.Total.Received != c.Total.A.Received || sheet.Total.Finished != c.Total.A.Finished || sheet.Total.Late != c.Total.A.Late {
			t.Errorf("%v %+v %+v", err, sheet.Total, c.Total.A)
		}
	})
}

func TestHTTP(t *testing.T) {
	clk := clock.Manual(local("2026-03-10 09:00"))
	b := newCases(t, storetest.SQLite(t, clk), clk)
	evs := flat(lives(200))
	evs[0].FieldName = ptr("=HYPERLINK(\"http://x\")")
	take(t, b, evs...)
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	actors := map[string]access.Actor{"leader": leader, "officer": officer, "citizen": citizen}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { a, ok := actors[token]; return a, ok })
	defer srv.Close()
	b.Routes(api)
	b.o.Cases.Routes(api)
	get := func(want int, as, path string) []byte {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, srv.URL+"/api/v1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+as)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			t.Fatalf("%s as %s: %d %v %s", path, as, res.StatusCode, err, body)
		}
		return body
	}
	year := "?from=2025-01-01T00:00:00%2B07:00&to=2026-01-01T00:00:00%2B07:00"
	for path, keys := range map[string]string{
		"/cases/board" + year: "at from to by denominator previous total rows", "/cases/slow" + year: "rows", "/cases/slow" + year + "&by=step": "rows", "/cases/score766" + year: "groups units",
		"/cases/compare?a_from=2024-06-01T00:00:00Z&a_to=2025-01-01T00:00:00Z&b_from=2025-08-01T00:00:00Z&b_to=2026-01-01T00:00:00Z": "rows unattributed total sums",
		"/cases/summary": "open near_due overdue paused late_ratio_month synthetic at", "/cases": "cases next total at", "/cases/1": "case events deadlines pauses steps allowed", "/cases/procedures": "procedures",
	} {
		var m map[string]any
		if err := json.Unmarshal(get(200, "leader", path), &m); err != nil {
			t.Fatal(err)
		}
		for _, k := range strings.Fields(keys) {
			if _, ok := m[k]; !ok {
				t.Errorf("%s has no %s", path, k)
			}
		}
		get(403, "citizen", path)
		get(401, "nobody", path)
	}
	get(422, "leader", "/cases/board?by=x")
	get(422, "leader", "/cases/board?from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z")
	get(404, "officer", "/cases/999999")
	for _, path := range []string{"/cases/board/export" + year + "&by=field", "/cases/export?unit=soxd"} {
		x, err := excelize.OpenReader(bytes.NewReader(get(200, "leader", path)))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := x.GetRows("Sheet1")
		if err != nil || len(rows) < 4 {
			t.Errorf("%v %v", err, rows)
		}
		for _, r := range rows {
			for _, c := range r {
				if strings.HasPrefix(c, "=") {
					t.Errorf("a formula: %s", c)
				}
			}
		}
		get(403, "citizen", path)
	}
	s, err := b.Score766(t.Context(), leader, Ask{From: local("2025-01-01 00:00"), To: local("2026-01-01 00:00")})
	if err != nil || len(s.Groups) != 5 || s.Groups[1].Points == nil || *s.Groups[1].Points <= 0 || *s.Groups[1].Points > 20 || s.Groups[0].Points != nil || s.Groups[2].KnownMax != 0 || s.Groups[2].Components[0].Ratio == nil {
		t.Errorf("%v %+v", err, s)
	}
	max := 0.0
	for _, g := range s.Groups {
		max += g.Max
		for _, c := range g.Components {
			if (c.Points == nil) != (c.Missing != nil) {
				t.Errorf("%+v", c)
			}
		}
	}
	if max != 100 {
		t.Error(max)
	}
}

func TestFiguresAndLayer(t *testing.T) {
	clk := clock.Manual(local("2026-03-10 09:00"))
	b := newCases(t, storetest.SQLite(t, clk), clk)
	ctx := httpapi.WithActor(t.Context(), leader)
	for _, i := range b.Indicators() {
		f, err := i.Compute(ctx, figure.Scope{}, clk.Now())
		if err != nil || f.Value != nil || f.Why == nil || i.Definition.Vi == "" || i.Definition.En == "" {
			t.Errorf("%s while it loads: %v %+v", i.ID, err, f)
		}
	}
	take(t, b, flat(lives(300))...)
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, i := range b.Indicators() {
		f, err := i.Compute(ctx, figure.Scope{Unit: "20242"}, local("2025-12-29 09:00"))
		if err != nil || f.Value == nil || !strings.Contains(f.Link, "unit=20242") {
			t.Errorf("%s: %v %+v", i.ID, err, f)
		}
	}
	fs, err := b.Layers()[0].Features(ctx, local("2026-01-20 09:00"))
	if err != nil || len(fs) != 2 || fs[0].Value == nil || fs[0].State == "" {
		t.Errorf("%v %+v", err, fs)
	}
}
