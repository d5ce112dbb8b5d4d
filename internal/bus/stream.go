package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StreamConfig describes a stream. The oldest messages go when either limit
// is reached.
type StreamConfig struct {
	Name     string // "OBS"
	Subjects []string
	MaxAge   time.Duration // 0 keeps for ever
	MaxBytes int64         // 0 sets no limit
	Dedup    time.Duration // how long message ids are remembered; 0 is two minutes
}

// Stream creates the stream or changes it to this configuration; what it
// holds stays, but for what the new limits cut off.
func (b *Bus) Stream(ctx context.Context, c StreamConfig) error {
	if err := b.begin(); err != nil {
		return err
	}
	defer b.working.Done()
	if c.Dedup == 0 {
		c.Dedup = 2 * time.Minute
	}
	if c.MaxAge > 0 && c.Dedup > c.MaxAge {
		c.Dedup = c.MaxAge // the server refuses a longer one
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = -1
	}
	cfg := jetstream.StreamConfig{
		Name:       c.Name,
		Subjects:   c.Subjects,
		Retention:  jetstream.LimitsPolicy,
		Discard:    jetstream.DiscardOld,
		Storage:    jetstream.FileStorage,
		MaxAge:     c.MaxAge,
		MaxBytes:   c.MaxBytes,
		Duplicates: c.Dedup,
		Replicas:   1,
	}
	// A cluster's operator may have raised the replicas; that is not ours to undo.
	if had, err := b.js.Stream(ctx, c.Name); err == nil {
		cfg.Replicas = had.CachedInfo().Config.Replicas
	} else if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("look up stream %s: %w", c.Name, err)
	}
	if _, err := b.js.CreateOrUpdateStream(ctx, cfg); err != nil {
		return fmt.Errorf("set up stream %s: %w", c.Name, err)
	}
	return nil
}

// StreamStats says what a stream holds.
type StreamStats struct {
	Messages  uint64
	Bytes     uint64
	First     uint64 // sequence
	Last      uint64 // sequence; 0 before the first message
	LastTime  time.Time
	FirstTime time.Time
}

// Stats tells what the stream holds now; the difference between Last and a
// reader's cursor is what that reader has still before it.
func (b *Bus) Stats(ctx context.Context, stream string) (StreamStats, error) {
	if err := b.begin(); err != nil {
		return StreamStats{}, err
	}
	defer b.working.Done()
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return StreamStats{}, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	st := s.CachedInfo().State
	return StreamStats{
		Messages: st.Msgs, Bytes: st.Bytes,
		First: st.FirstSeq, Last: st.LastSeq,
		FirstTime: st.FirstTime, LastTime: st.LastTime,
	}, nil
}
