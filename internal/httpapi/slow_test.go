package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/httpapi"
)

// A client that asks for much and reads nothing must not hold the handler,
// and what that holds, for ever; one that reads on gets all of it.
func TestChain_ClientThatStopsReading(t *testing.T) {
	const patience, chunk, chunks = 200 * time.Millisecond, 1 << 20, 64
	ended := make(chan error, 2)
	srv := httptest.NewServer(httpapi.Chain(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		for n := 0; n < chunks && err == nil; n++ {
			_, err = w.Write(make([]byte, chunk))
		}
		ended <- err
	}), httpapi.Options{Timeout: patience}))
	defer srv.Close()

	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case err := <-ended:
		if err == nil {
			t.Error("64 MiB went into a connection that nobody reads")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the handler still writes")
	}

	res, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, chunk)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	time.Sleep(patience / 2) // a pause shorter than the patience
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || n != chunk*(chunks-1) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What comes of a body after we gave up on it is not a request.
func TestChain_BodyThatComesTooLate(t *testing.T) {
	api, srv := httpapi.NewTestAPI(nil)
	defer srv.Close()
	huma.Register(api, huma.Operation{OperationID: "set", Method: http.MethodPost, Path: "/level", BodyReadTimeout: 100 * time.Millisecond},
		func(context.Context, *in) (*out, error) { return &out{}, nil })
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(conn, "POST /level HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusRequestTimeout || !res.Close {
		t.Errorf("%d, close %v", res.StatusCode, res.Close)
	}
	_, _ = fmt.Fprint(conn, "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n") // may fail: it is closed
	if res, err := http.ReadResponse(r, nil); err == nil {
		t.Errorf("the rest of a body was answered: %s", res.Status)
	}
}

// A sender that stops half way is no fault of ours.
func TestChain_BodyThatIsCutOff(t *testing.T) {
	api, srv := httpapi.NewTestAPI(nil)
	defer srv.Close()
	huma.Register(api, huma.Operation{OperationID: "set", Method: http.MethodPost, Path: "/level"}, func(context.Context, *in) (*out, error) { return &out{}, nil })
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(conn, "POST /level HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 400 || !strings.Contains(string(body), "request.cut") {
		t.Errorf("%d %s %v", res.StatusCode, body, err)
	}
}
