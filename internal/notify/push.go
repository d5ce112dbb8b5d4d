package notify

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/SherClockHolmes/webpush-go"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

var errSubscription = fault.Define(fault.Invalid, "notify.subscription", "this is not a subscription of a browser", "không phải đăng ký nhận tin của trình duyệt")

// browsers is how many browsers of one person take pushes; the oldest go.
const browsers = 10

// keys are the VAPID keys by which push services know us; they are made once.
type keys struct{ private, public string }

func (s *Service) vapid(ctx context.Context) (keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys.public != "" {
		return s.keys, nil
	}
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		return keys{}, fmt.Errorf("make VAPID keys: %w", err)
	}
	var k keys
	err = s.db.Keep(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("insert into notify_key (id, private_key, public_key) values (1, $1, $2) on conflict (id) do nothing", private, public); err != nil {
			return err
		}
		return tx.QueryRow("select private_key, public_key from notify_key where id = 1").Scan(&k.private, &k.public)
	})
	if err == nil {
		s.keys = k
	}
	return k, err
}

// PushKey is the public key that browsers subscribe with.
func (s *Service) PushKey(ctx context.Context, actor access.Actor) (string, error) {
	if err := person(actor); err != nil {
		return "", err
	}
	k, err := s.vapid(ctx)
	return k.public, err
}

// Subscribe lets a browser of the actor take pushes.
func (s *Service) Subscribe(ctx context.Context, actor access.Actor, endpoint, p256dh, auth string) error {
	if err := person(actor); err != nil {
		return err
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" || len(endpoint) > 2000 {
		return errSubscription.With().At("endpoint", errURL.With("url", clip(endpoint, 200)))
	}
	point, perr := decode64(p256dh)
	if _, err := ecdh.P256().NewPublicKey(point); perr != nil || err != nil {
		return errSubscription.With().At("keys.p256dh", errSubscription.With())
	}
	if secret, err := decode64(auth); err != nil || len(secret) != 16 {
		return errSubscription.With().At("keys.auth", errSubscription.With())
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		sub := subscription{id: uid.New(tx.Now), user: actor.ID, endpoint: endpoint, p256dh: p256dh, auth: auth}
		if err := saveSubscription(tx, sub); err != nil {
			return err
		}
		if err := trimSubscriptions(tx, actor.ID, browsers); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.notify.subscribed." + actor.ID, Entity: "contact", EntityID: actor.ID,
			After: map[string]string{"push_service": u.Host}, Summary: "Đăng ký nhận thông báo đẩy trên trình duyệt"})
		return nil
	})
}

// Unsubscribe takes a browser of the actor out.
func (s *Service) Unsubscribe(ctx context.Context, actor access.Actor, endpoint string) error {
	if err := person(actor); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		n, err := deleteSubscription(tx, actor.ID, endpoint)
		if err == nil && n > 0 {
			tx.Emit(store.Event{Subject: "ioc.notify.unsubscribed." + actor.ID, Entity: "contact", EntityID: actor.ID,
				Summary: "Ngừng nhận thông báo đẩy trên trình duyệt"})
		}
		return err
	})
}

func decode64(s string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "="))
}

// pushed is what the service worker of the UI is given.
type pushed struct {
	Key      string `json:"key"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Link     string `json:"link"`
	Severity int    `json:"severity"`
}

// sendPush pushes to every browser of the person. A push service keeps one
// message per topic, so that a second attempt replaces the first.
func (s *Service) sendPush(ctx context.Context, c *webPushConfig, l letter) error {
	k, err := s.vapid(ctx)
	if err != nil {
		return err
	}
	var subs []subscription
	if err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		subs, err = subscriptions(tx, l.user)
		return err
	}); err != nil {
		return err
	}
	payload, err := json.Marshal(pushed{Key: l.id, Title: clip(l.title, 200), Text: clip(l.text, 600), Link: l.link, Severity: int(l.severity)})
	if err != nil {
		return err
	}
	subscriber := s.base
	if !strings.HasPrefix(subscriber, "https:") {
		subscriber = "https://openioc.org"
	}
	o := &webpush.Options{HTTPClient: pushClient{s.client, l.id}, Subscriber: subscriber, Topic: l.id, TTL: c.TTLSeconds,
		VAPIDPublicKey: k.public, VAPIDPrivateKey: k.private, Urgency: webpush.UrgencyNormal}
	if l.severity >= alertevent.Warning {
		o.Urgency = webpush.UrgencyHigh
	}
	sent := 0
	var failed []error
	for _, sub := range subs {
		err := push(ctx, payload, sub, o)
		switch {
		case err == nil:
			sent++
		case errors.Is(err, errGone):
			if err := s.db.Housekeep(ctx, func(tx *store.Tx) error { return forgetSubscription(tx, sub.id) }); err != nil {
				return err
			}
		default:
			failed = append(failed, err)
		}
	}
	if sent > 0 {
		return nil
	}
	if len(failed) == 0 {
		return errGone
	}
	return errors.Join(failed...)
}

func push(ctx context.Context, payload []byte, sub subscription, o *webpush.Options) error {
	res, err := webpush.SendNotificationWithContext(ctx, payload, &webpush.Subscription{Endpoint: sub.endpoint, Keys: webpush.Keys{P256dh: sub.p256dh, Auth: sub.auth}}, o)
	if err != nil {
		return safe(err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
		return errGone
	case res.StatusCode >= 300:
		return fmt.Errorf("the push service answered %d", res.StatusCode)
	}
	return nil
}

// pushClient adds the key to the requests that the library makes.
type pushClient struct {
	*http.Client
	key string
}

// Do sends the request.
func (c pushClient) Do(req *http.Request) (*http.Response, error) {
	req.Header.Set("Idempotency-Key", c.key)
	return c.Client.Do(req)
}
