package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// standIn is a one-stop system's API: records in no order, in pages.
type standIn struct {
	mu      sync.Mutex
	records []map[string]any
	asked   []string
	status  int
	cut     bool
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.RawQuery)
	if r.Header.Get("Authorization") != "Bearer khoa-bi-mat" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	since := r.URL.Query().Get("tuNgay")
	page, _ := strconv.Atoi(r.URL.Query().Get("trang"))
	const size = 7
	var match []map[string]any
	for _, x := range s.records {
		if fmt.Sprint(x["NgayCapNhat"]) >= since {
			match = append(match, x)
		}
	}
	from := min((page-1)*size, len(match))
	out := match[from:min(from+size, len(match))]
	if s.cut && page == 2 {
		_, _ = w.Write([]byte(`{"data": [`)) // cut off
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"data": out, "total": len(match)})
}

func (s *standIn) add(n int, at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.records = append([]map[string]any{{"MaHoSo": fmt.Sprintf("H17.19-260302-%04d", len(s.records)), "NgayCapNhat": at, "TrangThai": 2}}, s.records...)
	}
}

const restMapping = `{"code": {"column": "MaHoSo"}, "at": {"column": "NgayCapNhat"}, "state": {"column": "TrangThai"}, "records": "data", "zone": "Asia/Ho_Chi_Minh"}`

func TestREST(t *testing.T) {
	r := newRoom(t, storetest.SQLite(t, nil), nil)
	api := &standIn{}
	server := httptest.NewServer(api)
	defer server.Close()
	cfg := fmt.Sprintf(`{"url": %q, "bearer": "khoa-bi-mat", "watermark": "NgayCapNhat", "since_param": "tuNgay", "page_param": "trang"}`, server.URL+"/hoso?x=1")
	sys := r.system(KindREST, cfg, restMapping)
	api.add(3, "20260302090000")
	api.add(16, "20260302080000")
	if out := r.round(sys.ID); out.Rows != 19 || out.New != 19 || out.Opened != 19 {
		t.Errorf("%+v", out)
	}
	if got := r.get(sys.ID); got.Shown != "20260302090000" {
		t.Errorf("mark %q", got.Shown)
	}
	api.add(5, "20260302093000")
	if out := r.round(sys.ID); out.New != 5 || out.Repeated != 3 {
		t.Errorf("since the mark: %+v", out)
	}
	if last := api.asked[len(api.asked)-1]; !strings.Contains(last, "tuNgay=20260302090000") || !strings.Contains(last, "x=1") {
		t.Error(last)
	}
	// A round that breaks off keeps its mark; nothing is lost when it comes back.
	api.add(12, "20260302100000")
	api.cut = true
	if _, err := r.Round(t.Context(), sys.ID); err == nil {
		t.Error("a page that is cut off")
	}
	if got := r.get(sys.ID); got.Shown != "20260302093000" || got.State != StateError {
		t.Errorf("%+v", got)
	}
	api.cut = false
	r.round(sys.ID)
	if n := len(r.all(sys.ID)); n != 36 {
		t.Errorf("%d files", n)
	}
	// Faults name the field and hold no key.
	api.status = http.StatusInternalServerError
	if _, err := r.Round(t.Context(), sys.ID); !fault.Is(err, errStatus) {
		t.Error(err)
	}
	bad := json.RawMessage(strings.Replace(cfg, "khoa-bi-mat", "khoa-sai", 1))
	if _, err := r.Update(t.Context(), dataAdmin, sys.ID, Patch{Config: &bad}); err != nil {
		t.Fatal(err)
	}
	_, err := r.Round(t.Context(), sys.ID)
	if f, ok := fault.As(err); !ok || len(f.Fields) != 1 || f.Fields[0].Path != "bearer" || strings.Contains(err.Error(), "khoa") {
		t.Error(err)
	}
	server.Close()
	if _, err := r.Round(t.Context(), sys.ID); !fault.Is(err, errFetch) || strings.Contains(err.Error(), "trang=") {
		t.Error(err)
	}
}

