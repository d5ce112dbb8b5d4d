package catalog

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// Edit is one transaction on the register. It is valid only inside the
// function given to Catalog.Edit.
type Edit struct {
	tx      *store.Tx
	series  *series.DB
	touched touched
	gone    bool // a Datastream was deleted
}

// Edit runs f in one transaction; when f returns nil and the transaction is
// committed, readers see the new state before Edit returns. The actor needs
// catalog.edit.
func (c *Catalog) Edit(ctx context.Context, actor access.Actor, f func(*Edit) error) error {
	if err := access.Require(actor, access.CatalogEdit, access.Scope{}); err != nil {
		return err
	}
	var e *Edit
	err := c.db.Write(ctx, actor, func(tx *store.Tx) error {
		e = &Edit{tx: tx, series: c.series, touched: touched{}}
		return f(e)
	})
	if err != nil || len(e.touched) == 0 {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what is committed must be seen
	if err := c.refresh(ctx, e.touched); err != nil {
		return err
	}
	if e.gone {
		if err := c.forgetGone(ctx); err != nil {
			return err
		}
	}
	c.changed()
	return nil
}

// Now is the instant of the transaction.
func (e *Edit) Now() time.Time { return e.tx.Now }

func (e *Edit) emit(entity, verb, id string, before, after any) {
	e.tx.Emit(store.Event{
		Subject: "ioc.catalog." + entity + "." + verb + "." + id,
		Entity:  entity, EntityID: id, Before: before, After: after,
		Summary: entity + " " + id + " " + verb,
	})
}

func create[T any](e *Edit, k *kind[T], v *T) error {
	id := k.id(v)
	if *id == "" {
		*id = uid.New(e.tx.Now)
	}
	if err := k.check(v); err != nil {
		return err
	}
	row, err := k.row(v)
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", k.table, *id, err)
	}
	if before, err := k.get(e.tx, *id); err != nil {
		return err
	} else if before != nil {
		return errExists.With("entity", k.table, "id", *id)
	}
	if _, err := e.tx.Exec(k.insertSQL(), append([]any{*id}, row...)...); err != nil {
		if store.IsUnique(err) {
			return errExists.With("entity", k.table, "id", *id).Because(err)
		}
		return fmt.Errorf("create %s %s: %w", k.table, *id, err)
	}
	kept := *v
	e.emit(k.table, "created", *id, nil, &kept)
	e.touched.add(k.table, *id)
	return nil
}

// patch lets change alter the entity and writes it when that made a
// difference; what it returns is the entity as it is now.
func patch[T any](e *Edit, k *kind[T], id string, change func(*T) error) (*T, error) {
	before, err := k.get(e.tx, id)
	if err != nil {
		return nil, err
	}
	if before == nil {
		return nil, errNotFound.With("entity", k.table, "id", id)
	}
	after, err := k.get(e.tx, id)
	if err != nil {
		return nil, err
	}
	if err := change(after); err != nil {
		return nil, err
	}
	if *k.id(after) != id {
		return nil, errIDFixed.With("entity", k.table, "id", id)
	}
	if err := k.check(after); err != nil {
		return nil, err
	}
	was, err := k.row(before)
	if err != nil {
		return nil, err
	}
	is, err := k.row(after)
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", k.table, id, err)
	}
	if reflect.DeepEqual(was, is) {
		return before, nil
	}
	if _, err := e.tx.Exec(k.updateSQL(), append([]any{id}, is...)...); err != nil {
		return nil, fmt.Errorf("change %s %s: %w", k.table, id, err)
	}
	e.emit(k.table, "changed", id, before, after)
	e.touched.add(k.table, id)
	return after, nil
}

func remove[T any](e *Edit, k *kind[T], id string) error {
	before, err := k.get(e.tx, id)
	if err != nil {
		return err
	}
	if before == nil {
		return errNotFound.With("entity", k.table, "id", id)
	}
	if _, err := e.tx.Exec("delete from "+k.table+" where id = $1", id); err != nil {
		return fmt.Errorf("delete %s %s: %w", k.table, id, err)
	}
	e.emit(k.table, "deleted", id, before, nil)
	e.touched.add(k.table, id)
	return nil
}

// ids runs a query of one text column.
func (e *Edit) ids(query string, args ...any) ([]string, error) {
	return store.All(e.tx, func(scan store.Scan) (id string, err error) { return id, scan(&id) }, query, args...)
}
