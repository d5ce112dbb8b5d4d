package feed

import (
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var dataOwner = access.Actor{ID: "ad", Name: "Quản trị", Roles: []access.Role{access.Admin}}

// kept lists what is left of rejected rows.
func (r *room) keptRows() (out []Rejection) {
	r.t.Helper()
	if err := r.db.Read(r.t.Context(), func(tx *store.Tx) (err error) {
		out, err = listRejections(tx, "", 100)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func TestErasureReachesRejectedRows(t *testing.T) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		o.Clock = clock.Manual(time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC))
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		r := newRoom(t, db, o.Clock)
		put := func() {
			t.Helper()
			if err := db.Keep(t.Context(), func(tx *store.Tx) error {
				rows := []Rejection{
					rejection("a", row{record: map[string]any{"MA": "H17.19-260302-0001", "DIEN_THOAI": "+84 905 123 456", "TEN": "Nguyễn Văn An"}}, errObject.With(), false),
					rejection("a", row{record: map[string]any{"MA": "x", "SDT": 905123456.0}}, errObject.With(), false),
					rejection("a", row{raw: `"ma;sdt\nH17.19-260302-0002;0905123456"`}, errObject.With(), false),
					rejection("a", row{record: map[string]any{"MA": "y", "SDT": "0905123457"}}, errObject.With(), false),
				}
				for i := range rows {
					rows[i].At = tx.Now
				}
				return putRejections(tx, rows)
			}); err != nil {
				t.Fatal(err)
			}
		}
		put()
		p, err := casework.NewSubject("", "0905 123 456", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			rows, err := r.FindRejected(tx, p, 10)
			if err != nil || len(rows) != 3 {
				t.Errorf("%v %v", rows, err)
			}
			rows, err = r.FindRejected(tx, p, 2)
			if len(rows) != 2 {
				t.Errorf("%v", rows)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		erase := func(erased, kept int) {
			t.Helper()
			if err := db.Write(t.Context(), dataOwner, func(tx *store.Tx) error {
				e, k, err := r.EraseRejected(tx, p, []string{"H17.19-260302-0002"})
				if e != erased || k != kept {
					t.Errorf("%d erased, %d kept", e, k)
				}
				tx.Emit(store.Event{Subject: "ioc.case.test.x", Entity: "case_subject", EntityID: "x", Summary: "x"})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		erase(2, 1)
		put() // the source is read again
		erase(0, 1)
		held, empty := 0, 0
		for _, x := range r.keptRows() {
			if strings.Contains(x.Raw, "905") && strings.Contains(x.Raw, "123") {
				held++
			}
			if x.Raw == "" && x.Code == "casefeed.forgotten" {
				empty++
			}
		}
		if held != 2 || empty != 2 { // the one that belongs to an open file, the other person's
			t.Errorf("%d hold a number, %d are empty", held, empty)
		}
		if shown, err := r.Rejected(t.Context(), dataAdmin, "", 10); err != nil || len(shown) != 4 {
			t.Errorf("%v %v", shown, err)
		}
		// The sweep takes all that is old enough, a bounded number at a time.
		if _, err := r.cases.PutRetentions(t.Context(), dataOwner, []casework.Retention{{Kind: casework.RejectedData, Months: 2, From: "2020-01-01", Legal: "QĐ 1", Status: casework.Confirmed}}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			at   time.Time
			want int
		}{{time.Date(2026, 5, 10, 1, 59, 59, 0, time.UTC), 4}, {time.Date(2026, 5, 10, 2, 0, 1, 0, time.UTC), 0}} {
			o.Clock.Set(step.at)
			if err := r.cases.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := len(r.keptRows()); got != step.want {
				t.Errorf("%s: %d rows, want %d", step.at, got, step.want)
			}
		}
	})
}

func TestForgottenRowsAreNotReadAgain(t *testing.T) {
	clk := clock.Manual(time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC))
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	sys := r.system(KindPush, `{}`, `{}`)
	if err := r.db.Keep(t.Context(), func(tx *store.Tx) error {
		x := rejection(sys.ID, row{record: map[string]any{"SDT": "0905123456"}}, errObject.With(), false)
		x.At = tx.Now
		if err := putRejections(tx, []Rejection{x}); err != nil {
			return err
		}
		p, err := casework.NewSubject("", "0905123456", "")
		if err != nil {
			return err
		}
		_, _, err = r.EraseRejected(tx, p, nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if out, err := r.Retry(t.Context(), dataAdmin, nil, sys.ID); err != nil || out.Rows != 0 {
		t.Errorf("%+v %v", out, err)
	}
	if rows := r.keptRows(); len(rows) != 1 || rows[0].Code != "casefeed.forgotten" {
		t.Errorf("%+v", rows)
	}
}
