package identity

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/httpapi"
)

// drift is how far a record may lie in the future before the clock counts as
// moved back: two machines that share a database differ by less.
const drift = 2 * time.Minute

// security is what the second factors, single sign-on and the policy keep in
// memory.
type security struct {
	rules     atomic.Pointer[ruleBook]
	secrets   *vault // nil: no key was given
	tickets   *vault // of tickets, which live for minutes: its key may be made at start
	issuer    string
	publicURL string
	codes     *httpapi.Limiter // of those who are signed in already

	providers []*provider
	http      *http.Client
}

// openSecurity is the part of New that is about signing in.
func (s *Service) openSecurity(ctx context.Context, o Options) (err error) {
	s.issuer, s.publicURL = cmp.Or(o.Issuer, "IOC"), strings.TrimRight(o.PublicURL, "/")
	if s.secrets, s.tickets, err = openVaults(o.SecretKey); err != nil {
		return err
	}
	s.codes = httpapi.NewLimiter(0.2, 20)
	if s.http = o.HTTP; s.http == nil {
		s.http = providerClient()
	}
	if s.providers, err = openProviders(o.Providers); err != nil {
		return err
	}
	base := DefaultPolicy()
	if o.Policy != nil {
		base = *o.Policy
	}
	return s.openPolicy(ctx, base)
}

// base is the address of the pages: as configured, else as the caller
// addressed us.
func (s *Service) base(ctx context.Context) string {
	return cmp.Or(s.publicURL, httpapi.BaseURL(ctx))
}

// local returns a path inside the site: what could lead elsewhere becomes "/".
// A browser reads "//host" and "/\host" as another site, and drops tabs and
// line ends before it looks.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || len(path) > 2000 ||
		strings.ContainsFunc(path, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }) {
		return "/"
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return path
}
