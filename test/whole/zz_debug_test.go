package whole

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"openioc.org/ioc/test/harness"
)

func TestZZ(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 70*time.Second)
	defer cancel()
	c, err := harness.Start(ctx, binary, t.TempDir(), "serve")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Kill() }()
	token, _ := c.CreateSource("load", 8, time.Second)
	start := time.Now().Add(-300 * 24 * time.Hour).Truncate(time.Second)
	for round := range 3 {
		for w := range 4 {
			go func() {
				for n := 0; ; n++ {
					k := round*1000000 + n*4*50 + w*50
					batch := make([]harness.Observation, 50)
					for i := range batch {
						batch[i] = harness.Observation{Datastream: fmt.Sprintf("load-%d", (n*4+w)%8), Time: start.Add(time.Duration(k+i) * time.Second), Value: 1}
					}
					if err := c.DoAs(token, "POST", "/api/v1/ingest/load", batch, nil); err != nil {
						return
					}
				}
			}()
		}
		time.Sleep(600 * time.Millisecond)
		c.Kill()
		if err := c.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		for range map[bool]int{true: 8, false: 0}[round == 2] {
			time.Sleep(time.Second)
			for _, m := range []string{"received", "stored", "duplicate", "rejected", "quarantined"} {
				v, _ := c.Metric("ioc_ingest_"+m+"_total", "load")
				fmt.Print(m, "=", v, " ")
			}
			v, _ := c.Metric("ioc_ingest_in_flight", "")
			fmt.Println("in_flight", v)
		}
		os.Stdout.WriteString(c.Log.String()[max(0, c.Log.Len()-600):])
	}
}
