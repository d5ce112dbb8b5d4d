package config_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/config"
	"openioc.org/ioc/internal/fault"
)

var update = flag.Bool("update", false, "rewrite generated files")

func write(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "ioc.toml")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDefaultsAreComplete(t *testing.T) {
	c, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Listen != "127.0.0.1:8080" || time.Duration(c.Series.OutOfOrder) != 400*24*time.Hour {
		t.Fatalf("%+v", c)
	}
}

func TestLoad(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(secret, []byte("postgres://u:p@h/db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := write(t, "\ufeff[server]\nlisten = \":0\"\n[series]\nretention = \"30d\"\n[store]\nurl_file = \""+secret+"\"\n[pull]\nallow_private = [\"10.0.0.0/8\"]\n")
	c, err := config.Load(p, []string{"IOC_LOG_LEVEL=debug", "IOC_SERVER_TRUST_PROXY=true", "OTHER=1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Listen != ":0" || c.Log.Level != "debug" || !c.Server.TrustProxy || c.Store.URL.Reveal() != "postgres://u:p@h/db" || time.Duration(c.Series.Retention) != 720*time.Hour {
		t.Fatalf("%+v", c)
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	p := write(t, "[server]\nlissen = \"x\"\n[log]\nlevel = \"loud\"\n[pull]\nallow_private=[\"ten\"]\n[mqqt]\nlisten=\"\"\n")
	_, err := config.Load(p, []string{"IOC_SERVER_TRUST_PROXY=perhaps", "IOC_IDENTITY_IDLE=soon"})
	f, ok := fault.As(err)
	if !ok {
		t.Fatalf("%v", err)
	}
	got := map[string]string{}
	for _, fd := range f.Fields {
		got[fd.Path] = fd.Err.Error()
	}
	for path, want := range map[string]string{
		"server.lissen": "server.listen", "mqqt.listen": "mqtt.listen", "log.level": "debug, info", "pull.allow_private": "10.20.0.0/16",
		"IOC_SERVER_TRUST_PROXY": "neither true nor false", "IOC_IDENTITY_IDLE": "15m",
	} {
		if !strings.Contains(got[path], want) {
			t.Errorf("%s: got %q, want mention of %q", path, got[path], want)
		}
	}
}

func TestSyntaxNamesTheLine(t *testing.T) {
	_, err := config.Load(write(t, "[server]\nlisten = :8080\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Fatalf("%v", err)
	}
}

func TestSecretNeverShows(t *testing.T) {
	c := config.Default()
	c.Store.URL = "postgres://u:hunter2@h/db"
	j, _ := json.Marshal(c)
	for _, s := range []string{string(j), fmt.Sprintf("%v %+v %#v %s", c, c, c, c.Store.URL)} {
		if strings.Contains(s, "hunter2") {
			t.Fatal(s)
		}
	}
}

func TestReferenceIsCurrent(t *testing.T) {
	const path = "../../docs/reference/config.md"
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(config.Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != config.Reference() {
		t.Fatalf("%s is not current; run go test ./internal/config -update (%v)", path, err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("[server]\nlisten = \":0\"\n")
	f.Add("server = 1")
	f.Add("[series]\nretention = \"-1d\"")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, s string) {
		p := filepath.Join(dir, "x.toml")
		if err := os.WriteFile(p, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = config.Load(p, nil)
	})
}
