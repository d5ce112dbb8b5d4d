package notify

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// InboxItem is one line of a person's inbox.
type InboxItem struct {
	ID       string              `json:"id"`
	At       time.Time           `json:"at"`
	Title    msg.Text            `json:"title"`
	Text     msg.Text            `json:"text"`
	Severity alertevent.Severity `json:"severity"`
	Topic    string              `json:"topic"`
	Link     string              `json:"link"`
	ReadAt   *time.Time          `json:"read_at"`
}

// Inbox returns the newest lines of the actor's inbox, and how many are
// unread in all.
func (s *Service) Inbox(ctx context.Context, actor access.Actor, unread bool, limit int) (items []InboxItem, n int, err error) {
	if err := person(actor); err != nil {
		return nil, 0, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if items, err = listInbox(tx, actor.ID, unread, limit); err != nil {
			return err
		}
		n, err = countUnread(tx, actor.ID)
		return err
	})
	return items, n, err
}

// MarkRead marks lines of the actor's inbox as read, or all of them.
func (s *Service) MarkRead(ctx context.Context, actor access.Actor, ids []string, all bool) error {
	if err := person(actor); err != nil {
		return err
	}
	if all {
		ids = []string{""}
	}
	return s.db.Housekeep(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			if id == "" && !all {
				continue
			}
			if err := markRead(tx, actor.ID, id); err != nil {
				return err
			}
		}
		tx.After(func() { s.tellInbox(actor.ID) })
		return nil
	})
}

var (
	errNoDelivery = fault.Define(fault.NotFound, "notify.no_delivery", "there is no delivery {id}", "không có lượt gửi {id}")
	errNoAddress  = fault.Define(fault.Conflict, "notify.no_address", "no address of {name} is known for this channel", "chưa có địa chỉ của {name} cho kênh này")
	errNotFailed  = fault.Define(fault.Conflict, "notify.not_failed", "only a delivery that failed or was dropped can be sent again; this one is {state}", "chỉ gửi lại được lượt gửi thất bại hoặc bị bỏ; lượt này đang {state}")
)

// Filter chooses deliveries; an empty field does not restrict.
type Filter struct {
	State, Channel, Alert, Incident, Task string
	Limit                                 int
}

// Deliveries returns the newest deliveries and how many there are of each
// state, whatever state the filter names.
func (s *Service) Deliveries(ctx context.Context, actor access.Actor, f Filter) (ds []Delivery, counts map[string]int, err error) {
	if err := access.Require(actor, access.NotifyView, access.Scope{}); err != nil {
		return nil, nil, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if ds, err = listDeliveries(tx, f); err != nil {
			return err
		}
		counts, err = countDeliveries(tx, f)
		return err
	})
	return ds, counts, err
}

// Of returns the deliveries that speak of an alert, an incident or a task,
// the newest first, at most 200; the caller has asked for permission.
func (s *Service) Of(tx *store.Tx, f Filter) ([]Delivery, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 200
	}
	return listDeliveries(tx, f)
}

// Retry sends a delivery again that was given up.
func (s *Service) Retry(ctx context.Context, actor access.Actor, id string) (d Delivery, err error) {
	if err := access.Require(actor, access.NotifyEdit, access.Scope{}); err != nil {
		return Delivery{}, err
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		p, ok, err := findParcel(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoDelivery.With("id", id)
		}
		if p.state != Failed && p.state != Dropped {
			return errNotFailed.With("state", p.state)
		}
		if p.user != "" { // the contact page may have been mended since
			c, err := findContact(tx, p.user)
			if err != nil {
				return err
			}
			switch {
			case p.kind == Email && c.Email != "":
				p.address = c.Email
			case p.kind == HTTP && c.Phone != "":
				p.address = c.Phone
			}
		}
		if reachable, err := reachable(tx, p); err != nil {
			return err
		} else if !reachable {
			return errNoAddress.With("name", p.name)
		}
		if err := tryAgain(tx, id, p.address, s.now(), s.now().Add(lifetime)); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.notify.retried." + id, Entity: "notification", EntityID: p.message,
			After: map[string]string{"delivery": id, "channel": p.channel}, Summary: "Gửi lại thông báo tới " + shown(p.kind, p.name, p.address)})
		tx.After(s.Wake)
		d, _, err = findDelivery(tx, id)
		return err
	})
	return d, err
}

// reachable reports whether a delivery has somewhere to go.
func reachable(tx *store.Tx, p parcel) (bool, error) {
	switch p.kind {
	case Email:
		return p.address != "", nil
	case HTTP:
		if p.address == "" && p.user == "" {
			return true, nil // to a group
		}
		_, err := Phone(p.address)
		return err == nil, nil
	case WebPush:
		subs, err := subscriptions(tx, p.user)
		return len(subs) > 0, err
	}
	return true, nil
}
