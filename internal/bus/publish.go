package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// How long a publisher waits when the server does not answer and the caller
// set no deadline of its own.
const publishTimeout = 30 * time.Second

// Publish appends data to the stream that takes subject and returns its
// sequence once it is on disk. A msgID that the stream has seen within its
// dedup window stores nothing and returns the sequence of the first; "" turns
// that off. When ctx ends first the message may or may not have been stored.
// Publish does not keep data.
func (b *Bus) Publish(ctx context.Context, subject string, data []byte, msgID string) (uint64, error) {
	if err := b.begin(); err != nil {
		return 0, err
	}
	defer b.working.Done()
	if len(data) > MaxMessage-4096 {
		return 0, ErrTooLarge.With("size", len(data), "max", MaxMessage-4096)
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	opts := []jetstream.PublishOpt{jetstream.WithStallWait(publishTimeout)}
	if msgID != "" {
		opts = append(opts, jetstream.WithMsgID(msgID))
	}
	future, err := b.js.PublishMsgAsync(&nats.Msg{Subject: subject, Data: data}, opts...)
	if err != nil {
		return 0, publishFault(err, subject)
	}
	select {
	case ack := <-future.Ok():
		return ack.Sequence, nil
	case err := <-future.Err():
		return 0, publishFault(err, subject)
	case <-ctx.Done():
		return 0, publishFault(ctx.Err(), subject)
	}
}

func publishFault(err error, subject string) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return ErrNoStream.With("subject", subject).Because(err)
	case errors.Is(err, nats.ErrConnectionClosed):
		return ErrClosed.With().Because(err)
	default:
		return ErrUnavailable.With().Because(err)
	}
}
