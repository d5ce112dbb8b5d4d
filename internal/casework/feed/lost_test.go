package feed

import (
	"database/sql"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/fault"
)

// wire is a network that can be cut after so many bytes.
type wire struct {
	listener net.Listener
	left     atomic.Int64 // bytes from the database until the cut; negative: none
	mu       sync.Mutex
	open     []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l}
	w.left.Store(-1)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				_ = a.Close()
				continue
			}
			go func() { _, _ = io.Copy(b, a); _ = b.Close() }()
			go w.carry(a, b)
		}
	}()
	return w
}

func (w *wire) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 512)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if left := w.left.Load(); left >= 0 {
				if left < int64(n) {
					_, _ = to.Write(buf[:left])
					return // cut in the middle of a row
				}
				w.left.Add(-int64(n))
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) port() int {
	_, p, _ := net.SplitHostPort(w.listener.Addr().String())
	n, _ := strconv.Atoi(p)
	return n
}

// A connection lost in the middle of a batch leaves the mark at the last whole
// one; what follows goes on from there, and in the end nothing is missing and
// nothing doubled, wherever the cut was.
func TestConnectionLost(t *testing.T) {
	onEach(t, func(t *testing.T, r *room, db *sql.DB, c SQLConfig) {
		w := newWire(t, net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
		c.Port = w.port()
		for i := range 12 {
			put(t, db, 1+i*20, 20, local("2026-03-02 08:00").Add(time.Duration(i)*time.Minute).Format("2006-01-02 15:04:05"), 2)
		}
		sys := r.system(KindSQL, configOf(t, c), wideMapping)
		cuts, kept := 0, 0
		for limit := int64(600); limit < 200_000; limit += 3700 {
			w.left.Store(limit)
			out, err := r.Round(t.Context(), sys.ID)
			got := r.get(sys.ID)
			if err == nil {
				break
			}
			cuts++
			if k := fault.KindOf(err); k == fault.Internal {
				t.Errorf("cut after %d bytes: %v", limit, err)
			}
			if got.State != StateError || got.Events%10 != 0 || got.Events < kept {
				t.Errorf("cut after %d bytes: %d events, %+v", limit, got.Events, out)
			}
			kept = got.Events
		}
		w.left.Store(-1)
		r.round(sys.ID)
		if cuts < 3 || kept == 0 {
			t.Errorf("only %d cuts, %d events before the last", cuts, kept)
		}
		if got := r.get(sys.ID); got.Events != 240 || got.Cases != 240 || got.State != StateOK || len(r.all(sys.ID)) != 240 {
			t.Errorf("%+v", got)
		}
	})
}
