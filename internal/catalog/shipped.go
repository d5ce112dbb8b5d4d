package catalog

import (
	"context"

	"openioc.org/ioc/internal/access"
)

// ApplyShipped makes the observed properties that every city has, so that a
// new datastream can refer to them; those that are there stay as they are.
func (c *Catalog) ApplyShipped(ctx context.Context, actor access.Actor) error {
	missing := shipped[:0:0]
	for _, p := range shipped {
		if c.Snapshot().ObservedProperty(p.ID) == nil {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return c.Edit(ctx, actor, func(e *Edit) error {
		for i := range missing {
			if err := e.CreateObservedProperty(&missing[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
