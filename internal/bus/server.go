package bus

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startServer runs a JetStream server that listens on no port.
func startServer(ctx context.Context, dir string, log *slog.Logger) (*server.Server, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName:             "ioc",
		DontListen:             true,
		NoSigs:                 true,
		NoLog:                  true,
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               dir,
		SyncAlways:             true, // the default syncs every two minutes: a power cut would lose acknowledged data
		MaxPayload:             MaxMessage,
		JetStreamMaxMemory:     32 << 20, // no memory streams; ordered consumers need a little
		JetStreamMaxStore:      1 << 50,  // each stream has its own limit
	})
	if err != nil {
		return nil, fmt.Errorf("configure bus server: %w", err)
	}
	srv.SetLoggerV2(serverLog{log}, false, false, false)
	srv.Start()
	for !srv.ReadyForConnections(100 * time.Millisecond) {
		if err := ctx.Err(); err != nil || !srv.Running() {
			srv.Shutdown()
			return nil, fmt.Errorf("start bus server in %s: %v", dir, err)
		}
	}
	return srv, nil
}

// serverLog gives the server's words to slog; its notices are for debugging.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(f string, v ...any) { l.log.Debug(fmt.Sprintf(f, v...)) }
func (l serverLog) Warnf(f string, v ...any)   { l.log.Warn(fmt.Sprintf(f, v...)) }
func (l serverLog) Errorf(f string, v ...any)  { l.log.Error(fmt.Sprintf(f, v...)) }
func (l serverLog) Fatalf(f string, v ...any)  { l.log.Error(fmt.Sprintf(f, v...)) }
func (l serverLog) Debugf(string, ...any)      {}
func (l serverLog) Tracef(string, ...any)      {}
