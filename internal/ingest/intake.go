package ingest

import (
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

// intake is the sink of Accept: it gathers what goes to the bus, what is
// counted and what is kept as a dead letter.
type intake struct {
	batch   *Batch
	work    *work
	source  string // of the account
	keep    bool   // make dead letters
	result  Result
	tally   tally
	letters []Letter
	texts   []catalog.TextObservation
}

func (in *intake) dry() bool { return false }

func (in *intake) accept(_ *item, o sensing.Observation) {
	in.work.obs = append(in.work.obs, o)
	in.result.Accepted++
}

func (in *intake) duplicate(*item) { in.tally.duplicate++ }

func (in *intake) text(_ int, o catalog.TextObservation) { in.texts = append(in.texts, o) }

func (in *intake) refuse(index int, ds *sensing.Datastream, why *fault.Error, quarantine bool) {
	r := &in.batch.Readings[index]
	kind := kindRejected
	if quarantine {
		kind = kindQuarantined
		in.tally.quarantine(why.Code)
	} else {
		in.tally.reject(why.Code)
		in.result.Rejected = append(in.result.Rejected, Rejection{Index: index, Err: why})
	}
	if in.keep {
		in.letters = append(in.letters, letterOf(in.batch, kind, r, ds, why))
	}
}

// faulty counts what the decoder found wrong as rejected.
func (in *intake) faulty(bad []faulty) {
	for i := range bad {
		in.tally.reject(bad[i].err.Code)
		if in.keep {
			in.letters = append(in.letters, letterOf(in.batch, kindRejected, &bad[i].reading, nil, bad[i].err))
		}
	}
}

// unread counts the pieces that the decoder could not read as rejected.
func (in *intake) unread() {
	for _, u := range in.batch.Unread {
		why := u.Err
		if why == nil {
			why = errUnread.With()
		}
		in.tally.reject(why.Code)
		if in.keep {
			l := letterOf(in.batch, kindUnread, nil, nil, why)
			l.Raw = clip(u.Raw)
			in.letters = append(in.letters, l)
		}
	}
}

var errUnread = fault.Define(fault.Invalid, "ingest.unread", "this piece of the message could not be read", "không đọc được phần này của thông điệp")
