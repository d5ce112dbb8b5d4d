package whole

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"openioc.org/ioc/internal/store/storetest"
	"openioc.org/ioc/test/harness"
)

// TestOnServers runs the same binary on an external NATS JetStream and on
// PostgreSQL, kills it, and finds its records and observations again.
func TestOnServers(t *testing.T) {
	pg := os.Getenv("IOC_TEST_POSTGRES")
	if pg == "" {
		if os.Getenv("IOC_TEST_REQUIRE_POSTGRES") != "" {
			t.Fatal("IOC_TEST_POSTGRES is not set")
		}
		t.Skip("needs a PostgreSQL server: test/postgres.sh go test ./test/whole")
	}
	nats, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	defer nats.Shutdown()
	if !nats.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not answer")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "ioc.toml")
	secret := filepath.Join(dir, "dsn")
	if err := os.WriteFile(secret, []byte(storetest.FreshDatabase(t, pg)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte("[store]\nurl_file = \""+secret+"\"\n[bus]\nurl = \""+nats.ClientURL()+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := harness.Start(ctx, binary, filepath.Join(dir, "data"), "serve", "--config", conf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Kill() }()
	token, err := c.CreateSource("far", 2, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	var res struct{ Accepted, Duplicate int }
	batch := []harness.Observation{{Datastream: "far-0", Time: at, Value: 1.25}, {Datastream: "far-1", Time: at, Value: 2.5}}
	if err := c.DoAs(token, "POST", "/api/v1/ingest/far", batch, &res); err != nil || res.Accepted != 2 {
		t.Fatalf("%+v %v", res, err)
	}
	c.Kill()
	if err := c.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	var page string
	if err := c.Do("GET", "/sta/v1.1/Datastreams('far-0')/Observations?$count=true", nil, &page); err != nil || !strings.Contains(page, `"@iot.count":1`) || !strings.Contains(page, "1.25") {
		t.Fatalf("%v %s", err, page)
	}
	if err := c.DoAs(token, "POST", "/api/v1/ingest/far", batch, &res); err != nil || res.Duplicate != 2 {
		t.Fatalf("sent again: %+v %v", res, err)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "ioc.db")); err == nil {
		t.Error("records were kept in SQLite after all")
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "bus")); err == nil {
		t.Error("the embedded bus was started after all")
	}
}
