// Package retry repeats what may succeed later: with growing pauses, spread
// by chance so that many do not come back at once, until it succeeds, says
// that it never will, or its context ends.
package retry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait before each next attempt. The zero Backoff
// waits 0.5 s, then twice as long each time, up to 30 s, each less up to a
// quarter by chance. It is not safe for concurrent use.
type Backoff struct {
	First    time.Duration // pause before the second attempt; 0 is 500 ms
	Max      time.Duration // longest pause; 0 is 30 s
	Attempts int           // Do gives up after so many; 0 is never

	failures int
}

// Next returns the pause before the next attempt and makes the one after it
// longer.
func (b *Backoff) Next() time.Duration {
	first, longest := b.First, b.Max
	if first <= 0 {
		first = 500 * time.Millisecond
	}
	if longest <= 0 {
		longest = 30 * time.Second
	}
	d := longest
	if b.failures < 32 { // beyond, the shift would overflow
		if grown := first << b.failures; grown > 0 && grown>>b.failures == first {
			d = min(grown, longest)
		}
	}
	b.failures++
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}

// Failures is the number of times that Next was called since the last Reset.
func (b *Backoff) Failures() int { return b.failures }

// Reset makes the next pause the first again; call it after a success.
func (b *Backoff) Reset() { b.failures = 0 }

// Wait sleeps for Next, or returns ctx's error when ctx ends first.
func (b *Backoff) Wait(ctx context.Context) error {
	timer := time.NewTimer(b.Next())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Permanent marks err as one that no repetition mends: Do returns it at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Do calls f until it returns nil or a Permanent error, which it returns
// unmarked, or until the attempts are used up or ctx ends; then the error
// holds the last one of f.
func Do(ctx context.Context, b Backoff, f func(context.Context) error) error {
	for n := 1; ; n++ {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if p, ok := errors.AsType[permanent](err); ok {
			return p.error
		}
		if b.Attempts > 0 && n >= b.Attempts {
			return fmt.Errorf("after %d attempts: %w", n, err)
		}
		if end := b.Wait(ctx); end != nil {
			return fmt.Errorf("%w: %w", end, err)
		}
	}
}
