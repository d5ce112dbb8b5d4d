package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	admin   = access.Actor{ID: "u1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	citizen = access.Actor{ID: "u2", Roles: []access.Role{access.Citizen}}
)

type pullConfig struct {
	URL      string           `json:"url"`
	Password connector.Secret `json:"password"`
}

var kinds = map[string]connector.Kind{
	"http_push": {Name: "http_push", Config: func() any { return &struct{}{} }},
	"http_pull": {Name: "http_pull", Config: func() any { return &pullConfig{} },
		New: func(cfg json.RawMessage, _ connector.Deps) (connector.Connector, error) {
			return nil, connector.Parse(cfg, &pullConfig{})
		}},
}

func open(t *testing.T, db *store.DB) *source.Registry {
	t.Helper()
	r, err := source.New(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Kinds = func(name string) (connector.Kind, bool) { k, ok := kinds[name]; return k, ok }
	if err := r.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func code(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return ""
}

func TestRegistry_SurvivesARestart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		r := open(t, db)
		s, token, err := r.Create(ctx, admin, source.Draft{
			Name: "Trạm đo mưa Đà Nẵng", Kind: "http_push", Enabled: true, Unit: "48",
			Provenance: source.Reconstructed, Shift: 90 * time.Minute, Rhythm: 10 * time.Minute,
			Mapping: json.RawMessage(`{"rows":"data"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.ID != "tram-do-mua-da-nang" {
			t.Errorf("the id is %q", s.ID)
		}
		_, password, err := r.CreateDevice(ctx, admin, s.ID, "thap-01")
		if err != nil {
			t.Fatal(err)
		}

		again := open(t, db)
		got, ok := again.Get(s.ID)
		if !ok || got.Shift != s.Shift || got.Rhythm != s.Rhythm || got.Provenance != s.Provenance || string(got.Mapping) != string(s.Mapping) || !got.Enabled || !got.Created.Equal(s.Created) {
			t.Errorf("after a restart: %+v, want %+v", got, s)
		}
		actor, bySource, ok := again.Authenticate(ctx, token)
		if !ok || bySource.ID != s.ID || !actor.Can(access.Ingest, access.Scope{Source: s.ID}) || actor.Can(access.Ingest, access.Scope{Source: "other"}) {
			t.Errorf("the token gives %+v, %v", actor, ok)
		}
		if d, ok := again.AuthenticateDevice("thap-01", password); !ok || d.Source != s.ID {
			t.Errorf("the device gives %+v, %v", d, ok)
		}
	})
}

func TestRegistry_Token(t *testing.T) {
	ctx := context.Background()
	r := open(t, storetest.SQLite(t, nil))
	s, first, err := r.Create(ctx, admin, source.Draft{Name: "a", Kind: "http_push", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.RotateToken(ctx, admin, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]bool{first: false, second: true, "": false, "ioc_x": false, second + "x": false} {
		if _, _, ok := r.Authenticate(ctx, token); ok != want {
			t.Errorf("token %q: %v, want %v", token, ok, want)
		}
	}
	if err := r.Delete(ctx, admin, s.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := r.Authenticate(ctx, second); ok {
		t.Error("the token of a deleted source still works")
	}
}

func TestRegistry_SecretsAreHiddenAndKept(t *testing.T) {
	ctx := context.Background()
	db := storetest.SQLite(t, nil)
	var trail strings.Builder
	db.OnEmit(func(_ *store.Tx, e store.Event) error {
		return json.NewEncoder(&trail).Encode(e)
	})
	r := open(t, db)
	s, _, err := r.Create(ctx, admin, source.Draft{Name: "kéo", Kind: "http_pull", Config: json.RawMessage(`{"url":"https://a.vn","password":"mật-khẩu"}`)})
	if err != nil {
		t.Fatal(err)
	}
	config := json.RawMessage(`{"url":"https://b.vn","password":"***"}`)
	after, err := r.Update(ctx, admin, s.ID, source.Patch{Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := r.List(ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	for what, shown := range map[string]string{
		"create": string(s.Config), "update": string(after.Config), "list": string(listed[0].Config), "trail": trail.String(),
	} {
		if strings.Contains(shown, "mật-khẩu") || !strings.Contains(shown, "***") {
			t.Errorf("%s shows %s", what, shown)
		}
	}
	kept, _ := r.Get(s.ID)
	if !strings.Contains(string(kept.Config), "mật-khẩu") || !strings.Contains(string(kept.Config), "b.vn") {
		t.Errorf("kept is %s", kept.Config)
	}
}

func TestRegistry_Refuses(t *testing.T) {
	ctx := context.Background()
	r := open(t, storetest.SQLite(t, nil))
	if _, _, err := r.Create(ctx, admin, source.Draft{ID: "rain", Name: "Mưa", Kind: "http_push"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		actor access.Actor
		draft source.Draft
		code  string
		field string
	}{
		"no right":      {citizen, source.Draft{Name: "x", Kind: "http_push"}, "access.denied", ""},
		"nobody":        {access.Nobody(), source.Draft{Name: "x", Kind: "http_push"}, "access.sign_in", ""},
		"taken":         {admin, source.Draft{ID: "rain", Name: "x", Kind: "http_push"}, "source.exists", ""},
		"id":            {admin, source.Draft{ID: "a/#", Name: "x", Kind: "http_push"}, "source.invalid", "id"},
		"no name":       {admin, source.Draft{ID: "x", Kind: "http_push"}, "source.invalid", "name"},
		"kind":          {admin, source.Draft{Name: "x", Kind: "fax"}, "source.invalid", "kind"},
		"config":        {admin, source.Draft{Name: "x", Kind: "http_push", Config: json.RawMessage(`{`)}, "source.invalid", "config"},
		"kind's config": {admin, source.Draft{Name: "x", Kind: "http_pull", Config: json.RawMessage(`{"urll":"x"}`)}, "connector.config", ""},
		"provenance":    {admin, source.Draft{Name: "x", Kind: "http_push", Provenance: "dreamt"}, "source.invalid", "provenance"},
		"rhythm":        {admin, source.Draft{Name: "x", Kind: "http_push", Rhythm: -time.Second}, "source.invalid", "rhythm_seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := r.Create(ctx, c.actor, c.draft)
			if code(err) != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			f, _ := fault.As(err)
			if c.field != "" && (len(f.Fields) != 1 || f.Fields[0].Path != c.field) {
				t.Errorf("fields %+v, want %s", f.Fields, c.field)
			}
		})
	}
	if n := len(r.All()); n != 1 {
		t.Errorf("%d sources, want 1", n)
	}
	for what, err := range map[string]error{
		"update": second(r.Update(ctx, admin, "gone", source.Patch{})),
		"delete": r.Delete(ctx, admin, "gone"),
		"token":  second(r.RotateToken(ctx, admin, "gone")),
	} {
		if code(err) != "source.not_found" {
			t.Errorf("%s of a source that is not there: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestRegistry_EnsureIsIdempotent(t *testing.T) {
	ctx := context.Background()
	db := storetest.SQLite(t, nil)
	events := 0
	db.OnEmit(func(*store.Tx, store.Event) error { events++; return nil })
	r := open(t, db)
	d := source.Draft{ID: "nhatle-2020", Name: "Nhật Lệ 2020", Kind: "http_push", Enabled: true}
	for range 3 {
		if _, err := r.Ensure(ctx, admin, d); err != nil {
			t.Fatal(err)
		}
	}
	if events != 1 {
		t.Errorf("%d events for one source, want 1", events)
	}
	d.Shift = time.Hour
	if s, err := r.Ensure(ctx, admin, d); err != nil || s.Shift != time.Hour {
		t.Errorf("got %v, %v", s.Shift, err)
	}
}

func TestRegistry_OnChangeMayChangeAgain(t *testing.T) {
	ctx := context.Background()
	r := open(t, storetest.SQLite(t, nil))
	calls := 0
	r.OnChange(func() {
		if calls++; calls == 1 {
			if err := r.Delete(ctx, admin, "a"); err != nil {
				t.Error(err)
			}
		}
	})
	if _, _, err := r.Create(ctx, admin, source.Draft{ID: "a", Name: "a", Kind: "http_push"}); err != nil {
		t.Fatal(err)
	}
	if calls != 2 || len(r.All()) != 0 {
		t.Errorf("%d calls, %d sources", calls, len(r.All()))
	}
}

func TestRegistry_FailedWriteChangesNothing(t *testing.T) {
	ctx := context.Background()
	db := storetest.SQLite(t, nil)
	r := open(t, db)
	db.OnEmit(func(*store.Tx, store.Event) error { return errors.New("no room for the trail") })
	if _, _, err := r.Create(ctx, admin, source.Draft{ID: "a", Name: "a", Kind: "http_push"}); err == nil {
		t.Fatal("no error")
	}
	if _, ok := r.Get("a"); ok {
		t.Error("the source is in memory though not on disk")
	}
}

func TestDevice_Topics(t *testing.T) {
	ctx := context.Background()
	r := open(t, storetest.SQLite(t, nil))
	if _, _, err := r.Create(ctx, admin, source.Draft{ID: "mua", Name: "Mưa", Kind: "http_push", Enabled: true}); err != nil {
		t.Fatal(err)
	}
	d, password, err := r.CreateDevice(ctx, admin, "mua", "logger:7")
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]bool{
		"ioc/mua/431068": true, "ioc/mua": true, "ioc/mua/a/b": true,
		"ioc/nuoc/431068": false, "ioc": false, "#": false, "ioc/#": false, "ioc/+/x": false, "ioc/muax/y": false, "$SYS/x": false, "": false,
	} {
		if got := d.MaySubscribe(topic); got != want {
			t.Errorf("subscribe %q: %v, want %v", topic, got, want)
		}
	}
	d.Publish = []string{"ioc/mua/+"}
	for topic, want := range map[string]bool{"ioc/mua/x": true, "ioc/mua/x/y": false, "ioc/mua": false, "ioc/mua/#": false} {
		if got := d.MayPublish(topic); got != want {
			t.Errorf("publish %q: %v, want %v", topic, got, want)
		}
	}
	if _, ok := r.AuthenticateDevice("logger:7", password+"x"); ok {
		t.Error("a wrong password was taken")
	}
	if _, _, err := r.CreateDevice(ctx, admin, "mua", "mua"); code(err) != "source.device_exists" {
		t.Errorf("a device under the source's own id: %v", err)
	}
	off := false
	if _, err := r.Update(ctx, admin, "mua", source.Patch{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.AuthenticateDevice("logger:7", password); ok {
		t.Error("a device of a source that is off was let in")
	}
	if err := r.DeleteDevice(ctx, admin, "mua", "logger:7"); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteDevice(ctx, admin, "mua", "logger:7"); code(err) != "source.device_not_found" {
		t.Errorf("deleted twice: %v", err)
	}
}
