package alert

import (
	"context"
	"slices"

	"openioc.org/ioc/internal/store"
)

// askedAtOnce is how many values one "in (…)" asks for.
const askedAtOnce = 500

type pair struct{ key, value string }

func scanPair(scan store.Scan) (p pair, err error) { return p, scan(&p.key, &p.value) }

// pairs reads two columns of a query for the rows whose key is one of keys.
func pairs(tx *store.Tx, query, key string, keys []string) (map[string]string, error) {
	out := make(map[string]string, len(keys))
	for part := range slices.Chunk(keys, askedAtOnce) {
		c := &clause{}
		anyOf(c, key, part)
		got, err := store.All(tx, scanPair, query+c.sql.String(), c.args...)
		if err != nil {
			return nil, err
		}
		for _, p := range got {
			out[p.key] = p.value
		}
	}
	return out, nil
}

// ByFingerprint returns the ids of the newest alerts of conditions.
func (s *Service) ByFingerprint(ctx context.Context, fingerprints []string) (out map[string]string, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		out, err = pairs(tx, "select fingerprint, alert from alert_condition where alert <> ''", "fingerprint", fingerprints)
		return err
	})
	return out, err
}
