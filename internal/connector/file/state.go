package file

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// state remembers which files and which contents were taken in.
type state struct {
	path   string
	Files  map[string]taken `json:"files"`
	dirty  bool
	byHash map[string]string
}

type taken struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Hash     string    `json:"hash,omitempty"`
	At       time.Time `json:"at"`
}

// maxRemembered bounds the state; the oldest are forgotten. A forgotten file
// that comes again is read again, and its readings are known as duplicates.
const maxRemembered = 50_000

// loadState starts afresh where nothing can be read: that costs reading files
// again.
func loadState(dir string) *state {
	s := &state{Files: map[string]taken{}, byHash: map[string]string{}}
	if dir == "" {
		return s
	}
	s.path = filepath.Join(dir, "file.json")
	if b, err := os.ReadFile(s.path); err == nil && json.Unmarshal(b, s) != nil || s.Files == nil {
		s.Files = map[string]taken{}
	}
	for name, t := range s.Files {
		if t.Hash != "" {
			s.byHash[t.Hash] = name
		}
	}
	return s
}

// knows reports whether this very file was taken in.
func (s *state) knows(e entry) bool {
	t, ok := s.Files[e.name]
	return ok && t.Size == e.size && t.Modified.Equal(e.modified)
}

// hash returns under which name that content was taken in.
func (s *state) hash(h string) (name string, ok bool) {
	name, ok = s.byHash[h]
	return name, ok
}

func (s *state) took(e entry, hash string, now time.Time) {
	if first, known := s.byHash[hash]; hash != "" && (!known || first == e.name) {
		s.byHash[hash] = e.name
	}
	s.Files[e.name] = taken{Size: e.size, Modified: e.modified, Hash: hash, At: now}
	s.dirty = true
	if len(s.Files) <= maxRemembered+maxRemembered/10 {
		return
	}
	names := make([]string, 0, len(s.Files))
	for n := range s.Files {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(s.Files[a].At.UnixNano(), s.Files[b].At.UnixNano()) })
	for _, n := range names[:len(names)-maxRemembered] {
		delete(s.byHash, s.Files[n].Hash)
		delete(s.Files, n)
	}
}

func (s *state) save() error {
	if s.path == "" || !s.dirty {
		return nil
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode file state: %w", err)
	}
	if err := os.WriteFile(s.path+".tmp", b, 0o600); err != nil {
		return fmt.Errorf("keep file state: %w", err)
	}
	if err := os.Rename(s.path+".tmp", s.path); err != nil {
		return fmt.Errorf("keep file state: %w", err)
	}
	s.dirty = false
	return nil
}
