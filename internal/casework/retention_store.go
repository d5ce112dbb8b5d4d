package casework

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// mostRetentions is how many rows one request may write.
const mostRetentions = 100

// readRetention reads all rows, those that ship where nobody has said since
// when another holds, by kind and the newest first.
func readRetention(tx *store.Tx) ([]Retention, error) {
	rows, err := store.All(tx, func(scan store.Scan) (r Retention, err error) {
		var from int64
		err = scan(&r.Kind, &from, &r.Months, &r.Legal, &r.Status)
		r.from = store.FromMicros(from)
		r.From = r.from.In(caltime.Zone).Format(time.DateOnly)
		return r, err
	}, "select kind, from_at, months, legal, status from case_retention")
	if err != nil {
		return nil, err
	}
	for _, r := range shippedRetention {
		r.Shipped = true
		r.from, err = time.ParseInLocation(time.DateOnly, r.From, caltime.Zone)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(rows, func(o Retention) bool { return o.Kind == r.Kind && o.from.Equal(r.from) }) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b Retention) int {
		if c := strings.Compare(a.Kind, b.Kind); c != 0 {
			return c
		}
		return b.from.Compare(a.from)
	})
	for i := range rows {
		r := inForce(rows, rows[i].Kind, tx.Now)
		rows[i].InForce = r.from.Equal(rows[i].from)
	}
	return rows, nil
}

func retentionAt(tx *store.Tx, kind string, at time.Time) (Retention, error) {
	rows, err := readRetention(tx)
	return inForce(rows, kind, at), err
}

// Retentions are all rows, by kind and the newest first.
func (s *Service) Retentions(ctx context.Context, actor access.Actor) (out []Retention, err error) {
	if err := access.RequireEverywhere(actor, access.PersonalEdit); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = readRetention(tx)
		return err
	})
	return out, err
}

// PutRetentions writes rows, each by its kind and day; the others stay.
func (s *Service) PutRetentions(ctx context.Context, actor access.Actor, rows []Retention) (out []Retention, err error) {
	if err := access.RequireEverywhere(actor, access.PersonalEdit); err != nil {
		return nil, err
	}
	if len(rows) == 0 || len(rows) > mostRetentions {
		return nil, errNoRows.With("most", mostRetentions).At("kinds", errNoRows.With("most", mostRetentions))
	}
	rows = slices.Clone(rows)
	bad := errRetention.With()
	seen := map[string]bool{}
	for i := range rows {
		r := &rows[i]
		r.Legal = strings.TrimSpace(vi.NFC(r.Legal))
		path := "kinds[" + strconv.Itoa(i) + "]"
		r.check(bad, path)
		if seen[r.Kind+r.From] {
			bad.At(path+".from", errTwice.With())
		}
		seen[r.Kind+r.From] = true
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, err := readRetention(tx)
		if err != nil {
			return err
		}
		changed := map[string]bool{}
		for _, r := range rows {
			if slices.ContainsFunc(before, func(o Retention) bool {
				return o.Kind == r.Kind && o.From == r.From && o.Months == r.Months && o.Legal == r.Legal && o.Status == r.Status
			}) {
				continue
			}
			if _, err := tx.Exec(`insert into case_retention (kind, from_at, months, legal, status, set_by, set_at) values ($1,$2,$3,$4,$5,$6,$7)
				on conflict (kind, from_at) do update set months = excluded.months, legal = excluded.legal, status = excluded.status, set_by = excluded.set_by, set_at = excluded.set_at`,
				r.Kind, r.from, r.Months, r.Legal, r.Status, actor.ID, tx.Now); err != nil {
				return err
			}
			changed[r.Kind] = true
		}
		if out, err = readRetention(tx); err != nil {
			return err
		}
		for _, kind := range retentionKinds {
			if changed[kind] {
				tx.Emit(store.Event{Subject: "ioc.case.retention_changed." + kind, Entity: "case_retention", EntityID: kind, Before: ofKind(before, kind), After: ofKind(out, kind),
					Summary: "Sửa thời hạn lưu giữ dữ liệu cá nhân: " + kind})
			}
		}
		return nil
	})
	return out, err
}

func ofKind(rows []Retention, kind string) (out []Retention) {
	for _, r := range rows {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}
