package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// letters keeps dead letters in the records. Like the readings on the bus,
// the letters of concurrent calls share transactions. What is alike is folded
// (pileLimit) in memory before it is written, so that a source that sends
// nothing but rubbish costs a few rows a second.
type letters struct {
	mu     sync.Mutex
	piles  map[pile]*top
	added  map[string]int // letters written since a source's were last pruned
	next   *mail          // being gathered
	closed bool
	work   chan struct{}
	done   chan struct{}
}

// top is what is known of a pile.
type top struct {
	open    int
	newest  string // id of the letter that counts repeats, "" when it is closed
	reading string // of the newest one: the same again is a repeat
}

// mail is what one transaction writes.
type mail struct {
	fresh   map[string]*Letter
	order   []string
	repeats map[string]*Letter // of letters that are written already: what to add
	done    chan struct{}
	err     error
}

func newMail() *mail {
	return &mail{fresh: map[string]*Letter{}, repeats: map[string]*Letter{}, done: make(chan struct{})}
}

func loadLetters(tx *store.Tx) (*letters, error) {
	l := &letters{piles: map[pile]*top{}, added: map[string]int{}, next: newMail(), work: make(chan struct{}, 1), done: make(chan struct{})}
	return l, l.load(tx)
}

func (l *letters) load(tx *store.Tx) error {
	clear(l.piles)
	rows, err := tx.Query(`select source, kind, code, datastream, count(*), max(id) from ingest_letter where state = $1
		group by source, kind, code, datastream`, stateOpen)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p pile
		var t top
		if err := rows.Scan(&p.source, &p.kind, &p.code, &p.datastream, &t.open, &t.newest); err != nil {
			return err
		}
		l.piles[p] = &t
	}
	for _, id := range l.next.order { // gathered meanwhile
		in := l.next.fresh[id]
		t := l.top(in)
		t.open++
		t.newest, t.reading = id, in.Reading
	}
	return rows.Err()
}

// top returns the top of the letter's pile.
func (l *letters) top(in *Letter) *top {
	t := l.piles[in.pile()]
	if t == nil {
		t = &top{}
		l.piles[in.pile()] = t
	}
	return t
}

// keep takes letters. Where one of them is more than a sample – its sender
// believes that we have it – keep returns when they are on disk.
func (l *letters) keep(ctx context.Context, ls []Letter) error {
	if len(ls) == 0 {
		return nil
	}
	wait := false
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed.With()
	}
	m := l.next
	for i := range ls {
		wait = wait || ls[i].Kind != kindRejected
		l.fold(m, &ls[i])
	}
	l.mu.Unlock()
	l.wake()
	if !wait {
		return nil
	}
	select {
	case <-m.done:
		return m.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fold puts a letter into the mail, as a new one or as a repeat.
func (l *letters) fold(m *mail, in *Letter) {
	t := l.top(in)
	same := in.Reading != "" && in.Reading == t.reading
	t.reading = in.Reading
	if t.newest == "" || (t.open < pileLimit(in.Kind) && !same) {
		in.ID = uid.New(in.At)
		t.open++
		t.newest = in.ID
		m.fresh[in.ID] = in
		m.order = append(m.order, in.ID)
		return
	}
	if first, ok := m.fresh[t.newest]; ok {
		first.repeat(in, 1)
		return
	}
	add, ok := m.repeats[t.newest]
	if !ok {
		add = &Letter{}
		m.repeats[t.newest] = add
	}
	add.repeat(in, 1)
}

// repeat makes in the last sample of l.
func (l *Letter) repeat(in *Letter, n int) {
	l.Repeats += n
	l.At, l.Raw, l.Reading, l.Detail = in.At, in.Raw, in.Reading, in.Detail
}

func (l *letters) wake() {
	select {
	case l.work <- struct{}{}:
	default:
	}
}

func (l *letters) start(db *store.DB, log *slog.Logger) { go l.run(db, log) }

func (l *letters) run(db *store.DB, log *slog.Logger) {
	defer close(l.done)
	for {
		<-l.work
		l.mu.Lock()
		m, closed := l.next, l.closed
		l.next = newMail()
		l.mu.Unlock()
		if len(m.fresh)+len(m.repeats) > 0 {
			if m.err = db.Keep(context.Background(), func(tx *store.Tx) error { return l.write(tx, m) }); m.err != nil {
				// Those who wait are told; mere samples are lost, and the piles
				// are read again.
				log.Warn("dead letters not kept", "letters", len(m.fresh), "error", m.err)
				l.reload(db)
			}
		}
		close(m.done)
		if closed {
			return
		}
	}
}

func (l *letters) reload(db *store.DB) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = db.Read(context.Background(), func(tx *store.Tx) error { return l.load(tx) }) // the store is down: the piles stay as they are
}

func (l *letters) write(tx *store.Tx, m *mail) error {
	for _, id := range m.order {
		if err := insertLetter(tx, m.fresh[id]); err != nil {
			return fmt.Errorf("insert dead letter: %w", err)
		}
	}
	for id, add := range m.repeats {
		if err := repeatLetter(tx, id, add); err != nil {
			return fmt.Errorf("repeat dead letter: %w", err)
		}
	}
	return l.prune(tx, m)
}

// prune lets the oldest letters of a source go, once in a while.
func (l *letters) prune(tx *store.Tx, m *mail) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	pruned := false
	for _, in := range m.fresh {
		if l.added[in.Source]++; l.added[in.Source] < pruneEvery {
			continue
		}
		n, err := tx.Exec(`delete from ingest_letter where source = $1 and id <
			(select id from ingest_letter where source = $1 order by id desc limit 1 offset $2)`, in.Source, mostLetters-1)
		if err != nil {
			return fmt.Errorf("prune dead letters: %w", err)
		}
		l.added[in.Source], pruned = 0, pruned || n > 0
	}
	if pruned {
		return l.load(tx)
	}
	return nil
}

// left notes that an open letter was closed.
func (l *letters) left(c *Letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.piles[c.pile()]; t != nil {
		t.open--
		if t.newest == c.ID {
			t.newest, t.reading = "", ""
		}
	}
}

// close writes what is gathered and ends.
func (l *letters) close() error {
	l.mu.Lock()
	m := l.next
	l.closed = true
	l.mu.Unlock()
	l.wake()
	<-l.done
	select {
	case <-m.done:
		return m.err
	default:
		return nil
	}
}
