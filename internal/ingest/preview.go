package ingest

import (
	"context"
	"time"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

// PreviewRow is what would become of one reading.
type PreviewRow struct {
	Index      int
	Key        string    // what the message calls the datastream
	Datastream string    // its id, "" if there is none
	Name       string    // of the datastream
	Time       time.Time // zero if missing
	Value      float64   // in the datastream's unit
	Text       string    // instead of Value
	Unit       string
	Flags      sensing.Flags
	Verdict    string // accepted, duplicate, rejected, quarantined, unread
	Err        *fault.Error
	Raw        string
}

// Preview tells what Accept would do with a batch, and does nothing. With an
// empty Source every datastream is found by its id.
func (p *Pipeline) Preview(ctx context.Context, b Batch) ([]PreviewRow, error) {
	now := p.clk.Now()
	if b.Received.IsZero() || b.Received.After(now) {
		b.Received = now
	}
	pv := &preview{batch: &b, rows: make([]PreviewRow, len(b.Readings))}
	for i, r := range b.Readings {
		pv.rows[i] = PreviewRow{Index: i, Key: r.Datastream, Time: r.Time, Value: r.Value, Text: r.Text, Unit: r.Unit, Raw: r.Raw}
	}
	if err := p.judge(ctx, &b, &work{}, pv); err != nil {
		return nil, err
	}
	for _, u := range b.Unread {
		why := u.Err
		if why == nil {
			why = errUnread.With()
		}
		pv.rows = append(pv.rows, PreviewRow{Index: -1, Verdict: kindUnread, Err: why, Raw: u.Raw})
	}
	return pv.rows, nil
}

// preview is the sink of Preview.
type preview struct {
	batch *Batch
	rows  []PreviewRow
}

func (p *preview) dry() bool { return true }

func (p *preview) row(index int, ds *sensing.Datastream, verdict string) *PreviewRow {
	r := &p.rows[index]
	r.Verdict = verdict
	if ds != nil {
		r.Datastream, r.Name = ds.ID, ds.Name
	}
	return r
}

func (p *preview) accept(it *item, o sensing.Observation) {
	r := p.row(int(it.index), it.ds, "accepted")
	r.Time, r.Value, r.Unit, r.Flags = o.Time, o.Value, it.ds.Unit.Symbol, o.Flags
}

func (p *preview) duplicate(it *item) {
	r := p.row(int(it.index), it.ds, "duplicate")
	r.Value, r.Unit = it.v, it.ds.Unit.Symbol
}

func (p *preview) refuse(index int, ds *sensing.Datastream, why *fault.Error, quarantine bool) {
	verdict := kindRejected
	if quarantine {
		verdict = kindQuarantined
	}
	p.row(index, ds, verdict).Err = why
}

func (p *preview) text(index int, o catalog.TextObservation) {
	r := p.row(index, nil, "accepted")
	r.Datastream, r.Time, r.Flags = o.Datastream, o.Time, o.Flags
}
