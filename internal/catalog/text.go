package catalog

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/store"
)

// TextObservation is an accepted observation whose result is no number.
type TextObservation struct {
	Datastream string
	Time       time.Time // phenomenonTime, kept to the millisecond
	Result     string
	Flags      sensing.Flags
	Received   time.Time
}

// AppendTexts stores observations of non-numeric Datastreams. The first one
// of an instant stays; stored counts those that were new. They are on disk when
// it returns, so that the sender may be told.
func (c *Catalog) AppendTexts(ctx context.Context, obs []TextObservation) (stored int, err error) {
	err = c.db.Keep(ctx, func(tx *store.Tx) error {
		stored = 0
		for _, o := range obs {
			n, err := tx.Exec(`insert into observation_text (datastream_id, time, result, flags, received)
				values ($1, $2, $3, $4, $5) on conflict do nothing`,
				o.Datastream, store.Micros(o.Time.Truncate(time.Millisecond)), o.Result, int64(o.Flags), store.Micros(o.Received))
			if err != nil {
				return fmt.Errorf("store the text of %s: %w", o.Datastream, err)
			}
			stored += int(n)
		}
		return nil
	})
	return stored, err
}

// Texts lists the text observations of a Datastream from from to to (both
// included), newest first if desc, at most limit of them.
func (c *Catalog) Texts(ctx context.Context, datastream string, from, to time.Time, desc bool, limit int) (out []TextObservation, err error) {
	order := "time"
	if desc {
		order = "time desc"
	}
	err = c.db.Read(ctx, func(tx *store.Tx) error {
		out, err = store.All(tx, func(scan store.Scan) (o TextObservation, err error) {
			var t, flags, received int64
			if err := scan(&t, &o.Result, &flags, &received); err != nil {
				return o, err
			}
			o.Datastream, o.Flags = datastream, sensing.Flags(flags)
			o.Time, o.Received = store.FromMicros(t), store.FromMicros(received)
			return o, nil
		}, `select time, result, flags, received from observation_text
			where datastream_id = $1 and time >= $2 and time <= $3 order by `+order+` limit $4`,
			datastream, from.UnixMicro(), to.UnixMicro(), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the texts of %s: %w", datastream, err)
	}
	return out, nil
}

// SetFeature says what one observation is about when that is not the place of
// its Thing. The observation need not be stored yet.
func (e *Edit) SetFeature(datastream string, t time.Time, feature string) error {
	if err := e.need(featureKind.table, []string{feature}, "FeatureOfInterest"); err != nil {
		return err
	}
	_, err := e.tx.Exec(`insert into observation_feature (datastream_id, time, feature_id) values ($1, $2, $3)
		on conflict (datastream_id, time) do update set feature_id = excluded.feature_id`,
		datastream, store.Micros(t.Truncate(time.Millisecond)), feature)
	if err != nil {
		return fmt.Errorf("set the feature of %s: %w", datastream, err)
	}
	e.emit("observation", "about", datastream, nil, map[string]any{"datastream": datastream, "time": t, "feature": feature})
	e.touched.add("observation_feature", datastream)
	return nil
}

// FeatureAt returns the id of the feature that SetFeature gave the
// observation, "" for none.
func (c *Catalog) FeatureAt(ctx context.Context, datastream string, t time.Time) (id string, err error) {
	if !c.featured.Load() {
		return "", nil
	}
	err = c.db.Read(ctx, func(tx *store.Tx) error {
		id, _, err = store.One(tx, func(scan store.Scan) (id string, err error) { return id, scan(&id) },
			"select feature_id from observation_feature where datastream_id = $1 and time = $2", datastream, store.Micros(t))
		return err
	})
	return id, err
}

// FeatureTimes lists the observations that SetFeature gave a feature:
// datastream → instants.
func (c *Catalog) FeatureTimes(ctx context.Context, feature string) (map[string][]time.Time, error) {
	type one struct {
		datastream string
		time       int64
	}
	var all []one
	err := c.db.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = store.All(tx, func(scan store.Scan) (o one, err error) { return o, scan(&o.datastream, &o.time) },
			"select datastream_id, time from observation_feature where feature_id = $1 order by datastream_id, time", feature)
		return err
	})
	out := map[string][]time.Time{}
	for _, o := range all {
		out[o.datastream] = append(out[o.datastream], store.FromMicros(o.time))
	}
	return out, err
}
