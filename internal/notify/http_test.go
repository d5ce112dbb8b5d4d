package notify_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/notify"
)

// caller speaks to a served desk as the role that the token names.
type caller struct {
	t    *testing.T
	base string
}

func serve(t *testing.T, d *desk) caller {
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		return access.Actor{ID: token, Name: token, Roles: []access.Role{access.Role(token)}, Unit: map[string]string{"unit": "20242"}[token]}, true
	})
	t.Cleanup(srv.Close)
	d.Routes(api)
	return caller{t, srv.URL + "/api/v1/notify"}
}

func (c caller) do(role, method, path, body string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+role)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestSecretsStayIn(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		g := newGateway(t, ok)
		c := serve(t, d)
		status, body := c.do("admin", "POST", "/channels", `{"kind":"webhook","name":"Điều hành","min_severity":1,"config":{"url":"`+g.URL+`","secret":"s3cret","headers":{"X-Key":"k3y"}}}`)
		if status != 201 || strings.Contains(body, "s3cret") || strings.Contains(body, "k3y") {
			t.Fatal(status, body)
		}
		var ch struct{ ID string }
		if err := json.Unmarshal([]byte(body), &ch); err != nil {
			t.Fatal(err)
		}
		if status, body = c.do("admin", "PATCH", "/channels/"+ch.ID, `{"name":"Khác","config":{"url":"`+g.URL+`","secret":"***","headers":{"X-Key":"***"}}}`); status != 200 {
			t.Fatal(status, body)
		}
		if status, body = c.do("admin", "GET", "/channels", ""); status != 200 || strings.Contains(body, "s3cret") || !strings.Contains(body, `"Khác"`) {
			t.Fatal(status, body)
		}
		status, body = c.do("admin", "POST", "/channels/"+ch.ID+"/test", "")
		if status != 200 || !strings.Contains(body, `"state":"sent"`) {
			t.Fatal(status, body)
		}
		got := g.calls()[0]
		stamp, _, _ := strings.Cut(strings.TrimPrefix(got.header.Get("X-IOC-Signature"), "t="), ",")
		at, _ := strconv.ParseInt(stamp, 10, 64)
		if want := notify.Sign("s3cret", noon, []byte(got.body)); at != noon.Unix() || got.header.Get("X-IOC-Signature") != want || got.header.Get("X-Key") != "k3y" {
			t.Errorf("%v, want %s", got.header, want)
		}
		var e struct {
			SpecVersion, ID, Type, Source string
			Data                          struct{ Topic string }
		}
		if err := json.Unmarshal([]byte(got.body), &e); err != nil || e.SpecVersion != "1.0" || e.ID != got.key || e.Data.Topic != "test" || e.Source != "https://ioc.example" ||
			!strings.HasPrefix(got.header.Get("Content-Type"), "application/cloudevents+json") {
			t.Errorf("%v %s", err, got.body)
		}
	})
}

func TestBadInputNamesTheField(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		c := serve(t, d)
		for _, x := range []struct{ method, path, body, want string }{
			{"PUT", "/me", `{"email":"","phone":"12345","lang":"vi","channels":{},"quiet":null}`, `"path":"phone","code":"notify.phone"`},
			{"PUT", "/me", `{"email":"nobody","phone":"","lang":"vi","channels":{},"quiet":null}`, `"path":"email"`},
			{"PUT", "/me", `{"email":"","phone":"","lang":"vi","channels":{},"quiet":{"from":"25:00","to":"06:00","min_severity":4}}`, `"path":"quiet.from"`},
			{"POST", "/channels", `{"kind":"email","name":"Thư","config":{"host":"","from":"x"}}`, `"path":"config.host"`},
			{"POST", "/channels", `{"kind":"http","name":"SMS","config":{"url":"ftp://x"}}`, `"path":"config.url"`},
			{"POST", "/channels", `{"kind":"http","name":"SMS","config":{"url":"https://x.vn","body":"{\"a\":{phne}}"}}`, `notify.placeholder`},
			{"POST", "/channels", `{"kind":"http","name":"SMS","config":{"url":"https://x.vn","body":"{\"a\":{text}}"}}`, `notify.body`},
			{"POST", "/channels", `{"kind":"http","name":"SMS","config":{"urll":"https://x.vn"}}`, `connector.unknown_key`},
			{"POST", "/channels", `{"kind":"webhook","name":"","topics":["weather"],"rate_per_minute":-1,"config":{"url":"https://a:b@x.vn"}}`, `connector.user_info`},
			{"POST", "/webpush/subscriptions", `{"endpoint":"http://10.0.0.1/","keys":{"p256dh":"x","auth":"y"}}`, `"path":"endpoint"`},
		} {
			if status, body := c.do("admin", x.method, x.path, x.body); status != 422 || !strings.Contains(body, x.want) {
				t.Errorf("%s %s %s: %d %s", x.method, x.path, x.body, status, body)
			}
		}
		for _, x := range []struct{ method, path string }{{"PATCH", "/channels/none"}, {"DELETE", "/channels/none"}, {"POST", "/channels/none/test"}, {"POST", "/deliveries/none/retry"}} {
			if status, _ := c.do("admin", x.method, x.path, "{}"); status != 404 {
				t.Errorf("%s %s: %d", x.method, x.path, status)
			}
		}
		if status, body := c.do("admin", "DELETE", "/channels/inapp", ""); status != 409 {
			t.Error(status, body)
		}
	})
}

