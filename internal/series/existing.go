package series

import (
	"context"
	"math"
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// place is where a sample lies.
type place struct {
	st *stream
	t  int64
}

// existing returns the stored numbers at the places of ask, which is sorted
// by stream and time.
func (db *DB) existing(ctx context.Context, ask []candidate) (map[place]float64, error) {
	oldest, newest := int64(math.MaxInt64), int64(math.MinInt64)
	byID := map[string][]candidate{}
	for from := 0; from < len(ask); {
		to := from
		for to < len(ask) && ask[to].st == ask[from].st {
			to++
		}
		byID[ask[from].st.id] = ask[from:to]
		oldest, newest = min(oldest, ask[from].t), max(newest, ask[to-1].t)
		from = to
	}
	q, err := db.tsdb.Querier(oldest, newest)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	ids := make([]string, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	var found map[place]float64
	set := q.Select(ctx, false, untrimmed(oldest, newest), db.anyOf(ids), equals(labelCompanion, ""))
	for set.Next() {
		series := set.At()
		wanted := byID[series.Labels().Get(labelDatastream)]
		if len(wanted) == 0 || series.Labels().Get(labelResolution) != wanted[0].st.scale.name {
			continue
		}
		it := series.Iterator(nil)
		for _, c := range wanted {
			if it.Seek(c.t) == chunkenc.ValNone {
				break
			}
			if t, n := it.At(); t == c.t {
				if found == nil {
					found = map[place]float64{}
				}
				found[place{c.st, t}] = n
			}
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
	}
	return found, set.Err()
}

// anyOf matches the series of these datastreams. Many at once are cheaper to
// read all than to name.
func (db *DB) anyOf(ids []string) *labels.Matcher {
	if len(ids) == 1 {
		return equals(labelDatastream, ids[0])
	}
	db.mu.RLock()
	all := len(db.streams)
	db.mu.RUnlock()
	if len(ids) > all/4 {
		return labels.MustNewMatcher(labels.MatchNotEqual, labelDatastream, "")
	}
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = regexp.QuoteMeta(id)
	}
	return labels.MustNewMatcher(labels.MatchRegexp, labelDatastream, strings.Join(quoted, "|"))
}
