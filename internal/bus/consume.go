package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Msg is one message of a stream. Data belongs to the handler.
type Msg struct {
	Subject string
	Data    []byte
	Seq     uint64    // its place in the stream
	Time    time.Time // when the bus took it
	ID      string    // the message id it was published with
}

// What a reader fetches ahead of its handler.
const (
	aheadMessages = 512
	aheadBytes    = 2 * MaxMessage
)

// How long a handler that failed is left alone before the next attempt.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 10 * time.Second
)

// Consume hands the messages of a stream to h, one at a time and in order,
// beginning at sequence from, or, when from is 0, at the first message taken
// at or after fromTime (zero: at the oldest). It returns nil when ctx ends.
//
// When h fails it is called again with the same message, after a pause that
// grows to 10 s, for as long as it takes: what comes later waits. A lost
// connection is mended without repeating or skipping anything. A from beyond
// the end of the stream (the log was lost, the cursor was not) starts at the
// oldest message.
func (b *Bus) Consume(ctx context.Context, stream string, from uint64, fromTime time.Time, h func(Msg) error) error {
	return b.ConsumeBatch(ctx, stream, from, fromTime, 1, func(ms []Msg) error { return h(ms[0]) })
}

// ConsumeBatch is Consume for handlers that work better on many messages at
// once: h gets 1 to limit messages, all that are there and never waiting for
// more. The slice is valid until h returns.
func (b *Bus) ConsumeBatch(ctx context.Context, stream string, from uint64, fromTime time.Time, limit int, h func([]Msg) error) error {
	if err := b.begin(); err != nil {
		return err
	}
	defer b.working.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(b.closing, cancel)
	defer stop()

	r := &reader{bus: b, stream: stream, next: from, fromTime: fromTime, out: make(chan Msg, min(limit, aheadMessages))}
	if err := r.locate(ctx); err != nil {
		return b.ended(ctx, err)
	}
	fetched := make(chan error, 1)
	go func() { fetched <- r.run(ctx); close(r.out) }()

	batch := make([]Msg, 0, limit)
	for m := range r.out {
		batch = append(batch[:0], m)
		for more := true; more && len(batch) < limit; {
			select {
			case m, open := <-r.out:
				if more = open; open {
					batch = append(batch, m)
				}
			default:
				more = false
			}
		}
		if !b.insist(ctx, stream, func() error { return h(batch) }) {
			break
		}
	}
	cancel()
	for range r.out { // lets the fetcher end
	}
	return b.ended(ctx, <-fetched)
}

// ended decides what a reader returns: nil when its ctx ended, ErrClosed when
// the bus was closed under it.
func (b *Bus) ended(ctx context.Context, err error) error {
	if b.isClosed() {
		return ErrClosed.With()
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// insist calls f until it succeeds; false means that ctx ended.
func (b *Bus) insist(ctx context.Context, stream string, f func() error) bool {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if ctx.Err() != nil {
			return false
		}
		err := f()
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			b.log.Warn("handler failed, trying again", "stream", stream, "pause", pause, "error", err)
		}
		if !sleep(ctx, pause) {
			return false
		}
	}
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

// reader fetches a stream in order.
type reader struct {
	bus      *Bus
	stream   string
	next     uint64 // 0 as long as the place is given by fromTime
	fromTime time.Time
	out      chan Msg
}

// locate checks the place to start from against what the stream holds.
func (r *reader) locate(ctx context.Context) error {
	s, err := r.bus.js.Stream(ctx, r.stream)
	if err != nil {
		return fmt.Errorf("consume %s: %w", r.stream, err)
	}
	if last := s.CachedInfo().State.LastSeq; r.next > last+1 {
		r.bus.log.Warn("the stream ends before the reader's cursor; reading all of it",
			"stream", r.stream, "cursor", r.next, "last", last)
		r.next, r.fromTime = 0, time.Time{}
	}
	return nil
}

// run fetches until ctx ends, opening a new server-side consumer after each
// failure.
func (r *reader) run(ctx context.Context) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		before := r.next
		err := r.fetch(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("consume %s: %w", r.stream, err)
		}
		r.bus.log.Warn("reading interrupted, going on", "stream", r.stream, "next", r.next, "error", err)
		if r.next != before {
			pause = firstPause
		}
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

func (r *reader) fetch(ctx context.Context) error {
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}
	switch {
	case r.next > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, r.next
	case !r.fromTime.IsZero():
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &r.fromTime
	}
	c, err := r.bus.js.OrderedConsumer(ctx, r.stream, cfg)
	if err != nil {
		return err
	}
	it, err := c.Messages(jetstream.PullMaxMessagesWithBytesLimit(aheadMessages, aheadBytes))
	if err != nil {
		return err
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		msg, err := message(m)
		if err != nil {
			return err
		}
		if msg.Seq < r.next {
			continue
		}
		select {
		case r.out <- msg:
			r.next = msg.Seq + 1
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func message(m jetstream.Msg) (Msg, error) {
	meta, err := m.Metadata()
	if err != nil {
		return Msg{}, fmt.Errorf("read message metadata: %w", err)
	}
	msg := Msg{Subject: m.Subject(), Data: m.Data(), Seq: meta.Sequence.Stream, Time: meta.Timestamp.UTC()}
	if h := m.Headers(); h != nil {
		msg.ID = h.Get(jetstream.MsgIDHeader)
	}
	return msg, nil
}
