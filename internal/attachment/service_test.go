package attachment_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/blob"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	duty  = access.Actor{ID: "u-duty", Name: "Trực ban", Roles: []access.Role{access.Duty}}
	unit  = access.Actor{ID: "u-unit", Name: "Cán bộ", Roles: []access.Role{access.Unit}, Unit: "20242"}
	other = access.Actor{ID: "u-other", Name: "Cán bộ khác", Roles: []access.Role{access.Unit}, Unit: "20194"}
)

func open(t *testing.T, db *store.DB, clk *clock.Clock) *attachment.Service {
	t.Helper()
	files, err := blob.Open(blob.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	s, err := attachment.New(t.Context(), attachment.Options{Store: db, Files: files, Clock: clk})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func photo(t *testing.T) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 6))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func add(t *testing.T, s *attachment.Service, as access.Actor, name string, data []byte) attachment.File {
	t.Helper()
	f, err := s.Add(t.Context(), as, attachment.Draft{Name: name, Body: bytes.NewReader(data)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestKeepUseAndSweep(t *testing.T) {
	clk := clock.Manual(time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) {
		s := open(t, db, clk)
		used, unused := add(t, s, unit, "truoc.png", photo(t)), add(t, s, unit, "sau.png", photo(t))
		if used.Width != 8 || used.Height != 6 || used.Type != "image/png" || used.By.Name != "Cán bộ" || len(used.SHA256) != 64 {
			t.Errorf("%+v", used)
		}
		write := func(as access.Actor, ids ...string) error {
			return db.Write(t.Context(), as, func(tx *store.Tx) error {
				tx.Emit(store.Event{Subject: "ioc.test.x.1"})
				_, err := s.Check(tx, ids)
				return err
			})
		}
		if err := write(other, used.ID); err == nil {
			t.Error("somebody hung up a file of another that is in no use")
		}
		if err := write(unit, used.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"x", "../../etc/passwd", strings.Repeat("0", 26)} {
			if err := write(unit, id); err == nil || !strings.Contains(err.Error(), "attachment.unknown") {
				t.Errorf("%q: %v", id, err)
			}
		}
		if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("swept %d too early, %v", n, err)
		}
		clk.Set(clk.Now().Add(25 * time.Hour))
		if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		if _, _, err := s.Open(t.Context(), unit, unused.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("the unused file: %v", err)
		}
		_, r, err := s.Open(t.Context(), unit, used.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got, _ := io.ReadAll(r); !bytes.Equal(got, photo(t)) {
			t.Error("the content changed")
		}
	})
}

func TestWhoSees(t *testing.T) {
	s := open(t, storetest.SQLite(t, nil), nil)
	f := add(t, s, unit, "a.png", photo(t))
	see := func(a access.Actor) bool {
		_, r, err := s.Open(t.Context(), a, f.ID)
		if err == nil {
			_ = r.Close()
		}
		return err == nil
	}
	if !see(unit) || !see(duty) || see(other) || see(access.Nobody()) {
		t.Errorf("unit %v, duty %v, other %v, nobody %v", see(unit), see(duty), see(other), see(access.Nobody()))
	}
	s.OnVisible(func(_ context.Context, a access.Actor, id string) bool { return a.ID == "u-other" && id == f.ID })
	if !see(other) {
		t.Error("what hangs on something visible is not visible")
	}
	if _, err := s.Add(t.Context(), access.Actor{ID: "c", Roles: []access.Role{access.Citizen}}, attachment.Draft{Name: "a", Body: strings.NewReader("a")}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a citizen uploads: %v", err)
	}
}

func TestHTTP(t *testing.T) {
	s := open(t, storetest.SQLite(t, nil), nil)
	api, srv := httpapi.NewTestAPI(func(context.Context, string) (access.Actor, bool) { return unit, true })
	defer srv.Close()
	s.Routes(api)
	post := func(name string, body io.Reader) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, srv.URL+"/api/v1/attachments?name="+url.QueryEscape(name), body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer x")
		req.Header.Set("Content-Type", "image/jpeg")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		out := map[string]any{}
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, out
	}
	code, got := post("Ảnh hiện trường.png", bytes.NewReader(photo(t)))
	if code != 201 || got["type"] != "image/png" || got["name"] != "Ảnh hiện trường.png" || got["position"] != nil {
		t.Fatalf("%d %v", code, got)
	}
	req, _ := http.NewRequest(http.MethodGet, srv.URL+"/api/v1/attachments/"+got["id"].(string), nil)
	req.Header.Set("Authorization", "Bearer x")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if !bytes.Equal(body, photo(t)) || res.Header.Get("Content-Type") != "image/png" || res.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(res.Header.Get("Content-Disposition"), "inline") || !strings.Contains(res.Header.Get("Content-Disposition"), "%E1%BA%A2nh") {
		t.Errorf("headers %v", res.Header)
	}
	if code, got := post("anh.jpg", strings.NewReader("MZ\x90\x00 this program cannot be run")); code != 400 || got["code"] != "attachment.type" || !strings.Contains(got["detail"].(string), "Windows program (.exe)") {
		t.Errorf(".exe named .jpg: %d %v", code, got)
	}
	if code, got := post("a.txt", strings.NewReader("")); code != 400 || got["code"] != "attachment.empty" {
		t.Errorf("empty: %d %v", code, got)
	}
}

// TestTwoGigabytesAreRefusedUnread declares 2 GB and sends nothing.
func TestTwoGigabytesAreRefusedUnread(t *testing.T) {
	s := open(t, storetest.SQLite(t, nil), nil)
	api, srv := httpapi.NewTestAPI(func(context.Context, string) (access.Actor, bool) { return unit, true })
	defer srv.Close()
	s.Routes(api)
	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "POST /api/v1/attachments?name=phim.mp4 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: 2147483648\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.1 413") || !strings.Contains(string(answer), "attachment.too_large") {
		t.Errorf("%s", answer)
	}
}

type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	e.n += len(p)
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestABodyWithoutEndIsCut(t *testing.T) {
	s := open(t, storetest.SQLite(t, nil), nil)
	e := &endless{}
	_, err := s.Add(t.Context(), unit, attachment.Draft{Name: "a.txt", Body: e})
	if fault.KindOf(err) != fault.TooLarge || e.n > attachment.MaxSize+1<<20 {
		t.Errorf("%v after %d bytes", err, e.n)
	}
}
