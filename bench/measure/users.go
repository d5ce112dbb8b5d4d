package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"openioc.org/ioc/test/harness"
)

// How many are signed in, how many made-up files the city has, and how often
// each page asks again.
var (
	userCount = fromEnv("IOC_BENCH_USERS", 400)
	userCases = fromEnv("IOC_BENCH_CASES", 22_000)
)

const refresh = 10 * time.Second

// desk is a kind of person and what the page before them asks at each refresh.
type desk struct {
	role  string
	share int // of a hundred
	asks  []string
}

func desks(now time.Time) []desk {
	now = now.Truncate(time.Hour)
	month := "from=" + url.QueryEscape(now.AddDate(0, -1, 0).UTC().Format(time.RFC3339)) + "&to=" + url.QueryEscape(now.UTC().Format(time.RFC3339))
	return []desk{
		{"officer", 70, []string{"/api/v1/cases?mine=true&limit=50&sort=due", "/api/v1/cases?class=near_due,overdue&limit=50", "/api/v1/cases/summary", "/api/v1/notify/inbox?unread=true"}},
		{"unit", 15, []string{"/api/v1/alerts?limit=100", "/api/v1/tasks?limit=50", "/api/v1/cases/warnings?state=open", "/api/v1/notify/inbox?unread=true"}},
		{"unit_leader", 10, []string{"/api/v1/cases/board?by=officer&" + month, "/api/v1/cases/summary", "/api/v1/tasks?limit=50", "/api/v1/notify/inbox?unread=true"}},
		{"duty", 5, []string{"/api/v1/overview", "/api/v1/alerts?limit=100", "/api/v1/incidents?limit=50", "/api/v1/cases/summary"}},
	}
}

