package templates_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/connector/all"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/templates"
)

var update = flag.Bool("update", false, "rewrite want.jsonl")

// TestTemplates reads each sample by its mapping and compares with the wanted
// readings beside it.
func TestTemplates(t *testing.T) {
	list, err := templates.All()
	if err != nil || len(list) < 7 {
		t.Fatalf("%d templates, %v", len(list), err)
	}
	received := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	for _, tpl := range list {
		t.Run(tpl.ID, func(t *testing.T) {
			kind, ok := all.Find(tpl.Kind)
			if !ok {
				t.Fatalf("no kind %s", tpl.Kind)
			}
			if err := connector.Parse(tpl.Config, kind.Config()); err != nil {
				t.Errorf("config: %v", err)
			}
			if tpl.Title.Vi == "" || tpl.Title.En == "" || tpl.Notes.Vi == "" || tpl.Notes.En == "" {
				t.Error("title or notes are missing")
			}
			p, err := mapping.Parse(tpl.Mapping)
			if err != nil {
				t.Fatal(err)
			}
			_, last := path.Split(tpl.Topic)
			out := p.Read([]byte(tpl.Sample), mapping.Meta{Source: "demo", File: tpl.SampleName, Topic: tpl.Topic, Datastream: last, Received: received})
			for _, u := range out.Unread {
				t.Errorf("unread: %v", u.Err)
			}
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			for _, r := range out.Readings {
				w := templates.Want{Datastream: r.Datastream, Value: r.Value, Unit: r.Unit, Quality: r.Quality}
				if !r.Time.Equal(received) {
					w.Time = r.Time.Format(time.RFC3339Nano)
				}
				if err := enc.Encode(w); err != nil {
					t.Fatal(err)
				}
				if !known(tpl, r.Datastream) {
					t.Errorf("no datastream of the template fits %s", r.Datastream)
				}
			}
			files, err := filepath.Glob(filepath.Join("*", tpl.ID, "want.jsonl"))
			if err != nil || len(files) != 1 {
				t.Fatalf("%v %v", files, err)
			}
			if *update {
				if err := os.WriteFile(files[0], got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if len(want) == 0 || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got:\n%s\nwant:\n%s", got.Bytes(), want)
			}
		})
	}
}

func known(tpl templates.Template, key string) bool {
	for _, d := range tpl.Datastreams {
		if ok, err := path.Match(d.Key, key); err == nil && ok {
			if _, err := time.ParseDuration(d.Rhythm); err == nil && d.Resolution > 0 && d.Unit != "" {
				return true
			}
		}
	}
	return false
}
