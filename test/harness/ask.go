package harness

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what the program answered, whatever its status. Code, Detail and
// Errors are set when it is problem+json.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Code   string
	Detail string
	Errors []struct{ Path, Code, Detail string }
}

// plain follows no redirect, unpacks nothing and keeps no cookies: the
// answers are seen as they are.
var plain = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Ask sends one request as it is, in English, and takes any status. Headers
// are names and values in turn; a body is JSON unless they say otherwise.
func (c *City) Ask(method, path, token, body string, headers ...string) (Answer, error) {
	req, err := http.NewRequest(method, c.HTTP+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Accept-Language", "en")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := plain.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: res.StatusCode, Header: res.Header, Body: string(raw)}
	if strings.Contains(res.Header.Get("Content-Type"), "problem+json") {
		err = json.Unmarshal(raw, &a)
		a.Status = res.StatusCode
	}
	return a, err
}

// Counts are what /metrics says of one source's readings.
type Counts struct{ Received, Stored, Duplicate, Rejected, Quarantined, InFlight float64 }

// Balanced reports whether every reading is accounted for.
func (c Counts) Balanced() bool {
	return c.Received == c.Stored+c.Duplicate+c.Rejected+c.Quarantined+c.InFlight
}

// Ledger returns the counts of every source, all of one moment.
func (c *City) Ledger() (map[string]Counts, error) {
	var page string
	if err := c.Do("GET", "/metrics", nil, &page); err != nil {
		return nil, err
	}
	out := map[string]Counts{}
	for line := range strings.Lines(page) {
		rest, ok := strings.CutPrefix(line, "ioc_ingest_")
		if !ok {
			continue
		}
		name, labels, ok := strings.Cut(rest, "{")
		_, source, ok2 := strings.Cut(labels, `source="`)
		if !ok || !ok2 {
			continue
		}
		source, _, _ = strings.Cut(source, `"`)
		fields := strings.Fields(line)
		v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return nil, err
		}
		n := out[source]
		switch name {
		case "received_total":
			n.Received += v
		case "stored_total":
			n.Stored += v
		case "duplicate_total":
			n.Duplicate += v
		case "rejected_total":
			n.Rejected += v
		case "quarantined_total":
			n.Quarantined += v
		case "in_flight":
			n.InFlight += v
		}
		out[source] = n
	}
	return out, nil
}
