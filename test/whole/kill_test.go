package whole

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/test/harness"
)

// TestKill ends the program by SIGKILL at random instants under load (3 times;
// IOC_KILLS=20 for the full measurement) and afterwards finds every
// acknowledged observation exactly once.
func TestKill(t *testing.T) {
	kills := 3
	if s := os.Getenv("IOC_KILLS"); s != "" {
		kills, _ = strconv.Atoi(s)
	}
	const streams, writers = 8, 4
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	c, err := harness.Start(ctx, binary, t.TempDir(), "serve")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Kill() }()
	token, err := c.CreateSource("load", streams, time.Second)
	if err != nil {
		t.Fatal(err)
	}

	start := time.Now().Add(-300 * 24 * time.Hour).Truncate(time.Second)
	var mu sync.Mutex
	acked := map[string]map[int64]bool{} // datastream → unix ms of what was acknowledged
	sent := map[string]int{}             // datastream → how many instants were tried
	for round := range kills {
		roundCtx, end := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for w := range writers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for n := 0; roundCtx.Err() == nil; n++ {
					ds := fmt.Sprintf("load-%d", (n*writers+w)%streams)
					mu.Lock()
					first := sent[ds]
					sent[ds] += 50
					mu.Unlock()
					batch := make([]harness.Observation, 50)
					for i := range batch {
						batch[i] = harness.Observation{Datastream: ds, Time: start.Add(time.Duration(first+i) * time.Second), Value: float64((first+i)%97) / 100}
					}
					var res struct{ Accepted, Duplicate, Quarantined int }
					if err := c.DoAs(token, "POST", "/api/v1/ingest/load", batch, &res); err != nil {
						return // the city was killed, or refused: nothing was acknowledged
					}
					if res.Accepted != len(batch) {
						t.Errorf("accepted %d of %d", res.Accepted, len(batch))
						return
					}
					mu.Lock()
					if acked[ds] == nil {
						acked[ds] = map[int64]bool{}
					}
					for _, o := range batch {
						acked[ds][o.Time.UnixMilli()] = true
					}
					mu.Unlock()
				}
			}()
		}
		time.Sleep(time.Duration(300+rand.IntN(700)) * time.Millisecond) // the random instant is what is tested
		c.Kill()
		end()
		wg.Wait()
		if err := c.Restart(ctx); err != nil {
			t.Fatalf("after kill %d: %v", round+1, err)
		}
	}
	if err := c.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	total := 0
	for ds, want := range acked {
		got, err := observations(c, ds)
		if err != nil {
			t.Fatal(err)
		}
		for at, n := range got {
			if n != 1 {
				t.Errorf("%s at %d is there %d times", ds, at, n)
			}
		}
		lost := 0
		for at := range want {
			if got[at] == 0 {
				lost++
			}
		}
		if lost > 0 {
			t.Errorf("%s: %d of %d acknowledged observations are lost", ds, lost, len(want))
		}
		total += len(want)
	}
	if total == 0 {
		t.Fatal("nothing was acknowledged: the test tested nothing")
	}
	t.Logf("%d kills, %d acknowledged observations, each there once", kills, total)
}

// observations reads a datastream's instants through SensorThings and counts
// how often each is there.
func observations(c *harness.City, ds string) (map[int64]int, error) {
	got := map[int64]int{}
	path := "/sta/v1.1/Datastreams('" + ds + "')/Observations?$top=1000&$select=phenomenonTime&$orderby=phenomenonTime"
	for path != "" {
		var page struct {
			Value []struct {
				Time time.Time `json:"phenomenonTime"`
			} `json:"value"`
			Next string `json:"@iot.nextLink"`
		}
		var text string
		if err := c.Do("GET", path, nil, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			return nil, err
		}
		for _, v := range page.Value {
			got[v.Time.UnixMilli()]++
		}
		path = strings.TrimPrefix(page.Next, c.HTTP)
	}
	return got, nil
}
