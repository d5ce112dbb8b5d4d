package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// Outcome is what became of rows.
type Outcome struct {
	casework.Report
	Rows     int // read
	Rejected int // kept as rejected
	Left     int // left out by the mapping's where
}

func (o *Outcome) add(x Outcome) {
	o.Events += x.Events
	o.New += x.New
	o.Repeated += x.Repeated
	o.Cases += x.Cases
	o.Opened += x.Opened
	o.Problems += x.Problems
	o.Rows += x.Rows
	o.Rejected += x.Rejected
	o.Left += x.Left
}

// told is an event and the row it came from.
type told struct {
	event casework.Event
	row   row
	cells []cellError // broken, left out
}

// maxCells is how many rows with broken cells are kept per system. Their
// events are taken and list the problem; a mapping that is wrong for every row
// shall not copy a whole database.
const maxCells = 5000

// read makes events of a page of rows.
func (p *program) read(sys System, b batch, now time.Time) (out []told, rejected []Rejection, left int) {
	r := p.reader(sys, b.root, b.file, now)
	for i, x := range b.rows {
		if x.err != nil {
			rejected = append(rejected, rejection(sys.ID, x, x.err, false))
			continue
		}
		ev, keep, cells, f := r.event(x.record, i)
		switch {
		case f != nil:
			rejected = append(rejected, rejection(sys.ID, x, f, false))
		case !keep:
			left++
		default:
			out = append(out, told{ev, x, cells})
		}
	}
	return out, rejected, left
}

// rejection keeps a row; the same row is kept once.
func rejection(system string, x row, why *fault.Error, taken bool) Rejection {
	raw := x.raw
	if raw == "" {
		b, err := json.Marshal(x.record)
		if err != nil {
			b = []byte("{}")
		}
		raw = string(b)
	}
	raw = textCell(raw)
	h := sha256.Sum256([]byte(system + "\x00" + raw))
	t := troubleOf(why)
	return Rejection{
		ID: hex.EncodeToString(h[:12]), System: system, Place: clipBytes(x.place, 200), Code: t.Code, Vi: t.In("vi"), En: t.In("en"),
		Raw: raw, Taken: taken,
	}
}

// take imports events and keeps what was rejected, then moves the mark: after
// a stop in between the page is read again and casework knows its events.
func (s *Service) take(ctx context.Context, actor access.Actor, sys *System, ts []told, rejected []Rejection, next *mark) (Outcome, error) {
	var out Outcome
	newest := time.Time{}
	now := s.clock.Now()
	for rest := ts; len(rest) > 0; {
		n := min(len(rest), casework.MostEvents)
		rs, err := s.chunk(ctx, actor, sys.ID, rest[:n], &out, new(int))
		if err != nil {
			return out, err
		}
		rejected, rest = append(rejected, rs...), rest[n:]
	}
	for _, t := range ts {
		if at := t.event.At; at.After(newest) && !at.After(now) {
			newest = at
		}
		if len(t.cells) > 0 {
			c := t.cells[0]
			why := errCell.With("field", targetNamed[c.field].Title, "detail", sentence(c.err))
			rejected = append(rejected, rejection(sys.ID, t.row, why, true))
		}
	}
	if len(ts) == 0 && len(rejected) == 0 && (next == nil || next.same(sys.mark)) {
		return out, nil
	}
	// A mark that a power cut takes is read again from an older one; a rejected
	// row is nowhere else.
	keep := s.db.Housekeep
	if len(rejected) > 0 {
		keep = s.db.Keep
	}
	err := keep(ctx, func(tx *store.Tx) error {
		kept, err := countRejections(tx, sys.ID)
		if err != nil {
			return err
		}
		list := rejected[:0:0]
		for _, r := range rejected {
			if r.Taken && kept+len(list) >= maxCells {
				continue
			}
			r.At = tx.Now
			list = append(list, r)
		}
		out.Rejected += len(list)
		if err := putRejections(tx, list); err != nil {
			return err
		}
		shown := ""
		if next != nil {
			shown = next.Shown
		}
		return advance(tx, sys.ID, sys.Changed, next, shown, newest, out.New, out.Opened)
	})
	return out, err
}

// sentence is a fault as an argument of another.
func sentence(f *fault.Error) msg.Text { return msg.Text{Vi: f.In(msg.Vi), En: f.In(msg.En)} }

var errCell = fault.Define(fault.Invalid, "casefeed.cell", "{field}: {detail}", "{field}: {detail}")

// chunk imports up to casework.MostEvents. An event that casework cannot take
// at all is found by halving and rejected, so that one row does not hold up
// its system for ever; when many fail it is not the rows.
func (s *Service) chunk(ctx context.Context, actor access.Actor, system string, ts []told, out *Outcome, failed *int) ([]Rejection, error) {
	evs := make([]casework.Event, len(ts))
	for i, t := range ts {
		evs[i] = t.event
	}
	r, err := s.cases.Import(ctx, actor, evs)
	if err == nil {
		out.add(Outcome{Report: r})
		var rejected []Rejection
		for _, e := range r.Errors {
			if e.Index >= 0 && e.Index < len(ts) {
				rejected = append(rejected, rejection(system, ts[e.Index].row, e.Err, false))
			}
		}
		return rejected, nil
	}
	kind := fault.KindOf(err)
	if ctx.Err() != nil || kind == fault.Unavailable || kind == fault.Forbidden || kind == fault.Unauthenticated || *failed >= 3 {
		return nil, err
	}
	if len(ts) == 1 {
		*failed++
		return []Rejection{rejection(system, ts[0].row, faultOf(err), false)}, nil
	}
	half := len(ts) / 2
	a, err := s.chunk(ctx, actor, system, ts[:half], out, failed)
	if err != nil {
		return nil, err
	}
	b, err := s.chunk(ctx, actor, system, ts[half:], out, failed)
	return append(a, b...), err
}
