package feed

import (
	"encoding/json"
	"strings"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

// errForgotten stands at a row whose content was erased for a person. The row
// stays, so that reading it again does not bring the content back.
var errForgotten = fault.Define(fault.Conflict, "casefeed.forgotten", "emptied: it held personal data that was erased", "đã xoá nội dung vì có dữ liệu cá nhân phải xoá")

// FindRejected lists rejected rows that hold a person; casework asks.
func (s *Service) FindRejected(tx *store.Tx, p casework.Subject, limit int) (out []casework.RejectedRow, err error) {
	err = holding(tx, p, func(r Rejection) bool {
		out = append(out, casework.RejectedRow{System: r.System, At: r.At, Place: r.Place, Raw: r.Raw})
		return len(out) < limit
	})
	return out, err
}

// EraseRejected empties the rejected rows that hold a person, except those
// that name one of the files.
func (s *Service) EraseRejected(tx *store.Tx, p casework.Subject, files []string) (erased, kept int, err error) {
	var ids []string
	if err := holding(tx, p, func(r Rejection) bool {
		for _, code := range files {
			if strings.Contains(r.Raw, code) {
				kept++
				return true
			}
		}
		ids = append(ids, r.ID)
		return true
	}); err != nil {
		return 0, 0, err
	}
	why := errForgotten.With()
	for _, id := range ids {
		if _, err := tx.Exec(`update case_rejected set raw = '', code = $2, vi = $3, en = $4 where id = $1`, id, why.Code, why.In("vi"), why.In("en")); err != nil {
			return 0, 0, err
		}
	}
	return len(ids), kept, nil
}

// ExpireRejected removes up to limit rejected rows that were kept aside before
// an instant.
func (s *Service) ExpireRejected(tx *store.Tx, before time.Time, limit int) (int, error) {
	n, err := tx.Exec(`delete from case_rejected where id in (select id from case_rejected where at < $1 order by at, id limit $2)`, before, limit)
	return int(n), err
}

// holding calls f for each rejected row that holds a person, until it says no.
func holding(tx *store.Tx, p casework.Subject, f func(Rejection) bool) error {
	after := ""
	for {
		rows, err := store.All(tx, scanRejection, `select `+rejectedColumns+` from case_rejected where id > $1 and raw <> '' order by id limit 1000`, after)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if rawHolds(r.Raw, p) && !f(r) {
				return nil
			}
		}
		if len(rows) < 1000 {
			return nil
		}
		after = rows[len(rows)-1].ID
	}
}

// rawHolds reports whether a kept row holds a person in any of its values.
func rawHolds(raw string, p casework.Subject) bool {
	if !p.May(raw) {
		return false
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return p.In(raw)
	}
	return valueHolds(v, p)
}

func valueHolds(v any, p casework.Subject) bool {
	switch x := v.(type) {
	case string:
		return p.In(x)
	case json.Number:
		return p.In(x.String())
	case map[string]any:
		for _, y := range x {
			if valueHolds(y, p) {
				return true
			}
		}
	case []any:
		for _, y := range x {
			if valueHolds(y, p) {
				return true
			}
		}
	}
	return false
}
