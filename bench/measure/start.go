package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"openioc.org/ioc/test/harness"
)

// start measures a cold start on an existing city and what it holds in memory
// when nothing happens: 175 stations with a year of hourly data (IOC_BENCH_STEP
// overrides, e.g. 10m).
func start(ctx context.Context, bin string) error {
	dir, err := os.MkdirTemp("", "ioc-city")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := harness.Start(ctx, bin, dir, "serve")
	if err != nil {
		return err
	}
	token, err := c.CreateSource("bench", 175, time.Hour)
	if err != nil {
		return err
	}
	step := time.Hour
	if s := os.Getenv("IOC_BENCH_STEP"); s != "" {
		if step, err = time.ParseDuration(s); err != nil {
			return err
		}
	}
	if err := fillYear(c, token, 175, step); err != nil {
		return err
	}
	if err := c.Settle(ctx); err != nil {
		return err
	}
	// An import is folded into blocks after a quiet minute by itself.
	if err := folded(ctx, filepath.Join(dir, "series")); err != nil {
		return err
	}
	if err := c.Stop(); err != nil {
		return err
	}
	var took []time.Duration
	var rss []float64
	for range 5 {
		begin := time.Now()
		if err := c.Restart(ctx); err != nil {
			return err
		}
		if err := c.Do("GET", "/api/v1/layers", nil, nil); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
		time.Sleep(15 * time.Second) // idle: that is what is measured
		mb, err := residentMB(c.PID())
		if err != nil {
			return err
		}
		rss = append(rss, mb)
		if err := c.Stop(); err != nil {
			return err
		}
	}
	slices.Sort(took)
	slices.Sort(rss)
	n := 175 * int(365*24*time.Hour/step)
	report(figure{"cold_start_first_answer", percentile(took, 0.5), "ms", "≤ 1000", fmt.Sprintf("median of 5, includes sign-in; %d observations", n)})
	report(figure{"idle_rss", rss[len(rss)/2], "MB", "≤ 150", "15 s after start, median of 5"})
	if st, err := os.Stat(bin); err == nil {
		report(figure{"binary", float64(st.Size()) / 1e6, "MB", "≤ 120", ""})
	}
	return nil
}

// folded waits until the write-ahead log of an import has become blocks.
func folded(ctx context.Context, dir string) error {
	deadline := time.Now().Add(3 * time.Minute)
	before, shrunk, still := 0.0, false, 0
	for time.Now().Before(deadline) {
		size, err := dirMB(dir)
		if err != nil {
			return err
		}
		if size < before*3/4 {
			shrunk = true
		}
		if shrunk && size == before {
			if still++; still == 10 {
				return nil
			}
		} else {
			still = 0
		}
		before = size
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return fmt.Errorf("the import was not folded into blocks within 3 minutes (%.0f MB)", before)
}

func fillYear(c *harness.City, token string, n int, step time.Duration) error {
	from := time.Now().Add(-365 * 24 * time.Hour).Truncate(step)
	for i := range n {
		var batch []harness.Observation
		for at := from; at.Before(time.Now()); at = at.Add(step) {
			k := int(at.Unix()/int64(step.Seconds())) + i
			batch = append(batch, harness.Observation{Datastream: fmt.Sprintf("bench-%d", i), Time: at, Value: float64(100+k%40+(k/24)%60) / 100})
			if len(batch) == 8000 {
				if err := c.DoAs(token, "POST", "/api/v1/ingest/bench", batch, nil); err != nil {
					return err
				}
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			if err := c.DoAs(token, "POST", "/api/v1/ingest/bench", batch, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func dirMB(dir string) (float64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // folded away while we looked
		}
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			sum += st.Size()
		}
		return err
	})
	return float64(sum) / 1e6, err
}
