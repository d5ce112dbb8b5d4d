package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// DurableOption changes how a durable consumer treats failures.
type DurableOption func(*durable)

// MaxDeliver sets how many attempts a message gets (5 unless set) before it
// is poison.
func MaxDeliver(n int) DurableOption { return func(d *durable) { d.attempts = n } }

// Backoff sets the pauses after the first, second, … failure; the last one
// serves for all later ones. Unless set: 100 ms, 1 s, 5 s, 30 s.
func Backoff(pauses ...time.Duration) DurableOption {
	return func(d *durable) { d.pauses = pauses }
}

// AckWait sets how long a handler may take before the server believes it dead
// and delivers again; 30 s unless set.
func AckWait(t time.Duration) DurableOption { return func(d *durable) { d.ackWait = t } }

// DeadLetter sets what is done with a poison message and its last error. When
// keep returns nil the message is done with; otherwise it comes again later.
// Without this option poison is logged and let go.
func DeadLetter(keep func(m Msg, cause error) error) DurableOption {
	return func(d *durable) { d.keep = keep }
}

type durable struct {
	attempts int
	pauses   []time.Duration
	ackWait  time.Duration
	keep     func(Msg, error) error
}

func (d *durable) pause(delivered uint64) time.Duration {
	if len(d.pauses) == 0 {
		return 0
	}
	return d.pauses[min(int(delivered), len(d.pauses))-1]
}

// Durable hands the messages of a stream whose subject matches filter ("" is
// all) to h until ctx ends, then returns nil. The server keeps the cursor
// under name, which begins at the oldest message the first time, so that
// nothing is missed while the program is down. h returning nil acknowledges.
// A message that fails comes again after a pause, and later messages do not
// wait for it.
func (b *Bus) Durable(ctx context.Context, stream, name, filter string, h func(Msg) error, opts ...DurableOption) error {
	if err := b.begin(); err != nil {
		return err
	}
	defer b.working.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(b.closing, cancel)
	defer stop()

	d := &durable{
		attempts: 5,
		pauses:   []time.Duration{100 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second},
		ackWait:  30 * time.Second,
	}
	for _, o := range opts {
		o(d)
	}
	first := true
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		started, err := b.durableRun(ctx, stream, name, filter, h, d)
		if ctx.Err() != nil || (first && !started) {
			return b.ended(ctx, err)
		}
		if first = false; started {
			pause = firstPause
		}
		b.log.Warn("durable reading interrupted, going on", "stream", stream, "name", name, "error", err)
		if !sleep(ctx, pause) {
			return b.ended(ctx, nil)
		}
	}
}

// durableRun reads until something breaks; started tells that the consumer
// could be set up.
func (b *Bus) durableRun(ctx context.Context, stream, name, filter string, h func(Msg) error, d *durable) (started bool, err error) {
	c, err := b.js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable:       name,
		FilterSubject: filter,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       d.ackWait,
		MaxDeliver:    -1, // counted here, so that poison reaches DeadLetter even after a crash
		MaxAckPending: 256,
	})
	if err != nil {
		return false, fmt.Errorf("set up durable consumer %s of %s: %w", name, stream, err)
	}
	it, err := c.Messages(jetstream.PullMaxMessages(64))
	if err != nil {
		return false, fmt.Errorf("open durable consumer %s of %s: %w", name, stream, err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return true, err
		}
		if err := b.deliver(m, name, h, d); err != nil {
			return true, err
		}
	}
}

// deliver gives one message to h and tells the server how it went.
func (b *Bus) deliver(m jetstream.Msg, name string, h func(Msg) error, d *durable) error {
	msg, err := message(m)
	if err != nil {
		return err
	}
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	failed := h(msg)
	if failed == nil {
		return m.Ack()
	}
	if meta.NumDelivered < uint64(d.attempts) {
		b.log.Warn("handler failed, the message comes again",
			"name", name, "seq", msg.Seq, "attempt", meta.NumDelivered, "error", failed)
		return m.NakWithDelay(d.pause(meta.NumDelivered))
	}
	b.log.Error("poison message", "name", name, "subject", msg.Subject, "seq", msg.Seq, "error", failed)
	if d.keep != nil {
		if err := d.keep(msg, failed); err != nil {
			b.log.Error("keeping a poison message", "name", name, "seq", msg.Seq, "error", err)
			return m.NakWithDelay(d.pause(meta.NumDelivered))
		}
	}
	return m.Term()
}
