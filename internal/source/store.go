package source

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/store"
)

const sourceColumns = `id, name, kind, config, mapping, enabled, unit, provenance, shift_us, rhythm_us, token_hash, token_hint, created, changed`

func readSources(tx *store.Tx) ([]Source, error) {
	return store.All(tx, func(scan store.Scan) (s Source, err error) {
		var config, mapping string
		var enabled, shift, rhythm, created, changed int64
		err = scan(&s.ID, &s.Name, &s.Kind, &config, &mapping, &enabled, &s.Unit, &s.Provenance,
			&shift, &rhythm, &s.tokenHash, &s.TokenHint, &created, &changed)
		s.Config, s.Mapping, s.Enabled = json.RawMessage(config), json.RawMessage(mapping), enabled != 0
		s.Shift, s.Rhythm = time.Duration(shift)*time.Microsecond, time.Duration(rhythm)*time.Microsecond
		s.Created, s.Changed = store.FromMicros(created), store.FromMicros(changed)
		return s, err
	}, `select `+sourceColumns+` from source`)
}

func insertSource(tx *store.Tx, s *Source) error {
	_, err := tx.Exec(`insert into source (`+sourceColumns+`) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`,
		s.ID, s.Name, s.Kind, s.Config, s.Mapping, s.Enabled, s.Unit, s.Provenance,
		s.Shift.Microseconds(), s.Rhythm.Microseconds(), s.tokenHash, s.TokenHint, s.Created, s.Changed)
	return err
}

func updateSource(tx *store.Tx, s *Source) error {
	_, err := tx.Exec(`update source set name=$2, kind=$3, config=$4, mapping=$5, enabled=$6, unit=$7, provenance=$8,
		shift_us=$9, rhythm_us=$10, token_hash=$11, token_hint=$12, changed=$13 where id=$1`,
		s.ID, s.Name, s.Kind, s.Config, s.Mapping, s.Enabled, s.Unit, s.Provenance,
		s.Shift.Microseconds(), s.Rhythm.Microseconds(), s.tokenHash, s.TokenHint, s.Changed)
	return err
}

func deleteSource(tx *store.Tx, id string) error {
	if _, err := tx.Exec(`delete from source_device where source=$1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from source where id=$1`, id)
	return err
}

func readDevices(tx *store.Tx) ([]Device, error) {
	return store.All(tx, func(scan store.Scan) (d Device, err error) {
		var publish, subscribe string
		var created int64
		if err = scan(&d.Username, &d.Source, &d.hash, &publish, &subscribe, &created); err != nil {
			return d, err
		}
		d.Created = store.FromMicros(created)
		if err = json.Unmarshal([]byte(publish), &d.Publish); err != nil {
			return d, err
		}
		return d, json.Unmarshal([]byte(subscribe), &d.Subscribe)
	}, `select username, source, hash, publish, subscribe, created from source_device`)
}

func insertDevice(tx *store.Tx, d *Device) error {
	publish, err := json.Marshal(d.Publish)
	if err != nil {
		return err
	}
	subscribe, err := json.Marshal(d.Subscribe)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into source_device (username, source, hash, publish, subscribe, created) values ($1,$2,$3,$4,$5,$6)`,
		d.Username, d.Source, d.hash, json.RawMessage(publish), json.RawMessage(subscribe), d.Created)
	return err
}
