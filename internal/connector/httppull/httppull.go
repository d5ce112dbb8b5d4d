// Package httppull calls somebody's HTTP API on a schedule: JSON, CSV, XML,
// XLSX or station files, read by the source's mapping. It dials only where
// the guard allows, redirects included.
package httppull

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
)

//go:embed README.md
var readme string

// Kind is the source kind.
var Kind = connector.Kind{
	Name:    "http_pull",
	Title:   msg.Text{Vi: "Gọi API theo lịch", En: "Call an API on a schedule"},
	Summary: msg.Text{Vi: "Lấy JSON, CSV hoặc XML từ API của hệ thống khác, ánh xạ sang datastream.", En: "Fetches JSON, CSV or XML from another system's API and maps it to datastreams."},
	Readme:  readme,
	Config:  func() any { c := defaults(); return &c },
	Sample:  json.RawMessage(`{"url":"https://api.example.vn/v1/stations?page=0&size=-1","every":"5m"}`),
	New:     New,
	Probes:  true,
}

// Config says what to fetch and when.
type Config struct {
	URL           string                      `json:"url" vi:"Địa chỉ" en:"Address" required:"true"`
	Every         connector.Duration          `json:"every" vi:"Lặp lại mỗi" en:"Every" help_vi:"ít nhất 5s" help_en:"at least 5s"`
	Method        string                      `json:"method" vi:"Phương thức" en:"Method" enum:"GET,POST"`
	Body          string                      `json:"body,omitempty" vi:"Thân yêu cầu" en:"Request body" when:"method=POST"`
	Headers       map[string]string           `json:"headers,omitempty" vi:"Tiêu đề HTTP" en:"HTTP headers"`
	SecretHeaders map[string]connector.Secret `json:"secret_headers,omitempty" vi:"Tiêu đề HTTP bí mật" en:"Secret HTTP headers" help_vi:"ví dụ X-API-Key" help_en:"X-API-Key for example"`
	SecretQuery   map[string]connector.Secret `json:"secret_query,omitempty" vi:"Tham số bí mật" en:"Secret query parameters"`
	Username      string                      `json:"username,omitempty" vi:"Tên đăng nhập" en:"User name"`
	Password      connector.Secret            `json:"password,omitempty" vi:"Mật khẩu" en:"Password"`
	Bearer        connector.Secret            `json:"bearer,omitempty" vi:"Bearer token" en:"Bearer token"`
	Timeout       connector.Duration          `json:"timeout" vi:"Chờ tối đa" en:"Timeout"`
	MaxBytes      int                         `json:"max_bytes" vi:"Kích thước tối đa (byte)" en:"Largest answer (bytes)" min:"1024" max:"16777216"`
	PageParam     string                      `json:"page_param,omitempty" vi:"Tham số trang" en:"Page parameter" help_vi:"để trống: một trang" help_en:"empty: one page"`
	PageStart     int                         `json:"page_start" vi:"Trang đầu" en:"First page"`
	MaxPages      int                         `json:"max_pages" vi:"Số trang tối đa" en:"Most pages" min:"1" max:"1000"`
	SkipUnchanged bool                        `json:"skip_unchanged" vi:"Bỏ qua khi nội dung không đổi" en:"Skip an unchanged answer" help_vi:"chỉ bật khi bản ghi có thời gian riêng" help_en:"only for records with times of their own"`
}

func defaults() Config {
	return Config{
		Every: connector.Duration(5 * time.Minute), Method: http.MethodGet, Timeout: connector.Duration(30 * time.Second),
		MaxBytes: 8 << 20, MaxPages: 100,
	}
}

var (
	errStatus = fault.Define(fault.Unavailable, "httppull.status", "the server answers {status}", "máy chủ trả lời {status}")
	errSize   = fault.Define(fault.TooLarge, "httppull.size", "the answer is larger than {limit} bytes", "câu trả lời lớn hơn {limit} byte")
	errFetch  = fault.Define(fault.Unavailable, "httppull.fetch", "no answer from {host}: {detail}", "không nhận được trả lời từ {host}: {detail}")
	errPages  = fault.Define(fault.Invalid, "httppull.pages", "there are more than {limit} pages", "có hơn {limit} trang")
)

