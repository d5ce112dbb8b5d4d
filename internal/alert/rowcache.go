package alert

import (
	"maps"
	"slices"
	"sync"

	"openioc.org/ioc/internal/store"
)

// mostCached bounds the rows kept in memory, at some 400 bytes each.
const mostCached = 20000

// rowCache keeps the rows of long lists as they are sent. A row is its alert
// in one version, so nothing has to be forgotten: what is not of the version
// that the list names is read again. Ten thousand documents are 15 MB to read
// and to thin out, again and again for each operator; their versions are an
// index and a number.
type rowCache struct {
	mu   sync.Mutex
	rows map[string]cachedRow
}

type cachedRow struct {
	version int
	row     []byte // compact, without the size of the group; never written to
}

// named is a row of a list by name.
type named struct {
	id      string
	version int
	group   string
	place   place
	row     []byte
}

func scanNamed(scan store.Scan) (n named, err error) {
	err = scan(&n.id, &n.version, &n.group, &n.place.severity, &n.place.raised)
	n.place.id = n.id
	return n, err
}

// fill gives each its row.
func (c *rowCache) fill(tx *store.Tx, list []named) error {
	missing := map[string]*named{}
	c.mu.Lock()
	for i := range list {
		if got, ok := c.rows[list[i].id]; ok && got.version == list[i].version {
			list[i].row = got.row
		} else {
			missing[list[i].id] = &list[i]
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	docs, err := pairs(tx, "select id, doc from alert where 1 = 1", "id", slices.Collect(maps.Keys(missing)))
	if err != nil {
		return err
	}
	for id, doc := range docs {
		missing[id].row = compact(make([]byte, 0, len(doc)/3), doc)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rows)+len(missing) > mostCached || c.rows == nil {
		c.rows = make(map[string]cachedRow, len(missing))
	}
	for id, n := range missing {
		c.rows[id] = cachedRow{n.version, n.row}
	}
	return nil
}