func TestWatchedFolder(t *testing.T) {
	clk := clock.Manual(local("2026-03-02 08:00"))
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	sys := r.system(KindFile, `{}`, `{"code": {"column": "ma"}, "state": {"column": "tt"}}`)
	r.round(sys.ID) // makes the drop folder
	dir := filepath.Join(r.roots, "mot-cua-"+sys.ID)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pass := func(d time.Duration) { clk.Set(clk.Now().Add(d)) }
	write("a.csv", "ma,tt\nA-1,2\nA-2,2\nA-3,4\n")
	write("b.tmp", "ma,tt\nB-1,2\n")
	if out := r.round(sys.ID); out.Rows != 0 {
		t.Errorf("a file that just came: %+v", out)
	}
	pass(time.Minute)
	if out := r.round(sys.ID); out.Rows != 3 || out.New != 3 {
		t.Errorf("%+v", out)
	}
	write("copy.csv", "ma,tt\nA-1,2\nA-2,2\nA-3,4\n")
	write("broken.xlsx", "PK\x03\x04 nothing")
	write("c.csv", "ma,tt\nC-1,2\nC-2\n,4\n")
	r.round(sys.ID)
	pass(time.Minute)
	out, err := r.Round(t.Context(), sys.ID)
	if f, ok := fault.As(err); !ok || f.Code != "casefeed.file" || !strings.Contains(err.Error(), "broken.xlsx") {
		t.Errorf("%v", err)
	}
	if out.New != 1 || out.Rejected != 2 {
		t.Errorf("the others of the folder: %+v", out)
	}
	pass(time.Minute)
	if out := r.round(sys.ID); out.Rows != 0 {
		t.Errorf("taken files again: %+v", out)
	}
	// Not even by a link out of the folder.
	for _, folder := range []string{"/etc", "../x", "/"} {
		cfg := toJSON(t, map[string]string{"folder": folder})
		if _, err := r.Update(t.Context(), dataAdmin, sys.ID, Patch{Config: &cfg}); err != nil {
			t.Fatal(err)
		}
		_, err := r.Round(t.Context(), sys.ID)
		if f, ok := fault.As(err); !ok || len(f.Fields) != 1 || f.Fields[0].Err.Code != "casefeed.root" {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

// Each enabled system is read by itself: one that fails, or panics, is shown
// as such and tried again, and the others go on.
func TestRun(t *testing.T) {
	r := newRoom(t, storetest.SQLite(t, nil), nil)
	api := &standIn{}
	api.add(3, "20260302090000")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { api.ServeHTTP(w, q) }))
	defer server.Close()
	cfg := fmt.Sprintf(`{"url": %q, "bearer": "khoa-bi-mat", "watermark": "NgayCapNhat", "since_param": "tuNgay", "page_param": "trang"}`, server.URL)
	good := r.system(KindREST, cfg, restMapping)
	bad := r.system(KindREST, strings.Replace(cfg, "khoa-bi-mat", "sai", 1), restMapping)
	off, _, err := r.Create(t.Context(), dataAdmin, Draft{Name: "Tắt", Kind: KindREST, Config: json.RawMessage(cfg), Mapping: json.RawMessage(restMapping)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	until := func(what string, f func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("never: " + what)
			}
		}
	}
	until("the good one is read", func() bool { return r.get(good.ID).State == StateOK })
	until("the bad one fails", func() bool { return r.get(bad.ID).State == StateError })
	if got := r.get(off.ID); got.State != StateOff || !got.LastRun.IsZero() {
		t.Errorf("%+v", got)
	}
	if lag, ok := func() (time.Duration, bool) { s := r.get(good.ID); return s.Lag(time.Now()) }(); !ok || lag > time.Minute {
		t.Errorf("lag %v %v", lag, ok)
	}
	// Now, not in a minute.
	api.add(4, "20260302100000")
	if _, err := r.RunNow(t.Context(), dataAdmin, good.ID); err != nil {
		t.Fatal(err)
	}
	until("it is read at once", func() bool { return r.get(good.ID).Events == 7 })
	if _, err := r.RunNow(t.Context(), dataAdmin, off.ID); !fault.Is(err, errDisabled) {
		t.Error(err)
	}
	// Mended, it is read without a restart.
	mended := json.RawMessage(cfg)
	if _, err := r.Update(t.Context(), dataAdmin, bad.ID, Patch{Config: &mended}); err != nil {
		t.Fatal(err)
	}
	until("the mended one is read", func() bool { s := r.get(bad.ID); return s.State == StateOK && s.Events == 7 && s.Error == nil })
	if err := r.Delete(t.Context(), dataAdmin, good.ID); err != nil {
		t.Fatal(err)
	}
	until("a deleted one stops", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.workers[good.ID] == nil })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A panic in a round is a failure of that round.
func TestPanic(t *testing.T) {
	r := newRoom(t, storetest.SQLite(t, nil), nil)
	sys := r.system(KindFile, `{}`, `{"code": {"column": "ma"}}`)
	cases := r.Service.cases
	r.Service.cases = nil // an import now breaks down
	dir := filepath.Join(r.roots, "mot-cua-"+sys.ID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("ma,x\nA-1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := json.RawMessage(`{"settle": "0s"}`)
	r.Service.cases = cases
	if _, err := r.Update(t.Context(), dataAdmin, sys.ID, Patch{Config: &cfg}); err != nil {
		t.Fatal(err)
	}
	r.Service.cases = nil
	if _, err := r.Round(t.Context(), sys.ID); !fault.Is(err, errPanic) {
		t.Errorf("%v", err)
	}
	if got := r.get(sys.ID); got.State != StateError || got.Error.Code != "casefeed.panic" {
		t.Errorf("%+v", got)
	}
	r.Service.cases = cases
	if out := r.round(sys.ID); out.New != 1 {
		t.Errorf("after it: %+v", out)
	}
}

// Rejected rows wait until the mapping is mended; nothing is lost.
func TestRejectedRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, nil)
		sys := r.system(KindFile, `{}`, `{"code": {"column": "ma"}, "received": {"column": "nhan"}, "time_format": "MM-dd-yyyy", "applicant_name": {"column": "ten"}}`)
		text := "ma,nhan,ten,so\nA-1,02/03/2026,Nguyễn Văn An,1\n,02/03/2026,Trần Thị Bình,A-2\nA-3,03-02-2026,Lê Văn C,3\nA-4,03-02-2026\n"
		out, err := r.Upload(t.Context(), dataAdmin, sys.ID, "a.csv", []byte(text))
		if err != nil || out.New != 2 || out.Rejected != 3 {
			t.Fatalf("%+v, %v", out, err)
		}
		again, err := r.Upload(t.Context(), dataAdmin, sys.ID, "a.csv", []byte(text))
		if err != nil || again.New != 0 || len(r.rejected(sys.ID)) != 3 {
			t.Errorf("%+v, %v: %d rejected", again, err, len(r.rejected(sys.ID)))
		}
		for _, x := range r.rejected(sys.ID) {
			if strings.Contains(x.Raw, "Văn") || strings.Contains(x.Raw, "Bình") || x.Vi == "" || x.En == "" {
				t.Errorf("%+v", x)
			}
			if x.Taken != (x.Code == "casefeed.cell") {
				t.Errorf("%+v", x)
			}
		}
		mended := json.RawMessage(`{"code": {"expr": "(ma ?? \"\") != \"\" ? ma : so"}, "received": {"column": "nhan"}, "applicant_name": {"column": "ten"}}`)
		if _, err := r.Update(t.Context(), dataAdmin, sys.ID, Patch{Mapping: &mended}); err != nil {
			t.Fatal(err)
		}
		out, err = r.Retry(t.Context(), dataAdmin, nil, sys.ID)
		if err != nil || out.Rows != 3 || out.New != 2 || out.Rejected != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		left := r.rejected(sys.ID)
		if len(left) != 1 || left[0].Code != "decode.csv_width" {
			t.Errorf("%+v", left)
		}
		var codes []string
		for _, c := range r.all(sys.ID) {
			codes = append(codes, c.Code)
			if c.Applicant.Name.Reveal() == "" {
				t.Errorf("%s has lost its applicant", c.Code)
			}
			if c.Code == "A-1" && (c.ReceivedAt == nil || !c.ReceivedAt.Equal(local("2026-03-02 00:00"))) {
				t.Errorf("A-1: %v", c.ReceivedAt)
			}
		}
		slices.Sort(codes)
		if strings.Join(codes, " ") != "A-1 A-2 A-3" {
			t.Error(codes)
		}
		if _, err := r.Retry(t.Context(), dataAdmin, nil, ""); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		for _, f := range []func() error{
			func() error { _, err := r.Rejected(t.Context(), officer, "", 10); return err },
			func() error { _, err := r.Retry(t.Context(), leader, nil, sys.ID); return err },
			func() error { _, err := r.Systems(t.Context(), officer); return err },
			func() error { _, err := r.Upload(t.Context(), officer, sys.ID, "a.csv", nil); return err },
			func() error { return r.Delete(t.Context(), leader, sys.ID) },
			func() error { _, err := r.Words(t.Context(), officer, "", "", false); return err },
		} {
			if err := f(); fault.KindOf(err) != fault.Forbidden {
				t.Error(err)
			}
		}
	})
}

