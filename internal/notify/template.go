package notify

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/unicode/norm"

	"openioc.org/ioc/internal/msg"
)

//go:embed gateways.toml
var gatewayFile []byte

// GatewayTemplate is a shipped description of a gateway, a beginning for one
// of one's own.
type GatewayTemplate struct {
	ID     string         `json:"id"`
	Title  msg.Text       `json:"title"`
	Note   msg.Text       `json:"note"`
	Config map[string]any `json:"config"`
}

// Templates are the shipped gateway templates.
var Templates = sync.OnceValues(func() ([]GatewayTemplate, error) {
	var file struct {
		Gateway []struct {
			ID                               string
			TitleVi, TitleEn, NoteVi, NoteEn string
			Config                           map[string]any
		}
	}
	if err := toml.Unmarshal(gatewayFile, &file); err != nil {
		return nil, fmt.Errorf("gateways.toml: %w", err)
	}
	out := make([]GatewayTemplate, len(file.Gateway))
	for i, g := range file.Gateway {
		out[i] = GatewayTemplate{ID: g.ID, Title: msg.Text{Vi: g.TitleVi, En: g.TitleEn}, Note: msg.Text{Vi: g.NoteVi, En: g.NoteEn}, Config: g.Config}
	}
	return out, nil
})

var placeholder = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

func placeholders(text string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// fill puts the values, escaped, where the text names them. A value is never
// looked into again: what it holds in braces stays as it is.
func fill(text string, values map[string]string, escape func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		if v, ok := values[m[1:len(m)-1]]; ok {
			return escape(v)
		}
		return m
	})
}

func isJSON(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json"))
}

// escapeFor chooses how values are escaped in a body.
func escapeFor(contentType string) func(string) string {
	if isJSON(contentType) {
		return jsonInner
	}
	if t, _, err := mime.ParseMediaType(contentType); err == nil && t == "application/x-www-form-urlencoded" {
		return urlText
	}
	return func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
}

// jsonInner is a JSON string without its quotes.
func jsonInner(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string marshals
		return ""
	}
	return string(b[1 : len(b)-1])
}

// urlText escapes for a query, a form and one segment of a path.
func urlText(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// headerText keeps what may stand in a header: no control characters, so that
// nobody adds a header of their own.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}

var marks = strings.NewReplacer("đ", "d", "Đ", "D")

// plain takes the Vietnamese marks away and keeps capitals: what a text
// message of 160 characters can hold.
func plain(s string) string {
	return marks.Replace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == '–' || r == '—':
			return '-'
		case r == '…':
			return '.'
		}
		return r
	}, norm.NFD.String(s)))
}

var sampleValues = map[string]string{
	"phone": "+84905123456", "phone_local": "0905123456", "phone_plain": "84905123456", "name": "Nguyễn Văn A",
	"text": "Nội dung \"thử\"", "title": "Tiêu đề", "link": "https://ioc.example/alerts/1", "key": "k", "severity": "3", "severity_name": "Cảnh báo",
}

// values are what a gateway's texts may name: the message's, and its own
// settings.
func (c *httpConfig) values(of map[string]string) map[string]string {
	out := make(map[string]string, len(of)+len(c.Params)+len(c.Secrets))
	for k, v := range c.Params {
		out[k] = v
	}
	for k, v := range c.Secrets {
		out[k] = v.Reveal()
	}
	for k, v := range of { // last: no setting shadows the message
		out[k] = v
	}
	return out
}
