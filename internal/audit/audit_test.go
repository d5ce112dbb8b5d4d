package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	admin = access.Actor{ID: "u1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	duty  = access.Actor{ID: "u2", Name: "Trực ban", Unit: "20194", Roles: []access.Role{access.Duty}}
	t0    = time.Date(2025, 10, 29, 6, 0, 0, 0, time.UTC)
)

// each gives a trail whose clock moves one minute with every change.
func each(t *testing.T, test func(t *testing.T, db *store.DB, trail *audit.Trail, change func(actor access.Actor, id string))) {
	t.Helper()
	clk := clock.Manual(t0)
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) {
		trail, err := audit.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		test(t, db, trail, func(actor access.Actor, id string) {
			t.Helper()
			err := db.Write(t.Context(), actor, func(tx *store.Tx) error {
				tx.Emit(store.Event{Subject: "ioc.boat.painted." + id, Entity: "boat", EntityID: id,
					Before: map[string]string{"colour": "đỏ"}, After: map[string]string{"colour": "xanh"}, Summary: "sơn lại " + id})
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			clk.Set(clk.Now().Add(time.Minute))
		})
	})
}

func TestEntriesTellWhoDidWhat(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, trail *audit.Trail, change func(access.Actor, string)) {
		change(duty, "b1")
		change(admin, "b2")
		entries, next, err := trail.List(t.Context(), admin, audit.Filter{})
		if err != nil || next != "" || len(entries) != 2 {
			t.Fatalf("%d entries, next %q, %v", len(entries), next, err)
		}
		e := entries[1]
		if e.Seq != 1 || e.Actor != (audit.Actor{ID: "u2", Name: "Trực ban", Unit: "20194"}) || e.Entity != "boat" || e.EntityID != "b1" ||
			string(e.Before) != `{"colour":"đỏ"}` || string(e.After) != `{"colour":"xanh"}` || e.At.IsZero() || e.Previous != "" {
			t.Errorf("first entry %+v", e)
		}
		if entries[0].Previous != e.Hash {
			t.Error("the second entry is not chained to the first")
		}
	})
}

func TestListFiltersAndPages(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, trail *audit.Trail, change func(access.Actor, string)) {
		for i := range 7 {
			change([]access.Actor{admin, duty}[i%2], fmt.Sprintf("b%d", i))
		}
		all, _, err := trail.List(t.Context(), admin, audit.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		at := func(i int) time.Time { return all[len(all)-1-i].At }
		for name, c := range map[string]struct {
			f    audit.Filter
			want string
		}{
			"all":         {audit.Filter{}, "b6 b5 b4 b3 b2 b1 b0"},
			"by actor":    {audit.Filter{Actor: "u2"}, "b5 b3 b1"},
			"by entity":   {audit.Filter{Entity: "boat", EntityID: "b4"}, "b4"},
			"other":       {audit.Filter{Entity: "car"}, ""},
			"time":        {audit.Filter{From: at(2), To: at(5)}, "b4 b3 b2"},
			"limit":       {audit.Filter{Limit: 2}, "b6 b5"},
			"over limit":  {audit.Filter{Limit: 1 << 30}, "b6 b5 b4 b3 b2 b1 b0"},
			"hostile":     {audit.Filter{Actor: "u2' or '1'='1"}, ""},
			"actor, time": {audit.Filter{Actor: "u1", From: at(1)}, "b6 b4 b2"},
		} {
			entries, _, err := trail.List(t.Context(), admin, c.f)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := ids(entries); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
		var pages []string
		f := audit.Filter{Limit: 3}
		for {
			entries, next, err := trail.List(t.Context(), admin, f)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, ids(entries))
			if next == "" {
				break
			}
			f.Cursor = next
		}
		if got := strings.Join(pages, "|"); got != "b6 b5 b4|b3 b2 b1|b0" {
			t.Errorf("pages %s", got)
		}
		if _, _, err := trail.List(t.Context(), duty, audit.Filter{}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("duty officer listed: %v", err)
		}
		if _, _, err := trail.List(t.Context(), admin, audit.Filter{Cursor: "zzz!"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("foreign cursor: %v", err)
		}
	})
}

func ids(entries []audit.Entry) string {
	var s []string
	for _, e := range entries {
		s = append(s, e.EntityID)
	}
	return strings.Join(s, " ")
}

func TestTheDatabaseRefusesToForget(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, trail *audit.Trail, change func(access.Actor, string)) {
		change(admin, "b1")
		attempts := []string{
			"update audit_entry set summary = 'nothing happened'",
			"delete from audit_entry",
		}
		if db.Dialect() == store.SQLite {
			attempts = append(attempts, "insert or replace into audit_entry select seq, id, at, actor, actor_name, actor_unit, subject, entity, entity_id, 'nothing', before, after, previous, hash, address, fold from audit_entry")
		} else {
			attempts = append(attempts, "truncate audit_entry")
		}
		for _, q := range attempts {
			if err := db.Housekeep(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(q); return err }); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%.30s: %v", q, err)
			}
		}
		if v, err := trail.Verify(t.Context()); err != nil || v.Checked != 1 || v.Broken != 0 {
			t.Errorf("%+v %v", v, err)
		}
	})
}

