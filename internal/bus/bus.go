package bus

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"openioc.org/ioc/internal/fault"
)

// MaxMessage is the greatest message Publish takes, in bytes.
const MaxMessage = 8 << 20

// Faults that callers may show.
var (
	ErrClosed = fault.Define(fault.Unavailable, "bus.closed",
		"the event log is closed", "nhật ký sự kiện đã đóng")
	ErrUnavailable = fault.Define(fault.Unavailable, "bus.unavailable",
		"the event log cannot be written now; send again later", "chưa ghi được vào nhật ký sự kiện, hãy gửi lại sau")
	ErrTooLarge = fault.Define(fault.TooLarge, "bus.message_too_large",
		"the message has {size} bytes, more than {max}", "thông điệp dài {size} byte, quá {max} byte")
	ErrNoStream = fault.Define(fault.Internal, "bus.no_stream",
		"no stream takes the subject {subject}", "không có luồng nào nhận chủ đề {subject}")
)

// Options say where the bus is.
type Options struct {
	Dir    string // folder of the embedded server's files; unused with URL
	URL    string // "nats://host:4222,…" of an external server; "" runs one in the process
	Logger *slog.Logger
}

// Bus is a connection to the log and, unless it is external, the server
// behind it. All methods are safe for concurrent use.
type Bus struct {
	log *slog.Logger
	srv *server.Server // nil when external
	nc  *nats.Conn
	js  jetstream.JetStream

	closing context.Context // ends when Close begins
	close   context.CancelFunc

	mu      sync.Mutex
	closed  bool
	working sync.WaitGroup // calls of Publish, Consume and Durable under way
}

// Open starts or reaches the server. After an unclean stop it first repairs
// the files, which takes time in proportion to the unfinished part only.
func Open(ctx context.Context, o Options) (*Bus, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Bus{log: o.Logger.With("component", "bus")}
	b.closing, b.close = context.WithCancel(context.Background())
	nopts := []nats.Option{
		nats.Name("ioc"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.log.Warn("connection", "error", err)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.log.Warn("disconnected", "error", err)
			}
		}),
	}
	url := o.URL
	if url == "" {
		srv, err := startServer(ctx, filepath.Join(o.Dir, "jetstream"), b.log)
		if err != nil {
			return nil, err
		}
		b.srv = srv
		nopts = append(nopts, nats.InProcessServer(srv))
	}
	var err error
	if b.nc, err = nats.Connect(url, nopts...); err != nil {
		b.stopServer()
		return nil, fmt.Errorf("connect to bus: %w", err)
	}
	b.js, err = jetstream.New(b.nc, jetstream.WithPublishAsyncMaxPending(16384))
	if err == nil {
		_, err = b.js.AccountInfo(ctx)
	}
	if err != nil {
		b.nc.Close()
		b.stopServer()
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return b, nil
}

// Close finishes what was published, ends all consumers and stops the
// embedded server. A second Close does nothing.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	b.close()
	b.mu.Unlock()
	b.working.Wait()
	b.nc.Close()
	b.stopServer()
	return nil
}

func (b *Bus) stopServer() {
	if b.srv != nil {
		b.srv.Shutdown()
		b.srv.WaitForShutdown()
	}
}

// begin counts a call in; Close waits until each has called working.Done.
func (b *Bus) begin() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed.With()
	}
	b.working.Add(1)
	return nil
}

// isClosed reports whether Close was called.
func (b *Bus) isClosed() bool { return b.closing.Err() != nil }
