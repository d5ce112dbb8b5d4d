package ingest

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations
var migrations embed.FS

// The words of connectors are ours: a Pipeline is a connector.Sink.
type (
	Batch     = connector.Batch
	Unread    = connector.Unread
	Result    = connector.Result
	Rejection = connector.Rejection
)

// Catalog finds datastreams; a lookup must cost no more than a map's.
type Catalog interface {
	Datastream(id string) (*sensing.Datastream, bool)
	BySource(source, key string) (*sensing.Datastream, bool)
}

// Sources finds sources and the owners of tokens.
type Sources interface {
	Get(id string) (source.Source, bool)
	Authenticate(ctx context.Context, token string) (access.Actor, source.Source, bool)
}

// Texts keeps results that are no numbers.
type Texts interface {
	AppendTexts(ctx context.Context, obs []catalog.TextObservation) (stored int, err error)
}

// Options are what a Pipeline is made of.
type Options struct {
	Catalog    Catalog
	Sources    Sources
	Texts      Texts // nil rejects readings that are no numbers
	Bus        *bus.Bus
	Series     *series.DB
	Store      *store.DB
	Clock      *clock.Clock
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Window     time.Duration // how old a reading may be; 0 is 400 days, as the series take it
	Ahead      time.Duration // how far in the future; 0 is 5 minutes
	// RequestRate is how many requests a second one source may make at the
	// ingest address, and twice as many at once; 0 is 50,000.
	RequestRate float64
}

// Stream and subject of the bus.
const (
	busStream  = "OBS"
	busSubject = "ioc.obs.batch"
)

// Faults that stop a whole batch.
var (
	ErrClosed     = fault.Define(fault.Unavailable, "ingest.closed", "the program is stopping; send again later", "hệ thống đang dừng, hãy gửi lại sau")
	ErrBus        = fault.Define(fault.Unavailable, "ingest.unavailable", "the readings could not be written; send all of them again", "chưa ghi được số đo, hãy gửi lại toàn bộ")
	ErrNoSource   = fault.Define(fault.NotFound, "ingest.source_unknown", "there is no source {source}", "không có nguồn {source}")
	ErrSourceOff  = fault.Define(fault.Forbidden, "ingest.source_off", "the source {source} is switched off", "nguồn {source} đang tắt")
	ErrWrongToken = fault.Define(fault.Unauthenticated, "ingest.token", "the token is not valid", "mã truy cập không hợp lệ")
	ErrForeign    = fault.Define(fault.Forbidden, "ingest.foreign_source", "this token is not of the source {source}", "mã truy cập này không thuộc nguồn {source}")
)

// mostInFlight bounds what waits for the series; beyond it callers of Accept
// wait.
const mostInFlight = 2_000_000

// saveEvery is how often counters and cursor are saved.
const saveEvery = time.Second

// Pipeline takes readings in. Its methods are safe for concurrent use.
type Pipeline struct {
	catalog Catalog
	sources Sources
	texts   Texts
	bus     *bus.Bus
	series  *series.DB
	db      *store.DB
	clk     *clock.Clock
	log     *slog.Logger
	window  time.Duration
	ahead   time.Duration
	limits  *httpapi.Limiter
	large   chan struct{} // a place for each large body in memory

	rules   atomic.Pointer[rulebook]
	streams streams
	groups  *groups
	ledger  *ledger
	letters *letters
	skews   skews
	works   sync.Pool
	end     uint64        // newest sequence on the bus when this life began
	landed  chan struct{} // holds a token when the writer has stored something

	mu        sync.RWMutex
	listeners []func([]sensing.Observation)
	reread    func(ctx context.Context, source, raw string) ([]sensing.Reading, []Unread, error)
	pushed    func(ctx context.Context, source, body string) ([]sensing.Reading, []Unread, error)

	stop context.CancelFunc
	done sync.WaitGroup
}