func TestVerifyNamesTheFirstBrokenEntry(t *testing.T) {
	for name, c := range map[string]struct {
		crime  string
		broken int64
		reason audit.Reason
	}{
		"nothing":           {"select 1", 0, ""},
		"changed summary":   {"update audit_entry set summary = 'x' where seq = 3", 3, audit.Changed},
		"changed after":     {"update audit_entry set after = '{}' where seq = 5", 5, audit.Changed},
		"other actor":       {"update audit_entry set actor = 'u9' where seq = 1", 1, audit.Changed},
		"moved field":       {"update audit_entry set summary = summary || entity_id, entity_id = '' where seq = 2", 2, audit.Changed},
		"removed":           {"delete from audit_entry where seq = 4", 4, audit.Missing},
		"removed the first": {"delete from audit_entry where seq = 1", 1, audit.Missing},
		"relinked":          {"update audit_entry set previous = hash where seq = 4", 4, audit.Changed},
		"two":               {"update audit_entry set summary = 'x' where seq in (3, 5)", 3, audit.Changed},
		"cut":               {"delete from audit_entry where seq > 4", 5, audit.Cut},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *store.DB, trail *audit.Trail, change func(access.Actor, string)) {
				for i := range 6 {
					change(admin, fmt.Sprintf("b%d", i+1))
				}
				kept, err := trail.Head(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				commit(t, db, disarm[db.Dialect()])
				commit(t, db, c.crime)
				v, err := trail.Verify(t.Context(), kept)
				if err != nil {
					t.Fatal(err)
				}
				if v.Broken != c.broken || v.Reason != c.reason {
					t.Errorf("broken at %d (%s), want %d (%s)", v.Broken, v.Reason, c.broken, c.reason)
				}
			})
		})
	}
}

// disarm is what one who owns the database file can do.
var disarm = map[store.Dialect]string{
	store.SQLite:   "drop trigger audit_entry_update; drop trigger audit_entry_delete; drop trigger audit_entry_insert",
	store.Postgres: "alter table audit_entry disable trigger all",
}

func commit(t *testing.T, db *store.DB, query string) {
	t.Helper()
	if err := db.Housekeep(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestVerifyReadsBeyondOneBatch(t *testing.T) {
	db := storetest.SQLite(t, nil)
	trail, err := audit.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	const entries = 2000
	err = db.Write(t.Context(), admin, func(tx *store.Tx) error {
		for i := range entries {
			tx.Emit(store.Event{Subject: "ioc.boat.moved", Entity: "boat", EntityID: fmt.Sprint(i)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := trail.Verify(t.Context()); err != nil || v.Checked != entries || v.Broken != 0 {
		t.Errorf("%+v %v", v, err)
	}
	commit(t, db, disarm[store.SQLite]+"; update audit_entry set summary = 'x' where seq = 1500")
	if v, err := trail.Verify(t.Context()); err != nil || v.Checked != 1499 || v.Broken != 1500 {
		t.Errorf("%+v %v", v, err)
	}
}

func TestRoutes(t *testing.T) {
	db := storetest.SQLite(t, nil)
	trail, err := audit.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		a, ok := map[string]access.Actor{"admin": admin, "duty": duty}[token]
		return a, ok
	})
	defer srv.Close()
	trail.Routes(api)
	err = db.Write(t.Context(), duty, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.boat.moved", Entity: "boat", EntityID: "b1", After: 1})
		tx.Emit(store.Event{Subject: "ioc.boat.moved", Entity: "boat", EntityID: "b2"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token, path string
		status      int
		holds       string
	}{
		"list":         {"admin", "/api/v1/audit?limit=1", 200, `"next":"a2"`},
		"next page":    {"admin", "/api/v1/audit?limit=1&cursor=a2", 200, `"entity_id":"b1"`},
		"none":         {"admin", "/api/v1/audit?entity=car", 200, `"entries":[]`},
		"from":         {"admin", "/api/v1/audit?from=2020-01-01T00:00:00Z", 200, `"entity_id":"b1"`},
		"bad time":     {"admin", "/api/v1/audit?from=yesterday", 422, `request.invalid`},
		"bad cursor":   {"admin", "/api/v1/audit?cursor=1", 400, `audit.cursor`},
		"verify":       {"admin", "/api/v1/audit/verify", 200, `"checked":2`},
		"forbidden":    {"duty", "/api/v1/audit", 403, `access.denied`},
		"forbidden 2":  {"duty", "/api/v1/audit/verify", 403, `access.denied`},
		"not signed":   {"", "/api/v1/audit", 401, `access.sign_in`},
		"not signed 2": {"", "/api/v1/audit/verify", 401, `access.sign_in`},
	} {
		req, err := http.NewRequest(http.MethodGet, srv.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(body), c.holds) || !json.Valid(body) {
			t.Errorf("%s: %d %s", name, res.StatusCode, body)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	db := storetest.SQLite(b, nil)
	if _, err := audit.New(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	e := store.Event{Subject: "ioc.source.changed.01k", Entity: "source", EntityID: "01k",
		Before: map[string]any{"name": "Trạm Câu Lâu", "enabled": true}, After: map[string]any{"name": "Trạm Câu Lâu", "enabled": false}, Summary: "tắt nguồn"}
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			for b.Loop() {
				err := db.Write(b.Context(), admin, func(tx *store.Tx) error {
					for range n {
						tx.Emit(e)
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
