package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var (
	errNotAside = fault.Define(fault.NotFound, "outbox.not_aside", "no such fact is set aside", "không có sự kiện này trong danh sách chờ xử lý lại")
	errBroken   = fault.Define(fault.Conflict, "outbox.broken", "the fact broke off and cannot be read: sending it again changes nothing", "sự kiện bị đứt, không đọc được: gửi lại cũng không có tác dụng")
	errTooOld   = fault.Define(fault.Conflict, "outbox.too_old", "the fact is older than {days} days: who handled it then is no longer known", "sự kiện đã quá {days} ngày: không còn biết ai đã xử lý")
)

// again stands between the id of a fact and when it was sent once more: the bus
// drops a message whose id it saw a moment ago.
const again = "~"

// Aside is a fact that a reader could not handle. Its content is not shown:
// it may be about people.
type Aside struct {
	Reader  string    `json:"reader" doc:"who could not handle it"`
	Fact    string    `json:"fact"`
	Subject string    `json:"subject"`
	Error   string    `json:"error" doc:"for the log and the maker, in English"`
	At      time.Time `json:"at" doc:"when it was set aside"`
}

// Aside are the facts set aside, the newest first.
func (ob *Outbox) Aside(ctx context.Context) (out []Aside, err error) {
	err = ob.db.Read(ctx, func(tx *store.Tx) error {
		out, err = store.All(tx, func(scan store.Scan) (a Aside, err error) {
			var at int64
			err = scan(&a.Reader, &a.Fact, &a.Subject, &a.Error, &at)
			a.At = store.FromMicros(at)
			return a, err
		}, "select reader, fact, subject, error, at from follow_poison order by at desc, fact limit 500")
		return err
	})
	return out, err
}

// Again sends a fact that was set aside once more. Those who handled it know
// it by its id and pass it over; its reader tries again.
func (ob *Outbox) Again(ctx context.Context, actor access.Actor, reader, fact string) error {
	return ob.db.Write(ctx, actor, func(tx *store.Tx) error {
		type poison struct{ subject, data string }
		p, ok, err := store.One(tx, func(scan store.Scan) (p poison, err error) {
			return p, scan(&p.subject, &p.data)
		}, "select subject, data from follow_poison where reader = $1 and fact = $2", reader, fact)
		var f Fact
		switch {
		case err != nil:
			return err
		case !ok:
			return errNotAside.With()
		case json.Unmarshal([]byte(p.data), &f) != nil:
			return errBroken.With()
		case tx.Now.Sub(f.At) > seenFor-24*time.Hour: // its own age: a try that failed makes it no younger
			return errTooOld.With("days", int(seenFor/(24*time.Hour))-1)
		}
		if _, err := tx.Exec("delete from follow_poison where reader = $1 and fact = $2", reader, fact); err != nil {
			return err
		}
		if err := ob.insert(tx, fmt.Sprint(fact, again, tx.Now.UnixMicro()), p.subject, p.data, tx.Now); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.fact.again", Entity: "fact", EntityID: fact, Summary: p.subject + " → " + reader,
			After: map[string]string{"reader": reader, "subject": p.subject}})
		return nil
	})
}

func (ob *Outbox) countAside() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n := -1.0
	_ = ob.db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("select count(*) from follow_poison").Scan(&n) }) // -1 says so
	return n
}
