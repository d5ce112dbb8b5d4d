package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/msg"
)

// signatureHeader carries "t=<unix seconds>,v1=<hex of HMAC-SHA256 over
// t + "." + body>".
const signatureHeader = "x-ioc-signature"

// cloudEvent is a CloudEvent 1.0 in its structured JSON form.
type cloudEvent struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject,omitempty"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        eventData `json:"data"`
}

type eventData struct {
	Key      string          `json:"key"`
	Topic    string          `json:"topic"`
	Severity int             `json:"severity"`
	Service  string          `json:"service,omitempty"`
	Unit     string          `json:"unit,omitempty"`
	Title    msg.Text        `json:"title"`
	Text     msg.Text        `json:"text"`
	Link     string          `json:"link,omitempty"`
	Alert    string          `json:"alert,omitempty"`
	Incident string          `json:"incident,omitempty"`
	Task     string          `json:"task,omitempty"`
	Detail   json.RawMessage `json:"detail,omitempty"`
}

func (s *Service) sendWebhook(ctx context.Context, c *webhookConfig, l letter) error {
	n := l.notes[0]
	source := s.base
	if source == "" {
		source = "/ioc"
	}
	subject := n.alert
	if subject == "" {
		subject = n.incident + n.task
	}
	e := cloudEvent{
		SpecVersion: "1.0", ID: l.id, Source: source, Type: "org.openioc.notify." + n.topic, Subject: subject, Time: n.at, ContentType: "application/json",
		Data: eventData{Key: n.key, Topic: n.topic, Severity: int(n.severity), Service: n.service, Unit: n.unit, Title: n.title, Text: n.text,
			Link: s.address(n.link), Alert: n.alert, Incident: n.incident, Task: n.task},
	}
	if string(n.data) != "null" {
		e.Data.Detail = n.data
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, v := range c.Headers {
		req.Header.Set(name, headerText(v.Reveal()))
	}
	req.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	req.Header.Set("Idempotency-Key", l.id)
	if c.Secret != "" {
		req.Header.Set(signatureHeader, sign(c.Secret.Reveal(), s.now(), body))
	}
	_, err = s.do(req, nil)
	return err
}

func sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// do sends a request; an answer that is no success is an error.
func (s *Service) do(req *http.Request, okStatus []int) ([]byte, error) {
	req.Header.Set("User-Agent", "openioc")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, safe(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, safe(err)
	}
	good := res.StatusCode >= 200 && res.StatusCode < 300
	if len(okStatus) > 0 {
		good = false
		for _, ok := range okStatus {
			good = good || res.StatusCode == ok
		}
	}
	if good {
		return body, nil
	}
	err = fmt.Errorf(troubleAnswered+"%d %s", res.StatusCode, excerpt(body))
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
		if n, perr := strconv.Atoi(res.Header.Get("Retry-After")); perr == nil && n > 0 {
			return nil, later{err, time.Duration(min(n, 3600)) * time.Second}
		}
	}
	return nil, err
}

// safe takes the address out of an error of net/http: it may hold a token.
func safe(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

func excerpt(body []byte) string { return clip(strings.Join(strings.Fields(string(body)), " "), 200) }
