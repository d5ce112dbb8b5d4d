package ingest

import (
	"context"
	"math"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

// Faults of one reading. The first group is rejected, the second quarantined.
var (
	errUnknown     = fault.Define(fault.NotFound, "ingest.datastream_unknown", "the source has no datastream {datastream}", "nguồn không có chuỗi đo {datastream}")
	errNotYours    = fault.Define(fault.Forbidden, "ingest.datastream_foreign", "the datastream {datastream} belongs to another source", "chuỗi đo {datastream} thuộc nguồn khác")
	errNotFinite   = fault.Define(fault.Invalid, "ingest.value_not_finite", "the value is not a finite number", "giá trị không phải số hữu hạn")
	errNotNumber   = fault.Define(fault.Invalid, "ingest.value_not_a_number", "{datastream} takes numbers, not {value}", "{datastream} nhận số, không nhận {value}")
	errUnitUnknown = fault.Define(fault.Invalid, "ingest.unit_unknown", "{from} cannot be converted to {to}", "không đổi được đơn vị {from} sang {to}")
	errTimeUnset   = fault.Define(fault.Invalid, "ingest.time_unset", "{time} is from a clock that was never set", "{time} là của đồng hồ chưa chỉnh")
	errTooOld      = fault.Define(fault.Invalid, "ingest.time_too_old", "{time} is more than {days} days ago", "{time} đã quá {days} ngày")

	errFuture     = fault.Define(fault.Invalid, "ingest.time_future", "{time} is in the future", "{time} ở tương lai")
	errImpossible = fault.Define(fault.Invalid, "ingest.value_impossible", "{value} {unit} is impossible for {property}", "{value} {unit} không thể là {property}")
	errLevel      = fault.Define(fault.Invalid, "ingest.looks_like_level", "{value} {unit} looks like a level above datum in a field of depths", "{value} {unit} giống mực nước so với mốc, không phải độ sâu ngập")
)

// directSource is the account of observations that no source brought:
// SensorThings clients create them for a datastream by its id.
const directSource = "direct"

// clocksBegin is before every real reading and after what unset clocks show.
var clocksBegin = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// Accept takes a batch in. It returns once everything accepted is on disk.
// An error means that the batch must be sent again, all of it: what was
// taken already is then a duplicate. An empty Source is for programs that
// write to datastreams by id.
func (p *Pipeline) Accept(ctx context.Context, b Batch) (Result, error) {
	return p.accept(ctx, b, nil)
}

// faulty is a reading that its decoder could only read in part.
type faulty struct {
	index   int // in the body
	reading sensing.Reading
	err     *fault.Error
}

// accept is Accept with the readings that are known to be faulty; they are
// counted and kept, and not in the result.
func (p *Pipeline) accept(ctx context.Context, b Batch, bad []faulty) (Result, error) {
	actor := b.Actor
	if b.Source != "" {
		s, ok := p.sources.Get(b.Source)
		switch {
		case !ok:
			return Result{}, ErrNoSource.With("source", b.Source)
		case !s.Enabled:
			return Result{}, ErrSourceOff.With("source", b.Source)
		case actor.ID == "":
			actor = s.Actor()
		}
	}
	scope := access.Scope{Source: b.Source}
	if !actor.Can(access.CatalogEdit, scope) { // who may create Observations through SensorThings
		if err := access.Require(actor, access.Ingest, scope); err != nil {
			return Result{}, err
		}
	}
	return p.take(ctx, b, bad, true)
}

// work is the memory that one Accept needs; it is used again and again.
type work struct {
	items  []item
	chains map[*sensing.Datastream]int // index into order
	order  [][]int32                   // of items, by datastream
	obs    []sensing.Observation
	old    []int64
}

// item is a reading that passed the checks which need no history.
type item struct {
	ds    *sensing.Datastream
	index int32 // in the batch
	t     int64
	v     float64
	flags sensing.Flags
}

func (w *work) reset() {
	clear(w.items)
	clear(w.obs)
	clear(w.chains)
	w.items, w.obs = w.items[:0], w.obs[:0]
	for i := range w.order {
		w.order[i] = w.order[i][:0]
	}
}

// sink is told about each reading; dry tells the judge to leave no trace.
type sink interface {
	accept(it *item, o sensing.Observation)
	duplicate(it *item)
	refuse(index int, ds *sensing.Datastream, why *fault.Error, quarantine bool)
	text(index int, o catalog.TextObservation)
	dry() bool
}

// take is accept without the question who may. Without keep it makes no dead
// letters: what it is given is one.
func (p *Pipeline) take(ctx context.Context, b Batch, bad []faulty, keep bool) (Result, error) {
	if err := p.roomInFlight(ctx); err != nil {
		return Result{}, err
	}
	now := p.clk.Now()
	if b.Received.IsZero() || b.Received.After(now) {
		b.Received = now
	}
	w := p.works.Get().(*work)
	defer func() { w.reset(); p.works.Put(w) }()
	in := &intake{batch: &b, work: w, source: accountOf(b.Source), keep: keep}
	if err := p.judge(ctx, &b, w, in); err != nil {
		p.release(w.obs)
		return Result{}, err
	}
	in.faulty(bad)
	in.unread()
	if len(in.texts) > 0 {
		stored, err := p.texts.AppendTexts(ctx, in.texts)
		if err != nil {
			p.release(w.obs)
			return Result{}, err
		}
		in.tally.texts, in.result.Accepted = int64(stored), in.result.Accepted+stored
		in.tally.duplicate += int64(len(in.texts) - stored)
	}
	if len(w.obs) > 0 {
		if err := p.groups.commit(ctx, w.obs); err != nil {
			p.release(w.obs)
			return Result{}, err
		}
	}
	if err := p.letters.keep(ctx, in.letters); err != nil {
		return Result{}, err
	}
	p.ledger.settle(in.source, now, &in.tally)
	in.result.Duplicate = int(in.tally.duplicate)
	in.result.Quarantined = int(sum(in.tally.quarantined))
	p.skews.note(b.Source, w.obs)
	return in.result, nil
}

func accountOf(source string) string {
	if source == "" {
		return directSource
	}
	return source
}

// roomInFlight waits while the series are too far behind the bus.
func (p *Pipeline) roomInFlight(ctx context.Context) error {
	for p.ledger.flying.Load() > mostInFlight {
		select {
		case <-p.landed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// release undoes what judge noted in the streams for observations that did
// not reach the bus, as far as we know.
func (p *Pipeline) release(obs []sensing.Observation) {
	for i := range obs {
		if s, ok := p.streams.get(obs[i].Datastream); ok {
			s.mu.Lock()
			s.settle(obs[i].Time.UnixMilli())
			s.loaded = false
			s.mu.Unlock()
		}
	}
}

// judge decides about every reading of a batch and tells out.
func (p *Pipeline) judge(ctx context.Context, b *Batch, w *work, out sink) error {
	if w.chains == nil {
		w.chains = map[*sensing.Datastream]int{}
	}
	now := p.clk.Now()
	for i := range b.Readings {
		it, bad, quarantine := p.screen(b, i, now)
		if bad != nil {
			out.refuse(i, it.ds, bad, quarantine)
			continue
		}
		if !catalog.Numeric(it.ds) {
			r := &b.Readings[i]
			out.text(i, catalog.TextObservation{Datastream: it.ds.ID, Time: time.UnixMilli(it.t).UTC(), Result: r.Text, Flags: it.flags, Received: b.Received})
			continue
		}
		at, ok := w.chains[it.ds]
		if !ok {
			at = len(w.chains)
			w.chains[it.ds] = at
			if at == len(w.order) {
				w.order = append(w.order, nil)
			}
		}
		w.order[at] = append(w.order[at], int32(len(w.items)))
		w.items = append(w.items, it)
	}
	for _, chain := range w.order[:len(w.chains)] {
		if err := p.follow(ctx, b, w, chain, out); err != nil {
			return err
		}
	}
	return nil
}

// screen makes the checks that need no history.
func (p *Pipeline) screen(b *Batch, i int, now time.Time) (it item, bad *fault.Error, quarantine bool) {
	r := &b.Readings[i]
	it = item{index: int32(i), t: r.Time.UnixMilli(), v: r.Value}
	if it.ds, bad = p.resolve(b.Source, r.Datastream); bad != nil {
		return it, bad, false
	}
	switch numeric := catalog.Numeric(it.ds); {
	case numeric && r.Text != "":
		return it, errNotNumber.With("datastream", it.ds.Name, "value", shorten(r.Text)), false
	case !numeric && p.texts == nil, !numeric && r.Text == "":
		return it, errNotNumber.With("datastream", it.ds.Name, "value", r.Value), false
	case numeric && (math.IsNaN(r.Value) || math.IsInf(r.Value, 0)):
		return it, errNotFinite.With(), false
	case numeric && r.Unit != "" && r.Unit != it.ds.Unit.Symbol:
		v, ok := convert(r.Value, r.Unit, it.ds.Unit.Symbol)
		if !ok {
			return it, errUnitUnknown.With("from", shorten(r.Unit), "to", it.ds.Unit.Symbol), false
		}
		if !sameUnit(r.Unit, it.ds.Unit.Symbol) {
			it.v = v
			it.flags |= sensing.WrongUnit
		}
	}
	switch {
	case r.Time.IsZero():
		return it, errNoTime.With(), false
	case r.Time.Before(clocksBegin):
		return it, errTimeUnset.With("time", r.Time.UTC().Format(time.RFC3339)), false
	case now.Sub(r.Time) > p.window:
		return it, errTooOld.With("time", r.Time.UTC().Format(time.RFC3339), "days", int(p.window.Hours()/24)), false
	case r.Time.Sub(now) > p.ahead:
		return it, errFuture.With("time", r.Time.UTC().Format(time.RFC3339)), true
	}
	it.flags |= qualityFlags(r.Quality)
	return it, nil, false
}

// resolve finds the datastream that a source means. A source may write only
// to its own.
func (p *Pipeline) resolve(source, key string) (*sensing.Datastream, *fault.Error) {
	if source != "" {
		if ds, ok := p.catalog.BySource(source, key); ok {
			return ds, nil
		}
	}
	ds, ok := p.catalog.Datastream(key)
	switch {
	case key == "":
		return nil, errNoName.With()
	case !ok:
		return nil, errUnknown.With("datastream", shorten(key))
	case source != "" && ds.SourceID != source:
		return nil, errNotYours.With("datastream", shorten(key))
	}
	return ds, nil
}

// follow judges the readings of one datastream, in the order of their time.
func (p *Pipeline) follow(ctx context.Context, b *Batch, w *work, chain []int32, out sink) error {
	if len(chain) > 1 {
		slices.SortStableFunc(chain, func(i, j int32) int {
			switch a, b := w.items[i].t, w.items[j].t; {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		})
	}
	ds := w.items[chain[0]].ds
	s, err := p.streamOf(ctx, ds)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	old := w.old[:0]
	for _, i := range chain {
		if t := w.items[i].t; s.any && t <= s.newest && s.pending[t] == 0 {
			old = append(old, t)
		}
	}
	var known map[int64]bool
	if len(old) > 0 {
		if known, err = p.known(ctx, ds.ID, old); err != nil {
			return err
		}
	}
	w.old = old[:0]
	h, dry := &s.history, out.dry()
	if dry {
		trial := s.history
		h = &trial
	}
	last, judged := int64(0), false // the instant accepted before, for a trial
	for _, i := range chain {
		it := &w.items[i]
		if s.pending[it.t] > 0 || known[it.t] || (judged && it.t == last) {
			out.duplicate(it)
			continue
		}
		raw := it.v
		inRule, flags, verdict := inspect(&s.rule, s.inRuleUnit(raw))
		if flags&sensing.Negative != 0 {
			it.v = 0
		}
		if verdict == impossible || verdict == aboveDatum {
			why := errImpossible.With("value", raw, "unit", ds.Unit.Symbol, "property", ds.ObservedPropertyID)
			if verdict == aboveDatum {
				why = errLevel.With("value", raw, "unit", ds.Unit.Symbol)
			}
			out.refuse(int(it.index), ds, why, true)
			continue
		}
		it.flags |= flags
		if it.flags&noHistory == 0 && (h.seen == 0 || it.t > h.time) {
			it.flags |= h.next(&s.rule, it.t, inRule)
		}
		at := time.UnixMilli(it.t).UTC()
		received := b.Received
		if b.Prompt && at.Before(received) {
			received = at
		}
		if late(received.Sub(at), ds.Rhythm) {
			it.flags |= sensing.Late
		}
		last, judged = it.t, true
		if !dry {
			s.expect(it.t)
		}
		out.accept(it, sensing.Observation{
			Datastream: ds.ID, Time: at, Value: it.v, Flags: it.flags, Received: received, Source: accountOf(b.Source),
		})
	}
	return nil
}
