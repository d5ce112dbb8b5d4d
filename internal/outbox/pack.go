package outbox

import (
	"bytes"

	"openioc.org/ioc/internal/bus"
)

// PackSubject is the subject of a message that carries many facts. The bus
// syncs once per message: ten thousand facts of a storm, one by one, would
// keep those who react waiting for the disk.
const PackSubject = "ioc.fact.pack"

const (
	// From packFrom waiting facts on they travel together; below it each goes
	// out as itself, so that whoever watches the bus sees its subject.
	packFrom  = 8
	packFacts = 256
	packBytes = MaxFact
)

// packed is the message that carries rows: for each a line with its id and
// subject and a line with its fact, which JSON keeps on one line.
func packed(rows []row) []byte {
	var b bytes.Buffer
	for _, r := range rows {
		b.WriteString(r.id)
		b.WriteByte(' ')
		b.WriteString(r.subject)
		b.WriteByte('\n')
		b.WriteString(r.data)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// chunk is how many of the rows the next message takes.
func chunk(rows []row) int {
	if len(rows) < packFrom {
		return 1
	}
	n, size := 0, 0
	for n < len(rows) && n < packFacts {
		if size += len(rows[n].data) + len(rows[n].id) + len(rows[n].subject) + 3; n > 0 && size > packBytes {
			break
		}
		n++
	}
	return n
}

// item is one fact of the stream as a reader meets it.
type item struct {
	id, subject string
	data        []byte
	upTo        uint64 // up to which message all is handled once this fact is
}

// items are the facts of the messages, in order. What breaks off in the middle
// is an item that nobody can decode, and so is put aside, not lost.
func items(ms []bus.Msg) []item {
	out := make([]item, 0, len(ms))
	for _, m := range ms {
		if m.Subject != PackSubject {
			out = append(out, item{id: m.ID, subject: m.Subject, data: m.Data, upTo: m.Seq})
			continue
		}
		for rest := m.Data; len(rest) > 0; {
			head, after, _ := bytes.Cut(rest, []byte{'\n'})
			data, after, _ := bytes.Cut(after, []byte{'\n'})
			id, subject, _ := bytes.Cut(head, []byte{' '})
			out = append(out, item{id: string(id), subject: string(subject), data: data, upTo: m.Seq - 1})
			rest = after
		}
		if n := len(out); n > 0 {
			out[n-1].upTo = m.Seq
		}
	}
	return out
}