// New prepares the tables, reads the counters and starts what writes them;
// Close ends it. The stream OBS must exist on the bus.
func New(o Options) (*Pipeline, error) {
	switch {
	case o.Catalog == nil || o.Sources == nil || o.Bus == nil || o.Series == nil || o.Store == nil:
		return nil, fmt.Errorf("ingest needs catalog, sources, bus, series and store")
	case o.Logger == nil:
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Window == 0 {
		o.Window = 400 * 24 * time.Hour
	}
	if o.Ahead == 0 {
		o.Ahead = 5 * time.Minute
	}
	if o.RequestRate == 0 {
		o.RequestRate = 50_000
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Pipeline{
		catalog: o.Catalog, sources: o.Sources, texts: o.Texts, bus: o.Bus, series: o.Series, db: o.Store,
		clk: o.Clock, log: o.Logger.With("component", "ingest"), window: o.Window, ahead: o.Ahead,
		limits: httpapi.NewLimiter(o.RequestRate, int(2*o.RequestRate)), large: make(chan struct{}, largeBodies),
		streams: streams{m: map[string]*stream{}}, ledger: newLedger(), landed: make(chan struct{}, 1), stop: stop,
	}
	p.works.New = func() any { return &work{} }
	if err := p.open(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("open ingest: %w", err)
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(newCollector(p.ledger)); err != nil {
			stop()
			return nil, fmt.Errorf("register ingest metrics: %w", err)
		}
	}
	p.groups = newGroups(p.send)
	p.letters.start(p.db, p.log)
	p.done.Add(1)
	go p.keepSaving(ctx)
	return p, nil
}

func (p *Pipeline) open(ctx context.Context) error {
	if err := p.db.Migrate(ctx, "ingest", migrations); err != nil {
		return err
	}
	state, err := p.bus.Stats(ctx, busStream)
	if err != nil {
		return err
	}
	p.end = state.Last
	if err := p.loadRules(ctx); err != nil {
		return err
	}
	return p.db.Read(ctx, func(tx *store.Tx) error {
		lost, err := p.ledger.load(tx, p.end)
		if err != nil {
			return err
		}
		if lost > 0 {
			p.log.Error("the bus has lost messages that were not stored yet", "observations", lost)
		}
		p.letters, err = loadLetters(tx)
		return err
	})
}

// send puts one group on the bus.
func (p *Pipeline) send(ctx context.Context, obs []sensing.Observation) error {
	buf := sensing.AppendBatch(make([]byte, 0, 24*len(obs)+256), obs)
	seq, err := p.bus.Publish(ctx, busSubject, buf, "")
	if err != nil {
		return ErrBus.With().Because(err)
	}
	p.ledger.published(seq, sharesOf(obs), p.clk.Now())
	return nil
}

func (p *Pipeline) keepSaving(ctx context.Context) {
	defer p.done.Done()
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// The counters stay in memory and are tried again a second later.
			if err := p.ledger.save(ctx, p.db, p.series.Sync); err != nil && ctx.Err() == nil {
				p.log.Warn("counters not saved, trying again", "error", err)
			}
		}
	}
}

// Close waits until what was accepted is on the bus, and saves counters and
// dead letters. End Run before, and close bus, series and store after it.
func (p *Pipeline) Close() error {
	p.groups.close()
	p.stop()
	p.done.Wait()
	if err := p.letters.close(); err != nil {
		return err
	}
	return p.ledger.save(context.Background(), p.db, p.series.Sync)
}

// OnStored calls f with the observations of each commit to the series, in
// the writer's goroutine: f must be quick, may keep the slice and must not
// change it. Call it before Run.
func (p *Pipeline) OnStored(f func([]sensing.Observation)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners = append(p.listeners, f)
}

// Counts returns what became of the readings of a source.
func (p *Pipeline) Counts(source string) Counts {
	c, _, _ := p.ledger.of(source)
	return c
}

// Totals returns what became of the readings of all sources together.
func (p *Pipeline) Totals() (c Counts) {
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	for _, a := range p.ledger.accounts {
		c.add(a.Counts)
	}
	return c
}

// Codes returns how the rejected and the quarantined readings of a source
// divide by code.
func (p *Pipeline) Codes(source string) (rejected, quarantined map[string]int64) {
	_, rejected, quarantined = p.ledger.of(source)
	return rejected, quarantined
}
