package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

// FactStream is the stream of the bus that holds the facts.
const FactStream = "FACT"

// Stream reads a stream of the bus in order from a sequence.
type Stream interface {
	ConsumeBatch(ctx context.Context, stream string, from uint64, fromTime time.Time, limit int, h func([]bus.Msg) error) error
}

// Reaction is what one domain does when others speak.
type Reaction struct {
	Reader   string   // unique, the owner of the cursor: "alert"
	Subjects []string // prefixes: "ioc.rule.condition."
	// Handle works inside a Write transaction, together with the cursor: its
	// effects happen once for each fact, whatever fails when. What it changes
	// it emits, or marks (store.Tx.Mark). An error that is not of kind
	// Unavailable is tried three times and then put aside, so that those
	// behind it go on.
	Handle func(tx *store.Tx, f Fact) error
	// Passed hears, after each batch, up to which message of the stream all is
	// handled or passed over; may be nil.
	Passed func(seq uint64)
	Logger *slog.Logger
}

const (
	followBatch = 128
	followTries = 3
	// seenFor is how long the ids of handled facts are remembered: a fact may
	// be on the bus twice when the program died between publishing and
	// deleting its row.
	seenFor = 30 * 24 * time.Hour
)

// Follow hands the facts that r asks for to its Handle, in order and each
// once, until ctx ends. The first time it begins at the oldest fact there is.
func Follow(ctx context.Context, db *store.DB, stream Stream, r Reaction) error {
	f := &follower{Reaction: r, db: db, actor: access.System(r.Reader)}
	if f.Logger == nil {
		f.Logger = slog.New(slog.DiscardHandler)
	}
	var from uint64
	err := db.Read(ctx, func(tx *store.Tx) error {
		seq, ok, err := store.One(tx, func(scan store.Scan) (n int64, err error) { return n, scan(&n) },
			"select seq from follow_cursor where reader = $1", r.Reader)
		if ok {
			from = uint64(seq) + 1
		}
		return err
	})
	if err != nil {
		return err
	}
	return stream.ConsumeBatch(ctx, FactStream, from, time.Time{}, followBatch, func(ms []bus.Msg) error {
		err := f.take(ctx, ms)
		if err == nil && f.Passed != nil {
			f.Passed(ms[len(ms)-1].Seq)
		}
		return err
	})
}

type follower struct {
	Reaction
	db      *store.DB
	actor   access.Actor
	skipped int // messages passed since the cursor was last written
}

func (f *follower) wants(subject string) bool {
	for _, p := range f.Subjects {
		if strings.HasPrefix(subject, p) {
			return true
		}
	}
	return false
}

// take handles a batch in transactions of up to followBatch facts; when one
// fails, each of its facts in its own, so that one bad fact spoils no other.
func (f *follower) take(ctx context.Context, ms []bus.Msg) error {
	all := items(ms)
	if len(all) == 0 {
		return nil
	}
	wanted := slices.DeleteFunc(slices.Clone(all), func(it item) bool { return !f.wants(it.subject) })
	if len(wanted) == 0 {
		// Passing over what others speak of can be done again: the cursor
		// need not be written each time.
		if f.skipped += len(ms); f.skipped < 1000 {
			return nil
		}
		f.skipped = 0
		return f.db.Housekeep(ctx, func(tx *store.Tx) error { return f.keep(tx, ms[len(ms)-1].Seq) })
	}
	f.skipped = 0
	wanted[len(wanted)-1].upTo = ms[len(ms)-1].Seq
	for part := range slices.Chunk(wanted, followBatch) {
		err := f.handle(ctx, part)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || fault.KindOf(err) == fault.Unavailable {
			return err
		}
		for i := range part {
			if err := f.alone(ctx, part[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *follower) alone(ctx context.Context, it item) error {
	var err error
	for range followTries {
		if err = f.handle(ctx, []item{it}); err == nil || ctx.Err() != nil || fault.KindOf(err) == fault.Unavailable {
			return err
		}
	}
	f.Logger.Error("a fact could not be handled and was put aside", "reader", f.Reader, "subject", it.subject, "fact", it.id, "err", err)
	id, _, _ := strings.Cut(it.id, again)
	return f.db.Keep(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("insert into follow_poison (reader, fact, subject, data, error, at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
			f.Reader, id, it.subject, strings.ToValidUTF8(string(it.data), "?"), err.Error(), tx.Now); err != nil {
			return err
		}
		return f.keep(tx, it.upTo)
	})
}

// handle works on facts, in one transaction with the cursor. A fact that was
// handled before, in this message or another, is passed over.
func (f *follower) handle(ctx context.Context, facts []item) error {
	return f.db.Write(ctx, f.actor, func(tx *store.Tx) error {
		for _, it := range facts {
			var fact Fact
			if err := json.Unmarshal(it.data, &fact); err != nil {
				return fmt.Errorf("fact %s on %s: %w", it.id, it.subject, err)
			}
			n, err := tx.Mark("insert into follow_seen (reader, fact, at) values ($1, $2, $3) on conflict do nothing", f.Reader, fact.ID, tx.Now)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := f.Handle(tx, fact); err != nil {
				return fmt.Errorf("%s: %s: %w", f.Reader, fact.Subject, err)
			}
		}
		return f.keep(tx, facts[len(facts)-1].upTo)
	})
}

func (f *follower) keep(tx *store.Tx, seq uint64) error {
	if _, err := tx.Mark(`insert into follow_cursor (reader, seq, at) values ($1, $2, $3)
		on conflict (reader) do update set seq = excluded.seq, at = excluded.at`, f.Reader, int64(seq), tx.Now); err != nil {
		return err
	}
	if seq%4096 == 0 {
		_, err := tx.Mark("delete from follow_seen where reader = $1 and at < $2", f.Reader, tx.Now.Add(-seenFor))
		return err
	}
	return nil
}
