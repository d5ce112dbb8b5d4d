package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/test/harness"
)

// screen measures from the moment a reading is sent to the moment a browser's
// event stream holds it, with 10,000 other observations a second going in.
func screen(ctx context.Context, bin string) error {
	c, token, end, err := city(ctx, bin, streams)
	if err != nil {
		return err
	}
	defer end()
	probeToken, err := c.CreateSource("probe", 1, time.Second)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, seconds()+30*time.Second)
	defer cancel()

	seen := make(chan float64, 1024)
	req, err := http.NewRequestWithContext(ctx, "GET", c.HTTP+"/live?topics=observations", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		return fmt.Errorf("live: %s", res.Status)
	}
	go func() {
		sc := bufio.NewScanner(res.Body)
		sc.Buffer(nil, 16<<20)
		for sc.Scan() {
			data, ok := strings.CutPrefix(sc.Text(), "data: ")
			if !ok || !strings.Contains(data, `"probe-0"`) {
				continue
			}
			var m struct {
				Data struct {
					Obs []struct {
						DS string
						V  float64
					}
				}
			}
			if json.Unmarshal([]byte(data), &m) == nil {
				for _, o := range m.Data.Obs {
					if o.DS == "probe-0" {
						seen <- o.V
					}
				}
			}
		}
	}()

	loadCtx, stop := context.WithCancel(ctx)
	defer stop()
	rate := make(chan float64, 1)
	go func() { rate <- steady(loadCtx, c, token, 10_000) }()

	var took []time.Duration
	client := &http.Client{}
	base := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	for i, begin := 0, time.Now(); time.Since(begin) < seconds(); i++ {
		v := float64(i) / 100
		b, err := json.Marshal(harness.Observation{Datastream: "probe-0", Time: base.Add(time.Duration(i) * time.Second), Value: v})
		if err != nil {
			return err
		}
		sent := time.Now()
		pr, err := http.NewRequest("POST", c.HTTP+"/api/v1/ingest/probe", bytes.NewReader(b))
		if err != nil {
			return err
		}
		pr.Header.Set("Authorization", "Bearer "+probeToken)
		r, err := client.Do(pr)
		if err != nil {
			return err
		}
		r.Body.Close()
		for {
			select {
			case got := <-seen:
				if got != v {
					continue
				}
			case <-time.After(5 * time.Second):
				return fmt.Errorf("probe %d was not seen within 5 s", i)
			}
			break
		}
		took = append(took, time.Since(sent))
	}
	stop()
	slices.Sort(took)
	report(figure{"publish_to_screen_p50", percentile(took, 0.50), "ms", "", ""})
	report(figure{"publish_to_screen_p99", percentile(took, 0.99), "ms", "≤ 500", fmt.Sprintf("%d probes while %.0f other observations/s went in", len(took), <-rate)})
	return nil
}

// steady sends about perSecond readings a second in bodies of a tenth of that
// and returns the rate it reached.
func steady(ctx context.Context, c *harness.City, token string, perSecond int) float64 {
	client := &http.Client{}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var n int64
	begin := time.Now()
	for {
		select {
		case <-ctx.Done():
			return float64(n) / time.Since(begin).Seconds()
		case <-tick.C:
		}
		var buf bytes.Buffer
		body(&buf, 0, 1, n, perSecond/10)
		if err := post(client, c, token, buf.Bytes()); err != nil {
			fmt.Fprintln(os.Stderr, "steady load:", err)
			return 0
		}
		n += int64(perSecond / 10)
	}
}
