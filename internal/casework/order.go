package casework

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// farAhead is how far in the future of its arrival the time of a message may
// lie; what lies farther is ordered by its arrival and listed as a problem.
const farAhead = 24 * time.Hour

// when is the time by which an event is ordered.
func (e *Event) when() time.Time {
	if e.At.IsZero() || !e.Seen.IsZero() && e.At.After(e.Seen.Add(farAhead)) {
		return e.Seen
	}
	return e.At
}

// identity names an event within its file: the same message told twice has the
// same one, one with the same key that says something else has another. A
// message without key and time is told apart by when we learned it.
func (e *Event) identity() string {
	if e.id != "" {
		return e.id
	}
	h := sha256.New()
	h.Write([]byte(e.Key))
	h.Write([]byte{0})
	h.Write(e.content())
	if e.Key == "" && e.At.IsZero() {
		h.Write([]byte(e.Seen.UTC().Format(time.RFC3339Nano)))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// told is an event with what ordering needs.
type told struct {
	*Event
	id   string
	when time.Time
	rank int // of the key
	far  int // how far in a file's life its state is, where there is no key
}

// ordered are the events once each, in the order in which they count: by time,
// then by the source's own order (numbers as numbers), then as a life goes.
// Any order and repetition of the input gives the same.
func ordered(events []Event, words Words) []told {
	out := make([]told, 0, len(events))
	at := make(map[string]int, len(events))
	for i := range events {
		e := &events[i]
		t := told{Event: e, id: e.identity(), when: e.when()}
		if n, again := at[t.id]; again {
			if e.Seen.Before(out[n].Seen) {
				out[n] = ranked(t, words)
			}
			continue
		}
		at[t.id] = len(out)
		out = append(out, ranked(t, words))
	}
	slices.SortFunc(out, func(a, b told) int {
		if c := a.when.Compare(b.when); c != 0 {
			return c
		}
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		switch a.rank {
		case 0:
			if c := len(a.Key) - len(b.Key); c != 0 {
				return c
			}
		case 2:
			if a.far != b.far {
				return a.far - b.far
			}
		}
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return strings.Compare(a.id, b.id)
	})
	return out
}

func ranked(t told, words Words) told {
	t.rank = 1
	switch {
	case t.Key == "":
		t.rank = 2
		if s, ok := t.says(words); ok {
			t.far = 1 + slices.Index(States, s)
		}
	case strings.Trim(t.Key, "0123456789") == "" && t.Key[0] != '0':
		t.rank = 0
	}
	return t
}

// says is the state that an event tells of: by a word that is understood, else
// by a time of ending.
func (e *Event) says(words Words) (State, bool) {
	if e.State != nil {
		if s, ok := words.state(e.System, *e.State); ok {
			return s, true
		}
	}
	switch {
	case e.Returned != nil && !e.Returned.IsZero():
		return Returned, true
	case e.Finished != nil && !e.Finished.IsZero():
		return Finished, true
	}
	return "", false
}
