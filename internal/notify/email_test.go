package notify_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store/storetest"
)

// sink is a mail server that keeps what it is given.
type sink struct {
	net.Listener
	mu      sync.Mutex
	letters []string
	auth    []string
	refuse  string      // an answer to RCPT
	secure  *tls.Config // offers STARTTLS
	plain   int         // letters and passwords that came unencrypted
}

func listen(t *testing.T, address string) *sink {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, l, nil)
}

// answer speaks on l; with secure it offers STARTTLS.
func answer(t *testing.T, l net.Listener, secure *tls.Config) *sink {
	t.Helper()
	s := &sink{Listener: l, secure: secure}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(c)
		}
	}()
	return s
}

func (s *sink) talk(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	say := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	say("220 sink")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-sink")
			say("250-8BITMIME")
			if _, on := c.(*tls.Conn); s.secure != nil && !on {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go")
			c = tls.Server(c, s.secure)
			r = bufio.NewReader(c)
		case "AUTH":
			s.unencrypted(c)
			_, token, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(token)
			s.mu.Lock()
			s.auth = append(s.auth, string(plain))
			s.mu.Unlock()
			say("235 ok")
		case "RCPT":
			s.mu.Lock()
			answer := s.refuse
			s.mu.Unlock()
			if answer == "" {
				answer = "250 ok"
			}
			say(answer)
		case "DATA":
			s.unencrypted(c)
			say("354 go")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(l)
			}
			s.mu.Lock()
			s.letters = append(s.letters, b.String())
			s.mu.Unlock()
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *sink) unencrypted(c net.Conn) {
	if _, on := c.(*tls.Conn); !on {
		s.mu.Lock()
		s.plain++
		s.mu.Unlock()
	}
}

func (s *sink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.letters...)
}

func TestEmail(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		s := listen(t, "127.0.0.1:0")
		port := s.Addr().(*net.TCPAddr).Port
		ch := d.channel(notify.Email, map[string]any{"host": "127.0.0.1", "port": port, "security": "none", "from": "ioc@danang.example",
			"from_name": "IOC Đà Nẵng", "username": "ioc", "password": "bí mật"})
		d.contact("u1", "a@example.vn", "")
		d.run()
		d.enqueue(message("k"))
		until(t, "the letter is there", func() bool { return len(s.got()) == 1 && d.settled(ch.ID)() })
		m, err := mail.ReadMessage(strings.NewReader(s.got()[0]))
		if err != nil {
			t.Fatal(err)
		}
		x := d.deliveries(ch.ID)[0]
		if id := m.Header.Get("Message-Id"); id != "<"+x.ID+"@danang.example>" {
			t.Errorf("Message-ID %s of %s", id, x.ID)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || subject != "[Cảnh báo] Ngập k" {
			t.Errorf("subject %q %v", subject, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil || !strings.Contains(string(body), "Tháp báo 0,35 m") || !strings.Contains(string(body), "https://ioc.example/alerts/al1") {
			t.Errorf("%v %s", err, body)
		}
		s.mu.Lock()
		if len(s.auth) != 1 || s.auth[0] != "\x00ioc\x00bí mật" {
			t.Errorf("auth %q", s.auth)
		}
		s.mu.Unlock()
		if x.To != "Nguyễn Văn A · a***@example.vn" {
			t.Errorf("to %q", x.To)
		}
	})
}

// A link leads nowhere from a mailbox while the city has no public address: it
// is left out.
func TestEmail_WithoutPublicAddress(t *testing.T) {
	clk := clock.Manual(noon)
	d := open(t, storetest.SQLite(t, clk), clk, func(o *notify.Options) { o.BaseURL = "" })
	s := listen(t, "127.0.0.1:0")
	ch := d.channel(notify.Email, map[string]any{"host": "127.0.0.1", "port": s.Addr().(*net.TCPAddr).Port, "security": "none", "from": "ioc@danang.example"})
	d.contact("u1", "a@example.vn", "")
	d.run()
	d.enqueue(message("k"))
	until(t, "the letter is there", func() bool { return len(s.got()) == 1 && d.settled(ch.ID)() })
	if body := s.got()[0]; strings.Contains(body, "/alerts/") || !strings.Contains(body, "0,35") {
		t.Errorf("%s", body)
	}
}

func TestMailServerDownThenUp(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		probe, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := probe.Addr().String()
		_ = probe.Close()
		ch := d.channel(notify.Email, map[string]any{"host": "127.0.0.1", "port": probe.Addr().(*net.TCPAddr).Port, "security": "none", "from": "ioc@danang.example"})
		d.contact("u1", "a@example.vn", "")
		d.run()
		d.enqueue(message("k"))
		until(t, "it waits with its trouble", func() bool {
			x := d.deliveries(ch.ID)[0]
			return x.State == notify.Waiting && strings.Contains(x.LastError, "refused")
		})
		s := listen(t, address)
		d.clk.Set(noon.Add(time.Minute))
		until(t, "it goes out", func() bool { return len(s.got()) == 1 && d.deliveries(ch.ID)[0].State == notify.Sent })
	})
}

