package notify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

var (
	errChannel     = fault.Define(fault.Invalid, "notify.channel", "the channel is not complete", "kênh thông báo chưa hợp lệ")
	errNoChannel   = fault.Define(fault.NotFound, "notify.no_channel", "there is no channel {id}", "không có kênh {id}")
	errChannelName = fault.Define(fault.Invalid, "notify.channel_name", "give it a name of at most 200 characters", "cần tên, dài nhất 200 ký tự")
	errKind        = fault.Define(fault.Invalid, "notify.kind", "use email, webhook or http", "chọn email, webhook hoặc http")
	errTopic       = fault.Define(fault.Invalid, "notify.topic", "{topic} is none of {known}", "{topic} không thuộc {known}")
	errRate        = fault.Define(fault.Invalid, "notify.rate", "use 0 to 6000", "chọn 0 đến 6000")
	errDigest      = fault.Define(fault.Invalid, "notify.digest", "use 0 to 1440 minutes", "chọn 0 đến 1440 phút")
	errBuiltIn     = fault.Define(fault.Conflict, "notify.built_in", "this channel belongs to the program: it cannot be removed, and the inbox cannot be switched off", "kênh này là của hệ thống: không xoá được, và hộp thư trong ứng dụng không tắt được")
)

// ChannelFields are what a request may set on a channel.
type ChannelFields struct {
	Name          *string              `json:"name,omitempty"`
	Enabled       *bool                `json:"enabled,omitempty"`
	MinSeverity   *alertevent.Severity `json:"min_severity,omitempty"`
	Topics        *[]string            `json:"topics,omitempty" doc:"alert, escalation, task, directive, digest, duty, test; none: all"`
	Units         *[]string            `json:"units,omitempty" doc:"codes of units addressed; none: all"`
	Config        *json.RawMessage     `json:"config,omitempty" doc:"of the kind; a secret that reads *** stays as it is"`
	RatePerMinute *int                 `json:"rate_per_minute,omitempty" doc:"0: no limit"`
	DigestMinutes *int                 `json:"digest_minutes,omitempty" doc:"what waits for the same person goes out together; 0: at once"`
}

func (c *Channel) set(f ChannelFields) {
	put(&c.Enabled, f.Enabled)
	put(&c.MinSeverity, f.MinSeverity)
	put(&c.Topics, f.Topics)
	put(&c.Units, f.Units)
	put(&c.RatePerMinute, f.RatePerMinute)
	put(&c.DigestMinutes, f.DigestMinutes)
	if f.Name != nil {
		c.Name = strings.TrimSpace(vi.NFC(*f.Name))
	}
	if f.Config != nil {
		c.Config = configs[c.Kind].Restore(*f.Config, c.Config)
	}
	if c.Topics == nil {
		c.Topics = []string{}
	}
	if c.Units == nil {
		c.Units = []string{}
	}
}

func put[T any](field, v *T) {
	if v != nil {
		*field = *v
	}
}

func (c *Channel) check() error {
	bad := errChannel.With()
	if n := len([]rune(c.Name)); n == 0 || n > 200 {
		bad.At("name", errChannelName.With())
	}
	if !c.MinSeverity.Valid() {
		bad.At("min_severity", errSeverity.With())
	}
	for _, t := range c.Topics {
		if !slices.Contains(Topics, t) {
			bad.At("topics", errTopic.With("topic", clip(t, 40), "known", strings.Join(Topics, ", ")))
		}
	}
	if c.RatePerMinute < 0 || c.RatePerMinute > 6000 {
		bad.At("rate_per_minute", errRate.With())
	}
	if c.DigestMinutes < 0 || c.DigestMinutes > 1440 {
		bad.At("digest_minutes", errDigest.With())
	}
	if _, err := parseConfig(c.Kind, c.Config); err != nil {
		f, ok := fault.As(err)
		if !ok {
			return err
		}
		for _, field := range f.Fields {
			bad.At(strings.TrimSuffix("config."+field.Path, "."), field.Err)
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Channels are all channels, secrets hidden, with what waits and what failed.
func (s *Service) Channels(ctx context.Context, actor access.Actor) ([]Channel, map[string]map[string]int, error) {
	if err := access.Require(actor, access.NotifyView, access.Scope{}); err != nil {
		return nil, nil, err
	}
	var cs []Channel
	var counts map[string]map[string]int
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if cs, err = listChannels(tx); err != nil {
			return err
		}
		counts, err = countStates(tx)
		return err
	})
	for i := range cs {
		cs[i] = cs[i].hidden()
	}
	return cs, counts, err
}

// hidden is the channel without its secrets.
func (c Channel) hidden() Channel {
	c.Config = configs[c.Kind].Redact(c.Config)
	return c
}

// CreateChannel adds a channel of kind e-mail, webhook or HTTP gateway.
func (s *Service) CreateChannel(ctx context.Context, actor access.Actor, kind string, f ChannelFields) (Channel, error) {
	if err := access.Require(actor, access.NotifyEdit, access.Scope{}); err != nil {
		return Channel{}, err
	}
	if kind != Email && kind != Webhook && kind != HTTP {
		return Channel{}, errChannel.With().At("kind", errKind.With())
	}
	c := Channel{Kind: kind, Enabled: true, MinSeverity: alertevent.Notice, Config: json.RawMessage("{}")}
	c.set(f)
	if err := c.check(); err != nil {
		return Channel{}, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		c.ID, c.Created, c.Changed = uid.New(tx.Now), tx.Now, tx.Now
		tx.Emit(channelEvent("created", nil, &c, "Thêm kênh thông báo "+c.Name))
		return saveChannel(tx, c)
	})
	return c.hidden(), err
}

