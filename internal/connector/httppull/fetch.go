package httppull

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"openioc.org/ioc/internal/fault"
)

// state is what is kept between fetches and restarts.
type state struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"last_modified,omitempty"`
	Hash     string `json:"hash,omitempty"`
}

const stateFile = "http_pull.json"

// loadState starts afresh where nothing can be read: that costs one fetch
// whose readings are known as duplicates.
func loadState(dir string) state {
	var s state
	if dir == "" {
		return s
	}
	b, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil || json.Unmarshal(b, &s) != nil {
		return state{}
	}
	return s
}

func (s state) save(dir string) error {
	if dir == "" {
		return nil
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	tmp := filepath.Join(dir, stateFile+".tmp")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("keep state: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, stateFile)); err != nil {
		return fmt.Errorf("keep state: %w", err)
	}
	return nil
}

// answer is one page.
type answer struct {
	body        []byte
	contentType string
	name        string // for guessing the format
	version     state
	unchanged   bool // 304
}

func (p *Puller) fetch(ctx context.Context, page int, conditional bool) (answer, error) {
	req, err := p.request(ctx, page)
	if err != nil {
		return answer{}, err
	}
	// With pages only the whole is unchanged, which one page cannot say.
	if conditional && p.c.PageParam == "" {
		if p.state.ETag != "" {
			req.Header.Set("If-None-Match", p.state.ETag)
		}
		if p.state.Modified != "" {
			req.Header.Set("If-Modified-Since", p.state.Modified)
		}
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{}, p.fetchFault(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return answer{unchanged: true}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return answer{}, errStatus.With("status", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(p.c.MaxBytes)+1))
	if err != nil {
		return answer{}, p.fetchFault(err)
	}
	if len(body) > p.c.MaxBytes {
		return answer{}, errSize.With("limit", p.c.MaxBytes)
	}
	sum := sha256.Sum256(body)
	return answer{
		body: body, contentType: resp.Header.Get("Content-Type"), name: nameOf(resp),
		version: state{ETag: resp.Header.Get("ETag"), Modified: resp.Header.Get("Last-Modified"), Hash: hex.EncodeToString(sum[:])},
	}, nil
}

func (p *Puller) request(ctx context.Context, page int) (*http.Request, error) {
	u := *p.url
	q := u.Query()
	if p.c.PageParam != "" {
		q.Set(p.c.PageParam, strconv.Itoa(p.c.PageStart+page))
	}
	for k, v := range p.c.SecretQuery {
		q.Set(k, v.Reveal())
	}
	if p.c.PageParam != "" || len(p.c.SecretQuery) > 0 {
		u.RawQuery = q.Encode()
	}
	var body io.Reader
	if p.c.Method == http.MethodPost {
		body = strings.NewReader(p.c.Body)
	}
	req, err := http.NewRequestWithContext(ctx, p.c.Method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", "openioc")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
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
	return req, nil
}

// fetchFault says what went wrong without the address, whose query may hold
// secrets.
func (p *Puller) fetchFault(err error) error {
	if f, ok := fault.As(err); ok { // the guard's refusal
		return f
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	return errFetch.With("host", p.url.Host, "detail", err.Error())
}

// nameOf gives the answer a file name by its content type, so that the
// decoder need not guess.
func nameOf(resp *http.Response) string {
	base := filepath.Base(resp.Request.URL.Path)
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return base
	}
	switch {
	case strings.HasSuffix(t, "json"):
		return base + ".json"
	case strings.HasSuffix(t, "csv"):
		return base + ".csv"
	case strings.HasSuffix(t, "xml"):
		return base + ".xml"
	case strings.HasSuffix(t, "spreadsheetml.sheet"):
		return base + ".xlsx"
	}
	return base
}