func TestNoSuchMailboxIsNotRepeated(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		s := listen(t, "127.0.0.1:0")
		s.refuse = "550 no such user"
		ch := d.channel(notify.Email, map[string]any{"host": "127.0.0.1", "port": s.Addr().(*net.TCPAddr).Port, "security": "none", "from": "ioc@danang.example"})
		d.contact("u1", "a@example.vn", "")
		d.run()
		d.enqueue(message("k"))
		until(t, "given up", func() bool { x := d.deliveries(ch.ID)[0]; return x.State == notify.Failed && x.Attempts == 1 })
	})
}

// Both ways of TLS against a server with a certificate of its own: it gets the
// letter when its certificate is trusted, and nothing when it is not.
func TestMailOverTLS(t *testing.T) {
	cert := httptest.NewTLSServer(nil)
	defer cert.Close()
	config := &tls.Config{Certificates: cert.TLS.Certificates}
	for _, security := range []string{"tls", "starttls"} {
		for _, trusted := range []bool{true, false} {
			t.Run(fmt.Sprint(security, " trusted ", trusted), func(t *testing.T) {
				each(t, func(t *testing.T, d *desk) {
					l, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					port := l.Addr().(*net.TCPAddr).Port
					var s *sink
					if security == "tls" {
						s = answer(t, tls.NewListener(l, config), nil)
					} else {
						s = answer(t, l, config)
					}
					if trusted {
						roots := x509.NewCertPool()
						roots.AddCert(cert.Certificate())
						d.SetRoots(roots)
					}
					ch := d.channel(notify.Email, map[string]any{"host": "127.0.0.1", "port": port, "security": security, "from": "ioc@danang.example", "username": "ioc", "password": "x"})
					d.contact("u1", "a@example.vn", "")
					d.run()
					d.enqueue(message("k"))
					if trusted {
						until(t, "the letter is there", func() bool { return len(s.got()) == 1 && d.deliveries(ch.ID)[0].State == notify.Sent })
					} else {
						until(t, "it waits with its trouble", func() bool {
							x := d.deliveries(ch.ID)[0]
							return x.State == notify.Waiting && strings.Contains(x.LastError, "certificate")
						})
					}
					s.mu.Lock()
					defer s.mu.Unlock()
					if s.plain > 0 || !trusted && len(s.auth)+len(s.letters) > 0 {
						t.Errorf("%d came unencrypted, %d passwords, %d letters", s.plain, len(s.auth), len(s.letters))
					}
				})
			})
		}
	}
}

// A server that offers no STARTTLS gets neither letter nor password.
func TestStartTLSIsNotOptional(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		s := listen(t, "127.0.0.1:0")
		ch := d.channel(notify.Email, map[string]any{"host": "127.0.0.1", "port": s.Addr().(*net.TCPAddr).Port, "from": "ioc@danang.example", "username": "ioc", "password": "x"})
		d.contact("u1", "a@example.vn", "")
		d.run()
		d.enqueue(message("k"))
		until(t, "refused", func() bool { return strings.Contains(strings.ToLower(d.deliveries(ch.ID)[0].LastError), "starttls") })
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.letters)+len(s.auth) != 0 {
			t.Error("something went out in clear")
		}
	})
}
