package mqttclient

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"

	"openioc.org/ioc/internal/fault"
)

var (
	errConnect   = fault.Define(fault.Unavailable, "mqttclient.connect", "no connection to the broker: {detail}", "không kết nối được máy chủ: {detail}")
	errSubscribe = fault.Define(fault.Invalid, "mqttclient.subscribe", "the broker refused the subscription", "máy chủ từ chối đăng ký chủ đề")
	errLost      = fault.Define(fault.Unavailable, "mqttclient.lost", "the connection to the broker was lost", "mất kết nối tới máy chủ")
)

// keepAway is how long the broker keeps our session, with its messages, after
// we are gone.
const keepAway = 24 * time.Hour

// ackInterval is how often paho sends the acknowledgements of MQTT 5.
const ackInterval = 5 * time.Millisecond

const patience = 15 * time.Second

func connectFault(err error) error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return errConnect.With("detail", err.Error()).Because(err)
}

// session5 speaks MQTT 5.
type session5 struct {
	c     *Client
	id    string
	clean bool
	qos   byte
	put   func(incoming)
	end   chan error
	conn  net.Conn
	cl    *paho.Client
}

func (s *session5) lost() <-chan error { return s.end }

func (s *session5) fail(err error) {
	select {
	case s.end <- err:
	default:
	}
}

func (s *session5) start(ctx context.Context) error {
	conn, err := s.c.dial(ctx)
	if err != nil {
		return connectFault(err)
	}
	s.conn = conn
	s.cl = paho.NewClient(paho.ClientConfig{
		ClientID: s.id, Conn: conn, EnableManualAcknowledgment: true, SendAcksInterval: ackInterval, PacketTimeout: patience,
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			packet, cl := p.Packet, p.Client
			s.put(incoming{topic: packet.Topic, payload: packet.Payload, ack: func() error {
				if packet.QoS == 0 {
					return nil
				}
				return cl.Ack(packet)
			}})
			return true, nil
		}},
		OnClientError:      func(err error) { s.fail(errLost.With().Because(err)) },
		OnServerDisconnect: func(d *paho.Disconnect) { s.fail(errLost.With()) },
	})
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cp := &paho.Connect{ClientID: s.id, KeepAlive: 30, CleanStart: s.clean, Properties: &paho.ConnectProperties{}}
	if !s.clean {
		expiry := uint32(keepAway / time.Second)
		cp.Properties.SessionExpiryInterval = &expiry
	}
	if u := s.c.c.Username; u != "" {
		cp.UsernameFlag, cp.Username = true, u
		cp.PasswordFlag, cp.Password = true, []byte(s.c.c.Password.Reveal())
	}
	if _, err := s.cl.Connect(ctx, cp); err != nil {
		return connectFault(err)
	}
	sub := &paho.Subscribe{}
	for _, t := range s.c.c.Topics {
		sub.Subscriptions = append(sub.Subscriptions, paho.SubscribeOptions{Topic: t, QoS: s.qos})
	}
	for try := 1; ; try++ {
		ack, err := s.cl.Subscribe(ctx, sub)
		if err == nil {
			return nil
		}
		if ack == nil || try == idTries || !slices.Contains(ack.Reasons, idInUse) {
			return errSubscribe.With().Because(err)
		}
	}
}

// Some brokers (mochi) refuse a SUBSCRIBE whose packet id equals that of a
// message that they are about to send us; the next try has the next id.
const (
	idInUse = 0x91
	idTries = 50
)

func (s *session5) stop() {
	if s.cl != nil {
		time.Sleep(3 * ackInterval)             // paho sends acknowledgements from time to time and forgets the last
		_ = s.cl.Disconnect(&paho.Disconnect{}) // a goodbye; the connection closes anyway
	}
	if s.conn != nil {
		s.conn.Close()
	}
}

// session3 speaks MQTT 3.1.1.
type session3 struct {
	c     *Client
	id    string
	clean bool
	qos   byte
	put   func(incoming)
	end   chan error
	cl    paho3.Client
}

func (s *session3) lost() <-chan error { return s.end }

func (s *session3) start(ctx context.Context) error {
	o := paho3.NewClientOptions().SetClientID(s.id).SetProtocolVersion(4).SetCleanSession(s.clean).
		SetUsername(s.c.c.Username).SetPassword(s.c.c.Password.Reveal()).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(patience).SetKeepAlive(30 * time.Second).
		SetOrderMatters(true).SetAutoAckDisabled(true).AddBroker("tcp://" + s.c.url.Host)
	var dialErr error
	o.SetCustomOpenConnectionFn(func(*url.URL, paho3.ClientOptions) (net.Conn, error) {
		conn, err := s.c.dial(ctx)
		dialErr = err
		return conn, err
	})
	o.SetConnectionLostHandler(func(_ paho3.Client, err error) {
		select {
		case s.end <- errLost.With().Because(err):
		default:
		}
	})
	take := func(_ paho3.Client, m paho3.Message) {
		s.put(incoming{topic: m.Topic(), payload: m.Payload(), ack: func() error { m.Ack(); return nil }})
	}
	o.SetDefaultPublishHandler(take) // what the broker kept arrives before SUBACK
	s.cl = paho3.NewClient(o)
	if err := wait(ctx, s.cl.Connect()); err != nil {
		if dialErr != nil {
			err = dialErr
		}
		return connectFault(err)
	}
	filters := map[string]byte{}
	for _, t := range s.c.c.Topics {
		filters[t] = s.qos
	}
	for try := 1; ; try++ {
		tok := s.cl.SubscribeMultiple(filters, take)
		if err := wait(ctx, tok); err != nil {
			return errSubscribe.With().Because(err)
		}
		worst := byte(0)
		if sub, ok := tok.(*paho3.SubscribeToken); ok {
			for _, code := range sub.Result() {
				worst = max(worst, code)
			}
		}
		switch {
		case worst < 0x80:
			return nil
		case worst != idInUse || try == idTries:
			return errSubscribe.With()
		}
	}
}

func wait(ctx context.Context, t paho3.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return context.DeadlineExceeded
	}
}

func (s *session3) stop() {
	if s.cl != nil {
		s.cl.Disconnect(100)
	}
}

func lastLevel(topic string) string { return topic[strings.LastIndexByte(topic, '/')+1:] }

// validFilter reports whether wildcards stand alone in their levels and # is
// the last one.
func validFilter(filter string) bool {
	if filter == "" || len(filter) > 65535 || strings.ContainsRune(filter, 0) {
		return false
	}
	levels := strings.Split(filter, "/")
	for i, l := range levels {
		if strings.ContainsAny(l, "+#") && len(l) > 1 || l == "#" && i < len(levels)-1 {
			return false
		}
	}
	return true
}
