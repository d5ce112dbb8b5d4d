package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// insertMessage reports whether the key is new.
func insertMessage(tx *store.Tx, id string, m Message, data string) (fresh bool, err error) {
	n, err := tx.Exec(`insert into notify_message (id, key, topic, severity, service, unit, title_vi, title_en, text_vi, text_en, link, alert, incident, task, data, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict (key) do nothing`,
		id, m.Key, m.Topic, int(m.Severity), m.Service, m.Unit, m.Title.Vi, m.Title.En, m.Text.Vi, m.Text.En, m.Link, m.Alert, m.Incident, m.Task, data, tx.Now)
	return n > 0, err
}

// note is a message as it is sent.
type note struct {
	id, key, topic, service, unit string
	severity                      alertevent.Severity
	title, text                   msg.Text
	link, alert, incident, task   string
	data                          json.RawMessage
	at                            time.Time
}

const noteColumns = "m.id, m.key, m.topic, m.severity, m.service, m.unit, m.title_vi, m.title_en, m.text_vi, m.text_en, m.link, m.alert, m.incident, m.task, m.data, m.at"

func scanNote(scan store.Scan) (n note, err error) {
	var at int64
	var data string
	err = scan(&n.id, &n.key, &n.topic, &n.severity, &n.service, &n.unit, &n.title.Vi, &n.title.En, &n.text.Vi, &n.text.En, &n.link, &n.alert, &n.incident, &n.task, &data, &at)
	n.data, n.at = json.RawMessage(data), store.FromMicros(at)
	return n, err
}

// notesOf returns the message of a delivery, or, of one that says several,
// all of them, the gravest and then the oldest first.
func notesOf(tx *store.Tx, delivery string) ([]note, error) {
	return store.All(tx, scanNote, "select "+noteColumns+` from notify_delivery d join notify_message m on m.id = d.message
		where d.id = $1 or d.digest = $1 order by m.severity desc, m.id`, delivery)
}

// parcel is a delivery as the sender holds it.
type parcel struct {
	id, message, channel, kind string
	user, name, address        string
	lang                       msg.Lang
	state                      string
	attempts                   int
	nextAt, giveUpAt           time.Time
	held                       bool
	lastError                  string
	at                         time.Time
}

const parcelColumns = "d.id, d.message, d.channel, d.kind, d.user_id, d.name, d.address, d.lang, d.state, d.attempts, d.next_at, d.give_up_at, d.held, d.last_error, d.at"

func scanParcel(scan store.Scan) (p parcel, err error) {
	var next, giveUp, at int64
	err = scan(&p.id, &p.message, &p.channel, &p.kind, &p.user, &p.name, &p.address, &p.lang, &p.state, &p.attempts, &next, &giveUp, &p.held, &p.lastError, &at)
	p.nextAt, p.giveUpAt, p.at = store.FromMicros(next), store.FromMicros(giveUp), store.FromMicros(at)
	return p, err
}

