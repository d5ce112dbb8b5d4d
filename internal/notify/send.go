package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// letter is what is said to one person: one message, or several in one.
type letter struct {
	parcel
	notes    []note
	title    string
	text     string
	link     string
	severity alertevent.Severity
}

// maxLines is how many messages a digest names.
const maxLines = 20

var digestTitle = msg.Text{Vi: "{n} thông báo, nặng nhất: {severity}", En: "{n} notifications, the gravest: {severity}"}

// write makes the words of a letter in the person's language.
func (s *Service) write(p parcel, notes []note) letter {
	l := letter{parcel: p, notes: notes}
	first := notes[0] // the gravest
	l.severity = first.severity
	if len(notes) == 1 {
		l.title, l.text, l.link = first.title.In(p.lang), first.text.In(p.lang), s.address(first.link)
		return l
	}
	l.title = digestTitle.Format(p.lang, map[string]any{"n": len(notes), "severity": first.severity.Title()})
	l.link = s.address("/inbox")
	var b strings.Builder
	for i, n := range notes {
		if i == maxLines {
			fmt.Fprintf(&b, "… +%d", len(notes)-i)
			break
		}
		fmt.Fprintf(&b, "%s [%s] %s\n", n.at.In(caltime.Zone).Format("15:04"), n.severity.Title().In(p.lang), n.title.In(p.lang))
	}
	l.text = strings.TrimSpace(b.String())
	return l
}

// away is the link for who does not read it in our own pages: nothing where
// the city has no public address (server.public_url).
func (l letter) away() string {
	if strings.HasPrefix(l.link, "/") {
		return ""
	}
	return l.link
}

// address is a link with the public address of the city, where it has one.
func (s *Service) address(link string) string {
	if link == "" || !strings.HasPrefix(link, "/") {
		return link
	}
	return strings.TrimSuffix(s.base, "/") + link
}

// later is a failure that names when to come back.
type later struct {
	error
	after time.Duration
}

func (l later) Unwrap() error { return l.error }

// gone is a delivery that has nowhere to go.
var errGone = errors.New(troubleNoBrowser)

// transmit sends a letter once, within the time of one attempt.
func (s *Service) transmit(ctx context.Context, ch Channel, l letter) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	cfg, err := parseConfig(ch.Kind, ch.Config)
	if err != nil {
		return fmt.Errorf("the channel's configuration: %w", err)
	}
	switch c := cfg.(type) {
	case *emailConfig:
		return s.sendEmail(ctx, c, l)
	case *webhookConfig:
		return s.sendWebhook(ctx, c, l)
	case *httpConfig:
		return s.sendHTTP(ctx, c, l)
	case *webPushConfig:
		return s.sendPush(ctx, c, l)
	}
	return permanent{fmt.Errorf("nothing is sent by %s", ch.Kind)}
}

// backoff is the pause after so many attempts: 1 s, 2 s … 15 min, less up to
// a quarter by the delivery's own number, so that many do not come back at
// once.
func backoff(attempts int, spread int) time.Duration {
	const longest = 15 * time.Minute
	d := longest
	if attempts < 11 {
		d = min(time.Second<<max(attempts-1, 0), longest)
	}
	return d - d/4*time.Duration(spread%16)/16
}

// settle writes down how an attempt ended.
func (s *Service) settle(ctx context.Context, p parcel, failed error) error {
	now := s.now()
	if failed == nil {
		return s.db.Housekeep(ctx, func(tx *store.Tx) error {
			if err := markSent(tx, p.id, now); err != nil {
				return err
			}
			return noteChannel(tx, p.channel, "", now)
		})
	}
	trouble := clip(reveal(failed), 500)
	spread := 0
	for _, c := range p.id {
		spread += int(c)
	}
	next := now.Add(backoff(p.attempts, spread))
	if l, ok := errors.AsType[later](failed); ok {
		next = now.Add(min(max(l.after, time.Second), 15*time.Minute))
	}
	switch {
	case errors.Is(failed, errGone):
		return s.db.Housekeep(ctx, func(tx *store.Tx) error { return markTrouble(tx, p.id, Dropped, trouble, now) })
	case isPermanent(failed) || next.After(p.giveUpAt):
		return s.giveUp(ctx, p, trouble)
	}
	return s.db.Housekeep(ctx, func(tx *store.Tx) error {
		if err := markTrouble(tx, p.id, Waiting, trouble, next); err != nil {
			return err
		}
		return noteChannel(tx, p.channel, trouble, now)
	})
}

// giveUp ends a delivery as failed, which people see and can undo.
func (s *Service) giveUp(ctx context.Context, p parcel, trouble string) error {
	return s.db.Write(ctx, system, func(tx *store.Tx) error {
		if err := markTrouble(tx, p.id, Failed, trouble, s.now()); err != nil {
			return err
		}
		if err := noteChannel(tx, p.channel, trouble, s.now()); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.notify.failed." + p.id, Entity: "notification", EntityID: p.message,
			After:   map[string]any{"delivery": p.id, "message": p.message, "channel": p.channel, "attempts": p.attempts, "error": trouble},
			Summary: "Không gửi được thông báo tới " + shown(p.kind, p.name, p.address)})
		return nil
	})
}

// permanent marks a failure that no repetition mends.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

func isPermanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}

// reveal is the failure in one line for people.
func reveal(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return troubleNoAnswer
	}
	if f, ok := fault.As(err); ok && f.Code == "connector.address_refused" { // the dialler's wrapping says nothing more
		return troubleInside
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// shown is the receiver as lists name it.
func shown(kind, name, address string) string {
	switch {
	case address == "":
		return name
	case kind == Email:
		address = MaskEmail(address)
	default:
		address = MaskPhone(address)
	}
	if name == "" {
		return address
	}
	return name + " · " + address
}
