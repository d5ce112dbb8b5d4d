package ingest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/sensing"
)

// TestChild is no test: it is the program that TestKill kills. It takes
// readings in from four senders and prints the instant of each one that was
// acknowledged.
func TestChild(t *testing.T) {
	dir := os.Getenv("IOC_TEST_INGEST_DIR")
	if dir == "" {
		t.Skip("run by TestKill")
	}
	first, err := strconv.Atoi(os.Getenv("IOC_TEST_INGEST_FIRST"))
	if err != nil {
		t.Fatal(err)
	}
	r := &road{t: t, dir: dir, clk: clock.Manual(start)}
	r.open()
	r.run()
	var senders sync.WaitGroup
	for s := range 4 {
		senders.Add(1)
		go func() {
			defer senders.Done()
			for i := 0; ; i++ {
				at := start.Add(-time.Duration(first+4*i+s) * time.Second)
				res, err := r.p.Accept(context.Background(), ingest.Batch{Source: "nuoc", Readings: []sensing.Reading{{Datastream: "cam-le", Time: at, Value: 1}}})
				if err != nil || res.Accepted != 1 {
					fmt.Println("failed", res, err)
					return
				}
				fmt.Println("acked", at.UnixMilli())
			}
		}()
	}
	senders.Wait()
}

// Whatever was acknowledged before a kill -9 is there once when the road is
// opened again, and the counts add up, without anything done by hand. The
// same folder is killed several times, the last time while it is still busy
// with what the times before left behind.
func TestKill_EveryAcknowledgedObservationOnce(t *testing.T) {
	r := newRoad(t)
	dir, clk := r.dir, r.clk
	r.close()
	acked := map[int64]bool{}
	for round, enough := range []int{1, 400, 1200, 30} {
		child := exec.Command(os.Args[0], "-test.run=^TestChild$")
		child.Env = append(os.Environ(), "IOC_TEST_INGEST_DIR="+dir, fmt.Sprintf("IOC_TEST_INGEST_FIRST=%d", round*1_000_000))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); {
			var at int64
			if _, err := fmt.Sscanf(lines.Text(), "acked %d", &at); err != nil {
				t.Errorf("the program says %q", lines.Text())
				continue
			}
			acked[at] = true
			if n++; n == enough {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // killed
	}
	again := &road{t: t, dir: dir, clk: clk}
	again.open()
	again.run()
	again.until(func() bool {
		c := again.p.Counts("nuoc")
		return c.InFlight == 0 && c.Stored >= int64(len(acked)) && c.Stored == int64(len(again.points("cam-le")))
	})
	there := map[int64]int{}
	for _, p := range again.points("cam-le") {
		there[p.T]++
	}
	for at := range acked {
		if there[at] != 1 {
			t.Errorf("observation of %v is there %d times", time.UnixMilli(at).UTC(), there[at])
		}
	}
	if c := again.p.Counts("nuoc"); !c.Balanced() || c.Duplicate != 0 {
		t.Errorf("%d points, counts %+v", len(there), c)
	}
	t.Logf("%d acknowledged, %d stored", len(acked), len(there))
}

func TestRestart_ReplayChangesNothing(t *testing.T) {
	r := newRoad(t)
	r.run()
	r.feed("cam-le", 1, 1.1, 1.2)
	r.feed("431068", 99) // quarantined
	r.accept("nuoc", sensing.Reading{Datastream: "nowhere", Time: start, Value: 1})
	r.settle()
	want := r.p.Counts("nuoc")
	for range 3 {
		r.close()
		r.stored = nil
		r.open()
		r.run()
		// A marker that comes after all that is read again.
		r.clk.Set(r.clk.Now().Add(step))
		r.accept("nuoc", sensing.Reading{Datastream: "ho-1", Time: r.clk.Now(), Value: 30})
		want.Received++
		want.Stored++
		r.settle()
		if got := r.p.Counts("nuoc"); got != want {
			t.Errorf("after a restart %+v, want %+v", got, want)
		}
		if len(r.stored) != 1 {
			t.Errorf("listeners heard %d observations, want the new one", len(r.stored))
		}
	}
	if n := len(r.points("cam-le")); n != 3 {
		t.Errorf("%d points, want 3", n)
	}
	letters, err := r.p.Letters(context.Background(), admin, ingest.LetterFilter{})
	if err != nil || len(letters) != 2 {
		t.Errorf("letters %+v %v", letters, err)
	}
}

func TestRestart_WithoutTheLog(t *testing.T) {
	r := newRoad(t)
	r.feed("cam-le", 1, 1.1, 1.2) // nobody runs the writer: all in flight
	r.close()
	if err := os.RemoveAll(r.dir + "/bus"); err != nil {
		t.Fatal(err)
	}
	r.open()
	r.run()
	if c := r.p.Counts("nuoc"); !c.Balanced() || c.InFlight != 0 || c.Rejected != 3 {
		t.Errorf("%+v", c)
	}
	r.feed("cam-le", 1.3)
	r.settle()
	if c := r.p.Counts("nuoc"); !c.Balanced() || c.Stored != 1 {
		t.Errorf("%+v", c)
	}
}

func TestMetrics_OneMomentAddsUp(t *testing.T) {
	r := newRoad(t)
	r.run()
	ctx, cancel := context.WithCancel(context.Background())
	var senders sync.WaitGroup
	senders.Add(1)
	go func() {
		defer senders.Done()
		for i := 0; ctx.Err() == nil; i++ {
			at := start.Add(-time.Duration(i) * time.Second)
			_, _ = r.p.Accept(ctx, ingest.Batch{Source: "nuoc", Readings: []sensing.Reading{
				{Datastream: "cam-le", Time: at, Value: 1}, {Datastream: "cam-le", Time: at, Value: 1}, {Datastream: "x", Time: at}, {Datastream: "cam-le", Time: start.AddDate(1, 0, 0)},
			}})
		}
	}()
	for n := 0; n < 50 || r.p.Totals().Stored < 200; n++ {
		families, err := r.reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]float64{}
		for _, f := range families {
			for _, m := range f.Metric {
				sums[f.GetName()] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
		if sums["ioc_ingest_received_total"] != sums["ioc_ingest_stored_total"]+sums["ioc_ingest_duplicate_total"]+sums["ioc_ingest_rejected_total"]+
			sums["ioc_ingest_quarantined_total"]+sums["ioc_ingest_in_flight"] {
			t.Fatalf("does not add up: %v", sums)
		}
	}
	cancel()
	senders.Wait()
	r.settle()
	if c := r.p.Totals(); c.Stored == 0 || c.Duplicate == 0 || c.Rejected == 0 || c.Quarantined == 0 {
		t.Errorf("%+v", c)
	}
}