func TestWords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, nil)
		sys := r.system(KindFile, `{}`, `{"code": {"column": "ma"}, "unit": {"column": "dv"}, "state": {"column": "tt"}, "officer": {"column": "cb"}}`)
		text := "ma,dv,tt,cb\nA-1,P. HAI CHAU,Đang thụ lý,BinhTT\nA-2,P. HAI CHAU,Chờ lãnh đạo ký duyệt,BinhTT\nA-3,Sở TNMT,2,ai do\nA-4,Phòng không ai biết,2,\n"
		if _, err := r.Upload(t.Context(), dataAdmin, sys.ID, "a.csv", []byte(text)); err != nil {
			t.Fatal(err)
		}
		words, err := r.Words(t.Context(), dataAdmin, "", sys.ID, true)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, w := range words {
			s := ""
			if len(w.Suggestions) > 0 {
				s = w.Suggestions[0].Meaning
			}
			got[w.Kind+" "+w.Word.Word] = fmt.Sprintf("%d %s", w.N, s)
		}
		for word, want := range map[string]string{
			"unit P. HAI CHAU": "2 20242", "unit Sở TNMT": "1 stnmt", "unit Phòng không ai biết": "1 ", "officer BinhTT": "2 o1", "officer ai do": "1 ",
			"state Đang thụ lý": "1 processing", "state Chờ lãnh đạo ký duyệt": "1 processing",
		} {
			if got[word] != want {
				t.Errorf("%s: %q, want %q", word, got[word], want)
			}
		}
		if err := r.SetWord(t.Context(), dataAdmin, sys.ID, "unit", "P. HAI CHAU", "20242"); err != nil {
			t.Fatal(err)
		}
		if err := r.SetWord(t.Context(), dataAdmin, sys.ID, "state", "Đang thụ lý", "processing"); err != nil {
			t.Fatal(err)
		}
		cs := r.all(sys.ID)
		if cs[0].Unit != "20242" || cs[0].UnitRaw != "P. HAI CHAU" || cs[0].State != "processing" || cs[1].Unit != "20242" {
			t.Errorf("%+v", cs[0])
		}
		words, err = r.Words(t.Context(), dataAdmin, "unit", sys.ID, false)
		if err != nil || len(words) != 3 {
			t.Fatal(words, err)
		}
		for _, w := range words {
			if w.Meaning == "20242" && w.MeaningName != "Phường Hải Châu" {
				t.Errorf("%+v", w)
			}
		}
	})
}
