package ingest

import (
	"context"
	"fmt"
	"maps"

	"openioc.org/ioc/internal/store"
)

// load reads what earlier lives have counted. end is the newest sequence on
// the bus: a cursor beyond it means that the log was lost, and with it what
// was in flight.
func (l *ledger) load(tx *store.Tx, end uint64) (lost int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := tx.Query(`select source, received, stored, duplicate, in_flight from ingest_account`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var source string
		var c Counts
		if err := rows.Scan(&source, &c.Received, &c.Stored, &c.Duplicate, &c.InFlight); err != nil {
			return 0, err
		}
		l.account(source).Counts = c
		l.flying.Add(c.InFlight)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if err := l.loadOutcomes(tx); err != nil {
		return 0, err
	}
	var storedAt int64
	var open string
	p, ok, err := store.One(tx, func(scan store.Scan) (p place, err error) {
		err = scan(&p.stored, &storedAt, &p.published, &open)
		return p, err
	}, `select stored, stored_at, published, gaps from ingest_cursor where id = 1`)
	if err != nil || !ok {
		return 0, err
	}
	p.storedAt = store.FromMicros(storedAt)
	if p.gaps, err = parseGaps(open); err != nil {
		return 0, err
	}
	if p.stored > end || p.published > end {
		lost = l.forget(tx)
		p = place{}
	}
	l.base, l.now = p, p
	return lost, nil
}

func (l *ledger) loadOutcomes(tx *store.Tx) error {
	rows, err := tx.Query(`select source, outcome, code, n from ingest_outcome`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var source, what, code string
		var n int64
		if err := rows.Scan(&source, &what, &code, &n); err != nil {
			return err
		}
		a := l.account(source)
		if what == kindQuarantined {
			a.quarantined[code] = n
			a.Quarantined += n
		} else {
			a.rejected[code] = n
			a.Rejected += n
		}
	}
	return rows.Err()
}

const codeLogLost = "ingest.log_lost"

// forget books what was in flight as rejected: the log that held it is gone.
func (l *ledger) forget(tx *store.Tx) (lost int64) {
	for source, a := range l.accounts {
		if n := a.InFlight; n > 0 {
			lost += n
			a.rejected[codeLogLost] += n
			l.book(source, tx.Now, Counts{InFlight: -n, Rejected: n})
		}
	}
	l.dirty = true
	return lost
}

// page is a copy of what changed, taken at one moment.
type page struct {
	place    place
	accounts map[string]account
}

func (l *ledger) changes() (page, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dirty {
		return page{}, false
	}
	l.now.gaps = l.now.gaps.beyond(l.now.stored)
	p := page{place: l.now, accounts: map[string]account{}}
	for source, a := range l.accounts {
		if a.dirty {
			p.accounts[source] = account{Counts: a.Counts, rejected: maps.Clone(a.rejected), quarantined: maps.Clone(a.quarantined), days: a.days}
			a.days, a.dirty = map[string]*Counts{}, false
		}
	}
	l.dirty = false
	return p, true
}

// undo puts back what could not be saved.
func (l *ledger) undo(p page) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for source, was := range p.accounts {
		a := l.account(source)
		for day, c := range was.days {
			if a.days[day] == nil {
				a.days[day] = &Counts{}
			}
			a.days[day].add(*c)
		}
		a.dirty = true
	}
	l.dirty = true
}

// save writes what changed since the last time, in one transaction. Before
// that it calls sync, which makes what the series hold safe: a cursor must not
// be ahead of them after a power cut.
func (l *ledger) save(ctx context.Context, db *store.DB, sync func() error) error {
	l.saving.Lock() // an older page must not overwrite a newer one
	defer l.saving.Unlock()
	p, changed := l.changes()
	if !changed {
		return nil
	}
	err := sync()
	if err == nil {
		err = db.Housekeep(ctx, func(tx *store.Tx) error { return p.write(tx) })
	}
	if err != nil {
		l.undo(p)
		return fmt.Errorf("save ingest counters: %w", err)
	}
	return nil
}

func (p page) write(tx *store.Tx) error {
	for source, a := range p.accounts {
		if _, err := tx.Exec(`insert into ingest_account (source, received, stored, duplicate, in_flight) values ($1,$2,$3,$4,$5)
			on conflict (source) do update set received=$2, stored=$3, duplicate=$4, in_flight=$5`,
			source, a.Received, a.Stored, a.Duplicate, a.InFlight); err != nil {
			return err
		}
		for what, codes := range map[string]map[string]int64{kindRejected: a.rejected, kindQuarantined: a.quarantined} {
			for code, n := range codes {
				if _, err := tx.Exec(`insert into ingest_outcome (source, outcome, code, n) values ($1,$2,$3,$4)
					on conflict (source, outcome, code) do update set n=$4`, source, what, code, n); err != nil {
					return err
				}
			}
		}
		for day, c := range a.days {
			if _, err := tx.Exec(`insert into ingest_day (source, day, received, stored, duplicate, rejected, quarantined) values ($1,$2,$3,$4,$5,$6,$7)
				on conflict (source, day) do update set received=ingest_day.received+$3, stored=ingest_day.stored+$4, duplicate=ingest_day.duplicate+$5,
					rejected=ingest_day.rejected+$6, quarantined=ingest_day.quarantined+$7`,
				source, day, c.Received, c.Stored, c.Duplicate, c.Rejected, c.Quarantined); err != nil {
				return err
			}
		}
	}
	_, err := tx.Exec(`insert into ingest_cursor (id, stored, stored_at, published, gaps) values (1,$1,$2,$3,$4)
		on conflict (id) do update set stored=$1, stored_at=$2, published=$3, gaps=$4`,
		int64(p.place.stored), p.place.storedAt, int64(p.place.published), p.place.gaps.String())
	return err
}
