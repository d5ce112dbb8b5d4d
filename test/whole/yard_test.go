package whole

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/test/harness"
)

// yard is a city where bad things are thrown in, with a source "good" that
// must go on whatever comes.
type yard struct {
	*harness.City
	good string // token of the source "good"
	n    atomic.Int64
}

func newYard(t *testing.T, args ...string) *yard {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := harness.Start(ctx, binary, t.TempDir(), append([]string{"serve"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	y := &yard{City: c}
	if y.good, err = c.CreateSource("good", 1, time.Minute); err != nil {
		t.Fatal(err)
	}
	return y
}

// goesOn holds when another source's reading is accepted, which it answers
// soon.
func (y *yard) goesOn(t *testing.T) {
	t.Helper()
	start := time.Now()
	at := start.Add(-240 * time.Hour).Truncate(time.Hour).Add(time.Duration(y.n.Add(1)) * time.Minute)
	body := fmt.Sprintf(`{"datastream":"good-0","time":%q,"value":1.5}`, at.Format(time.RFC3339))
	a := y.ask(t, "POST", "/api/v1/ingest/good", y.good, body)
	if a.Status != 200 || !strings.Contains(a.Body, `"accepted":1`) {
		t.Fatalf("the good source is not heard any more: %d %s", a.Status, a.Body)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("the good source had to wait %s", took)
	}
}

// ask is Ask that must get an answer.
func (y *yard) ask(t *testing.T, method, path, token, body string, headers ...string) harness.Answer {
	t.Helper()
	a, err := y.Ask(method, path, token, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, clip(path), err)
	}
	return a
}

// balanced checks the ledger as it stands and again when all has landed.
func (y *yard) balanced(t *testing.T) map[string]harness.Counts {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var all map[string]harness.Counts
	for range 2 {
		var err error
		if all, err = y.Ledger(); err != nil {
			t.Fatal(err)
		}
		for source, n := range all {
			if !n.Balanced() {
				t.Errorf("the counters of %s do not balance: %+v", source, n)
			}
		}
		if err := y.Settle(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

type letter struct{ ID, Kind, Code, Detail, Raw, Datastream, State string }

func (l letter) String() string { return clip(l.Kind + " " + l.Code + ": " + l.Detail) }

func (y *yard) letters(t *testing.T, source string) []letter {
	t.Helper()
	var out struct{ Letters []letter }
	if err := y.Do("GET", "/api/v1/dead-letters?limit=1000&lang=en&source="+source, nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.Letters
}

// letter waits for a dead letter of the code whose detail or raw holds text.
func (y *yard) letter(t *testing.T, source, code, text string) letter {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; {
		all := y.letters(t, source)
		for _, l := range all {
			if l.Code == code && (strings.Contains(l.Detail, text) || strings.Contains(l.Raw, text)) {
				return l
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no dead letter %s with %q in %v", code, text, all)
		}
		time.Sleep(50 * time.Millisecond) // polling another process: there is nothing to wait on
	}
}

func clip(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

// memoryPeak is the most that the city's process ever held, in MB.
func memoryPeak(t *testing.T, c *harness.City) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.PID()))
	if err != nil {
		t.Skip("only Linux tells the peak: ", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb >> 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
