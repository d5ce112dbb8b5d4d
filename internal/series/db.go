package series

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"openioc.org/ioc/internal/clock"
)

// Options say where and how long observations are kept.
type Options struct {
	Dir        string
	Retention  time.Duration // 0 is five years
	OutOfOrder time.Duration // how far behind the newest instant history is taken; 0 is 400 days
	Block      time.Duration // how much time the smallest block spans; 0 is a day (two hours suit 1,000 observations a second and more)
	Registerer prometheus.Registerer
	Logger     *slog.Logger
	Clock      *clock.Clock
}

const day = 24 * time.Hour

// DB is the store of observations. All methods are safe for concurrent use;
// appends go one after the other.
type DB struct {
	tsdb   *tsdb.DB
	dir    string
	log    *slog.Logger
	window int64 // out of order, ms
	block  int64 // length of the smallest block, ms
	engine atomic.Pointer[opened]

	write sync.Mutex // held while appending or deleting
	tidy  sync.Mutex // held while blocks are made of memory

	mu      sync.RWMutex
	streams map[string]*stream
	closed  bool
	reading sync.WaitGroup // readers under way; Close waits for them

	appended atomic.Uint64 // since Open
	history  atomic.Int64  // out-of-order samples in memory
	gate     gate
	settle   chan struct{} // asks maintain to move them to blocks
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// Open opens or creates the store in o.Dir. After an unclean stop it replays
// the write-ahead log. The newest point of each series is known on return.
func Open(o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Retention == 0 {
		o.Retention = 5 * 365 * day
	}
	if o.OutOfOrder == 0 {
		o.OutOfOrder = 400 * day
	}
	if o.Block == 0 {
		o.Block = day
	}
	db := &DB{
		dir:     o.Dir,
		log:     o.Logger.With("component", "series"),
		window:  o.OutOfOrder.Milliseconds(),
		block:   o.Block.Milliseconds(),
		streams: map[string]*stream{},
		settle:  make(chan struct{}, 1),
	}
	db.gate.write = &db.write
	var err error
	if db.tsdb, err = tsdb.Open(o.Dir, slog.New(quiet{db.log.Handler()}), o.Registerer, db.setup(o), nil); err != nil {
		return nil, fmt.Errorf("open series in %s: %w", o.Dir, err)
	}
	db.tsdb.DisableCompactions() // maintain does it
	db.engine.Store(&opened{db.tsdb.Head(), inOrderEnd(db.tsdb.Blocks())})
	ctx, cancel := context.WithCancel(context.Background())
	db.stop = cancel
	if err := db.load(ctx); err != nil {
		cancel()
		_ = db.tsdb.Close()
		return nil, fmt.Errorf("read newest points in %s: %w", o.Dir, err)
	}
	db.done.Add(1)
	go db.maintain(ctx)
	return db, nil
}

// setup makes the TSDB one for hundreds of series instead of millions.
func (db *DB) setup(o Options) *tsdb.Options {
	e := tsdb.DefaultOptions()
	e.RetentionDuration = o.Retention.Milliseconds()
	e.MinBlockDuration = o.Block.Milliseconds()
	e.MaxBlockDuration = (28 * day).Milliseconds()
	e.OutOfOrderTimeWindow = o.OutOfOrder.Milliseconds()
	e.OutOfOrderCapMax = 255 // the most there is: longer chunks, fewer of them
	e.WALSegmentSize = 8 << 20
	e.WALCompression = compression.Snappy
	e.StripeSize = 1024
	e.HeadChunksWriteBufferSize = 256 << 10
	e.NewCompactorFunc = newCompactor(db.settled, func() *tsdb.Head { return db.engine.Load().head }, &db.gate)
	return e
}

// Close writes out what is in memory and closes the files. A second Close
// does nothing.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	db.stop()
	db.done.Wait()
	db.reading.Wait() // the engine unmaps the files they read
	db.write.Lock()   // an append under way ends first
	defer db.write.Unlock()
	if err := db.tsdb.Close(); err != nil {
		return fmt.Errorf("close series: %w", err)
	}
	return nil
}

// Define makes a datastream known, or changes how it is described; what is
// stored stays. Labels hold for the whole history. The resolution is fixed
// from the first Define on, for as long as data of the datastream exist.
func (db *DB) Define(m Meta) error {
	sc, ok := newScale(m.Resolution)
	if !ok {
		return ErrResolution.With("resolution", m.Resolution)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	st := db.streams[m.ID]
	if st == nil {
		st = newStream(m.ID, m.Metric, sc)
		db.streams[m.ID] = st
	}
	if st.scale != sc && !st.has { // nothing is stored under the old one
		st = newStream(m.ID, m.Metric, sc)
		db.streams[m.ID] = st
	}
	if st.scale != sc {
		return ErrResolutionFixed.With("id", m.ID, "have", st.scale.resolution(), "want", m.Resolution)
	}
	st.describe(m)
	st.defined = true
	return nil
}

// Meta returns how a datastream is described.
func (db *DB) Meta(id string) (Meta, bool) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	st := db.streams[id]
	if st == nil || !st.defined {
		return Meta{}, false
	}
	return st.meta, true
}

// begin counts a reader in, who calls reading.Done at the end.
func (db *DB) begin() error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return ErrClosed.With()
	}
	db.reading.Add(1)
	return nil
}

// lookup finds a stream that may be read.
func (db *DB) lookup(id string) (*stream, *overlay, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return nil, nil, ErrClosed.With()
	}
	st := db.streams[id]
	if st == nil {
		return nil, nil, ErrUnknown.With("id", id)
	}
	return st, st.overlay, nil
}

func equals(name, value string) *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchEqual, name, value)
}

// quiet lets only warnings and errors of the engine through; its notices
// about blocks are of no use to operators.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// expected are warnings of the engine about what is our daily bread: history
// makes blocks that overlap until they are merged, and merging waits while
// the head is written.
var expected = []string{"Overlapping blocks found during reloadBlocks", "aborting block compactions to persist the head block"}

// Handle passes on what an operator should hear.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	if slices.Contains(expected, r.Message) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(as)} }
func (q quiet) WithGroup(name string) slog.Handler    { return quiet{q.Handler.WithGroup(name)} }
