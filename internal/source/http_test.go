package source_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store/storetest"
)

func TestRoutes(t *testing.T) {
	r := open(t, storetest.SQLite(t, nil))
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		switch token {
		case "admin":
			return admin, true
		case "citizen":
			return citizen, true
		}
		return access.Actor{}, false
	})
	defer srv.Close()
	r.Routes(api)

	var got struct {
		Source   struct{ ID, Name string }
		Token    string
		Password string
		Code     string
		Config   map[string]string
		Devices  []struct{ Username string }
	}
	call := func(as, method, path, body string) int {
		t.Helper()
		req, err := http.NewRequest(method, srv.URL+"/api/v1/sources"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+as)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatalf("%s %s: %s", method, path, raw)
			}
		}
		if strings.Contains(string(raw), "s3cret") {
			t.Errorf("%s %s shows a secret: %s", method, path, raw)
		}
		return res.StatusCode
	}
	const draft = `{"id":"keo","name":"Kéo","kind":"http_pull","config":{"url":"https://a.vn","password":"s3cret"},"rhythm_seconds":900}`
	for _, step := range []struct {
		as, method, path, body string
		status                 int
		check                  func() bool
	}{
		{"citizen", "POST", "", draft, 403, func() bool { return got.Code == "access.denied" }},
		{"x", "POST", "", draft, 401, func() bool { return got.Code == "access.sign_in" }},
		{"admin", "POST", "", `{"kind":"http_push","name":" "}`, 422, func() bool { return got.Code == "source.invalid" }},
		{"admin", "POST", "", draft, 201, func() bool { return got.Source.ID == "keo" && strings.HasPrefix(got.Token, "ioc_") }},
		{"admin", "POST", "", draft, 409, func() bool { return got.Code == "source.exists" }},
		{"admin", "PATCH", "/keo", `{"config":{"url":"https://b.vn","password":"***"}}`, 200, func() bool { return got.Config["url"] == "https://b.vn" && got.Config["password"] == "***" }},
		{"citizen", "PATCH", "/keo", `{"enabled":false}`, 403, func() bool { return true }},
		{"admin", "POST", "/keo/token", ``, 200, func() bool { return got.Token != "" }},
		{"admin", "POST", "/keo/devices", `{"username":"d1"}`, 201, func() bool { return got.Password != "" }},
		{"admin", "GET", "/keo/devices", ``, 200, func() bool { return len(got.Devices) == 1 && got.Devices[0].Username == "d1" }},
		{"citizen", "GET", "/keo/devices", ``, 403, func() bool { return true }},
		{"admin", "DELETE", "/keo/devices/d1", ``, 204, func() bool { return true }},
		{"admin", "DELETE", "/keo", ``, 204, func() bool { return true }},
		{"admin", "DELETE", "/keo", ``, 404, func() bool { return got.Code == "source.not_found" }},
	} {
		got.Token, got.Password, got.Code = "", "", ""
		if status := call(step.as, step.method, step.path, step.body); status != step.status || !step.check() {
			t.Errorf("%s %s %s as %s: %d %+v, want %d", step.method, step.path, step.body, step.as, status, got, step.status)
		}
	}
}