// UpdateChannel changes a channel.
func (s *Service) UpdateChannel(ctx context.Context, actor access.Actor, id string, f ChannelFields) (Channel, error) {
	if err := access.Require(actor, access.NotifyEdit, access.Scope{}); err != nil {
		return Channel{}, err
	}
	var after Channel
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, ok, err := findChannel(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoChannel.With("id", id)
		}
		after = before
		after.set(f)
		if err := after.check(); err != nil {
			return err
		}
		if after.Kind == InApp && !after.Enabled {
			return errBuiltIn.With()
		}
		after.Changed = tx.Now
		tx.Emit(channelEvent("updated", &before, &after, "Sửa kênh thông báo "+after.Name))
		tx.After(s.Wake)
		return saveChannel(tx, after)
	})
	return after.hidden(), err
}

// DeleteChannel removes a channel; what still waits for it is dropped.
func (s *Service) DeleteChannel(ctx context.Context, actor access.Actor, id string) error {
	if err := access.Require(actor, access.NotifyEdit, access.Scope{}); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		c, ok, err := findChannel(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoChannel.With("id", id)
		}
		if c.Kind == InApp || c.Kind == WebPush {
			return errBuiltIn.With()
		}
		tx.Emit(channelEvent("deleted", &c, nil, "Xoá kênh thông báo "+c.Name))
		return deleteChannel(tx, id)
	})
}

func channelEvent(verb string, before, after *Channel, summary string) store.Event {
	e := store.Event{Entity: "notify_channel", Summary: summary}
	if before != nil {
		e.EntityID, e.Before = before.ID, before.hidden()
	}
	if after != nil {
		e.EntityID, e.After = after.ID, after.hidden()
	}
	e.Subject = "ioc.notify.channel_" + verb + "." + e.EntityID
	return e
}

var testTitle, testText = msg.Text{Vi: "Thử kênh {name}", En: "Test of {name}"},
	msg.Text{Vi: "Nếu bạn đọc được dòng này, kênh thông báo hoạt động.", En: "If you can read this, the channel works."}

// Test sends one message by the channel at once, also when it is switched
// off, and returns how it went. It goes to the address given, or to the
// actor's own.
func (s *Service) Test(ctx context.Context, actor access.Actor, id, to string) (Delivery, error) {
	if err := access.Require(actor, access.NotifyEdit, access.Scope{}); err != nil {
		return Delivery{}, err
	}
	var ch Channel
	var l letter
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		var ok bool
		var err error
		if ch, ok, err = findChannel(tx, id); err != nil {
			return err
		}
		if !ok {
			return errNoChannel.With("id", id)
		}
		c, err := findContact(tx, actor.ID)
		if err != nil {
			return err
		}
		p := parcel{id: uid.New(tx.Now), message: uid.New(tx.Now), channel: ch.ID, kind: ch.Kind, user: actor.ID, name: actor.Name,
			lang: c.Lang, state: Failed, lastError: troubleInterrupted, attempts: 1, nextAt: s.now(), giveUpAt: s.now(), at: tx.Now}
		if p.address, err = testAddress(&ch, c, to); err != nil {
			return err
		}
		title := msg.Text{Vi: testTitle.Format(msg.Vi, map[string]any{"name": ch.Name}), En: testTitle.Format(msg.En, map[string]any{"name": ch.Name})}
		if _, err := insertMessage(tx, p.message, Message{Key: p.message, Topic: TopicTest, Severity: alertevent.Info, Title: title, Text: testText, Link: "/notify"}, "null"); err != nil {
			return err
		}
		var sentAt time.Time
		if ch.Kind == InApp {
			p.state, p.lastError, sentAt = Sent, "", tx.Now
			tx.After(func() { s.tellInbox(actor.ID) })
			if err := insertInbox(tx, p.message, actor.ID); err != nil {
				return err
			}
		}
		if err := insertParcel(tx, p, sentAt); err != nil {
			return err
		}
		notes, err := notesOf(tx, p.id)
		if err != nil {
			return err
		}
		l = s.write(p, notes)
		tx.Emit(store.Event{Subject: "ioc.notify.tested." + ch.ID, Entity: "notify_channel", EntityID: ch.ID, Summary: "Thử kênh thông báo " + ch.Name})
		return nil
	})
	if err != nil {
		return Delivery{}, err
	}
	if ch.Kind != InApp {
		failed := s.transmit(ctx, ch, l)
		if failed != nil && !isPermanent(failed) {
			failed = permanent{failed} // a test is not repeated
		}
		if err := s.settle(context.WithoutCancel(ctx), l.parcel, failed); err != nil {
			return Delivery{}, err
		}
	}
	var d Delivery
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		d, _, err = findDelivery(tx, l.id)
		return err
	})
	return d, err
}

// testAddress is where a test goes.
func testAddress(ch *Channel, c Contact, to string) (string, error) {
	to = strings.TrimSpace(to)
	switch {
	case ch.Kind == Email:
		if to == "" {
			to = c.Email
		}
		probe := Contact{Email: to}
		if err := probe.normalise(); err != nil || to == "" {
			return "", errContact.With().At("to", errEmail.With("email", clip(to, 80)))
		}
		return to, nil
	case ch.Kind == HTTP && !ch.broadcasts():
		if to == "" {
			to = c.Phone
		}
		phone, err := Phone(to)
		if f, bad := fault.As(err); bad {
			return "", errContact.With().At("to", f)
		}
		return phone, nil
	}
	return "", nil
}
