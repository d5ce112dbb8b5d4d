// Command measure takes the whole-program figures of the README against the
// real binary, each beside what was asked for. One line of JSON per figure.
//
//	go run ./bench/measure all
//	go run ./bench/measure ingest-batch | ingest-one | mqtt | screen | alert | start | queries | users
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"time"

	"openioc.org/ioc/test/harness"
)

// seconds is how long each load lasts.
func seconds() time.Duration {
	if s := os.Getenv("IOC_BENCH_SECONDS"); s != "" {
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			return time.Duration(n * float64(time.Second))
		}
	}
	return 10 * time.Second
}

type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target,omitempty"`
	Note   string  `json:"note,omitempty"`
}

func report(f figure) {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(b))
}

type measurement struct {
	name string
	run  func(ctx context.Context, bin string) error
}

var measurements = []measurement{
	{"start", start},
	{"ingest-batch", ingestBatch},
	{"ingest-one", ingestOne},
	{"mqtt", mqttLoad},
	{"screen", screen},
	{"alert", alerts},
	{"queries", queries},
	{"users", users},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("name a measurement, or all")
	}
	dir, err := os.MkdirTemp("", "ioc-measure")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err := harness.Build(dir)
	if err != nil {
		return err
	}
	done := 0
	for _, m := range measurements {
		if !slices.Contains(names, m.name) && !slices.Contains(names, "all") {
			continue
		}
		done++
		if err := m.run(ctx, bin); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if done == 0 {
		return fmt.Errorf("no measurement is called %v", names)
	}
	return nil
}

// city starts an empty city in a folder of its own and gives it a source with
// n datastreams.
func city(ctx context.Context, bin string, n int) (c *harness.City, token string, end func(), err error) {
	dir, err := os.MkdirTemp("", "ioc-city")
	if err != nil {
		return nil, "", nil, err
	}
	startCtx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c, err = harness.Start(startCtx, bin, dir, "serve")
	end = func() {
		c.Kill()
		_ = os.RemoveAll(dir)
	}
	if err != nil {
		return nil, "", nil, err
	}
	token, err = c.CreateSource("bench", n, time.Minute)
	return c, token, end, err
}

func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))].Seconds() * 1000
}
