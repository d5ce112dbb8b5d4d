package alert

import (
	"context"

	"openioc.org/ioc/internal/store"
)

// ByFingerprint returns the ids of the newest alerts of conditions.
func (s *Service) ByFingerprint(ctx context.Context, fingerprints []string) (map[string]string, error) {
	out := make(map[string]string, len(fingerprints))
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		for len(fingerprints) > 0 {
			n := min(500, len(fingerprints))
			c := &clause{}
			anyOf(c, "fingerprint", fingerprints[:n])
			rows, err := tx.Query("select fingerprint, alert from alert_condition where alert <> ''"+c.sql.String(), c.args...)
			if err != nil {
				return err
			}
			for rows.Next() {
				var fingerprint, id string
				if err := rows.Scan(&fingerprint, &id); err != nil {
					rows.Close()
					return err
				}
				out[fingerprint] = id
			}
			if err := rows.Err(); err != nil {
				rows.Close()
				return err
			}
			rows.Close()
			fingerprints = fingerprints[n:]
		}
		return nil
	})
	return out, err
}
