// Package templates holds ready connections as data: which connector, its
// config, the mapping, and what the datastreams are. Each template has a
// sample message and the readings wanted of it beside it; the template is its
// own test.
package templates

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"openioc.org/ioc/internal/msg"
)

//go:embed api device
var files embed.FS

// Template is a ready connection to a kind of device or to an API.
type Template struct {
	ID          string          `json:"id"` // "danang-flood-rain", the folder's name
	Title       msg.Text        `json:"title"`
	Notes       msg.Text        `json:"notes"`
	Kind        string          `json:"kind"` // connector kind
	Config      json.RawMessage `json:"config"`
	Mapping     json.RawMessage `json:"mapping"`
	Datastreams []Datastream    `json:"datastreams"`
	Topic       string          `json:"topic,omitempty"` // of the sample, for MQTT

	Sample     string `json:"sample"`
	SampleName string `json:"sample_name"`
	Want       []Want `json:"want"` // the readings of the sample
}

// Datastream says what the readings of some keys are.
type Datastream struct {
	Key        string   `json:"key"`      // a key, or a pattern with *
	Property   string   `json:"property"` // observed property id
	Unit       string   `json:"unit"`     // UCUM symbol
	UnitName   string   `json:"unit_name"`
	Resolution float64  `json:"resolution"`
	Rhythm     string   `json:"rhythm"` // "10m"
	Title      msg.Text `json:"title"`
}

// Want is a reading that the sample must give.
type Want struct {
	Datastream string  `json:"datastream"`
	Time       string  `json:"time,omitempty"` // RFC 3339; "" the time of receipt
	Value      float64 `json:"value"`
	Unit       string  `json:"unit,omitempty"`
	Quality    string  `json:"quality,omitempty"`
}

// All returns the templates that ship, by id.
func All() ([]Template, error) { return Load(files) }

// Load reads the templates of a tree; a city may keep its own.
func Load(fsys fs.FS) ([]Template, error) {
	var out []Template
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "template.json" {
			return err
		}
		t, err := load(fsys, path.Dir(p))
		if err != nil {
			return fmt.Errorf("template %s: %w", path.Dir(p), err)
		}
		out = append(out, t)
		return nil
	})
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out, err
}

func load(fsys fs.FS, dir string) (Template, error) {
	t := Template{ID: path.Base(dir)}
	b, err := fs.ReadFile(fsys, path.Join(dir, "template.json"))
	if err != nil {
		return t, err
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t); err != nil {
		return t, err
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return t, err
	}
	for _, e := range entries {
		b, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		switch {
		case err != nil:
			return t, err
		case e.Name() == "template.json":
		case e.Name() == "want.jsonl":
			for dec := json.NewDecoder(strings.NewReader(string(b))); dec.More(); {
				var w Want
				if err := dec.Decode(&w); err != nil {
					return t, err
				}
				t.Want = append(t.Want, w)
			}
		default:
			t.Sample, t.SampleName = string(b), e.Name()
		}
	}
	return t, nil
}
