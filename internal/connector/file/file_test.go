package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

const tt10 = "DN_KCN_NT1_20261123103500.txt"

type taker struct {
	got []connector.Batch
	err error
}

func (k *taker) Accept(_ context.Context, b connector.Batch) (connector.Result, error) {
	if k.err != nil {
		return connector.Result{}, k.err
	}
	k.got = append(k.got, b)
	return connector.Result{Accepted: len(b.Readings)}, nil
}

// lines shows what came since the last call.
func (k *taker) lines() string {
	var out []string
	for _, b := range k.got {
		for _, r := range b.Readings {
			out = append(out, fmt.Sprintf("%s=%v", r.Datastream, r.Value))
		}
		for _, u := range b.Unread {
			out = append(out, "!"+u.Err.Code)
		}
	}
	k.got = nil
	slices.Sort(out)
	return strings.Join(out, " ")
}

// bench is a watcher with its outside.
type bench struct {
	*Watcher
	clk   *clock.Clock
	sink  *taker
	notes []string
}

func watcher(t *testing.T, cfg map[string]any, d connector.Deps) *bench {
	t.Helper()
	b := &bench{clk: clock.Manual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)), sink: &taker{}}
	raw, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.Source, d.Clock = "s1", b.clk
	d.Note = func(m msg.Text) { b.notes = append(b.notes, m.En) }
	if d.Dir == "" {
		d.Dir = t.TempDir()
	}
	if d.Guard, err = connector.NewGuard([]string{"127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	c, err := New(raw, d)
	if err != nil {
		t.Fatal(err)
	}
	w, ok := c.(*Watcher)
	if !ok {
		t.Fatalf("a %T", c)
	}
	b.Watcher = w
	return b
}

// round looks, lets the settling time pass, and looks again.
func (b *bench) round(t *testing.T) {
	t.Helper()
	for range 2 {
		if err := b.look(t.Context(), b.sink); err != nil {
			t.Fatal(err)
		}
		b.clk.Set(b.clk.Now().Add(b.c.Settle.Std()))
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func TestFolder_OwnDropFolder(t *testing.T) {
	root := t.TempDir()
	b := watcher(t, map[string]any{"after": "move"}, connector.Deps{Roots: []string{root}})
	b.round(t) // makes the folder
	dir := filepath.Join(root, "s1")
	write(t, dir, tt10, "COD\t41,8\tmg/L\t20261123103500\t00\r\nPM2,5\t18.4\tug/m3\t20261123103500\t00\r\n")
	write(t, dir, "a.csv", "datastream,time,value\nR1,2026-11-23T03:00:00Z,1.5\n")
	write(t, dir, "b.tmp", "x")
	write(t, dir, ".hidden", "x")
	b.round(t)
	if got, want := b.sink.lines(), "NT1/COD=41.8 NT1/PM2.5=18.4 R1=1.5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := files(t, dir), ".hidden b.tmp done/20261123T040020_DN_KCN_NT1_20261123103500.txt done/20261123T040020_a.csv"; strings.ReplaceAll(got, "T040030", "T040020") != want {
		t.Errorf("files %s, want %s", got, want)
	}
}

func TestFolder_FileBeingWrittenIsLeftAlone(t *testing.T) {
	root := t.TempDir()
	b := watcher(t, map[string]any{"path": ".", "settle": "10s"}, connector.Deps{Roots: []string{root}})
	line := "COD\t41.8\tmg/L\t20261123103500\t00\r\n"
	for n := 1; n <= 3; n++ { // grows before it has stood still
		write(t, root, tt10, strings.Repeat(line, n))
		if err := b.look(t.Context(), b.sink); err != nil {
			t.Fatal(err)
		}
		b.clk.Set(b.clk.Now().Add(9 * time.Second))
	}
	if got := b.sink.lines(); got != "" {
		t.Fatalf("read too early: %s", got)
	}
	b.clk.Set(b.clk.Now().Add(time.Second))
	if err := b.look(t.Context(), b.sink); err != nil {
		t.Fatal(err)
	}
	if got := b.sink.lines(); strings.Count(got, "COD") != 3 {
		t.Errorf("got %s", got)
	}
}

func TestFolder_SameContentTwiceIsSkippedAndSaid(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	cfg := map[string]any{"path": "."}
	b := watcher(t, cfg, connector.Deps{Roots: []string{root}, Dir: dir})
	write(t, root, "a.csv", "datastream,value\nR1,1\n")
	b.round(t)
	write(t, root, "copy.csv", "datastream,value\nR1,1\n")
	b.round(t)
	if got := b.sink.lines(); got != "R1=1" {
		t.Errorf("got %s", got)
	}
	if len(b.notes) != 1 || b.notes[0] != "Skipped copy.csv: its content came before as a.csv" {
		t.Errorf("notes %q", b.notes)
	}
	// After a restart both are still known.
	again := watcher(t, cfg, connector.Deps{Roots: []string{root}, Dir: dir})
	again.round(t)
	if got := again.sink.lines(); got != "" {
		t.Errorf("read again after a restart: %s", got)
	}
}

func TestFolder_BadFileMendedAndDroppedAgain(t *testing.T) {
	root := t.TempDir()
	b := watcher(t, map[string]any{"path": ".", "after": "move"}, connector.Deps{Roots: []string{root}})
	write(t, root, tt10, "COD\t41.8\tmg/L\t20261123103500\t00\r\npH\tabc\t-\t20261123103500\t00\r\nTSS\t18.4\tmg/L\t202611")
	b.round(t)
	if got, want := b.sink.lines(), "!decode.tt10_time !decode.tt10_value NT1/COD=41.8"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	write(t, root, tt10, "COD\t41.8\tmg/L\t20261123103500\t00\r\npH\t7,2\t-\t20261123103500\t00\r\nTSS\t18.4\tmg/L\t20261123103500\t00\r\n")
	b.round(t)
	if got, want := b.sink.lines(), "NT1/COD=41.8 NT1/TSS=18.4 NT1/pH=7.2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	write(t, root, "hopeless.json", "{")
	b.round(t)
	if got := b.sink.lines(); got != "!decode.json" || !strings.Contains(files(t, root), "failed/") {
		t.Errorf("got %s; files %s", got, files(t, root))
	}
}

func TestFolder_NotTakenInIsTriedAgain(t *testing.T) {
	root := t.TempDir()
	b := watcher(t, map[string]any{"path": ".", "settle": "0s", "after": "delete"}, connector.Deps{Roots: []string{root}})
	write(t, root, "a.csv", "datastream,value\nR1,1\n")
	b.sink.err = errors.New("bus is down")
	if err := b.look(t.Context(), b.sink); err == nil {
		t.Fatal("no error")
	}
	b.sink.err = nil
	if err := b.look(t.Context(), b.sink); err != nil {
		t.Fatal(err)
	}
	if got := b.sink.lines(); got != "R1=1" || files(t, root) != "" {
		t.Errorf("got %s; files %s", got, files(t, root))
	}
}

func TestFolder_StaysInsideTheRoots(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	write(t, outside, "secret.csv", "datastream,value\nX,1\n")
	for _, p := range []string{"/etc", "../x", outside, root + "/../x"} {
		_, err := New(json.RawMessage(fmt.Sprintf(`{"path":%q}`, p)), connector.Deps{Roots: []string{root}})
		if f, ok := fault.As(err); !ok || f.Fields[0].Err.Code != "file.root" {
			t.Errorf("%s: %v", p, err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret.csv"), filepath.Join(root, "secret.csv")); err != nil {
		t.Fatal(err)
	}
	b := watcher(t, map[string]any{"path": ".", "recursive": true, "settle": "0s"}, connector.Deps{Roots: []string{root}})
	b.round(t)
	if got := b.sink.lines(); got != "" {
		t.Errorf("followed a link: %s", got)
	}
	b = watcher(t, map[string]any{"path": "link", "settle": "0s"}, connector.Deps{Roots: []string{root}})
	if err := b.look(t.Context(), b.sink); err == nil {
		t.Error("opened a link to the outside")
	}
}

func TestFolder_Workbook(t *testing.T) {
	root := t.TempDir()
	x := excelize.NewFile()
	defer x.Close()
	for cell, v := range map[string]any{"A1": "datastream", "B1": "time", "C1": "value", "A2": "R1", "B2": "23/11/2026 10:35", "C2": 1.25} {
		if err := x.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if err := x.Write(&buf); err != nil {
		t.Fatal(err)
	}
	write(t, root, "a.xlsx", buf.String())
	write(t, root, "bomb.xlsx", "PK\x03\x04 not a workbook")
	b := watcher(t, map[string]any{"path": "."}, connector.Deps{Roots: []string{root}})
	b.round(t)
	if got, want := b.sink.lines(), "!decode.xlsx R1=1.25"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFolder_FileOverTheLimit(t *testing.T) {
	root := t.TempDir()
	write(t, root, "big.csv", strings.Repeat("x", 2000))
	write(t, root, "ok.csv", "datastream,value\nR1,1\n")
	b := watcher(t, map[string]any{"path": ".", "max_bytes": 1024}, connector.Deps{Roots: []string{root}})
	b.round(t)
	if got, want := b.sink.lines(), "!file.too_large R1=1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSample_NewestFile(t *testing.T) {
	root := t.TempDir()
	b := watcher(t, map[string]any{"path": "."}, connector.Deps{Roots: []string{root}})
	if _, err := b.Sample(t.Context()); err == nil {
		t.Error("a sample of nothing")
	}
	write(t, root, "old.csv", "old")
	write(t, root, "new.csv", "new")
	if err := os.Chtimes(filepath.Join(root, "old.csv"), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	got, err := b.Sample(t.Context())
	if err != nil || string(got.Raw) != "new" || got.Name != "new.csv" {
		t.Errorf("%s %s %v", got.Name, got.Raw, err)
	}
}
