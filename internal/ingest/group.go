package ingest

import (
	"context"
	"sync"
	"time"

	"openioc.org/ioc/internal/sensing"
)

// A bus message costs one fsync, whatever it holds. groups gathers the
// observations of concurrent calls into messages: with nothing under way a
// call's observations leave at once; while a message is being written, the
// next one fills.
type groups struct {
	publish func(ctx context.Context, obs []sensing.Observation) error

	mu     sync.Mutex
	queue  []*group // the last one is still open
	queued int      // observations in queue
	room   chan struct{}
	work   chan struct{} // holds a token while the queue is not empty
	closed bool
	done   chan struct{}
}

// group is one message in the making.
type group struct {
	obs  []sensing.Observation
	done chan struct{}
	err  error // valid after done
}

const (
	groupObservations = 1000    // of a message: at most 60 KiB with long ids
	queueObservations = 100_000 // waiting for the bus; beyond it callers wait
	publishTimeout    = 20 * time.Second
)

func newGroups(publish func(context.Context, []sensing.Observation) error) *groups {
	g := &groups{publish: publish, room: make(chan struct{}), work: make(chan struct{}, 1), done: make(chan struct{})}
	go g.run()
	return g
}

// commit returns once every observation is on the bus. When it returns an
// error some of them may be: sending all of them again is right. The
// observations are copied.
func (g *groups) commit(ctx context.Context, obs []sensing.Observation) error {
	var mine []*group
	for len(obs) > 0 {
		g.mu.Lock()
		if g.closed {
			g.mu.Unlock()
			return ErrClosed.With()
		}
		if g.queued >= queueObservations {
			room := g.room
			g.mu.Unlock()
			select {
			case <-room:
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		for len(obs) > 0 && g.queued < queueObservations {
			if len(g.queue) == 0 || len(g.queue[len(g.queue)-1].obs) >= groupObservations {
				g.queue = append(g.queue, &group{done: make(chan struct{})})
			}
			open := g.queue[len(g.queue)-1]
			n := min(len(obs), groupObservations-len(open.obs))
			open.obs = append(open.obs, obs[:n]...)
			obs = obs[n:]
			g.queued += n
			if len(mine) == 0 || mine[len(mine)-1] != open {
				mine = append(mine, open)
			}
		}
		g.mu.Unlock()
		select {
		case g.work <- struct{}{}:
		default:
		}
	}
	var failed error
	for _, m := range mine {
		select {
		case <-m.done:
			if m.err != nil {
				failed = m.err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return failed
}

// run publishes one group after the other; it ends when close was called and
// the queue is empty.
func (g *groups) run() {
	defer close(g.done)
	for {
		g.mu.Lock()
		if len(g.queue) == 0 {
			closed := g.closed
			g.mu.Unlock()
			if closed {
				return
			}
			<-g.work
			continue
		}
		next := g.queue[0]
		g.queue = g.queue[1:]
		wasFull := g.queued >= queueObservations
		g.queued -= len(next.obs)
		if wasFull && g.queued < queueObservations {
			close(g.room)
			g.room = make(chan struct{})
		}
		g.mu.Unlock()

		ctx, cancel := context.WithTimeout(context.Background(), publishTimeout)
		next.err = g.publish(ctx, next.obs)
		cancel()
		close(next.done)
	}
}

// close publishes what is queued and ends.
func (g *groups) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	select {
	case g.work <- struct{}{}:
	default:
	}
	<-g.done
}
