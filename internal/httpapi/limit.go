package httpapi

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter keeps one token bucket per key (an address, a user name, a source).
// Buckets that are full again are forgotten.
type Limiter struct {
	mu      sync.Mutex
	every   rate.Limit
	burst   int
	buckets map[string]*rate.Limiter
	swept   time.Time
}

// NewLimiter allows perSecond events a second for each key, burst at once.
func NewLimiter(perSecond float64, burst int) *Limiter {
	return &Limiter{every: rate.Limit(perSecond), burst: burst, buckets: map[string]*rate.Limiter{}}
}

// Take spends n tokens of key's bucket at the instant now. It returns nil, or
// the 429 fault that says when to come back; then nothing was spent.
func (l *Limiter) Take(key string, now time.Time, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > time.Minute {
		for k, b := range l.buckets {
			if b.TokensAt(now) >= float64(l.burst) {
				delete(l.buckets, k)
			}
		}
		l.swept = now
	}
	b := l.buckets[key]
	if b == nil {
		b = rate.NewLimiter(l.every, l.burst)
		l.buckets[key] = b
	}
	if b.AllowN(now, min(n, l.burst)) {
		return nil
	}
	wait := (float64(min(n, l.burst)) - b.TokensAt(now)) / float64(l.every)
	return errTooMany.With("seconds", int(math.Ceil(max(wait, 1))))
}
