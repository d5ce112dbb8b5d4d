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
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/test/harness"
)

const alertProbes = 120

// How many series and rules there are; IOC_BENCH_SERIES and IOC_BENCH_RULES
// make the run shorter.
var (
	alertSeries = fromEnv("IOC_BENCH_SERIES", 10_000)
	alertRules  = fromEnv("IOC_BENCH_RULES", 1_000)
)

func fromEnv(name string, n int) int {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil && v > 0 {
		return v
	}
	return n
}

// alerts measures from the moment a reading is sent to the moment an
// operator's event stream holds its alert, with 1,000 rules in force over
// 10,000 series (each rule selects 100 of them) and 10,000 other observations
// a second going in. Each probe station crosses its threshold once.
func alerts(ctx context.Context, bin string) error {
	c, _, end, err := city(ctx, bin, 0)
	if err != nil {
		return err
	}
	defer end()
	token, err := c.CreateDenseSource("dense", alertSeries, 100, time.Minute)
	if err != nil {
		return err
	}
	duty, err := c.Person("truc", "duty", "")
	if err != nil {
		return err
	}
	lead, err := c.Person("lanhdao", "ioc_leader", "")
	if err != nil {
		return err
	}
	probeToken, err := c.CreateSource("probe", alertProbes, time.Minute)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "made", alertSeries, "series")
	before, err := rss(c)
	if err != nil {
		return err
	}
	for i := range alertRules {
		expr := fmt.Sprintf(`water_level{datastream=~"dense-[0-9]*%02d"}`, i%100)
		if err := adoptRule(c, duty, lead, fmt.Sprintf("Rule %d", i), expr, 1_000+float64(i)); err != nil {
			return fmt.Errorf("rule %d: %w", i, err)
		}
	}
	fmt.Fprintln(os.Stderr, "made", alertRules, "rules")
	if err := adoptRule(c, duty, lead, "Probe", `water_level{source="probe"}`, 1); err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	seen := make(chan string, 4096)
	if err := watch(ctx, c, duty, seen); err != nil {
		return err
	}
	loadCtx, stop := context.WithCancel(ctx)
	defer stop()
	rate := make(chan float64, 1)
	go func() { rate <- rain(loadCtx, c, token) }()

	var took []time.Duration
	client := &http.Client{}
	for i := range alertProbes {
		thing := fmt.Sprintf("probe-%d", i)
		sent := time.Now()
		b, err := json.Marshal(harness.Observation{Datastream: thing, Time: sent.UTC().Truncate(time.Second), Value: 2})
		if err != nil {
			return err
		}
		req, err := http.NewRequest("POST", c.HTTP+"/api/v1/ingest/probe", bytes.NewReader(b))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+probeToken)
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			return fmt.Errorf("probe: %s", res.Status)
		}
		for got := ""; got != thing; {
			select {
			case got = <-seen:
			case <-time.After(10 * time.Second):
				return fmt.Errorf("the alert of %s was not seen within 10 s", thing)
			}
		}
		if i > 0 { // the first also waits until the runner has taken over the last rule
			took = append(took, time.Since(sent))
		}
		time.Sleep(50 * time.Millisecond) // so that the probes spread over the load
	}
	after, err := rss(c)
	if err != nil {
		return err
	}
	stop()
	slices.Sort(took)
	note := fmt.Sprintf("%d probes while %.0f other observations/s went in, %d rules of 100 series each", len(took), <-rate, alertRules)
	report(figure{"reading_to_alert_p50", percentile(took, 0.50), "ms", "", note})
	report(figure{"reading_to_alert_p99", percentile(took, 0.99), "ms", "≤ 500", histogram(took)})
	report(figure{"rules_rss_growth", (after - before) / (1 << 20), "MB", "≤ 100", "before the first rule, to the end of the load"})
	return nil
}

