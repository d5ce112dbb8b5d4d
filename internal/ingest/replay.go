package ingest

import (
	"context"
	"fmt"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/store"
)

var (
	errNoLetter = fault.Define(fault.NotFound, "ingest.letter_unknown", "there is no dead letter {id}", "không có thư lỗi {id}")
	errClosed   = fault.Define(fault.Conflict, "ingest.letter_closed", "the dead letter was {state} already", "thư lỗi đã được xử lý ({state})")
	errNoReader = fault.Define(fault.Invalid, "ingest.letter_no_reader", "write the piece as readings: nothing can read it in the source's own format now", "hãy viết lại thành số đo: hiện không đọc được định dạng riêng của nguồn")
)

// Reread sets what reads an edited raw piece in the format of its source:
// its decoder and mapping. Without it pieces are read as IOC's own format.
func (p *Pipeline) Reread(f func(ctx context.Context, source, raw string) ([]sensing.Reading, []Unread, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reread = f
}

// ReadPushed sets what reads a body posted by a source with a mapping of its
// own. Without it such bodies are refused.
func (p *Pipeline) ReadPushed(f func(ctx context.Context, source, body string) ([]sensing.Reading, []Unread, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushed = f
}

// Letters lists dead letters, newest first.
func (p *Pipeline) Letters(ctx context.Context, actor access.Actor, f LetterFilter) (out []Letter, err error) {
	if err := access.Require(actor, access.SourceView, access.Scope{Source: f.Source}); err != nil {
		return nil, err
	}
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		out, err = listLetters(tx, f)
		return err
	})
	return out, err
}

// Replay takes the reading of a dead letter in, or, with raw, what a person
// made of it. The letter is closed when all of it was accepted or was there
// already; otherwise it stays open and the result says why. A repeated sample
// stands for itself only.
func (p *Pipeline) Replay(ctx context.Context, actor access.Actor, id, raw string) (Result, error) {
	l, err := p.openLetter(ctx, actor, id)
	if err != nil {
		return Result{}, err
	}
	b := Batch{Source: l.Source, Actor: actor}
	if b.Readings, b.Unread, err = p.rereadLetter(ctx, &l, raw); err != nil {
		return Result{}, err
	}
	res, err := p.take(ctx, b, nil, false)
	if err != nil {
		return res, err
	}
	res = withUnread(res, &b)
	if len(res.Rejected)+res.Quarantined > 0 || res.Accepted+res.Duplicate == 0 {
		return res, nil
	}
	return res, p.closeAs(ctx, actor, &l, stateReplayed)
}

// rereadLetter turns a letter into readings: the reading that was kept, or an
// edited text in IOC's own form or in the source's.
func (p *Pipeline) rereadLetter(ctx context.Context, l *Letter, raw string) ([]sensing.Reading, []Unread, error) {
	text := raw
	if text == "" {
		text = l.Reading
	}
	var own error
	if text != "" {
		var readings []sensing.Reading
		if readings, own = parseAll(text); own == nil {
			return readings, nil, nil
		}
	} else {
		text = l.Raw
	}
	p.mu.RLock()
	reread := p.reread
	p.mu.RUnlock()
	if reread != nil {
		return reread(ctx, l.Source, text)
	}
	if own != nil {
		return nil, nil, own
	}
	return nil, nil, errNoReader.With()
}

// parseAll reads text in IOC's own form; one faulty reading is the fault of
// all.
func parseAll(text string) (out []sensing.Reading, err error) {
	r, err := newBodyReader(text)
	if err != nil {
		return nil, err
	}
	for {
		reading, bad, done, err := r.next()
		switch {
		case err != nil:
			return nil, err
		case done:
			return out, nil
		case bad != nil:
			return nil, bad
		}
		out = append(out, reading)
	}
}

// Discard closes a dead letter; its reading is given up.
func (p *Pipeline) Discard(ctx context.Context, actor access.Actor, id string) error {
	l, err := p.openLetter(ctx, actor, id)
	if err != nil {
		return err
	}
	return p.closeAs(ctx, actor, &l, stateDiscarded)
}

// openLetter finds a letter that actor may close.
func (p *Pipeline) openLetter(ctx context.Context, actor access.Actor, id string) (l Letter, err error) {
	if err := access.Require(actor, access.SourceEdit, access.Scope{}); err != nil {
		return l, err
	}
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		var ok bool
		if l, ok, err = readLetter(tx, id); err == nil && !ok {
			err = errNoLetter.With("id", shorten(id))
		}
		return err
	})
	if err != nil {
		return l, err
	}
	if l.State != stateOpen {
		return l, errClosed.With("state", l.State)
	}
	return l, access.Require(actor, access.SourceEdit, access.Scope{Source: l.Source})
}

func (p *Pipeline) closeAs(ctx context.Context, actor access.Actor, l *Letter, state string) error {
	return p.db.Write(ctx, actor, func(tx *store.Tx) error {
		n, err := closeLetter(tx, l.ID, state)
		if err != nil {
			return fmt.Errorf("close dead letter %s: %w", l.ID, err)
		}
		if n == 0 { // another person was quicker
			return errClosed.With("state", "?")
		}
		tx.Emit(store.Event{
			Subject: "ioc.ingest.letter_" + state + "." + l.ID, Entity: "dead_letter", EntityID: l.ID,
			Before:  map[string]any{"source": l.Source, "code": l.Code, "datastream": l.Datastream, "reading": l.Reading, "state": stateOpen},
			After:   map[string]any{"state": state},
			Summary: "dead letter of source " + l.Source + " " + state,
		})
		tx.After(func() { p.letters.left(l) })
		return nil
	})
}
