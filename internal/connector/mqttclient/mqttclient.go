// Package mqttclient subscribes to somebody else's MQTT broker, the city's for
// instance. A message is acknowledged to that broker only after it is on disk
// with us; with QoS 1 and the lasting session it keeps what comes while we
// are away.
package mqttclient

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/uid"
)

//go:embed README.md
var readme string

// Kind is the source kind.
var Kind = connector.Kind{
	Name:    "mqtt_client",
	Title:   msg.Text{Vi: "Đọc từ máy chủ MQTT khác", En: "Subscribe to an MQTT broker"},
	Summary: msg.Text{Vi: "Nhận bản tin từ máy chủ MQTT của thành phố (3.1.1 hoặc 5, TLS).", En: "Takes messages from the city's MQTT broker (3.1.1 or 5, TLS)."},
	Readme:  readme,
	Config:  func() any { c := defaults(); return &c },
	Sample:  json.RawMessage(`{"url":"mqtts://mqtt.example.vn:8883","topics":["tram/+/muc-nuoc"],"username":"ioc","password":""}`),
	New:     New,
	Probes:  true,
}

// Config says where to subscribe.
type Config struct {
	URL      string             `json:"url" vi:"Địa chỉ" en:"Address" help_vi:"mqtt://máy:1883 hoặc mqtts://máy:8883" help_en:"mqtt://host:1883 or mqtts://host:8883" required:"true"`
	Topics   []string           `json:"topics" vi:"Chủ đề" en:"Topics" help_vi:"có thể dùng + và #" help_en:"+ and # allowed" required:"true"`
	Version  string             `json:"version" vi:"Phiên bản" en:"Version" enum:"5,3.1.1"`
	QoS      int                `json:"qos" vi:"QoS" en:"QoS" min:"0" max:"2"`
	Username string             `json:"username,omitempty" vi:"Tên đăng nhập" en:"User name"`
	Password connector.Secret   `json:"password,omitempty" vi:"Mật khẩu" en:"Password"`
	ClientID string             `json:"client_id,omitempty" vi:"Mã máy khách" en:"Client id" help_vi:"để trống: tự đặt" help_en:"empty: made up"`
	CA       string             `json:"ca,omitempty" vi:"Chứng chỉ gốc (PEM)" en:"Root certificate (PEM)" help_vi:"để trống: theo hệ thống" help_en:"empty: the system's"`
	Quiet    connector.Duration `json:"quiet_for,omitempty" vi:"Nối lại khi im lặng quá" en:"Reconnect when silent for" help_vi:"0: không" help_en:"0: never"`
}

func defaults() Config { return Config{Version: "5", QoS: 1} }

// Client is the connector.
type Client struct {
	c       Config
	d       connector.Deps
	url     *url.URL
	program *mapping.Program
}

var errTopicFilter = fault.Define(fault.Invalid, "mqttclient.topic", "{topic} is not a topic filter", "{topic} không phải bộ lọc chủ đề")

// New checks the config.
func New(raw json.RawMessage, d connector.Deps) (connector.Connector, error) {
	c := defaults()
	if err := connector.Parse(raw, &c); err != nil {
		return nil, err
	}
	bad := connector.NewConfigError()
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts" && u.Scheme != "tcp" && u.Scheme != "ssl":
		bad.At("url", connector.ErrValue.With("value", c.URL, "want", "mqtt://host:1883, mqtts://host:8883"))
	case u.User != nil:
		bad.At("url", connector.ErrUserInfo.With())
	}
	if len(c.Topics) == 0 {
		bad.At("topics", connector.ErrMissing.With())
	}
	for _, t := range c.Topics {
		if !validFilter(t) {
			bad.At("topics", errTopicFilter.With("topic", t))
		}
	}
	if c.Version != "5" && c.Version != "3.1.1" {
		bad.At("version", connector.ErrValue.With("value", c.Version, "want", "5, 3.1.1"))
	}
	if c.QoS < 0 || c.QoS > 2 {
		bad.At("qos", connector.ErrValue.With("value", c.QoS, "want", "0, 1, 2"))
	}
	if c.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(c.CA)) {
		bad.At("ca", connector.ErrValue.With("value", "PEM", "want", "-----BEGIN CERTIFICATE-----"))
	}
	if err := connector.OrNil(bad); err != nil {
		return nil, err
	}
	if c.ClientID == "" {
		// With other topics it is another session: the broker goes on sending
		// what the old one had subscribed to.
		sum := sha256.Sum256([]byte(strings.Join(c.Topics, "\n")))
		c.ClientID = "ioc-" + d.Source + "-" + hex.EncodeToString(sum[:3])
	}
	p, err := mapping.Parse(d.Mapping)
	if err != nil {
		return nil, err
	}
	return &Client{c: c, d: d, url: u, program: p}, nil
}

