package ingest

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// rewind is how far before its cursor the writer begins. The series may have
// lost the last of what they were given when the power went; what they still
// have they recognise.
const rewind = 2 * time.Minute

// writeMessages is how many messages go into one commit to the series.
const writeMessages = 64

// Run carries observations from the bus to the series until ctx ends, then
// returns nil.
func (p *Pipeline) Run(ctx context.Context) error {
	p.ledger.mu.Lock()
	at := p.ledger.now
	p.ledger.mu.Unlock()
	var from uint64
	var since time.Time
	if at.stored > 0 && !at.storedAt.IsZero() {
		since = at.storedAt.Add(-rewind)
	}
	w := &writer{p: p}
	return p.bus.ConsumeBatch(ctx, busStream, from, since, writeMessages, func(ms []bus.Msg) error { return w.write(ctx, ms) })
}

// writer is the state of Run.
type writer struct {
	p       *Pipeline
	samples []series.Sample
}

// write puts messages into the series. What an earlier life has counted is
// written again, silently, in case the series lost it.
func (w *writer) write(ctx context.Context, ms []bus.Msg) error {
	w.p.ledger.mu.Lock()
	counted := w.p.ledger.now.stored
	w.p.ledger.mu.Unlock()
	n := 0
	for n < len(ms) && ms[n].Seq <= counted {
		n++
	}
	if n > 0 {
		obs, _ := w.decode(ms[:n])
		if _, err := w.append(ctx, obs, false); err != nil {
			return err
		}
		ms = ms[n:]
	}
	// What was published before this life began may be in the series already,
	// stored by a life that was killed before it could count it.
	for len(ms) > 0 {
		before := ms[0].Seq <= w.p.end
		n := 1
		for n < len(ms) && (ms[n].Seq <= w.p.end) == before {
			n++
		}
		if err := w.fresh(ctx, ms[:n], before); err != nil {
			return err
		}
		ms = ms[n:]
	}
	return nil
}

// fresh stores and counts messages that were not counted yet, and tells the
// listeners.
func (w *writer) fresh(ctx context.Context, ms []bus.Msg, perhapsStored bool) error {
	obs, messages := w.decode(ms)
	outcomes, err := w.append(ctx, obs, perhapsStored)
	if err != nil {
		return err
	}
	for i := range obs {
		if s, ok := w.p.streams.get(obs[i].Datastream); ok {
			s.mu.Lock()
			s.settle(obs[i].Time.UnixMilli())
			s.mu.Unlock()
		}
	}
	w.p.ledger.stored(messages, outcomes, w.p.clk.Now())
	select {
	case w.p.landed <- struct{}{}:
	default:
	}
	w.p.mu.RLock()
	listeners := w.p.listeners
	w.p.mu.RUnlock()
	if len(obs) > 0 {
		for _, f := range listeners {
			f(obs)
		}
	}
	return nil
}

// decode returns the observations of messages, source by source as they
// came. A message that cannot be decoded is none of ours: it is logged and
// passed by, or it would stop the road for ever.
func (w *writer) decode(ms []bus.Msg) (obs []sensing.Observation, out []taken) {
	for _, m := range ms {
		before := len(obs)
		decoded, err := sensing.DecodeBatch(obs, m.Data)
		if err != nil {
			w.p.log.Error("message on the bus is not a batch", "seq", m.Seq, "subject", m.Subject, "error", err)
			decoded = obs[:before]
		}
		obs = decoded
		out = append(out, taken{seq: m.Seq, at: m.Time, shares: sharesOf(obs[before:])})
	}
	return obs, out
}

// append gives observations to the series, the sources one after the other,
// so that what the series say can be counted by source.
func (w *writer) append(ctx context.Context, obs []sensing.Observation, perhapsStored bool) (map[string]*outcome, error) {
	var sources []string
	outcomes := map[string]*outcome{}
	for i := range obs {
		if outcomes[obs[i].Source] == nil {
			outcomes[obs[i].Source] = &outcome{}
			sources = append(sources, obs[i].Source)
		}
	}
	for _, source := range sources {
		w.samples = w.samples[:0]
		var mine []int
		for i := range obs {
			o := &obs[i]
			if o.Source != source {
				continue
			}
			if len(sources) > 1 {
				mine = append(mine, i)
			}
			w.samples = append(w.samples, series.Sample{
				ID: o.Datastream, T: o.Time.UnixMilli(), V: o.Value, Flags: o.Flags, Received: o.Received.UnixMilli(),
			})
		}
		res, err := w.p.series.Append(ctx, w.samples)
		if err != nil {
			return nil, fmt.Errorf("append %d observations of %s: %w", len(w.samples), source, err)
		}
		out := outcomes[source]
		out.stored, out.duplicate = int64(res.Stored), int64(res.Conflict)
		if perhapsStored {
			out.stored += int64(res.Duplicate)
		} else {
			out.duplicate += int64(res.Duplicate)
		}
		for _, r := range res.Rejected {
			i := r.Index
			if mine != nil {
				i = mine[i]
			}
			w.refused(ctx, &obs[i], r.Err, out)
		}
	}
	return outcomes, nil
}

var errSeries = fault.Define(fault.Invalid, "ingest.series_refused", "the observation store refused it: {detail}", "kho quan trắc không nhận: {detail}")

// refused keeps an observation that the series would not take: its
// datastream was deleted meanwhile, or its window has moved on.
func (w *writer) refused(ctx context.Context, o *sensing.Observation, err error, out *outcome) {
	why, ok := fault.As(err)
	if !ok {
		why = errSeries.With("detail", err.Error())
	}
	out.rejected = count(out.rejected, why.Code)
	source := o.Source
	if source == directSource {
		source = ""
	}
	b := &Batch{Source: source, Received: o.Received}
	r := &sensing.Reading{Datastream: o.Datastream, Time: o.Time, Value: o.Value, Quality: o.Flags.String()}
	// A sample is queued without waiting; it fails only when all is ending.
	_ = w.p.letters.keep(ctx, []Letter{letterOf(b, kindRejected, r, nil, why)})
}
