package duty

import (
	"sync"
	"time"
)

// cache keeps what is asked for often and read slowly. Nobody waits for
// another's reading: who asks while somebody reads gets what was known last.
// It may be asked inside a transaction, and a wait there could be for the very
// connection that the reader needs.
type cache[T any] struct {
	mu      sync.Mutex
	value   T
	at      time.Time
	known   bool
	reading bool
	epoch   int // a reading begun before forget is not kept as fresh
}

// get returns what is known, read anew when it is older than age. When that
// fails, what was known last comes with the error.
func (c *cache[T]) get(now time.Time, age time.Duration, read func() (T, error)) (T, error) {
	c.mu.Lock()
	old := now.Sub(c.at)
	if c.known && (c.reading || !c.at.IsZero() && old >= 0 && old < age) {
		defer c.mu.Unlock()
		return c.value, nil
	}
	c.reading = true
	epoch := c.epoch
	c.mu.Unlock()
	v, err := read()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
	if err == nil {
		c.value, c.known = v, true
		if c.at = now; c.epoch != epoch {
			c.at = time.Time{}
		}
	}
	return c.value, err
}

// forget makes the next get read anew.
func (c *cache[T]) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.epoch = time.Time{}, c.epoch+1
}
