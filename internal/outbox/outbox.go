// Package outbox carries facts from the records to the bus: each event that a
// store transaction emits becomes a row in the same transaction, and a row
// travels in a message, in the order of the commits, at least once, with the
// event's id as Nats-Msg-Id (many rows share a message when many wait). A fact is never sent for a change that was rolled
// back, and never lost for one that was committed. A row is deleted once the
// bus has it on disk.
package outbox

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Publisher puts a message on the bus; it returns when the bus has it on disk.
type Publisher interface {
	Publish(ctx context.Context, subject string, data []byte, msgID string) (seq uint64, err error)
}

// Options are what New needs.
type Options struct {
	Store      *store.DB
	Publisher  Publisher
	Logger     *slog.Logger          // nil discards
	Registerer prometheus.Registerer // nil: no metrics
}

const (
	batch = 4 * packFacts
	// look finds rows that another program on the same database has written;
	// our own wake Run at once.
	look       = 5 * time.Second
	firstPause = 50 * time.Millisecond
	lastPause  = 10 * time.Second
)

// Outbox sends what Run finds waiting.
type Outbox struct {
	db      *store.DB
	bus     Publisher
	log     *slog.Logger
	wake    chan struct{}
	pending atomic.Int64
	sent    prometheus.Counter
}

// New makes the tables and hangs the outbox on the store's events. Nothing is
// sent before Run.
func New(ctx context.Context, o Options) (*Outbox, error) {
	ob := &Outbox{db: o.Store, bus: o.Publisher, log: o.Logger, wake: make(chan struct{}, 1)}
	if ob.log == nil {
		ob.log = slog.New(slog.DiscardHandler)
	}
	ob.sent = prometheus.NewCounter(prometheus.CounterOpts{Name: "ioc_outbox_sent_total", Help: "Facts handed to the bus."})
	if err := ob.db.Migrate(ctx, "outbox", migrations); err != nil {
		return nil, err
	}
	if err := ob.count(ctx); err != nil {
		return nil, err
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(ob.sent, prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Name: "ioc_outbox_pending", Help: "Facts that the bus does not have yet."},
			func() float64 { return float64(ob.pending.Load()) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ioc_facts_aside", Help: "Facts that a reader could not handle; -1 while nobody knows."}, ob.countAside))
	}
	ob.db.OnEmit(ob.record)
	return ob, nil
}

// Pending is how many facts the bus does not have yet, as far as this program
// knows.
func (ob *Outbox) Pending() int { return int(ob.pending.Load()) }

func (ob *Outbox) count(ctx context.Context) error {
	var n int64
	err := ob.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("select count(*) from outbox").Scan(&n)
	})
	ob.pending.Store(n)
	return err
}

// record is the hook: the row of an event, in the transaction that caused it.
func (ob *Outbox) record(tx *store.Tx, e store.Event) error {
	data, err := encode(e)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return ob.insert(tx, e.ID, e.Subject, data, e.At)
}

// insert writes the row of a fact and wakes Run once it is there.
func (ob *Outbox) insert(tx *store.Tx, id, subject, data string, at time.Time) error {
	var seq int64
	if err := tx.QueryRow("update outbox_head set last = last + 1 returning last").Scan(&seq); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if _, err := tx.Exec("insert into outbox (seq, id, subject, data, at) values ($1, $2, $3, $4, $5)",
		seq, id, subject, data, at); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	tx.After(func() {
		ob.pending.Add(1)
		select {
		case ob.wake <- struct{}{}:
		default:
		}
	})
	return nil
}

// Run sends until ctx ends, and then returns nil. A bus that does not answer
// is asked again after a pause that grows to 10 s; the facts wait in order.
func (ob *Outbox) Run(ctx context.Context) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for pause := firstPause; ; {
		n, err := ob.send(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			ob.log.Warn("facts wait for the bus", "pending", ob.pending.Load(), "pause", pause, "error", err)
			if !sleep(ctx, pause) {
				return nil
			}
			pause = min(2*pause, lastPause)
			continue
		}
		pause = firstPause
		if n == batch {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ob.wake:
		case <-ticker.C:
		}
	}
}

type row struct {
	seq               int64
	id, subject, data string
}

func scanRow(scan store.Scan) (r row, err error) {
	return r, scan(&r.seq, &r.id, &r.subject, &r.data)
}

// send publishes the oldest rows, up to a batch, and deletes those that the
// bus took; it returns how many these were.
func (ob *Outbox) send(ctx context.Context) (int, error) {
	var rows []row
	err := ob.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = store.All(tx, scanRow, "select seq, id, subject, data from outbox order by seq limit $1", batch)
		return err
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	n := 0
	var failed error
	for n < len(rows) && failed == nil {
		next := rows[n : n+chunk(rows[n:])]
		subject, data, id := next[0].subject, []byte(next[0].data), next[0].id
		if len(next) > 1 {
			// Sent again in another cut, its facts are on the bus twice; Follow
			// knows them by their ids.
			subject, data, id = PackSubject, packed(next), fmt.Sprintf("%s+%d", id, len(next)-1)
		}
		_, failed = ob.bus.Publish(ctx, subject, data, id)
		if fault.Is(failed, bus.ErrNoStream) && subject != PackSubject {
			// One subject that the stream was not told of must not keep those
			// behind it waiting for ever.
			ob.log.Warn("no stream takes this subject: its fact travels in a pack", "subject", subject)
			_, failed = ob.bus.Publish(ctx, PackSubject, packed(next), id)
		}
		if failed != nil {
			failed = fmt.Errorf("publish %s: %w", subject, failed)
			break
		}
		n += len(next)
	}
	if n == 0 {
		return 0, failed
	}
	// Not with ctx: what the bus has should not be sent again only because
	// the program is stopping. Numbers are never given twice, so that a second
	// sender on this database cannot make us delete what nobody has sent.
	err = ob.db.Housekeep(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		gone, err := tx.Exec("delete from outbox where seq <= $1", rows[n-1].seq)
		tx.After(func() { ob.pending.Add(-gone) })
		return err
	})
	if err != nil {
		return n, err
	}
	ob.sent.Add(float64(n))
	return n, failed
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
