package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// maxHeaders and the timeouts below stop a client that sends slowly or never
// ends (slow loris); bodies have their own limits in httpapi.
const (
	maxHeaders        = 64 << 10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 2 * time.Minute
	idleTimeout       = 2 * time.Minute
	stopTimeout       = 8 * time.Second
)

// listen starts answering HTTP; live streams end when the hub closes.
func (a *App) listen(handler http.Handler) error {
	l, err := net.Listen("tcp", a.o.Config.Server.Listen)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaders,
	}
	a.address = l.Addr().String()
	a.scheme = "http"
	serve := func() error { return srv.Serve(l) }
	if cfg := a.o.Config.Server; cfg.CertFile != "" {
		a.scheme = "https"
		serve = func() error { return srv.ServeTLS(l, cfg.CertFile, cfg.KeyFile) }
	}
	go func() {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			a.fail(fmt.Errorf("http: %w", err))
		}
	}()
	a.onStop("http", func() error {
		a.parts.hub.Close()
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			return srv.Close()
		}
		return nil
	})
	return nil
}

// ready tells whoever waits for it where the program answers.
func (a *App) ready() error {
	if a.o.ReadyFile == "" {
		return nil
	}
	line, err := json.Marshal(map[string]any{"url": a.scheme + "://" + a.address, "http": a.address, "mqtt": a.mqttAddress, "pid": os.Getpid(), "version": a.o.Version})
	if err != nil {
		return err
	}
	tmp := a.o.ReadyFile + ".tmp"
	if err := os.WriteFile(tmp, append(line, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, a.o.ReadyFile)
}

// serve waits for the end: the context's, a failed part's, or a replay's.
func (a *App) serve(ctx context.Context) error {
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
		return nil
	case err := <-a.fatal:
		return err
	case err := <-a.finished:
		return err
	}
}
