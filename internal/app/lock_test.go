package app_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/tsdb/fileutil"

	"openioc.org/ioc/internal/app"
	"openioc.org/ioc/internal/config"
	"openioc.org/ioc/internal/fault"
)

// Of two processes on one folder the second must be gone before it touches a
// file there.
func TestRun_FolderInUse(t *testing.T) {
	cfg := config.Default()
	cfg.Server.Listen, cfg.MQTT.Listen, cfg.Data.Dir = "127.0.0.1:0", "", t.TempDir()
	lock, _, err := fileutil.Flock(filepath.Join(cfg.Data.Dir, "ioc.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	err = app.Run(context.Background(), app.Options{Config: cfg, Mode: app.Serve, Version: "test", Out: io.Discard,
		Logger: slog.New(slog.DiscardHandler), AdminPassword: password})
	if f, ok := fault.As(err); !ok || f.Code != "app.data_in_use" {
		t.Fatalf("got %v", err)
	}
	files, err := os.ReadDir(cfg.Data.Dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("the second one left %v (%v)", files, err)
	}
}
