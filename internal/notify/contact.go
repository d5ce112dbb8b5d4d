package notify

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

var (
	errContact  = fault.Define(fault.Invalid, "notify.contact", "the contact page is not valid", "thông tin liên hệ chưa hợp lệ")
	errPhone    = fault.Define(fault.Invalid, "notify.phone", "{phone} is not a Vietnamese phone number such as 0905 123 456 or +84 905 123 456", "{phone} không phải số điện thoại Việt Nam, ví dụ 0905 123 456 hoặc +84 905 123 456")
	errEmail    = fault.Define(fault.Invalid, "notify.email", "{email} is not an e-mail address", "{email} không phải địa chỉ thư điện tử")
	errLang     = fault.Define(fault.Invalid, "notify.lang", "use vi or en", "chọn vi hoặc en")
	errSeverity = fault.Define(fault.Invalid, "notify.severity", "use 1 to 4", "chọn mức 1 đến 4")
	errWishes   = fault.Define(fault.Invalid, "notify.wishes", "at most {max}", "không quá {max}")
	errHour     = fault.Define(fault.Invalid, "notify.hour", "{hour} is not an hour such as 22:00", "{hour} không phải giờ, ví dụ 22:00")
)

// mostWishes bounds what a contact page holds.
const mostWishes = 200

// Phone brings a Vietnamese phone number into the form +84905123456. Spaces,
// dots, dashes and brackets do not matter; mobile numbers have nine digits
// after 0 or +84, those of the network of wires (0236 3…) ten.
func Phone(s string) (string, error) {
	var b strings.Builder
	for i, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" .-()\u00a0", r):
		default:
			return "", errPhone.With("phone", clip(s, 40))
		}
	}
	d := b.String()
	switch {
	case strings.HasPrefix(d, "+84"):
		d = strings.TrimPrefix(d[3:], "0") // +84 (0)905 …
	case strings.HasPrefix(d, "0084"):
		d = strings.TrimPrefix(d[4:], "0")
	case strings.HasPrefix(d, "84") && len(d) >= 11:
		d = d[2:]
	case strings.HasPrefix(d, "0"):
		d = d[1:]
	default:
		return "", errPhone.With("phone", clip(s, 40))
	}
	mobile := len(d) == 9 && strings.ContainsRune("35789", rune(d[0]))
	if wired := len(d) == 10 && d[0] == '2'; !mobile && !wired {
		return "", errPhone.With("phone", clip(s, 40))
	}
	return "+84" + d, nil
}

// mobile reports whether a text can be sent to a number that Phone made.
func mobile(phone string) bool { return len(phone) == 12 && phone[3] != '2' }

// local is the number as people dial it: 0905123456.
func local(phone string) string { return "0" + strings.TrimPrefix(phone, "+84") }

// MaskPhone hides the middle of a number that Phone made: "090***3456".
func MaskPhone(phone string) string {
	if phone == "" {
		return ""
	}
	l := local(phone)
	if len(l) < 8 {
		return "***"
	}
	return l[:3] + "***" + l[len(l)-4:]
}

// MaskEmail hides most of the name: "t***@danang.gov.vn".
func MaskEmail(email string) string {
	name, host, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return strings.Repeat("*", min(len(email), 3))
	}
	return string([]rune(name)[:1]) + "***@" + host
}

