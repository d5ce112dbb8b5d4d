package mqtt

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// connectTime is how long a connection may take until it has said CONNECT;
// afterwards its keepalive rules.
const connectTime = 10 * time.Second

// door is mochi's listener, with three things that its own lack: a deadline
// for those who connect and say nothing, an end for them when the broker
// closes, and a count of connections that begins before they are served, so
// that closing waits for all of them.
type door struct {
	ln    net.Listener
	count *sync.WaitGroup // mochi's; its Close waits on it
	ended chan struct{}   // the accept loop is over

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	shut  bool
}

func newDoor(ln net.Listener, count *sync.WaitGroup) *door {
	return &door{ln: ln, count: count, ended: make(chan struct{}), conns: map[net.Conn]struct{}{}}
}

// Init implements listeners.Listener.
func (d *door) Init(*slog.Logger) error { return nil }

// ID implements listeners.Listener.
func (d *door) ID() string { return "mqtt" }

// Address implements listeners.Listener.
func (d *door) Address() string { return d.ln.Addr().String() }

// Protocol implements listeners.Listener.
func (d *door) Protocol() string { return "tcp" }

// Serve implements listeners.Listener.
func (d *door) Serve(establish listeners.EstablishFn) {
	defer close(d.ended)
	for {
		c, err := d.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, say: it passes
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if !d.enter(c) {
			c.Close()
			return
		}
		d.count.Add(1)
		go func() {
			defer d.count.Done()
			defer d.leave(c)
			_ = c.SetDeadline(time.Now().Add(connectTime)) // a peer that is gone already fails when it is read
			_ = establish(d.ID(), c)                       // how a connection ends is told to the hook
		}()
	}
}

func (d *door) enter(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.shut {
		d.conns[c] = struct{}{}
	}
	return !d.shut
}

func (d *door) leave(c net.Conn) {
	d.mu.Lock()
	delete(d.conns, c)
	d.mu.Unlock()
	c.Close()
}

// Close implements listeners.Listener: nobody comes in any more, those who are
// in are told, and the silent ones are let go.
func (d *door) Close(closeClients listeners.CloseFn) {
	d.mu.Lock()
	if d.shut {
		d.mu.Unlock()
		return
	}
	d.shut = true
	d.mu.Unlock()
	d.ln.Close()
	closeClients(d.ID())
	d.mu.Lock()
	for c := range d.conns {
		c.Close()
	}
	d.mu.Unlock()
	<-d.ended
}
