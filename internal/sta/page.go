package sta

import (
	"slices"
	"strings"

	"openioc.org/ioc/internal/sensing"
)

// page is a piece of a collection.
type page struct {
	items []any
	count int   // of the whole collection, when it was asked for
	next  *pair // the option that leads to the next page, nil on the last
}

// collect answers a collection of entities that are in memory.
func (r *run) collect(list []any, o *options) (*page, error) {
	var kept []any
	for _, v := range list {
		if err := r.spend(1); err != nil {
			return nil, err
		}
		if ok, err := r.passes(v, o); err != nil {
			return nil, err
		} else if ok {
			kept = append(kept, v)
		}
	}
	if err := r.sort(kept, o); err != nil {
		return nil, err
	}
	return cut(kept, o), nil
}

func (r *run) passes(v any, o *options) (bool, error) {
	if o.filter == nil {
		return true, nil
	}
	x, err := o.filter(r, v)
	return truth(x), err
}

// sort orders by $orderby; what is equal there stays in its order, that of
// the ids.
func (r *run) sort(list []any, o *options) error {
	if len(o.orderBy) == 0 || len(list) < 2 {
		return nil
	}
	type keyed struct {
		v    any
		keys []any
	}
	ks := make([]keyed, len(list))
	for i, v := range list {
		ks[i] = keyed{v, make([]any, len(o.orderBy))}
		for j, by := range o.orderBy {
			x, err := by.by(r, v)
			if err != nil {
				return err
			}
			ks[i].keys[j] = x
		}
	}
	slices.SortStableFunc(ks, func(a, b keyed) int {
		for j, by := range o.orderBy {
			if c := sortOrder(a.keys[j], b.keys[j]); c != 0 {
				if by.desc {
					return -c
				}
				return c
			}
		}
		return 0
	})
	for i := range ks {
		list[i] = ks[i].v
	}
	return nil
}

// cut takes the page of a whole list that is filtered and in order.
func cut(list []any, o *options) *page {
	p := &page{count: len(list)}
	begin := min(o.skip, len(list))
	stop := min(begin+o.limit(), len(list))
	p.items = list[begin:stop]
	if stop < len(list) && o.limit() > 0 {
		p.next = &pair{"$skip", itoa(stop)}
	}
	return p
}

// observations answers a collection of Observations. Those of a Datastream
// are stored by time; asked in that order, or in none, only the page is read.
func (r *run) observations(sc scope, o *options) (*page, error) {
	sc, err := o.narrow.apply(r, sc)
	if err != nil {
		return nil, err
	}
	b := always
	if o.narrow.bounds != nil {
		b = *o.narrow.bounds
	}
	inTime := len(o.orderBy) == 0 || len(o.orderBy) == 1 && o.orderBy[0].byTime
	desc := inTime && len(o.orderBy) == 1 && o.orderBy[0].desc
	single := len(sc.streams) == 1 && len(sc.single) == 0
	if o.after != nil && inTime {
		if desc {
			b.to = min(b.to, *o.after-1)
		} else {
			b.from = max(b.from, *o.after+1)
		}
	}
	if inTime && !o.count && (single || len(o.orderBy) == 0 && o.after == nil) {
		return r.stream(sc, b, desc, single, o)
	}
	var kept []any
	want := o.skip + o.limit() + 1
	each := func(sc scope) error {
		n := 0
		return r.each(sc, &b, desc, func(ob *observation) (bool, error) {
			ok, err := r.passes(ob, o)
			if err != nil || !ok {
				return err == nil, err
			}
			kept = append(kept, ob)
			n++
			// No page holds more of one Datastream than want.
			return !inTime || o.count || n < want, nil
		})
	}
	for _, d := range sc.streams {
		if err := each(scope{streams: []*sensing.Datastream{d}}); err != nil {
			return nil, err
		}
	}
	if err := each(scope{single: sc.single}); err != nil {
		return nil, err
	}
	if err := r.sort(kept, o); err != nil {
		return nil, err
	}
	p := cut(kept, o)
	return p, nil
}

// stream reads only as far as the page goes.
func (r *run) stream(sc scope, b bounds, desc, single bool, o *options) (*page, error) {
	p := &page{}
	skip, limit := o.skip, o.limit()
	if limit == 0 {
		return p, nil
	}
	err := r.each(sc, &b, desc, func(ob *observation) (bool, error) {
		ok, err := r.passes(ob, o)
		if err != nil || !ok {
			return err == nil, err
		}
		if skip > 0 {
			skip--
			return true, nil
		}
		if len(p.items) == limit {
			p.next = &pair{"$skip", itoa(o.skip + limit)}
			if single {
				p.next = &pair{"$skiptoken", itoa64(p.items[limit-1].(*observation).t)}
			}
			return false, nil
		}
		p.items = append(p.items, ob)
		if newest := desc && single && limit == 1 && o.skip == 0; newest {
			// The newest one is in memory. Whether there are others would
			// have to be read from disk for each Datastream: say that there
			// are, the next page may be empty.
			p.next = &pair{"$skiptoken", itoa64(ob.t)}
			return false, nil
		}
		return true, nil
	})
	return p, err
}

// quoteID writes an id as it stands in an address.
func quoteID(id string) string { return "('" + strings.ReplaceAll(id, "'", "''") + "')" }
