package outbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"openioc.org/ioc/internal/bus"
)

// Unpack lets the tests outside read what is on the bus.
func Unpack(m bus.Msg) (ids []string, facts []Fact, err error) {
	for _, it := range items([]bus.Msg{m}) {
		var f Fact
		if err := json.Unmarshal(it.data, &f); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", it.data, err)
		}
		if f.Subject != it.subject {
			return nil, nil, fmt.Errorf("fact %s of %s travels as %s", it.id, f.Subject, it.subject)
		}
		ids, facts = append(ids, it.id), append(facts, f)
	}
	return ids, facts, nil
}

func rowsOf(n, size int) []row {
	out := make([]row, n)
	for i := range out {
		out[i] = row{id: fmt.Sprintf("f%03d", i), subject: "ioc.fact.boat", data: `{"id":"` + strings.Repeat("x", size) + `"}`}
	}
	return out
}

func TestChunk(t *testing.T) {
	for _, c := range []struct {
		name    string
		n, size int
		want    int
	}{
		{"few travel as themselves", packFrom - 1, 10, 1},
		{"many together", packFrom, 10, packFrom},
		{"no more than a pack", 3 * packFacts, 10, packFacts},
		{"no more than the bus takes", 100, packBytes / 10, 9},
		{"a huge one alone", 100, packBytes + 1, 1},
	} {
		if got := chunk(rowsOf(c.n, c.size)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Reading stops nobody from going on: the last fact of a message carries its
// sequence, those before it do not.
func TestItems_CursorMovesWithTheLastFactOfAMessage(t *testing.T) {
	got := items([]bus.Msg{
		{Subject: "ioc.fact.a", ID: "one", Seq: 4, Data: []byte("{}")},
		{Subject: PackSubject, Seq: 5, Data: packed(rowsOf(3, 1))},
	})
	var cursors []uint64
	for _, it := range got {
		cursors = append(cursors, it.upTo)
	}
	if fmt.Sprint(cursors) != "[4 4 4 5]" {
		t.Errorf("cursors %v", cursors)
	}
}

func FuzzItems(f *testing.F) {
	f.Add(packed(rowsOf(2, 3)))
	f.Add([]byte("id subject\n{\"cut\":"))
	f.Add([]byte("\n\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := items([]bus.Msg{{Subject: PackSubject, Seq: 9, Data: data}})
		if len(data) > 0 && (len(got) == 0 || got[len(got)-1].upTo != 9) {
			t.Fatalf("the cursor stays behind %q", data)
		}
		for _, it := range got {
			if bytes.IndexByte(it.data, '\n') >= 0 {
				t.Fatalf("%q is two facts", it.data)
			}
		}
	})
}
