package connector

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"openioc.org/ioc/internal/fault"
)

var (
	errAddress = fault.Define(fault.Forbidden, "connector.address_refused",
		"{address} is not a public address; an administrator can allow its range in the configuration",
		"{address} không phải địa chỉ công cộng; quản trị viên có thể cho phép dải này trong cấu hình")
	errRedirect = fault.Define(fault.Invalid, "connector.redirect", "the server redirects too often or elsewhere ({to})", "máy chủ chuyển hướng quá nhiều lần hoặc sang nơi khác ({to})")
	errRange    = fault.Define(fault.Invalid, "connector.range", "{value} is not an address range such as 10.0.0.0/8", "{value} không phải dải địa chỉ như 10.0.0.0/8")
)

// Guard decides to which addresses a connector may connect. A source's
// address is typed in by people who may not reach the inside of the data
// centre, so only public addresses and the ranges that the administrator
// listed are dialled. The check is made on the address that is really
// dialled, after name resolution: a name that resolves to another address the
// second time gains nothing. A nil Guard allows public addresses only.
type Guard struct{ allow []netip.Prefix }

// NewGuard allows the ranges ("10.0.0.0/8", "192.168.1.5") besides public
// addresses.
func NewGuard(ranges []string) (*Guard, error) {
	g := &Guard{}
	for _, s := range ranges {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return nil, errRange.With("value", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		g.allow = append(g.allow, p.Masked())
	}
	return g, nil
}

// Allows reports whether the address may be dialled.
func (g *Guard) Allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if g != nil {
		for _, p := range g.allow {
			if p.Contains(a) {
				return true
			}
		}
	}
	return public(a)
}

// reserved are the ranges that are not of the public internet and that
// netip's own predicates do not name (RFC 6890 and its registry).
var reserved = func() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10", "::/96",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Dialer connects only where the guard allows.
func (g *Guard) Dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout: timeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("dialled address %q: %w", address, err)
			}
			if !g.Allows(ap.Addr()) {
				return errAddress.With("address", ap.Addr().String())
			}
			return nil
		},
	}
}

// DialContext connects where the guard allows, within ten seconds.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return g.Dialer(10*time.Second).DialContext(ctx, network, address)
}

// maxRedirects is how many hops a client follows.
const maxRedirects = 5

// Client is an HTTP client behind the guard: it uses no proxy, follows few
// redirects, each of them checked like the first address, and sends secrets
// to no other host.
func (g *Guard) Client(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would dial for us, past the guard
			DialContext:            g.DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  timeout,
			IdleConnTimeout:        90 * time.Second,
			MaxIdleConnsPerHost:    2,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects || (req.URL.Scheme != "http" && req.URL.Scheme != "https") ||
				via[0].URL.Scheme == "https" && req.URL.Scheme == "http" {
				return errRedirect.With("to", req.URL.Redacted())
			}
			if req.URL.Host != via[0].URL.Host {
				// Custom headers are copied to the next hop by net/http, and the
				// query goes into Referer; a key meant for one host must not
				// reach another.
				for name := range via[0].Header {
					req.Header.Del(name)
				}
				req.Header.Del("Referer")
				if req.Method != http.MethodGet {
					return errRedirect.With("to", req.URL.Host)
				}
			}
			return nil
		},
	}
}
