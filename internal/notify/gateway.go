package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

func (s *Service) sendHTTP(ctx context.Context, c *httpConfig, l letter) error {
	if !c.Broadcast && l.address != "" && !mobile(l.address) && strings.Contains(c.URL+c.Body, "{phone") {
		return permanent{fmt.Errorf("%s takes no text messages", MaskPhone(l.address))}
	}
	req, err := c.request(ctx, l)
	if err != nil {
		return err
	}
	body, err := s.do(req, c.OKStatus)
	if err != nil {
		return err
	}
	return c.accepted(body)
}

// request makes the request of a letter.
func (c *httpConfig) request(ctx context.Context, l letter) (*http.Request, error) {
	title, text := l.title, l.text
	if c.Plain {
		title, text = plain(title), plain(text)
	}
	if c.MaxChars > 0 {
		title = clip(title, c.MaxChars)
		if rest := c.MaxChars - len([]rune(title)); rest > 1 {
			text = clip(text, rest)
		} else {
			text = ""
		}
	}
	values := c.values(map[string]string{
		"phone": l.address, "phone_local": "", "phone_plain": "", "name": l.name,
		"title": title, "text": text, "link": l.away(), "key": l.id,
		"severity": strconv.Itoa(int(l.severity)), "severity_name": l.severity.Title().In(l.lang),
	})
	if l.address != "" {
		values["phone_local"], values["phone_plain"] = local(l.address), strings.TrimPrefix(l.address, "+")
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, fill(c.URL, values, urlText), strings.NewReader(fill(c.Body, values, escapeFor(c.ContentType))))
	if err != nil {
		return nil, fmt.Errorf("the gateway's address: %w", safe(err))
	}
	for name, v := range c.Headers {
		req.Header.Set(name, fill(v.Reveal(), values, headerText))
	}
	if c.ContentType != "" {
		req.Header.Set("Content-Type", c.ContentType)
	}
	req.Header.Set("Idempotency-Key", l.id)
	return req, nil
}

// accepted reads the sign of success out of the answer.
func (c *httpConfig) accepted(body []byte) error {
	if c.OKPath == "" {
		return nil
	}
	var tree any
	if err := json.Unmarshal(body, &tree); err != nil {
		return fmt.Errorf("the answer is not JSON: %s", excerpt(body))
	}
	got, found := at(tree, c.OKPath)
	if found && (c.OKValue == "" || got == c.OKValue) {
		return nil
	}
	return fmt.Errorf("%s is %q, not %q: %s", c.OKPath, got, c.OKValue, excerpt(body))
}

// at follows a path of names and positions through JSON.
func at(v any, path string) (string, bool) {
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[step]
			if !ok {
				return "", false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			return "", false
		}
	}
	switch x := v.(type) {
	case string:
		return x, true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(x), true
	}
	return "", v == nil
}