func insertParcel(tx *store.Tx, p parcel, sentAt time.Time) error {
	_, err := tx.Exec(`insert into notify_delivery (id, message, channel, kind, user_id, name, address, lang, state, attempts, next_at, give_up_at, held, last_error, sent_at, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		p.id, p.message, p.channel, p.kind, p.user, p.name, p.address, string(p.lang), p.state, p.attempts, p.nextAt, p.giveUpAt, p.held, p.lastError, sentAt, p.at)
	return err
}

// due are the deliveries of a channel that may go now, the gravest first: those
// that wait, and those whose sender died.
func due(tx *store.Tx, channel string, now time.Time, limit int) ([]parcel, error) {
	return store.All(tx, scanParcel, "select "+parcelColumns+` from notify_delivery d join notify_message m on m.id = d.message
		where d.channel = $1 and ((d.state = 'waiting' and d.next_at <= $2) or (d.state = 'sending' and d.lease <= $2))
		order by m.severity desc, d.next_at, d.id limit $3`, channel, now, limit)
}

// fold makes p speak for the other deliveries to the same person that were
// never tried and wait, and returns how many these are.
func fold(tx *store.Tx, p parcel) (int64, error) {
	return tx.Mark(`update notify_delivery set state = 'digested', digest = $1
		where channel = $2 and user_id = $3 and address = $4 and state = 'waiting' and attempts = 0 and held = 1 and id <> $1`,
		p.id, p.channel, p.user, p.address)
}

func claim(tx *store.Tx, id string, lease time.Time) error {
	_, err := tx.Mark("update notify_delivery set state = 'sending', attempts = attempts + 1, lease = $2 where id = $1", id, lease)
	return err
}

func hold(tx *store.Tx, channel string, now time.Time) error {
	_, err := tx.Mark("update notify_delivery set held = 1 where channel = $1 and state = 'waiting' and next_at <= $2 and held = 0 and attempts = 0", channel, now)
	return err
}

// nextDue is when something of a channel becomes due; zero: nothing waits.
func nextDue(tx *store.Tx, channel string) (time.Time, error) {
	var waiting, leased int64
	if err := tx.QueryRow("select coalesce(min(next_at), 0) from notify_delivery where channel = $1 and state = 'waiting'", channel).Scan(&waiting); err != nil {
		return time.Time{}, err
	}
	if err := tx.QueryRow("select coalesce(min(lease), 0) from notify_delivery where channel = $1 and state = 'sending'", channel).Scan(&leased); err != nil {
		return time.Time{}, err
	}
	if waiting == 0 || leased != 0 && leased < waiting {
		waiting = leased
	}
	return store.FromMicros(waiting), nil
}

// digestAt is when the waiting digest of a person and channel goes out; zero:
// none waits.
func digestAt(tx *store.Tx, channel, user, address string, now time.Time) (time.Time, error) {
	var at int64
	err := tx.QueryRow(`select coalesce(min(next_at), 0) from notify_delivery
		where channel = $1 and user_id = $2 and address = $3 and state = 'waiting' and held = 1 and attempts = 0 and next_at > $4`, channel, user, address, now).Scan(&at)
	return store.FromMicros(at), err
}

func markSent(tx *store.Tx, id string, now time.Time) error {
	_, err := tx.Mark("update notify_delivery set state = 'sent', sent_at = $2, last_error = '' where id = $1", id, now)
	return err
}

func markTrouble(tx *store.Tx, id, state, trouble string, next time.Time) error {
	_, err := tx.Mark("update notify_delivery set state = $2, last_error = $3, next_at = $4 where id = $1", id, state, trouble, next)
	return err
}

func noteChannel(tx *store.Tx, id, trouble string, now time.Time) error {
	if trouble == "" {
		_, err := tx.Mark("update notify_channel set last_ok = $2, last_error = '' where id = $1", id, now)
		return err
	}
	_, err := tx.Mark("update notify_channel set last_error = $2, last_error_at = $3 where id = $1", id, trouble, now)
	return err
}

// overdue are waiting deliveries whose time is over: their channel was off.
func overdue(tx *store.Tx, now time.Time) ([]parcel, error) {
	return store.All(tx, scanParcel, "select "+parcelColumns+" from notify_delivery d where d.state = 'waiting' and d.give_up_at < $1 and d.give_up_at > 0 limit 500", now)
}

const channelColumns = "id, name, kind, enabled, min_severity, topics, units, config, rate_per_minute, digest_minutes, created, changed, last_ok, last_error, last_error_at"

func scanChannel(scan store.Scan) (c Channel, err error) {
	var topics, units, config string
	var created, changed, ok, errAt int64
	if err = scan(&c.ID, &c.Name, &c.Kind, &c.Enabled, &c.MinSeverity, &topics, &units, &config, &c.RatePerMinute, &c.DigestMinutes,
		&created, &changed, &ok, &c.lastError, &errAt); err != nil {
		return c, err
	}
	c.Created, c.Changed, c.lastOK, c.lastErrorAt = store.FromMicros(created), store.FromMicros(changed), store.FromMicros(ok), store.FromMicros(errAt)
	c.Config = json.RawMessage(config)
	if err := errors.Join(json.Unmarshal([]byte(topics), &c.Topics), json.Unmarshal([]byte(units), &c.Units)); err != nil {
		return c, fmt.Errorf("channel %s: %w", c.ID, err)
	}
	return c, nil
}

func listChannels(tx *store.Tx) ([]Channel, error) {
	return store.All(tx, scanChannel, "select "+channelColumns+" from notify_channel order by created, id")
}

func findChannel(tx *store.Tx, id string) (Channel, bool, error) {
	return store.One(tx, scanChannel, "select "+channelColumns+" from notify_channel where id = $1", id)
}

func saveChannel(tx *store.Tx, c Channel) error {
	_, err := tx.Exec(`insert into notify_channel (id, name, kind, enabled, min_severity, topics, units, config, rate_per_minute, digest_minutes, created, changed)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (id) do update set name = excluded.name, enabled = excluded.enabled, min_severity = excluded.min_severity, topics = excluded.topics,
			units = excluded.units, config = excluded.config, rate_per_minute = excluded.rate_per_minute, digest_minutes = excluded.digest_minutes, changed = excluded.changed`,
		c.ID, c.Name, c.Kind, c.Enabled, int(c.MinSeverity), jsonText(c.Topics), jsonText(c.Units), c.Config, c.RatePerMinute, c.DigestMinutes, c.Created, c.Changed)
	return err
}

func deleteChannel(tx *store.Tx, id string) error {
	if _, err := tx.Exec("update notify_delivery set state = 'dropped', last_error = $2 where channel = $1 and state in ('waiting', 'sending')", id, troubleRemoved); err != nil {
		return err
	}
	_, err := tx.Exec("delete from notify_channel where id = $1", id)
	return err
}

// countStates counts the deliveries of each channel and state that are not
// done.
func countStates(tx *store.Tx) (map[string]map[string]int, error) {
	type row struct {
		channel, state string
		n              int
	}
	rows, err := store.All(tx, func(scan store.Scan) (r row, err error) { return r, scan(&r.channel, &r.state, &r.n) },
		"select channel, state, count(*) from notify_delivery where state in ('waiting', 'sending', 'failed') group by channel, state")
	out := map[string]map[string]int{}
	for _, r := range rows {
		if out[r.channel] == nil {
			out[r.channel] = map[string]int{}
		}
		out[r.channel][r.state] = r.n
	}
	return out, err
}

func findContact(tx *store.Tx, user string) (Contact, error) {
	c, ok, err := store.One(tx, func(scan store.Scan) (c Contact, err error) {
		var wishes, quiet string
		if err = scan(&c.User, &c.Email, &c.Phone, &c.Lang, &wishes, &quiet); err != nil {
			return c, err
		}
		return c, errors.Join(json.Unmarshal([]byte(wishes), &c.Channels), json.Unmarshal([]byte(quiet), &c.Quiet))
	}, "select user_id, email, phone, lang, channels, quiet from notify_contact where user_id = $1", user)
	if !ok {
		c = Contact{User: user, Lang: msg.Vi}
	}
	if c.Channels == nil {
		c.Channels = map[string]Wish{}
	}
	return c, err
}

func saveContact(tx *store.Tx, c Contact) error {
	_, err := tx.Exec(`insert into notify_contact (user_id, email, phone, lang, channels, quiet, changed) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (user_id) do update set email = excluded.email, phone = excluded.phone, lang = excluded.lang, channels = excluded.channels, quiet = excluded.quiet, changed = excluded.changed`,
		c.User, c.Email, c.Phone, string(c.Lang), jsonText(c.Channels), jsonText(c.Quiet), tx.Now)
	return err
}

func insertInbox(tx *store.Tx, message, user string) error {
	_, err := tx.Exec("insert into notify_inbox (id, user_id, message, at) values ($1, $2, $3, $4)", uid.New(tx.Now), user, message, tx.Now)
	return err
}

func listInbox(tx *store.Tx, user string, unread bool, limit int) ([]InboxItem, error) {
	where := ""
	if unread {
		where = " and i.read_at = 0"
	}
	return store.All(tx, func(scan store.Scan) (it InboxItem, err error) {
		var at, read int64
		err = scan(&it.ID, &at, &it.Title.Vi, &it.Title.En, &it.Text.Vi, &it.Text.En, &it.Severity, &it.Link, &it.Topic, &read)
		it.At, it.ReadAt = store.FromMicros(at), instant(read)
		return it, err
	}, "select i.id, i.at, m.title_vi, m.title_en, m.text_vi, m.text_en, m.severity, m.link, m.topic, i.read_at from notify_inbox i join notify_message m on m.id = i.message where i.user_id = $1"+
		where+" order by i.id desc limit $2", user, limit)
}

func countUnread(tx *store.Tx, user string) (n int, err error) {
	err = tx.QueryRow("select count(*) from notify_inbox where user_id = $1 and read_at = 0", user).Scan(&n)
	return n, err
}

// markRead marks one item, or all with "".
func markRead(tx *store.Tx, user, id string) error {
	_, err := tx.Mark("update notify_inbox set read_at = $3 where user_id = $1 and (id = $2 or $2 = '') and read_at = 0", user, id, tx.Now)
	return err
}

const deliveryColumns = `d.id, d.message, d.channel, coalesce(c.name, d.channel), d.kind, d.name, d.address, d.state, d.attempts, d.next_at, d.last_error, d.sent_at, d.at,
	m.title_vi, m.title_en, m.severity, m.alert, m.incident, m.task`

const deliveryTables = " from notify_delivery d join notify_message m on m.id = d.message left join notify_channel c on c.id = d.channel"

func scanDelivery(scan store.Scan) (d Delivery, err error) {
	var next, sent, at int64
	var name, address string
	err = scan(&d.ID, &d.Message, &d.Channel, &d.ChannelName, &d.Kind, &name, &address, &d.State, &d.Attempts, &next, &d.LastError, &sent, &at,
		&d.Title.Vi, &d.Title.En, &d.Severity, &d.Alert, &d.Incident, &d.Task)
	d.At, d.SentAt, d.To = store.FromMicros(at), instant(sent), shown(d.Kind, name, address)
	if d.State == Waiting {
		d.NextAt = instant(next)
	}
	return d, err
}

// filter are the conditions of a delivery list; its arguments begin at $1.
func (f Filter) where() (string, []any) {
	where, args := " where 1 = 1", []any{}
	add := func(column, v string) {
		if v != "" {
			args = append(args, v)
			where += fmt.Sprintf(" and %s = $%d", column, len(args))
		}
	}
	add("d.channel", f.Channel)
	add("m.alert", f.Alert)
	add("m.incident", f.Incident)
	add("m.task", f.Task)
	return where, args
}

func listDeliveries(tx *store.Tx, f Filter) ([]Delivery, error) {
	where, args := f.where()
	if f.State != "" {
		args = append(args, f.State)
		where += fmt.Sprintf(" and d.state = $%d", len(args))
	}
	args = append(args, f.Limit)
	return store.All(tx, scanDelivery, "select "+deliveryColumns+deliveryTables+where+fmt.Sprintf(" order by d.id desc limit $%d", len(args)), args...)
}

func countDeliveries(tx *store.Tx, f Filter) (map[string]int, error) {
	where, args := f.where()
	type row struct {
		state string
		n     int
	}
	rows, err := store.All(tx, func(scan store.Scan) (r row, err error) { return r, scan(&r.state, &r.n) },
		"select d.state, count(*)"+deliveryTables+where+" group by d.state", args...)
	out := map[string]int{}
	for _, r := range rows {
		out[r.state] = r.n
	}
	return out, err
}

func findDelivery(tx *store.Tx, id string) (Delivery, bool, error) {
	return store.One(tx, scanDelivery, "select "+deliveryColumns+deliveryTables+" where d.id = $1", id)
}

func findParcel(tx *store.Tx, id string) (parcel, bool, error) {
	return store.One(tx, scanParcel, "select "+parcelColumns+" from notify_delivery d where d.id = $1", id)
}

func tryAgain(tx *store.Tx, id, address string, now, giveUp time.Time) error {
	_, err := tx.Exec("update notify_delivery set state = 'waiting', address = $2, next_at = $3, give_up_at = $4, lease = 0 where id = $1", id, address, now, giveUp)
	return err
}

// subscription is a browser that takes pushes.
type subscription struct{ id, user, endpoint, p256dh, auth string }

func subscriptions(tx *store.Tx, user string) ([]subscription, error) {
	return store.All(tx, func(scan store.Scan) (s subscription, err error) {
		return s, scan(&s.id, &s.user, &s.endpoint, &s.p256dh, &s.auth)
	}, "select id, user_id, endpoint, p256dh, auth from notify_push where user_id = $1 order by id", user)
}

func saveSubscription(tx *store.Tx, s subscription) error {
	_, err := tx.Exec(`insert into notify_push (id, user_id, endpoint, p256dh, auth, created) values ($1, $2, $3, $4, $5, $6)
		on conflict (endpoint) do update set user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth`,
		s.id, s.user, s.endpoint, s.p256dh, s.auth, tx.Now)
	return err
}

// trimSubscriptions keeps the newest of a person's browsers.
func trimSubscriptions(tx *store.Tx, user string, keep int) error {
	_, err := tx.Exec("delete from notify_push where user_id = $1 and id not in (select id from notify_push where user_id = $1 order by id desc limit $2)", user, keep)
	return err
}

func deleteSubscription(tx *store.Tx, user, endpoint string) (int64, error) {
	return tx.Exec("delete from notify_push where user_id = $1 and endpoint = $2", user, endpoint)
}

func forgetSubscription(tx *store.Tx, id string) error {
	_, err := tx.Mark("delete from notify_push where id = $1", id)
	return err
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // of our own types, which marshal
		return "null"
	}
	return string(b)
}

func instant(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := store.FromMicros(us)
	return &t
}