// rain sends 10,000 readings a second, one of each series in turn, in ten
// bodies, and returns the rate it reached.
func rain(ctx context.Context, c *harness.City, token string) float64 {
	client := &http.Client{}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	n, begin := 0, time.Now()
	at := make([]int, alertSeries) // how many each series has sent
	base := begin.UTC().Truncate(time.Second).Add(-12 * time.Hour)
	for {
		select {
		case <-ctx.Done():
			return float64(n) / time.Since(begin).Seconds()
		case <-tick.C:
		}
		batch := make([]harness.Observation, 1000)
		for i := range batch {
			k := (n + i) % alertSeries
			at[k]++
			batch[i] = harness.Observation{Datastream: fmt.Sprintf("dense-%d", k), Time: base.Add(time.Duration(at[k]) * time.Minute), Value: float64((n+i)%90) / 100}
		}
		raw, err := json.Marshal(batch)
		if err != nil {
			return 0
		}
		req, err := http.NewRequest("POST", c.HTTP+"/api/v1/ingest/dense", bytes.NewReader(raw))
		if err != nil {
			return 0
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil || res.StatusCode != 200 {
			fmt.Fprintln(os.Stderr, "rain:", err)
			return 0
		}
		res.Body.Close()
		n += len(batch)
	}
}

// histogram says how many of the sorted spans lie in each step of 50 ms.
func histogram(sorted []time.Duration) string {
	counts := map[int]int{}
	for _, d := range sorted {
		counts[int(d/(50*time.Millisecond))]++
	}
	var b strings.Builder
	for i := 0; i <= int(sorted[len(sorted)-1]/(50*time.Millisecond)); i++ {
		if counts[i] > 0 {
			fmt.Fprintf(&b, "%d–%d ms: %d; ", i*50, (i+1)*50, counts[i])
		}
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func rss(c *harness.City) (float64, error) { return c.Metric("process_resident_memory_bytes", "") }

// adoptRule drafts, submits and approves a rule that raises at a level.
func adoptRule(c *harness.City, duty, lead, name, expr string, level float64) error {
	var made struct {
		ID      string
		Version int
	}
	err := c.DoAs(duty, "POST", "/api/v1/rules", map[string]any{
		"name": map[string]string{"vi": name, "en": name}, "service": "flood", "kind": "promql", "expr": expr,
		"levels":  []any{map[string]any{"severity": 3, "raise": fmt.Sprintf(">= %g", level), "clear": fmt.Sprintf("< %g", level/2)}},
		"message": map[string]any{"title": map[string]string{"vi": "{name}: {value}", "en": "{name}: {value}"}, "text": map[string]string{"vi": "{name}", "en": "{name}"}},
	}, &made)
	if err != nil {
		return err
	}
	if err := c.DoAs(duty, "POST", "/api/v1/rules/"+made.ID+"/submit", map[string]any{"confirm": true}, nil); err != nil {
		return err
	}
	return c.DoAs(lead, "POST", "/api/v1/rules/"+made.ID+"/approve", map[string]any{"version": made.Version, "confirm": true}, nil)
}

// watch sends the thing of every alert that the event stream tells of.
func watch(ctx context.Context, c *harness.City, token string, seen chan<- string) error {
	req, err := http.NewRequestWithContext(ctx, "GET", c.HTTP+"/live?topics=alerts", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != 200 {
		res.Body.Close()
		return fmt.Errorf("live: %s", res.Status)
	}
	go func() {
		defer res.Body.Close()
		sc := bufio.NewScanner(res.Body)
		sc.Buffer(nil, 16<<20)
		for sc.Scan() {
			data, ok := strings.CutPrefix(sc.Text(), "data: ")
			if !ok {
				continue
			}
			type told struct{ Thing string }
			var m struct {
				Data struct {
					Alert  told
					Alerts []told
				}
			}
			if err := json.Unmarshal([]byte(data), &m); err != nil {
				fmt.Fprintln(os.Stderr, "event:", err)
				continue
			}
			for _, a := range append(m.Data.Alerts, m.Data.Alert) {
				if a.Thing != "" {
					seen <- a.Thing
				}
			}
		}
	}()
	return nil
}