// dial connects behind the guard.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	secure := c.url.Scheme == "mqtts" || c.url.Scheme == "ssl"
	host, port := c.url.Hostname(), c.url.Port()
	if port == "" {
		port = "1883"
		if secure {
			port = "8883"
		}
	}
	conn, err := c.d.Guard.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil || !secure {
		return conn, err
	}
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.c.CA != "" {
		cfg.RootCAs = x509.NewCertPool()
		cfg.RootCAs.AppendCertsFromPEM([]byte(c.c.CA)) // New has checked it
	}
	t := tls.Client(conn, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

// incoming is a message that waits to be taken in.
type incoming struct {
	topic   string
	payload []byte
	ack     func() error
}

// session is one connection: start connects and subscribes; lost is closed or
// gets the reason when it ends.
type session interface {
	start(ctx context.Context) error
	lost() <-chan error
	stop()
}

const (
	queueDepth = 2048
	batchSize  = 500
)

// Run subscribes and takes messages in until the connection is lost.
func (c *Client) Run(ctx context.Context, sink connector.Sink) error {
	in := make(chan incoming, queueDepth)
	alive, end := context.WithCancel(ctx) // ends what waits to put messages in
	defer end()
	s := c.session(alive, c.c.ClientID, false, c.c.QoS, in)
	if err := s.start(ctx); err != nil {
		s.stop()
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer s.stop()
	c.d.Tell(nil)
	var quiet <-chan time.Time
	for {
		if d := c.c.Quiet.Std(); d > 0 {
			quiet = time.After(d)
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.lost():
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-quiet:
			return errQuiet.With("after", c.c.Quiet.Std().String())
		case m := <-in:
			ms := []incoming{m}
			for len(ms) < batchSize && len(in) > 0 {
				ms = append(ms, <-in)
			}
			if err := c.take(ctx, sink, ms); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			c.d.Tell(nil)
		}
	}
}

var errQuiet = fault.Define(fault.Unavailable, "mqttclient.quiet", "the broker has sent nothing for {after}", "máy chủ không gửi gì trong {after}")

// take has messages accepted and acknowledges them, in order.
func (c *Client) take(ctx context.Context, sink connector.Sink, ms []incoming) error {
	now := c.d.Clock.Now()
	b := connector.Batch{Source: c.d.Source, Received: now}
	for _, m := range ms {
		out := c.program.Read(m.payload, mapping.Meta{Source: c.d.Source, Topic: m.topic, Datastream: lastLevel(m.topic), Received: now})
		b.Readings = append(b.Readings, out.Readings...)
		b.Unread = append(b.Unread, out.Unread...)
	}
	if len(b.Readings)+len(b.Unread) > 0 {
		if _, err := sink.Accept(ctx, b); err != nil {
			return err
		}
	}
	for _, m := range ms {
		if err := m.ack(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) session(ctx context.Context, clientID string, clean bool, qos int, in chan<- incoming) session {
	put := func(m incoming) {
		select {
		case in <- m:
		case <-ctx.Done():
		}
	}
	if c.c.Version == "5" {
		return &session5{c: c, id: clientID, clean: clean, qos: byte(qos), put: put, end: make(chan error, 4)}
	}
	return &session3{c: c, id: clientID, clean: clean, qos: byte(qos), put: put, end: make(chan error, 4)}
}

// Sample waits for one message, beside the running subscription and without
// taking anything from it.
func (c *Client) Sample(ctx context.Context) (connector.Sample, error) {
	in := make(chan incoming, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := c.session(ctx, "ioc-sample-"+uid.Secret(16)[:10], true, 0, in)
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return connector.Sample{}, err
	}
	select {
	case m := <-in:
		return connector.Sample{Raw: m.payload, Name: m.topic, ContentType: "", At: c.d.Clock.Now()}, nil
	case err := <-s.lost():
		return connector.Sample{}, err
	case <-ctx.Done():
		return connector.Sample{}, errNoMessage.With()
	}
}

var errNoMessage = fault.Define(fault.Unavailable, "mqttclient.no_message", "connected, but no message came in time", "đã kết nối nhưng chưa có bản tin nào đến")