// normalise checks a contact and brings it into the form that is kept.
func (c *Contact) normalise() error {
	bad := errContact.With()
	c.Email, c.Phone = strings.TrimSpace(c.Email), strings.TrimSpace(c.Phone)
	if c.Email != "" {
		a, err := mail.ParseAddress(c.Email)
		if err != nil || a.Address != c.Email || len(c.Email) > 254 || strings.ContainsAny(c.Email, "\r\n") {
			bad.At("email", errEmail.With("email", clip(c.Email, 80)))
		}
	}
	if c.Phone != "" {
		p, err := Phone(c.Phone)
		if f, wrong := fault.As(err); wrong {
			bad.At("phone", f)
		}
		c.Phone = p
	}
	if c.Lang == "" {
		c.Lang = msg.Vi
	}
	if c.Lang != msg.Vi && c.Lang != msg.En {
		bad.At("lang", errLang.With())
	}
	if len(c.Channels) > mostWishes {
		bad.At("channels", errWishes.With("max", mostWishes))
	}
	for k, w := range c.Channels {
		if w.MinSeverity != 0 && !w.MinSeverity.Valid() {
			bad.At("channels."+clip(k, 64)+".min_severity", errSeverity.With())
		}
	}
	if q := c.Quiet; q != nil {
		for path, h := range map[string]string{"quiet.from": q.From, "quiet.to": q.To} {
			if _, err := time.Parse("15:04", h); err != nil {
				bad.At(path, errHour.With("hour", clip(h, 20)))
			}
		}
		if q.MinSeverity == 0 {
			q.MinSeverity = alertevent.Emergency
		}
		if !q.MinSeverity.Valid() {
			bad.At("quiet.min_severity", errSeverity.With())
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// wants reports whether the person wants messages of this weight by the
// channel; what is said of the channel itself goes before what is said of its
// kind.
func (c *Contact) wants(ch *Channel, s alertevent.Severity) bool {
	for _, key := range []string{ch.ID, ch.Kind} {
		if w, said := c.Channels[key]; said {
			return w.Enabled && s >= w.MinSeverity
		}
	}
	return true
}

// quietUntil is when the quiet hours that hold now end; the zero time when
// the message comes through.
func (c *Contact) quietUntil(now time.Time, s alertevent.Severity) time.Time {
	q := c.Quiet
	if q == nil || s >= q.MinSeverity {
		return time.Time{}
	}
	from, ferr := time.Parse("15:04", q.From)
	to, terr := time.Parse("15:04", q.To)
	if ferr != nil || terr != nil || from.Equal(to) {
		return time.Time{}
	}
	l := now.In(caltime.Zone)
	at := func(day int, h time.Time) time.Time {
		return time.Date(l.Year(), l.Month(), l.Day()+day, h.Hour(), h.Minute(), 0, 0, caltime.Zone)
	}
	// The span that began yesterday, or the one of today.
	for _, day := range []int{-1, 0} {
		begin, end := at(day, from), at(day, to)
		if !from.Before(to) {
			end = at(day+1, to)
		}
		if !now.Before(begin) && now.Before(end) {
			return end
		}
	}
	return time.Time{}
}

// Me returns the actor's own contact page.
func (s *Service) Me(ctx context.Context, actor access.Actor) (Contact, error) {
	if err := person(actor); err != nil {
		return Contact{}, err
	}
	return s.contact(ctx, actor.ID)
}

// SetMe changes the actor's own contact page.
func (s *Service) SetMe(ctx context.Context, actor access.Actor, c Contact) (Contact, error) {
	if err := person(actor); err != nil {
		return Contact{}, err
	}
	return s.setContact(ctx, actor, actor.ID, c)
}

// ContactOf returns the contact page of a person, for those who keep the
// channels; duty has its own, audited, way to a phone number.
func (s *Service) ContactOf(ctx context.Context, actor access.Actor, user string) (Contact, error) {
	if err := access.Require(actor, access.NotifyEdit, access.Scope{}); err != nil {
		return Contact{}, err
	}
	return s.contact(ctx, user)
}

// SetContactOf changes the contact page of a person.
func (s *Service) SetContactOf(ctx context.Context, actor access.Actor, user string, c Contact) (Contact, error) {
	if err := access.Require(actor, access.NotifyEdit, access.Scope{}); err != nil {
		return Contact{}, err
	}
	return s.setContact(ctx, actor, user, c)
}

func (s *Service) contact(ctx context.Context, user string) (c Contact, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		c, err = findContact(tx, user)
		return err
	})
	return c, err
}

func (s *Service) setContact(ctx context.Context, actor access.Actor, user string, c Contact) (Contact, error) {
	if err := c.normalise(); err != nil {
		return Contact{}, err
	}
	c.User = user
	return c, s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, err := findContact(tx, user)
		if err != nil {
			return err
		}
		if err := saveContact(tx, c); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.notify.contact_updated." + user, Entity: "contact", EntityID: user,
			Before: masked(before), After: masked(c), Summary: "Cập nhật thông tin liên hệ"})
		return nil
	})
}

// Contacts are the contact pages of people, by user; everybody asked for is
// in the answer.
func (s *Service) Contacts(tx *store.Tx, users []string) (map[string]Contact, error) {
	out := make(map[string]Contact, len(users))
	for _, u := range users {
		if _, done := out[u]; done || u == "" {
			continue
		}
		c, err := findContact(tx, u)
		if err != nil {
			return nil, err
		}
		out[u] = c
	}
	return out, nil
}

// masked is a contact as the audit trail keeps it.
func masked(c Contact) Contact {
	c.Email, c.Phone = MaskEmail(c.Email), MaskPhone(c.Phone)
	return c
}

// person requires a signed-in person, not a device.
func person(a access.Actor) error { return access.Require(a, access.LayerView, access.Scope{}) }

func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
