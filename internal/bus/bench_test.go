package bus_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/bus/bustest"
)

// BenchmarkPublish is what durability costs: batches of about 500
// observations, and single small messages.
func BenchmarkPublish(b *testing.B) {
	f := func(size, concurrency int) {
		b.Run(fmt.Sprintf("%dB/%d", size, concurrency), func(b *testing.B) {
			bs := bustest.Open(b)
			data := make([]byte, size)
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan error)
			b.SetBytes(int64(size))
			b.ResetTimer()
			for range concurrency {
				go func() {
					for left.Add(-1) >= 0 {
						if _, err := bs.Publish(b.Context(), "ioc.obs.a", data, ""); err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
			}
			for range concurrency {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
	for _, c := range []int{1, 4, 32, 100} {
		f(64<<10, c)
		f(150, c)
	}
}

func BenchmarkConsume(b *testing.B) {
	bs := bustest.Open(b)
	const stored = 2000
	for range stored {
		if _, err := bs.Publish(b.Context(), "ioc.obs.a", make([]byte, 1000), ""); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		n := 0
		ctx, cancel := context.WithCancel(b.Context())
		err := bs.Consume(ctx, "OBS", 0, time.Time{}, func(bus.Msg) error {
			if n++; n == stored {
				cancel()
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*stored/b.Elapsed().Seconds(), "msg/s")
}
