package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"openioc.org/ioc/internal/clock"
)

var origin = time.Date(2020, 10, 19, 0, 0, 0, 0, time.UTC)

func TestScaledRunsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Scaled(origin, 600)
		start := time.Now()
		if err := c.Sleep(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if real := time.Since(start); real != 6*time.Second {
			t.Errorf("an hour took %v", real)
		}
		if got := c.Now(); got.Sub(origin) != time.Hour {
			t.Errorf("now is %v", got)
		}
	})
}

func TestManualStandsStillUntilSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Manual(origin)
		done := make(chan error)
		go func() { done <- c.SleepUntil(t.Context(), origin.Add(time.Hour)) }()
		synctest.Wait()
		c.Set(origin.Add(30 * time.Minute))
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("woke too early")
		default:
		}
		c.Set(origin.Add(time.Hour))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		c.Set(origin)
		if !c.Now().Equal(origin.Add(time.Hour)) {
			t.Fatal("a manual clock went back")
		}
	})
}

func TestSleepEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []*clock.Clock{clock.System(), clock.Scaled(origin, 1), clock.Manual(origin)} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
			cancel()
		}
	})
}
