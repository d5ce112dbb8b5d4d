package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"openioc.org/ioc/test/harness"
)

const streams = 300

// body writes count readings as NDJSON, from the first-th of a sender on. Each
// of the senders speaks for its own share of the streams, one after the other,
// each stream a second further than the last time: the order in which stations
// report.
func body(buf *bytes.Buffer, sender, senders int, first int64, count int) {
	base := time.Now().Add(-360 * 24 * time.Hour).Truncate(24 * time.Hour)
	own := int64(streams / senders)
	for i := range int64(count) {
		n := first + i
		at := base.Add(time.Duration(n/own) * time.Second).UTC()
		fmt.Fprintf(buf, `{"datastream":"bench-%d","time":"%s","value":%s}`+"\n", int64(sender)*own+n%own, at.Format(time.RFC3339), strconv.FormatFloat(float64(n*7%997)/100, 'f', 2, 64))
	}
}

func post(client *http.Client, c *harness.City, token string, b []byte) error {
	req, err := http.NewRequest("POST", c.HTTP+"/api/v1/ingest/bench", bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != 200 || !strings.Contains(string(raw), `"rejected":[]`) {
		return fmt.Errorf("answer %d: %.300s", res.StatusCode, raw)
	}
	return nil
}

// load posts bodies of size readings from workers connections for the time
// given and returns readings acknowledged per second and, after Settle,
// readings readable per second.
func load(ctx context.Context, c *harness.City, token string, workers, size int) (acked, readable float64, err error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers}}
	// Bodies are made before, so that the clock measures the city and not us.
	per := 4_000_000 / (workers * size)
	if size == 1 {
		per = 8000
	}
	bodies := make([][][]byte, workers)
	for i := range per {
		for w := range workers {
			var buf bytes.Buffer
			body(&buf, w, workers, int64(i*size), size)
			bodies[w] = append(bodies[w], buf.Bytes())
		}
	}
	var count atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	begin := time.Now()
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for _, b := range bodies[w] {
				if time.Since(begin) > seconds() || ctx.Err() != nil {
					return
				}
				if err := post(client, c, token, b); err != nil {
					failed.Store(&err)
					return
				}
				count.Add(int64(size))
			}
		}()
	}
	wg.Wait()
	took := time.Since(begin)
	if e := failed.Load(); e != nil {
		return 0, 0, *e
	}
	if err := c.Settle(ctx); err != nil {
		return 0, 0, err
	}
	all := time.Since(begin)
	stored, err := c.Metric("ioc_ingest_stored_total", `"bench"`)
	if err == nil && int64(stored) != count.Load() {
		err = fmt.Errorf("acknowledged %d, stored %v", count.Load(), stored)
	}
	return float64(count.Load()) / took.Seconds(), float64(count.Load()) / all.Seconds(), err
}

func ingestBatch(ctx context.Context, bin string) error {
	c, token, end, err := city(ctx, bin, streams)
	if err != nil {
		return err
	}
	defer end()
	acked, readable, err := load(ctx, c, token, 4, 1000)
	if err != nil {
		return err
	}
	report(figure{"http_batch_acknowledged", acked, "observations/s", "≥ 100000", "4 connections, 1,000 readings a body, NDJSON, fsynced"})
	report(figure{"http_batch_readable", readable, "observations/s", "≥ 100000", "until the last one can be read"})
	rss, err := residentMB(c.PID())
	report(figure{"http_batch_rss_after", rss, "MB", "", ""})
	return err
}

func ingestOne(ctx context.Context, bin string) error {
	c, token, end, err := city(ctx, bin, streams)
	if err != nil {
		return err
	}
	defer end()
	acked, _, err := load(ctx, c, token, 32, 1)
	if err != nil {
		return err
	}
	report(figure{"http_single", acked, "requests/s", "≥ 10000", "32 connections, one reading a request, fsynced; the client runs on the same 2 cores"})
	return nil
}

func mqttLoad(ctx context.Context, bin string) error {
	const clients, each = 100, 2000
	c, _, end, err := city(ctx, bin, streams)
	if err != nil {
		return err
	}
	defer end()
	var dev struct{ Password string }
	if err := c.Do("POST", "/api/v1/sources/bench/devices", map[string]string{"username": "bench-device"}, &dev); err != nil {
		return err
	}
	base := time.Now().Add(-360 * 24 * time.Hour).Truncate(24 * time.Hour)
	conns := make([]mqtt.Client, clients)
	for i := range conns {
		conns[i] = mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + c.MQTT).SetClientID("bench-" + strconv.Itoa(i)).
			SetUsername("bench-device").SetPassword(dev.Password).SetOrderMatters(false))
		if t := conns[i].Connect(); !t.WaitTimeout(20*time.Second) || t.Error() != nil {
			return fmt.Errorf("connect: %v", t.Error())
		}
		defer conns[i].Disconnect(0)
	}
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	var acked atomic.Int64
	begin := time.Now()
	for i, conn := range conns {
		wg.Add(1)
		go func() {
			defer wg.Done()
			tokens := make([]mqtt.Token, 0, each)
			for n := range each {
				// Each device speaks for its own three stations, in the order of time.
				const own = streams / clients
				at := base.Add(time.Duration(n/own) * time.Second).UTC().Format(time.RFC3339)
				topic := "ioc/bench/bench-" + strconv.Itoa(i*own+n%own)
				tokens = append(tokens, conn.Publish(topic, 1, false, fmt.Sprintf(`{"time":"%s","value":%.2f}`, at, float64(n%997)/100)))
				if len(tokens)%20 == 0 { // up to 20 unacknowledged a client
					if t := tokens[len(tokens)-20]; !t.WaitTimeout(30*time.Second) || t.Error() != nil {
						err := fmt.Errorf("publish: %v", t.Error())
						failed.Store(&err)
						return
					}
				}
			}
			for _, t := range tokens {
				if !t.WaitTimeout(30*time.Second) || t.Error() != nil {
					err := fmt.Errorf("publish: %v", t.Error())
					failed.Store(&err)
					return
				}
				acked.Add(1)
			}
		}()
	}
	wg.Wait()
	took := time.Since(begin)
	if e := failed.Load(); e != nil {
		return *e
	}
	if err := c.Settle(ctx); err != nil {
		return err
	}
	stored, err := c.Metric("ioc_ingest_stored_total", `"bench"`)
	if err == nil && int64(stored) != acked.Load() {
		err = fmt.Errorf("acknowledged %d, stored %v", acked.Load(), stored)
	}
	report(figure{"mqtt_qos1", float64(acked.Load()) / took.Seconds(), "messages/s", "≥ 20000", "100 clients, PUBACK after fsync; the clients run on the same 2 cores"})
	return err
}

func residentMB(pid int) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of %d", pid)
}