// Puller is the connector.
type Puller struct {
	c       Config
	d       connector.Deps
	url     *url.URL
	client  *http.Client
	program *mapping.Program
	state   state
}

// New checks the config.
func New(raw json.RawMessage, d connector.Deps) (connector.Connector, error) {
	c := defaults()
	if err := connector.Parse(raw, &c); err != nil {
		return nil, err
	}
	bad := connector.NewConfigError()
	u, err := url.Parse(strings.TrimSpace(c.URL))
	switch {
	case c.URL == "":
		bad.At("url", connector.ErrMissing.With())
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		bad.At("url", connector.ErrValue.With("value", c.URL, "want", "http://…, https://…"))
	case u.User != nil:
		bad.At("url", connector.ErrUserInfo.With())
	}
	if c.Every.Std() < 5*time.Second {
		bad.At("every", connector.ErrValue.With("value", c.Every.Std().String(), "want", "≥ 5s"))
	}
	if c.Timeout.Std() <= 0 || c.Timeout.Std() > 5*time.Minute {
		bad.At("timeout", connector.ErrValue.With("value", c.Timeout.Std().String(), "want", "≤ 5m"))
	}
	if c.Method != http.MethodGet && c.Method != http.MethodPost {
		bad.At("method", connector.ErrValue.With("value", c.Method, "want", "GET, POST"))
	}
	if c.MaxBytes < 1024 || c.MaxBytes > 16<<20 {
		bad.At("max_bytes", connector.ErrValue.With("value", c.MaxBytes, "want", "1024 … 16777216"))
	}
	if c.MaxPages < 1 || c.MaxPages > 1000 {
		bad.At("max_pages", connector.ErrValue.With("value", c.MaxPages, "want", "1 … 1000"))
	}
	if err := connector.OrNil(bad); err != nil {
		return nil, err
	}
	p, err := mapping.Parse(d.Mapping)
	if err != nil {
		return nil, err
	}
	return &Puller{c: c, d: d, url: u, client: d.Guard.Client(c.Timeout.Std()), program: p, state: loadState(d.Dir)}, nil
}

// Run fetches at once and then on schedule. A fetch that fails is told and
// tried again soon.
func (p *Puller) Run(ctx context.Context, sink connector.Sink) error {
	defer p.client.CloseIdleConnections()
	for failures := 0; ; {
		err := p.poll(ctx, sink)
		if ctx.Err() != nil {
			return nil
		}
		p.d.Tell(err)
		pause := p.c.Every.Std()
		if err != nil {
			p.d.Log().Warn("fetch failed", "source", p.d.Source, "err", err)
			// 5 s, 10 s, 20 s … but no oftener than scheduled
			pause = min(pause, (5*time.Second)<<min(failures, 10))
			failures++
		} else {
			failures = 0
		}
		if p.d.Clock.Sleep(ctx, pause) != nil {
			return nil
		}
	}
}

// poll fetches every page and has its readings accepted. What the server
// said of its version is kept only after that.
func (p *Puller) poll(ctx context.Context, sink connector.Sink) error {
	next := p.state
	for page := 0; ; page++ {
		if page >= p.c.MaxPages {
			return errPages.With("limit", p.c.MaxPages)
		}
		got, err := p.fetch(ctx, page, true)
		if err != nil {
			return err
		}
		if page == 0 {
			if got.unchanged || p.c.SkipUnchanged && got.version.Hash == p.state.Hash {
				return nil
			}
			next = got.version
		}
		now := p.d.Clock.Now()
		out := p.program.Read(got.body, mapping.Meta{Source: p.d.Source, File: got.name, Received: now})
		n := len(out.Readings) + len(out.Unread)
		if n > 0 {
			if _, err := sink.Accept(ctx, connector.Batch{Source: p.d.Source, Received: now, Readings: out.Readings, Unread: out.Unread}); err != nil {
				return err
			}
		}
		if p.c.PageParam == "" || n == 0 {
			break
		}
	}
	p.state = next
	return next.save(p.d.Dir)
}

// Sample fetches the first page.
func (p *Puller) Sample(ctx context.Context) (connector.Sample, error) {
	got, err := p.fetch(ctx, 0, false)
	if err != nil {
		return connector.Sample{}, err
	}
	return connector.Sample{Raw: got.body, ContentType: got.contentType, Name: got.name, At: p.d.Clock.Now()}, nil
}
