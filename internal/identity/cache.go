package identity

import (
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/access"
)

// cached bounds the sessions held in memory; the records hold the rest.
const cached = 10_000

// entry is a session as Authenticate found it.
type entry struct {
	actor   access.Actor
	created time.Time
	checked time.Time    // when the records said so
	until   time.Time    // when a grant of the actor begins or ends; zero: never
	system  bool         // of an API token: it does not go idle
	seen    atomic.Int64 // last use, Unix nanoseconds
}

// holds reports whether the records need not be asked again. What was checked
// in the future was so before the clock was moved back.
func (e *entry) holds(now time.Time) bool {
	age := now.Sub(e.checked)
	return age >= 0 && age < stale && (e.until.IsZero() || now.Before(e.until))
}

func (e *entry) lastSeen() time.Time { return time.Unix(0, e.seen.Load()) }
func (e *entry) touch(now time.Time) { e.seen.Store(now.UnixNano()) }

// cache holds sessions by token. Each change of an account or session starts a
// new generation, so that what was read before the change is not put in after
// it.
type cache struct {
	mu         sync.RWMutex
	entries    map[string]*entry
	generation uint64
}

func newCache() *cache { return &cache{entries: map[string]*entry{}} }

func (c *cache) get(token string) (*entry, uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.entries[token], c.generation
}

func (c *cache) put(token string, e *entry, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if len(c.entries) >= cached {
		for k, old := range c.entries {
			if e.checked.Sub(old.checked) > stale {
				delete(c.entries, k)
			}
		}
		if len(c.entries) >= cached {
			return
		}
	}
	c.entries[token] = e
}

func (c *cache) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, token)
}

// clear forgets everybody; the next request of each asks the records.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.entries)
}
