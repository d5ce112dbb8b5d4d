package whole

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/test/harness"
)

// TestStop asks the program to end while all sorts of clients hold on to it.
func TestStop(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	addr := strings.TrimPrefix(y.HTTP, "http://")

	// A browser that watches: its stream ends, cleanly.
	req, err := http.NewRequest("GET", y.HTTP+"/live?topics=observations,flood", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+y.Token)
	live, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	if line, err := bufio.NewReader(live.Body).ReadString('\n'); err != nil || live.StatusCode != 200 {
		t.Fatalf("%d %q %v", live.StatusCode, line, err)
	}
	// A device that stays, an idle connection, a body that never ends, half a
	// header, a browser that does not read.
	if a := y.ask(t, "POST", "/api/v1/sources", y.Token, `{"id":"meter","name":"x","kind":"mqtt"}`); a.Status != 201 {
		t.Fatal(a.Body)
	}
	var d struct{ Password string }
	if err := y.Do("POST", "/api/v1/sources/meter/devices", map[string]string{"username": "dev"}, &d); err != nil {
		t.Fatal(err)
	}
	y.rawMQTT(t, "stays", "dev", d.Password)
	for _, head := range []string{
		"", "GET / HTTP/1.1\r\nHost: x\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		fmt.Sprintf("POST /api/v1/ingest/good HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 5000\r\n\r\n{", y.good),
		fmt.Sprintf("GET /live?topics=observations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", y.Token),
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
	}
	y.goesOn(t)

	start := time.Now()
	if err := y.Stop(); err != nil { // also when the exit code is not 0
		t.Fatal(err)
	}
	took := time.Since(start)
	if took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	t.Logf("stopped in %s", took.Round(time.Millisecond))
	if _, err := io.Copy(io.Discard, live.Body); err != nil {
		t.Errorf("the stream was torn off: %v", err)
	}
	for _, word := range []string{"level=ERROR", "panic", "did not stop"} {
		if strings.Contains(y.Log.String(), word) {
			t.Errorf("the log holds %q:\n%s", word, y.Log)
		}
	}

	// What was accepted before is there after.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := y.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if a := y.ask(t, "GET", "/sta/v1.1/Datastreams('good-0')/Observations?$count=true&$top=0", y.Token, ""); !strings.Contains(a.Body, `"@iot.count":1`) {
		t.Errorf("got %s", a.Body)
	}
	y.balanced(t)
}

// TestStop_StartsAgainAtOnce: nothing is lost or counted twice on the way.
func TestStop_StartsAgainAtOnce(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range 3 {
		y.goesOn(t)
		if err := y.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := y.Restart(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n := y.balanced(t)["good"]; n != (harness.Counts{Received: 3, Stored: 3}) {
		t.Errorf("counted %+v", n)
	}
}
