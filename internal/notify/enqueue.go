package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

var errMessage = fault.Define(fault.Invalid, "notify.message", "a message needs a title and a known topic ({topic})", "thông báo cần tiêu đề và chủ đề hợp lệ ({topic})")

// lifetime is how long a delivery is tried.
const lifetime = 24 * time.Hour

// Enqueue makes the deliveries of a message inside the caller's transaction.
// A message whose key was seen before does nothing. Everybody finds it in
// their inbox; which other ways it takes is said by the channels and by each
// person's wishes.
func (s *Service) Enqueue(tx *store.Tx, m Message) error {
	if m.Title.Vi == "" && m.Title.En == "" || !slices.Contains(Topics, m.Topic) {
		return errMessage.With("topic", m.Topic)
	}
	m.Severity = min(max(m.Severity, alertevent.Info), alertevent.Emergency)
	data, err := json.Marshal(m.Data)
	if err != nil {
		return fmt.Errorf("notify: data of %s: %w", m.Key, err)
	}
	id := uid.New(tx.Now)
	if m.Key == "" {
		m.Key = id
	}
	fresh, err := insertMessage(tx, id, m, string(data))
	if err != nil || !fresh {
		return err
	}
	channels, err := listChannels(tx)
	if err != nil {
		return err
	}
	e := enqueuing{s: s, tx: tx, id: id, m: m, now: s.now()}
	people, err := e.deliver(channels)
	if err != nil {
		return err
	}
	tx.Emit(store.Event{Subject: "ioc.notify.queued." + id, Entity: "notification", EntityID: id,
		After: map[string]any{"id": id, "key": m.Key, "topic": m.Topic, "severity": m.Severity, "unit": m.Unit, "title": m.Title,
			"alert": m.Alert, "incident": m.Incident, "task": m.Task, "people": len(people), "deliveries": e.made},
		Summary: "Thông báo: " + clip(m.Title.Vi, 200)})
	tx.After(func() {
		s.Wake()
		for _, u := range people {
			s.tellInbox(u)
		}
	})
	return nil
}

// enqueuing is one call of Enqueue at work.
type enqueuing struct {
	s    *Service
	tx   *store.Tx
	id   string
	m    Message
	now  time.Time
	made int
}

// deliver makes the rows and returns whose inboxes changed.
func (e *enqueuing) deliver(channels []Channel) ([]string, error) {
	var people []string
	seen := map[string]bool{}
	for _, r := range e.m.To {
		who := r.User
		if who == "" {
			who = r.Phone + "\x00" + r.Email
		}
		if seen[who] || who == "\x00" {
			continue
		}
		seen[who] = true
		c := Contact{Lang: msg.Vi}
		if r.User != "" {
			var err error
			if c, err = findContact(e.tx, r.User); err != nil {
				return nil, err
			}
			people = append(people, r.User)
			if err := insertInbox(e.tx, e.id, r.User); err != nil {
				return nil, err
			}
		}
		for i := range channels {
			if err := e.toPerson(&channels[i], r, &c); err != nil {
				return nil, err
			}
		}
	}
	for i := range channels {
		if ch := &channels[i]; ch.Enabled && ch.takes(e.m) && ch.broadcasts() {
			if err := e.insert(ch, parcel{name: ch.Name, lang: msg.Vi, nextAt: e.now}); err != nil {
				return nil, err
			}
		}
	}
	return people, nil
}

// takes reports whether the channel carries the message.
func (c *Channel) takes(m Message) bool {
	return m.Severity >= c.MinSeverity && (len(c.Topics) == 0 || slices.Contains(c.Topics, m.Topic)) &&
		(len(c.Units) == 0 || slices.Contains(c.Units, m.Unit))
}

// broadcasts reports whether the channel speaks to nobody in particular.
func (c *Channel) broadcasts() bool {
	if c.Kind != HTTP {
		return c.Kind == Webhook
	}
	var b struct {
		Broadcast bool `json:"broadcast"`
	}
	return json.Unmarshal(c.Config, &b) == nil && b.Broadcast
}

func (e *enqueuing) toPerson(ch *Channel, r Recipient, c *Contact) error {
	if ch.Kind == InApp {
		if r.User == "" {
			return nil
		}
		return e.insert(ch, parcel{user: r.User, name: r.Name, lang: c.Lang, state: Sent, attempts: 1, nextAt: e.now})
	}
	if !ch.Enabled || !ch.takes(e.m) || ch.broadcasts() || !c.wants(ch, e.m.Severity) {
		return nil
	}
	p := parcel{user: r.User, name: r.Name, lang: c.Lang, nextAt: e.now}
	switch ch.Kind {
	case WebPush:
		subs, err := subscriptions(e.tx, r.User)
		if err != nil || len(subs) == 0 {
			return err
		}
	case Email:
		if p.address = c.Email; p.address == "" {
			p.address = r.Email
		}
		if p.address == "" {
			p.state, p.lastError = Dropped, troubleNoEmail
		}
	case HTTP:
		if p.address = c.Phone; p.address == "" && r.Phone != "" {
			p.address = r.Phone
			phone, err := Phone(r.Phone)
			if err != nil {
				p.state, p.lastError = Dropped, troubleBadPhone
			} else {
				p.address = phone
			}
		}
		if p.address == "" {
			p.state, p.lastError = Dropped, troubleNoPhone
		}
	}
	if until := c.quietUntil(e.now, e.m.Severity); !until.IsZero() {
		p.nextAt, p.held = until, true
	}
	return e.insert(ch, p)
}

// insert makes one row; of a channel with digests it waits for the next one,
// unless it is an emergency.
func (e *enqueuing) insert(ch *Channel, p parcel) error {
	e.made++
	p.id, p.message, p.channel, p.kind, p.at = uid.New(e.tx.Now), e.id, ch.ID, ch.Kind, e.tx.Now
	if p.state == "" {
		p.state = Waiting
	}
	if p.state == Waiting && ch.DigestMinutes > 0 && e.m.Severity < alertevent.Emergency && ch.Kind != Webhook {
		at, err := digestAt(e.tx, ch.ID, p.user, p.address, e.now)
		if err != nil {
			return err
		}
		if at.IsZero() {
			at = e.now.Add(time.Duration(ch.DigestMinutes) * time.Minute)
		}
		if at.After(p.nextAt) {
			p.nextAt = at
		}
		p.held = true
	}
	p.giveUpAt = p.nextAt.Add(lifetime)
	var sentAt time.Time
	if p.state == Sent {
		sentAt = e.tx.Now
	}
	return insertParcel(e.tx, p, sentAt)
}
