package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// Each day leaves one root, also after a line broke off and a day was slept
// through; a trail that is cut afterwards is found by it.
func TestKeepRoots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t, nil)
		trail, err := audit.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		trail.RootsPath = filepath.Join(t.TempDir(), audit.RootsFile)
		change := func(id string) {
			t.Helper()
			if err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
				tx.Emit(store.Event{Subject: "ioc.boat.launched." + id, Entity: "boat", EntityID: id, Summary: "hạ thuỷ " + id})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		days := func(n int) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*24*time.Hour)
			defer cancel()
			if err := trail.KeepRoots(ctx, time.Now); err != nil {
				t.Fatal(err)
			}
		}
		days(1)
		if got, err := audit.ReadRoots(trail.RootsPath); err != nil || len(got) != 0 {
			t.Fatalf("an empty trail has the roots %v, %v", got, err)
		}
		change("a")
		days(2)
		change("b")
		f, err := os.OpenFile(trail.RootsPath, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"day":"2000-01`); err != nil { // a power cut
			t.Fatal(err)
		}
		f.Close()
		days(2)
		roots, err := audit.ReadRoots(trail.RootsPath)
		if err != nil || len(roots) < 4 || roots[0].Seq != 1 || roots[len(roots)-1].Seq != 2 {
			t.Fatalf("roots %+v, %v", roots, err)
		}
		for i := 1; i < len(roots); i++ {
			if roots[i].Day <= roots[i-1].Day {
				t.Errorf("%s after %s", roots[i].Day, roots[i-1].Day)
			}
		}
		if v, err := trail.Verify(t.Context(), audit.Anchors(roots)...); err != nil || v.Broken != 0 || v.Checked != 2 {
			t.Fatalf("verdict %+v, %v", v, err)
		}
		cut(t, db, 2)
		if v, err := trail.Verify(t.Context(), audit.Anchors(roots)...); err != nil || v.Broken != 2 || v.Reason != audit.Cut {
			t.Errorf("a trail that was cut: %+v, %v", v, err)
		}
	})
}

// cut removes an entry behind the trail's back.
func cut(t *testing.T, db *store.DB, seq int64) {
	t.Helper()
	err := db.Housekeep(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec("drop trigger audit_entry_delete"); err != nil {
			return err
		}
		_, err := tx.Exec("delete from audit_entry where seq = $1", seq)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadRoots_Damaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roots")
	for text, want := range map[string]string{
		"no json\n": "line 1", `{"day":"2026-01-01","seq":0,"hash":""}` + "\n": "line 1",
		`{"day":"2026-01-01","seq":7,"hash":"` + strings.Repeat("a", 64) + `"}` + "\nx\n{}\n": "line 2",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.ReadRoots(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestList_WordsAndPlaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		trail, err := audit.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for i, summary := range []string{"đăng nhập truc.ban", "sửa quy tắc Ngập đường phố", "đăng xuất truc.ban"} {
			who := duty
			who.Address = "10.0.0." + string(rune('1'+i))
			subject := []string{"ioc.identity.signed_in.u", "ioc.rule.updated.r", "ioc.identity.signed_out.u"}[i]
			if err := db.Write(t.Context(), who, func(tx *store.Tx) error {
				tx.Emit(store.Event{Subject: subject, Entity: "user", EntityID: "u", Summary: summary})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			f    audit.Filter
			want int
		}{
			{audit.Filter{Q: "ngap duong"}, 1}, {audit.Filter{Q: "DANG truc.ban"}, 2}, {audit.Filter{Subject: "ioc.identity."}, 2},
			{audit.Filter{Address: "10.0.0.2"}, 1}, {audit.Filter{Q: "100%"}, 0}, {audit.Filter{}, 3},
		} {
			got, _, err := trail.List(t.Context(), admin, c.f)
			if err != nil || len(got) != c.want {
				t.Errorf("%+v: %d entries, want %d, %v", c.f, len(got), c.want, err)
			}
		}
		if v, err := trail.Verify(t.Context()); err != nil || v.Broken != 0 {
			t.Errorf("with addresses: %+v, %v", v, err)
		}
	})
}
