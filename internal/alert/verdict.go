package alert

import (
	"context"

	"openioc.org/ioc/internal/store"
)

// Verdicts counts what people said of the alerts of every rule.
func (s *Service) Verdicts(ctx context.Context) (map[string]Precision, error) {
	type row struct {
		rule string
		p    Precision
	}
	out := map[string]Precision{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := store.All(tx, func(scan store.Scan) (r row, err error) {
			return r, scan(&r.rule, &r.p.Right, &r.p.Wrong, &r.p.Duplicate)
		}, `select rule, sum(case when verdict = 'true' then 1 else 0 end), sum(case when verdict = 'false' then 1 else 0 end),
			sum(case when verdict = 'duplicate' then 1 else 0 end) from alert where rule <> '' and verdict <> '' group by rule`)
		for _, r := range rows {
			r.p.share()
			out[r.rule] = r.p
		}
		return err
	})
	return out, err
}
