package catalog

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// Correction is what a person says about the observations of a Datastream
// from From to To (both included): that they are no measurements, or what the
// right value is. The observations themselves are never overwritten.
type Correction struct {
	ID         string    `json:"id"`
	Datastream string    `json:"datastream"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Exclude    bool      `json:"exclude"`
	Value      *float64  `json:"value,omitempty"` // in the datastream's unit
	Reason     string    `json:"reason"`
	ActorID    string    `json:"actor_id"`
	ActorName  string    `json:"actor_name"`
	Made       time.Time `json:"made"`
}

var (
	errCorrection = fault.Define(fault.Invalid, "catalog.correction", "the correction is not valid", "hiệu chỉnh không hợp lệ")
	errSpan       = fault.Define(fault.Invalid, "catalog.correction_span", "the end is before the beginning", "thời điểm cuối trước thời điểm đầu")
	errEither     = fault.Define(fault.Invalid, "catalog.correction_either", "give a finite value or exclude, not both", "chỉ chọn một: giá trị đúng (hữu hạn) hoặc loại bỏ")
	errNotNumeric = fault.Define(fault.Invalid, "catalog.not_numeric", "the results of datastream {id} are no numbers", "kết quả của datastream {id} không phải là số")
)

func (c *Correction) check() error {
	e := errCorrection.With()
	if c.From.IsZero() {
		e.At("from", errRequired.With("field", "from"))
	}
	if c.To.IsZero() {
		e.At("to", errRequired.With("field", "to"))
	}
	if c.To.Before(c.From) {
		e.At("to", errSpan.With())
	}
	if c.Exclude == (c.Value != nil) || (c.Value != nil && (math.IsNaN(*c.Value) || math.IsInf(*c.Value, 0))) {
		e.At("value", errEither.With())
	}
	if strings.TrimSpace(c.Reason) == "" {
		e.At("reason", errRequired.With("field", "reason"))
	}
	if len(c.Reason) > maxDescription {
		e.At("reason", errLong.With("max", maxDescription))
	}
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// Correct lays a correction over a Datastream. Where corrections overlap the
// later one holds. The actor needs observation.edit.
func (c *Catalog) Correct(ctx context.Context, actor access.Actor, datastream string, k Correction) (Correction, error) {
	d, err := c.corrigible(actor, datastream)
	if err != nil {
		return Correction{}, err
	}
	if err := k.check(); err != nil {
		return Correction{}, err
	}
	err = c.db.Write(ctx, actor, func(tx *store.Tx) error {
		k.ID, k.Datastream, k.Made = uid.New(tx.Now), d, tx.Now
		k.ActorID, k.ActorName = actor.ID, actor.Name
		_, err := tx.Exec(`insert into correction (id, datastream_id, from_time, to_time, exclude, value, reason, actor_id, actor_name, made, sequence)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
				(select coalesce(max(sequence), 0) + 1 from correction where datastream_id = $2))`,
			k.ID, d, store.Micros(k.From), store.Micros(k.To), k.Exclude, k.Value, k.Reason, k.ActorID, k.ActorName, store.Micros(k.Made))
		if err != nil {
			return fmt.Errorf("correct datastream %s: %w", d, err)
		}
		tx.Emit(store.Event{Subject: "ioc.catalog.correction.created." + k.ID, Entity: "correction", EntityID: k.ID, After: &k,
			Summary: "datastream " + d + " corrected"})
		return nil
	})
	if err != nil {
		return Correction{}, err
	}
	return k, c.overlay(context.WithoutCancel(ctx), d)
}

// DeleteCorrection takes a correction back.
func (c *Catalog) DeleteCorrection(ctx context.Context, actor access.Actor, datastream, id string) error {
	d, err := c.corrigible(actor, datastream)
	if err != nil {
		return err
	}
	err = c.db.Write(ctx, actor, func(tx *store.Tx) error {
		all, err := corrections(tx, d)
		if err != nil {
			return err
		}
		for _, k := range all {
			if k.ID != id {
				continue
			}
			if _, err := tx.Exec("delete from correction where id = $1", id); err != nil {
				return fmt.Errorf("delete correction %s: %w", id, err)
			}
			tx.Emit(store.Event{Subject: "ioc.catalog.correction.deleted." + id, Entity: "correction", EntityID: id, Before: &k,
				Summary: "correction of datastream " + d + " taken back"})
			return nil
		}
		return errNotFound.With("entity", "correction", "id", id)
	})
	if err != nil {
		return err
	}
	return c.overlay(context.WithoutCancel(ctx), d)
}

// Corrections lists the corrections of a Datastream, oldest first.
func (c *Catalog) Corrections(ctx context.Context, datastream string) (out []Correction, err error) {
	if c.Snapshot().Datastream(datastream) == nil {
		return nil, errNotFound.With("entity", "datastream", "id", datastream)
	}
	err = c.db.Read(ctx, func(tx *store.Tx) error {
		out, err = corrections(tx, datastream)
		return err
	})
	return out, err
}

func (c *Catalog) corrigible(actor access.Actor, datastream string) (string, error) {
	if err := access.Require(actor, access.ObservationEdit, access.Scope{}); err != nil {
		return "", err
	}
	d := c.Snapshot().Datastream(datastream)
	if d == nil {
		return "", errNotFound.With("entity", "datastream", "id", datastream)
	}
	if !Numeric(d) {
		return "", errNotNumeric.With("id", datastream)
	}
	return d.ID, nil
}

func corrections(tx *store.Tx, datastream string) ([]Correction, error) {
	out, err := store.All(tx, func(scan store.Scan) (k Correction, err error) {
		var from, to, made int64
		var exclude int
		if err := scan(&k.ID, &from, &to, &exclude, &k.Value, &k.Reason, &k.ActorID, &k.ActorName, &made); err != nil {
			return k, err
		}
		k.Datastream, k.Exclude = datastream, exclude != 0
		k.From, k.To, k.Made = store.FromMicros(from), store.FromMicros(to), store.FromMicros(made)
		return k, nil
	}, `select id, from_time, to_time, exclude, value, reason, actor_id, actor_name, made
		from correction where datastream_id = $1 order by sequence`, datastream)
	if err != nil {
		return nil, fmt.Errorf("read corrections of %s: %w", datastream, err)
	}
	if out == nil {
		out = []Correction{} // JSON says [], not null
	}
	return out, nil
}

// overlay gives the series the corrections of one Datastream.
func (c *Catalog) overlay(ctx context.Context, datastream string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.db.Read(ctx, func(tx *store.Tx) error {
		all, err := corrections(tx, datastream)
		if err != nil {
			return err
		}
		cs := make([]series.Correction, len(all))
		for i, k := range all {
			cs[i] = series.Correction{From: k.From.UnixMilli(), To: k.To.UnixMilli(), Exclude: k.Exclude}
			if k.Value != nil {
				cs[i].Value = *k.Value
			}
		}
		c.series.Correct(datastream, cs)
		return nil
	})
}

func (c *Catalog) overlayAll(ctx context.Context) error {
	var ids []string
	err := c.db.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = (&Edit{tx: tx}).ids("select distinct datastream_id from correction order by datastream_id")
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.overlay(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