// users measures what 400 people who are signed in and whose pages ask again
// every 10 s wait for an answer, on the demo city with its files, while each
// also listens to the live stream.
func users(ctx context.Context, bin string) error {
	dir, err := os.MkdirTemp("", "ioc-city")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// Each person comes from an address of his own, as sign-ins are limited by it.
	if err := os.Setenv("IOC_SERVER_TRUST_PROXY", "true"); err != nil {
		return err
	}
	c, err := harness.Start(ctx, bin, dir, "demo", "--cases", fmt.Sprint(userCases))
	if err != nil {
		return err
	}
	defer c.Kill()
	begun := time.Now()
	people, err := crew(ctx, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d people signed in after %s\n", len(people), time.Since(begun).Round(time.Second))
	if err := seeded(ctx, c); err != nil {
		return err
	}
	report(figure{"demo_cases_seeded", time.Since(begun).Seconds(), "s", "", fmt.Sprintf("%d made-up files, while %d accounts were made", userCases, len(people))})

	ctx, cancel := context.WithTimeout(ctx, max(seconds(), 3*refresh))
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * userCount}}
	var mu sync.Mutex
	took, failed := map[string][]time.Duration{}, 0
	var wg sync.WaitGroup
	for i, p := range people {
		wg.Go(func() { listen(ctx, client, c, p.token) })
		wg.Go(func() {
			first := time.After(refresh * time.Duration(i) / time.Duration(len(people)))
			select {
			case <-first:
			case <-ctx.Done():
				return
			}
			tick := time.NewTicker(refresh)
			defer tick.Stop()
			for {
				for _, path := range p.asks {
					d, err := once(ctx, client, c, p.token, path)
					mu.Lock()
					switch {
					case err == nil:
						took[path], took[""] = append(took[path], d), append(took[""], d)
					case ctx.Err() == nil:
						if failed++; failed < 5 {
							fmt.Fprintln(os.Stderr, path, err)
						}
					}
					mu.Unlock()
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	wg.Wait()
	if failed > 0 || len(took[""]) == 0 {
		return fmt.Errorf("%d of %d requests failed", failed, failed+len(took[""]))
	}
	for path := range took {
		slices.Sort(took[path])
	}
	all := took[""]
	note := fmt.Sprintf("%d people, each with a live stream; %d requests", len(people), len(all))
	report(figure{"users_refresh_p50", percentile(all, 0.50), "ms", "", note})
	report(figure{"users_refresh_p95", percentile(all, 0.95), "ms", "≤ 50", note})
	for _, d := range desks(time.Now()) {
		for _, path := range d.asks {
			if list := took[path]; len(list) > 0 {
				fmt.Fprintf(os.Stderr, "  p50 %6.1f p95 %6.1f ms  %5d × %-12s %.70s\n", percentile(list, 0.5), percentile(list, 0.95), len(list), d.role, path)
			}
		}
	}
	return nil
}

type person struct {
	token string
	asks  []string
}

// crew makes the accounts, spread over the units that have files.
func crew(ctx context.Context, c *harness.City) (out []person, err error) {
	var units struct {
		Units []struct{ Code, Kind string }
	}
	if err := c.Do("GET", "/api/v1/org/units", nil, &units); err != nil {
		return nil, err
	}
	var codes []string
	for _, u := range units.Units {
		if u.Kind == "ward" || u.Kind == "commune" {
			codes = append(codes, u.Code)
		}
	}
	if len(codes) == 0 {
		return nil, errors.New("the city has no wards")
	}
	kinds := desks(time.Now())
	out = make([]person, userCount)
	errs := make(chan error, userCount)
	next := make(chan int)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := range next {
				d, rest := kinds[0], i%100
				for _, k := range kinds {
					if d = k; rest < k.share {
						break
					}
					rest -= k.share
				}
				unit := codes[i%len(codes)]
				if d.role == "duty" {
					unit = ""
				}
				token, err := account(c, fmt.Sprintf("bench%d", i), d.role, unit, fmt.Sprintf("10.1.%d.%d", i/200, i%200))
				out[i] = person{token, d.asks}
				errs <- err
			}
		})
	}
	for i := range userCount {
		next <- i
	}
	close(next)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, ctx.Err()
}

// account makes an account and returns the token of a session of its own, from
// this address.
func account(c *harness.City, name, role, unit, from string) (string, error) {
	const first = "First-pass-word-1"
	if err := c.Do("POST", "/api/v1/users", map[string]string{"username": name, "name": name, "role": role, "unit": unit, "password": first}, nil); err != nil {
		return "", err
	}
	a, err := c.Ask("POST", "/api/v1/session", "", fmt.Sprintf(`{"username":%q,"password":%q}`, name, first), "X-Forwarded-For", from)
	var s struct{ Token string }
	if err == nil {
		err = json.Unmarshal([]byte(a.Body), &s)
	}
	if err != nil || a.Status != http.StatusOK {
		return "", fmt.Errorf("sign in %s: %d %v", name, a.Status, err)
	}
	return s.Token, c.DoAs(s.Token, "POST", "/api/v1/me/password", map[string]string{"old": first, "new": harness.Password}, nil)
}

// seeded waits until the number of made-up files stands still.
func seeded(ctx context.Context, c *harness.City) error {
	leader, err := c.SignIn("leader", harness.Password)
	if err != nil {
		return err
	}
	for before, still := -1, 0; still < 5; {
		var s struct{ Open int }
		if err := c.DoAs(leader, "GET", "/api/v1/cases/summary", nil, &s); err != nil {
			var st *harness.StatusError
			if !errors.As(err, &st) || st.Status != http.StatusServiceUnavailable {
				return err
			}
		}
		if s.Open == before && s.Open > 0 {
			still++
		} else {
			before, still = s.Open, 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return nil
}

func request(ctx context.Context, c *harness.City, token, path string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", c.HTTP+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return req, nil
}

// once asks and reads the answer to its end.
func once(ctx context.Context, client *http.Client, c *harness.City, token, path string) (time.Duration, error) {
	begin := time.Now()
	req, err := request(ctx, c, token, path)
	if err != nil {
		return 0, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, errors.New(res.Status)
	}
	return time.Since(begin), nil
}

// listen keeps a live stream open.
func listen(ctx context.Context, client *http.Client, c *harness.City, token string) {
	req, err := request(ctx, c, token, "/live?topics=alerts,cases,inbox")
	if err != nil {
		return
	}
	res, err := client.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "live:", res.Status)
	}
	_, _ = io.Copy(io.Discard, res.Body)
}