func TestWhoMay(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		c := serve(t, d)
		for _, x := range []struct {
			role, method, path string
			want               int
		}{
			{"", "GET", "/channels", 401}, {"unit", "GET", "/channels", 403}, {"duty", "GET", "/channels", 200}, {"duty", "POST", "/channels/inapp/test", 403},
			{"unit", "GET", "/deliveries", 403}, {"duty", "GET", "/deliveries?state=failed", 200}, {"", "GET", "/me", 401}, {"unit", "GET", "/me", 200},
			{"citizen", "GET", "/inbox", 200}, {"device", "GET", "/inbox", 403}, {"duty", "GET", "/contacts/u1", 403}, {"", "GET", "/webpush/key", 401}, {"unit", "GET", "/webpush/key", 200},
			{"unit", "GET", "/templates", 200}, {"admin", "POST", "/channels/inapp/test", 200},
		} {
			if status, body := c.do(x.role, x.method, x.path, ""); status != x.want {
				t.Errorf("%s %s %s: %d %s", x.role, x.method, x.path, status, body)
			}
		}
		if _, body := c.do("admin", "GET", "/inbox", ""); !strings.Contains(body, `"unread":1`) {
			t.Error(body)
		}
		if status, _ := c.do("admin", "POST", "/inbox/read", `{"all":true}`); status != 204 {
			t.Error(status)
		}
		if _, body := c.do("admin", "GET", "/inbox", ""); !strings.Contains(body, `"unread":0`) {
			t.Error(body)
		}
	})
}

// A push reaches the browser; a browser that is gone is forgotten.
func TestWebPush(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var answer atomic.Int32
		answer.Store(http.StatusCreated)
		var n atomic.Int32
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Content-Encoding") != "aes128gcm" || !strings.HasPrefix(r.Header.Get("Authorization"), "vapid t=") || r.Header.Get("Urgency") != "high" || r.Header.Get("Idempotency-Key") == "" {
				t.Errorf("%v", r.Header)
			}
			n.Add(1)
			w.WriteHeader(int(answer.Load()))
		}))
		t.Cleanup(srv.Close)
		d.SetHTTPClient(srv.Client())
		key, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := serve(t, d)
		b64 := base64.RawURLEncoding.EncodeToString
		sub := fmt.Sprintf(`{"endpoint":"%s/p/1","keys":{"p256dh":"%s","auth":"%s"}}`, srv.URL, b64(key.PublicKey().Bytes()), b64(make([]byte, 16)))
		if status, body := c.do("unit", "POST", "/webpush/subscriptions", sub); status != 204 {
			t.Fatal(status, body)
		}
		_, first := c.do("unit", "GET", "/webpush/key", "")
		if _, second := c.do("duty", "GET", "/webpush/key", ""); first != second || len(first) < 60 {
			t.Errorf("keys %s %s", first, second)
		}
		d.run()
		m := message("k")
		m.To[0].User = "unit"
		d.enqueue(m)
		until(t, "pushed", func() bool { return n.Load() == 1 && d.deliveries(notify.WebPush)[0].State == notify.Sent })
		answer.Store(http.StatusGone)
		m.Key = "k2"
		d.enqueue(m)
		until(t, "dropped", func() bool { return d.states(notify.WebPush)[notify.Dropped] == 1 })
		m.Key = "k3"
		d.enqueue(m)
		if ds := d.deliveries(notify.WebPush); len(ds) != 2 {
			t.Errorf("%d deliveries to a browser that is gone", len(ds))
		}
	})
}
