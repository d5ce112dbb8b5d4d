// Package clock is where the program learns what time it is. Live running
// uses the system's clock; a replay uses a clock that starts at another
// instant and runs at another speed, so that the same code serves both.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time. The zero value is not usable; make one with System,
// Scaled or Manual.
type Clock struct {
	mu     sync.Mutex
	start  time.Time // real instant at which origin held
	origin time.Time
	speed  float64 // 0: stands still (Manual)
	manual bool
	wake   chan struct{}
}

// System is the machine's clock.
func System() *Clock { return nil }

// Scaled is a clock that shows origin now and runs speed times as fast as the
// real one.
func Scaled(origin time.Time, speed float64) *Clock {
	return &Clock{start: time.Now(), origin: origin, speed: speed, wake: make(chan struct{})}
}

// Manual is a clock that stands at t until Set moves it.
func Manual(t time.Time) *Clock {
	return &Clock{origin: t, manual: true, wake: make(chan struct{})}
}

// Now returns the clock's instant, in UTC. A nil *Clock is the system's clock.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now().UTC()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.manual {
		return c.origin.UTC()
	}
	return c.origin.Add(time.Duration(float64(time.Since(c.start)) * c.speed)).UTC()
}

// Set moves a Manual clock (it never goes back) or re-bases a Scaled one, and
// wakes those who Sleep.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.manual && t.Before(c.origin) {
		return
	}
	c.origin, c.start = t, time.Now()
	close(c.wake)
	c.wake = make(chan struct{})
}

// Sleep waits until d has passed on this clock; it returns ctx's error when
// ctx ends first.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	return c.SleepUntil(ctx, c.Now().Add(d))
}

// SleepUntil waits until the clock shows t or later.
func (c *Clock) SleepUntil(ctx context.Context, t time.Time) error {
	for {
		var wake chan struct{}
		var left time.Duration
		if c == nil {
			left = time.Until(t)
		} else {
			c.mu.Lock()
			wake = c.wake
			left = t.Sub(c.now())
			if c.manual && left > 0 {
				left = time.Hour // only Set ends it
			} else if c.speed > 0 {
				left = time.Duration(float64(left) / c.speed)
			}
			c.mu.Unlock()
		}
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}
