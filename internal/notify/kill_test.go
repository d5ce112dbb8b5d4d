package notify_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// The records are taken away at random moments of a rush. Nothing is lost;
// only what was in flight goes out again, under the same key.
func TestKilledAtRandom(t *testing.T) {
	const messages, lives, inFlight = 80, 8, 4
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		clk := clock.Manual(noon)
		o.Clock = clk
		g := newGateway(t, func(w http.ResponseWriter, n int) { time.Sleep(time.Millisecond); ok(w, n) })
		var ch notify.Channel
		for life := range lives + 1 {
			db, err := store.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			d := open(t, db, clk)
			if life == 0 {
				ch = d.channel(notify.HTTP, smsConfig(g.URL))
				d.contact("u1", "", "0905123456")
				for i := range messages {
					d.enqueue(message(fmt.Sprint(i)))
				}
			}
			stop := d.run()
			if life < lives {
				time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
				_ = db.Close() // what follows fails, as after a kill
				stop()
				clk.Set(clk.Now().Add(time.Minute))
				continue
			}
			until(t, "all is sent", func() bool { return d.states(ch.ID)[notify.Sent] == messages })
			ids := map[string]bool{}
			for _, x := range d.deliveries(ch.ID) {
				ids[x.ID] = true
			}
			times := map[string]int{}
			for _, c := range g.calls() {
				if times[c.key]++; !ids[c.key] {
					t.Errorf("key %q belongs to no delivery", c.key)
				}
			}
			if again := len(g.calls()) - messages; len(times) != messages || again > lives*inFlight {
				t.Errorf("%d of %d arrived, %d again", len(times), messages, again)
			}
			stop()
			_ = db.Close()
		}
	})
}
