package notify

import (
	"encoding/json"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

// emailConfig says how letters leave: the SMTP relay.
type emailConfig struct {
	Host     string           `json:"host"`
	Port     int              `json:"port"`
	Security string           `json:"security"` // starttls, tls, none
	Username string           `json:"username"`
	Password connector.Secret `json:"password"`
	From     string           `json:"from"`
	FromName string           `json:"from_name"`
}

// webhookConfig says which program is told.
type webhookConfig struct {
	URL     string                      `json:"url"`
	Secret  connector.Secret            `json:"secret"` // signs the body
	Headers map[string]connector.Secret `json:"headers"`
}

// httpConfig describes a gateway.
type httpConfig struct {
	Template    string                      `json:"template"` // which shipped template it began as
	Method      string                      `json:"method"`
	URL         string                      `json:"url"`
	ContentType string                      `json:"content_type"`
	Headers     map[string]connector.Secret `json:"headers"`
	Body        string                      `json:"body"`
	Params      map[string]string           `json:"params"`  // {name} in URL, headers and body
	Secrets     map[string]connector.Secret `json:"secrets"` // the same, never shown
	OKStatus    []int                       `json:"ok_status"`
	OKPath      string                      `json:"ok_path"` // "data.status" in the answer
	OKValue     string                      `json:"ok_value"`
	Broadcast   bool                        `json:"broadcast"` // one message for all, to a group
	Plain       bool                        `json:"plain"`     // without Vietnamese marks: a third of the price of a text message
	MaxChars    int                         `json:"max_chars"`
}

type inAppConfig struct{}

type webPushConfig struct {
	TTLSeconds int `json:"ttl_seconds"`
}

// configs give each kind its defaults; connector.Kind hides and restores what
// is secret in them.
var configs = map[string]connector.Kind{
	InApp:   {Name: InApp, Config: func() any { return &inAppConfig{} }},
	Email:   {Name: Email, Config: func() any { return &emailConfig{Port: 587, Security: "starttls"} }},
	Webhook: {Name: Webhook, Config: func() any { return &webhookConfig{} }},
	HTTP: {Name: HTTP, Config: func() any {
		return &httpConfig{Method: "POST", ContentType: "application/json", OKStatus: []int{200, 201, 202}}
	}},
	WebPush: {Name: WebPush, Config: func() any { return &webPushConfig{TTLSeconds: 3600} }},
}

var (
	errSecurity    = fault.Define(fault.Invalid, "notify.security", "use starttls, tls or none", "chọn starttls, tls hoặc none")
	errURL         = fault.Define(fault.Invalid, "notify.url", "{url} is not an http or https address", "{url} không phải địa chỉ http hoặc https")
	errPlaceholder = fault.Define(fault.Invalid, "notify.placeholder", "nothing is known to fill {place}: it is none of {known}", "không có giá trị cho {place}: chỉ có {known}")
	errMethod      = fault.Define(fault.Invalid, "notify.method", "use POST, PUT or GET", "chọn POST, PUT hoặc GET")
	errBody        = fault.Define(fault.Invalid, "notify.body", "with example values the body is not valid {type}", "với giá trị mẫu, nội dung không phải {type} hợp lệ")
	errHeader      = fault.Define(fault.Invalid, "notify.header", "{name} is not a name of a header that may be set here", "{name} không phải tên tiêu đề được đặt ở đây")
)

// parseConfig decodes and checks the config of a kind.
func parseConfig(kind string, raw json.RawMessage) (any, error) {
	c := configs[kind].Config()
	if err := connector.Parse(raw, c); err != nil {
		return nil, err
	}
	bad := connector.NewConfigError()
	switch c := c.(type) {
	case *emailConfig:
		c.check(bad)
	case *webhookConfig:
		checkURL(bad, "url", c.URL)
		checkHeaders(bad, c.Headers)
	case *httpConfig:
		c.check(bad)
	}
	return c, connector.OrNil(bad)
}

func (c *emailConfig) check(bad *fault.Error) {
	if c.Host == "" || strings.ContainsAny(c.Host, " /\r\n") {
		bad.At("host", connector.ErrMissing.With())
	}
	if c.Port < 1 || c.Port > 65535 {
		bad.At("port", connector.ErrValue.With("value", c.Port, "want", "1–65535"))
	}
	if !slices.Contains([]string{"starttls", "tls", "none"}, c.Security) {
		bad.At("security", errSecurity.With())
	}
	if a, err := mail.ParseAddress(c.From); err != nil || a.Address != c.From {
		bad.At("from", errEmail.With("email", clip(c.From, 80)))
	}
}

func checkURL(bad *fault.Error, path, s string) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		bad.At(path, errURL.With("url", clip(s, 200)))
	} else if u.User != nil {
		bad.At(path, connector.ErrUserInfo.With())
	}
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// ownHeaders are what the sender itself must say.
var ownHeaders = []string{"host", "content-length", "content-type", "idempotency-key", "transfer-encoding", "connection", signatureHeader}

func checkHeaders(bad *fault.Error, headers map[string]connector.Secret) {
	for name := range headers {
		if !headerName.MatchString(name) || slices.Contains(ownHeaders, strings.ToLower(name)) {
			bad.At("headers."+name, errHeader.With("name", clip(name, 100)))
		}
	}
}

func (c *httpConfig) check(bad *fault.Error) {
	c.Method = strings.ToUpper(c.Method)
	if !slices.Contains([]string{"POST", "PUT", "GET"}, c.Method) {
		bad.At("method", errMethod.With())
	}
	checkHeaders(bad, c.Headers)
	if c.MaxChars < 0 {
		bad.At("max_chars", connector.ErrValue.With("value", c.MaxChars, "want", "≥ 0"))
	}
	known := c.values(sampleValues)
	texts := map[string]string{"url": c.URL, "body": c.Body}
	for name, v := range c.Headers {
		texts["headers."+name] = v.Reveal()
	}
	for path, text := range texts {
		for _, place := range placeholders(text) {
			if _, ok := known[place]; !ok {
				names := make([]string, 0, len(known))
				for k := range known {
					names = append(names, "{"+k+"}")
				}
				slices.Sort(names)
				bad.At(path, errPlaceholder.With("place", "{"+place+"}", "known", strings.Join(names, " ")))
			}
		}
	}
	if len(bad.Fields) > 0 {
		return
	}
	checkURL(bad, "url", fill(c.URL, known, urlText))
	if body := fill(c.Body, known, escapeFor(c.ContentType)); isJSON(c.ContentType) && !json.Valid([]byte(body)) {
		bad.At("body", errBody.With("type", "JSON"))
	}
}
