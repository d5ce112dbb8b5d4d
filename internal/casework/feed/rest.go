package feed

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
)

var (
	errStatus = fault.Define(fault.Unavailable, "casefeed.status", "the server answers {status}", "máy chủ trả lời {status}")
	errDenied = fault.Define(fault.Invalid, "casefeed.denied", "the server refuses the user name, password or key ({status})", "máy chủ không nhận tên đăng nhập, mật khẩu hoặc khoá ({status})")
	errFetch  = fault.Define(fault.Unavailable, "casefeed.fetch", "no answer from {host}: {detail}", "không nhận được trả lời từ {host}: {detail}")
	errPages  = fault.Define(fault.Invalid, "casefeed.pages", "there are more than {limit} pages in one round", "một lượt có hơn {limit} trang")
	errAnswer = fault.Define(fault.TooLarge, "casefeed.answer_size", "an answer is larger than {limit} bytes", "câu trả lời lớn hơn {limit} byte")
)

// restPull reads the pages of one round. The mark moves only with the last
// page: an API need not give its records in the order of their changes.
type restPull struct {
	c      *RESTConfig
	m      Mapping
	client *http.Client
	pageNo int
	top    *point // the greatest watermark of this round
	last   string // the page before, to notice an API without pages
}

func newREST(c *RESTConfig, m Mapping, guard *connector.Guard) *restPull {
	return &restPull{c: c, m: m, client: guard.Client(c.Timeout.Std())}
}

func (p *restPull) close() { p.client.CloseIdleConnections() }

func (p *restPull) page(ctx context.Context, m mark) (batch, error) {
	if p.pageNo >= p.c.MaxPages {
		return batch{}, connector.NewConfigError().At("max_pages", errPages.With("limit", p.c.MaxPages))
	}
	raw, name, err := p.fetch(ctx, m)
	if err != nil {
		return batch{}, err
	}
	b, err := document(raw, name, p.m)
	if err != nil {
		return batch{}, err
	}
	same := p.pageNo > 0 && string(raw) == p.last
	p.last = string(raw)
	p.pageNo++
	for _, x := range b.rows {
		p.climb(x.record)
	}
	b.next = m
	b.more = p.c.PageParam != "" && len(b.rows) > 0 && !same
	if same {
		b.rows = nil
	}
	if !b.more && p.top != nil {
		b.next = mark{At: p.top, Shown: p.top.Value}
	}
	return b, nil
}

// climb remembers the greatest watermark: as numbers, as times, else as text.
func (p *restPull) climb(rec map[string]any) {
	if p.c.Watermark == "" || rec == nil {
		return
	}
	var v any = rec
	for _, part := range strings.Split(p.c.Watermark, ".") {
		m, _ := v.(map[string]any)
		v = m[part]
	}
	s, ok := mapping.Text(v)
	if !ok || s == "" {
		return
	}
	kind := ""
	if _, isInt := v.(int); isInt {
		kind = "int"
	}
	if p.top == nil || greater(s, p.top.Value, p.m.TimeFormat) {
		p.top = &point{Kind: kind, Value: s}
	}
}

func greater(a, b, layout string) bool {
	x, errA := strconv.ParseInt(a, 10, 64)
	y, errB := strconv.ParseInt(b, 10, 64)
	if errA == nil && errB == nil {
		return x > y
	}
	s, fa := mapping.Time(a, layout, nil)
	t, fb := mapping.Time(b, layout, nil)
	if fa == nil && fb == nil {
		return s.After(t)
	}
	return a > b
}

func (p *restPull) fetch(ctx context.Context, m mark) (raw []byte, name string, err error) {
	u, err := url.Parse(strings.TrimSpace(p.c.URL))
	if err != nil {
		return nil, "", connector.NewConfigError().At("url", connector.ErrValue.With("value", p.c.URL, "want", "https://…"))
	}
	q := u.Query()
	if p.c.SinceParam != "" && m.At != nil {
		q.Set(p.c.SinceParam, p.since(m.At.Value))
	}
	if p.c.PageParam != "" {
		q.Set(p.c.PageParam, strconv.Itoa(p.c.PageStart+p.pageNo))
	}
	for k, v := range p.c.SecretQuery {
		q.Set(k, v.Reveal())
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, "", errFetch.With("host", u.Host, "detail", "the address cannot be asked")
	}
	req.Header.Set("User-Agent", "openioc")
	req.Header.Set("Accept", "application/json")
	for k, v := range p.c.Headers {
		req.Header.Set(k, v)
	}
	for k, v := range p.c.SecretHeaders {
		req.Header.Set(k, v.Reveal())
	}
	if p.c.Username != "" {
		req.SetBasicAuth(p.c.Username, p.c.Password.Reveal())
	}
	if p.c.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+p.c.Bearer.Reveal())
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, "", fetchFault(u.Host, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		field := "username"
		if p.c.Bearer != "" {
			field = "bearer"
		} else if p.c.Username != "" {
			field = "password"
		}
		return nil, "", connector.NewConfigError().At(field, errDenied.With("status", resp.StatusCode))
	case resp.StatusCode == http.StatusNoContent:
		return []byte("[]"), "page.json", nil
	case resp.StatusCode != http.StatusOK:
		return nil, "", errStatus.With("status", resp.StatusCode)
	}
	raw, err = io.ReadAll(io.LimitReader(resp.Body, int64(p.c.MaxBytes)+1))
	if err != nil {
		return nil, "", fetchFault(u.Host, err)
	}
	if len(raw) > p.c.MaxBytes {
		return nil, "", errAnswer.With("limit", p.c.MaxBytes)
	}
	name = "page.json"
	if strings.Contains(resp.Header.Get("Content-Type"), "csv") {
		name = "page.csv"
	} else if strings.Contains(resp.Header.Get("Content-Type"), "xml") {
		name = "page.xml"
	}
	return raw, name, nil
}

// since writes the mark as the API wants it.
func (p *restPull) since(v string) string {
	if p.c.SinceFormat == "" {
		return v
	}
	zone, f := mapping.Zone(p.m.Zone)
	if f != nil {
		return v
	}
	t, f := mapping.Time(v, p.m.TimeFormat, zone)
	if f != nil {
		return v
	}
	switch p.c.SinceFormat {
	case "s":
		return strconv.FormatInt(t.Unix(), 10)
	case "ms":
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	return t.In(zone).Format(mapping.Layout(p.c.SinceFormat))
}

// fetchFault says what went wrong without the address, whose query may hold
// secrets.
func fetchFault(host string, err error) error {
	if f, ok := fault.As(err); ok { // the guard's refusal
		return connector.NewConfigError().At("url", f)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	detail := clip(err.Error())
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(detail, "Client.Timeout") {
		detail = "timeout"
	}
	return errFetch.With("host", host, "detail", detail)
}
