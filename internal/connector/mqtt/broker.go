// Package mqtt is the MQTT broker inside the program (3.1.1 and 5): devices
// publish to it, and it acknowledges only what is on disk. One broker serves
// all sources of kind mqtt. A device publishes to
//
//	ioc/{source}/{datastream}    a JSON object or a bare number
//	ioc/{source}                 what the source's mapping reads
//	v1.1/Datastreams('id')/Observations    SensorThings, create
//
// and may subscribe to what its credentials allow, SensorThings observations
// among it. Messages wait in lanes, one lane for a client, so that those that
// come together are committed together; the acknowledgement follows the
// commit, in the order of the messages.
package mqtt

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/mapping"
)

// Identity is who a device is and what it may do. Topics are filters with +
// and #.
type Identity struct {
	Actor     access.Actor
	Source    string
	Publish   []string
	Subscribe []string
}

// Options are what the broker needs. Authenticate, Source and Sink must be
// set.
type Options struct {
	Listen string      // HOST:PORT, ":0" takes a free port
	TLS    *tls.Config // nil listens in clear

	Authenticate func(username, password string) (Identity, bool)
	// Known reports whether a device's credentials still hold; asked for each
	// connected device on Refresh. nil keeps all.
	Known func(source, username string) bool
	// Source returns the mapping of an enabled source of kind mqtt.
	Source func(id string) (raw json.RawMessage, enabled bool)
	Sink   connector.Sink

	// ObservationTopic reads the id of a datastream out of a SensorThings
	// topic, "v1.1/Datastreams('id')/Observations"; nil knows no such topics.
	ObservationTopic func(topic string) (datastream string, ok bool)
	// CreateObservation takes a SensorThings observation in; nil refuses the
	// topic.
	CreateObservation func(ctx context.Context, actor access.Actor, datastream string, payload []byte) error

	MaxPayload int // bytes of a packet; 0 is 256 KiB
	MaxClients int // 0 is 20,000

	Clock      *clock.Clock
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Broker is a running broker.
type Broker struct {
	o       Options
	server  *mochi.Server
	listen  net.Listener
	lanes   []*lane
	metrics *metrics
	ctx     context.Context
	stop    context.CancelFunc
	wg      sync.WaitGroup
	closing sync.Once
	closed  error

	clients  sync.Map // *mochi.Client → Identity
	mu       sync.RWMutex
	programs map[string]*mapping.Program // nil for a source that may not publish
}

// laneCount is how many lanes share the clients. The sink puts what comes
// together into one commit, so many small batches cost little.
const laneCount = 16

// Start listens and serves until Close.
func Start(o Options) (*Broker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 256 << 10
	}
	if o.MaxClients <= 0 {
		o.MaxClients = 20_000
	}
	ln, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for MQTT on %s: %w", o.Listen, err)
	}
	b := &Broker{o: o, listen: ln, metrics: newMetrics(o.Registerer), programs: map[string]*mapping.Program{}}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.server = mochi.New(&mochi.Options{
		// mochi reports each broken client as a warning; that is for debugging.
		Logger:       slog.New(quiet{o.Logger.Handler()}),
		Capabilities: capabilities(o),
		InlineClient: true,
	})
	if err := b.server.AddHook(&hook{b: b}, nil); err != nil {
		return nil, fmt.Errorf("hook into the broker: %w", err)
	}
	front := netutil.LimitListener(ln, o.MaxClients)
	if o.TLS != nil {
		front = tls.NewListener(front, o.TLS)
	}
	if err := b.server.AddListener(newDoor(front, &b.server.Listeners.ClientsWg)); err != nil {
		return nil, fmt.Errorf("add the listener: %w", err)
	}
	for range laneCount {
		l := newLane(b)
		b.lanes = append(b.lanes, l)
		b.wg.Go(l.run)
	}
	if err := b.server.Serve(); err != nil {
		b.stop()
		return nil, fmt.Errorf("serve MQTT: %w", err)
	}
	return b, nil
}

func capabilities(o Options) *mochi.Capabilities {
	c := mochi.NewDefaultServerCapabilities()
	c.MaximumClients = int64(o.MaxClients)
	c.MaximumPacketSize = uint32(o.MaxPayload)
	c.MaximumClientWritesPending = 1024 // then a slow subscriber loses messages
	c.MaximumInflight = 1024
	c.MaximumSessionExpiryInterval = 24 * 3600
	c.TopicAliasMaximum = 64
	c.Compatibilities.NoInheritedPropertiesOnAck = true
	return c
}

// Addr is the address that the broker listens on.
func (b *Broker) Addr() net.Addr { return b.listen.Addr() }

// Close disconnects everybody and waits until what was being taken in is
// done.
func (b *Broker) Close() error {
	b.closing.Do(func() { // mochi panics when it is closed twice
		b.closed = b.server.Close()
		b.stop()
		b.wg.Wait()
	})
	return b.closed
}

// Refresh forgets what it knows of the sources and disconnects devices whose
// credentials are gone; call it when sources or devices change.
func (b *Broker) Refresh() {
	b.mu.Lock()
	clear(b.programs)
	b.mu.Unlock()
	if b.o.Known == nil {
		return
	}
	b.clients.Range(func(key, value any) bool {
		cl, ok1 := key.(*mochi.Client)
		id, ok2 := value.(Identity)
		if ok1 && ok2 && !b.o.Known(id.Source, string(cl.Properties.Username)) {
			cl.Stop(packets.ErrNotAuthorized)
		}
		return true
	})
}

// program returns how to read the messages of a source, false when it may not
// publish.
func (b *Broker) program(source string) (*mapping.Program, bool) {
	b.mu.RLock()
	p, known := b.programs[source]
	b.mu.RUnlock()
	if known {
		return p, p != nil
	}
	if raw, enabled := b.o.Source(source); enabled {
		var err error
		if p, err = mapping.Parse(raw); err != nil {
			b.o.Logger.Error("the mapping of an MQTT source does not compile", "source", source, "err", err)
			p = nil
		}
	}
	b.mu.Lock()
	b.programs[source] = p
	b.mu.Unlock()
	return p, p != nil
}

// Wanted reports whether anybody subscribes to the topic, so that a message
// that nobody reads need not be made.
func (b *Broker) Wanted(topic string) bool {
	if atomic.LoadInt64(&b.server.Info.Subscriptions) <= 0 {
		return false // the usual case; looking the topic up costs more than reading the message
	}
	s := b.server.Topics.Subscribers(topic)
	return len(s.Subscriptions) > 0 || len(s.Shared) > 0
}

// PublishObservation sends a SensorThings message to the subscribers of the
// topic, "v1.1/Datastreams('id')/Observations". Subscribers that do not keep
// up lose it.
func (b *Broker) PublishObservation(topic string, payload []byte) error {
	return b.server.Publish(topic, payload, false, 1)
}

// quiet lowers everything below error to debug.
type quiet struct{ slog.Handler }

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	if r.Level > slog.LevelDebug && !q.Handler.Enabled(ctx, slog.LevelDebug) {
		return nil
	}
	r.Level = slog.LevelDebug
	return q.Handler.Handle(ctx, r)
}
