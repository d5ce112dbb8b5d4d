package series

import (
	"sync"
	"sync/atomic"
)

// gate holds appends back while the engine looks through all series for what
// is out of order. The engine remembers only how far the newest piece on disk
// was then and deletes all up to it afterwards; a piece that a series gets
// after it was looked at, and before the last one was, would be deleted
// without being in a block. Once the engine writes the first block it has seen
// all, and appends go on.
type gate struct {
	write   *sync.Mutex // what an append holds
	mu      sync.Mutex
	closed  bool
	merging atomic.Bool // the engine looks again after each piece of the head it writes
}

// shut keeps appends out until opened.
func (g *gate) shut() {
	g.write.Lock()
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
}

// opened lets appends go on, if they were kept out.
func (g *gate) opened() {
	g.mu.Lock()
	closed := g.closed
	g.closed = false
	g.mu.Unlock()
	if closed {
		g.write.Unlock()
	}
}
