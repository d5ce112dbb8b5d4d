package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/wneessen/go-mail"

	"openioc.org/ioc/internal/msg"
)

var (
	readMore  = msg.Text{Vi: "Xem chi tiết:", En: "Details:"}
	signature = msg.Text{Vi: "Thư tự động của Trung tâm điều hành thông minh. Kênh nhận tin: trang Thông báo của tôi.",
		En: "Sent by the Intelligent Operations Center. How you are reached: My notifications."}
)

func (s *Service) sendEmail(ctx context.Context, c *emailConfig, l letter) error {
	m := mail.NewMsg()
	if err := m.FromFormat(c.FromName, c.From); err != nil {
		return err
	}
	if err := m.AddToFormat(l.name, l.address); err != nil {
		return permanent{err}
	}
	_, host, _ := strings.Cut(c.From, "@")
	m.SetMessageIDWithValue(l.id + "@" + host)
	m.SetGenHeader("Idempotency-Key", l.id)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetDateWithValue(s.now())
	m.Subject("[" + l.severity.Title().In(l.lang) + "] " + headerText(l.title))
	text := l.text
	if link := l.away(); link != "" {
		text += "\n\n" + readMore.In(l.lang) + " " + link
	}
	m.SetBodyString(mail.TypeTextPlain, text+"\n\n-- \n"+signature.In(l.lang)+"\n")

	client, err := s.mailClient(c)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, m)
	var refused *mail.SendError
	if errors.As(err, &refused) && refused.ErrorCode() >= 550 && refused.ErrorCode() <= 553 {
		return permanent{err} // no such mailbox
	}
	return err
}

func (s *Service) mailClient(c *emailConfig) (*mail.Client, error) {
	host := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12, RootCAs: s.roots}
	dial := s.guard.DialContext
	options := []mail.Option{mail.WithPort(c.Port), mail.WithTimeout(s.timeout), mail.WithTLSConfig(host), mail.WithoutNoop()}
	auth := mail.SMTPAuthAutoDiscover
	switch c.Security {
	case "tls":
		options = append(options, mail.WithSSL(), mail.WithPort(c.Port))
		// The library cannot see that our own dialer's connection is encrypted
		// and would discover no mechanism; PLAIN looks at the connection itself.
		auth = mail.SMTPAuthPlain
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := s.guard.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			secure := tls.Client(conn, host)
			if err := secure.HandshakeContext(ctx); err != nil {
				_ = conn.Close()
				return nil, err
			}
			return secure, nil
		}
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
		auth = mail.SMTPAuthPlainNoEnc
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	options = append(options, mail.WithDialContextFunc(dial))
	if c.Username != "" {
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(c.Username), mail.WithPassword(c.Password.Reveal()))
	}
	return mail.NewClient(c.Host, options...)
}
