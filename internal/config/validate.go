package config

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
)

// Validate returns every problem with its path; none means the program can
// start with it.
func (c *Config) Validate() []fault.Field {
	var out []fault.Field
	bad := func(path, detail string) {
		out = append(out, fault.Field{Path: path, Err: errValue.With("detail", detail)})
	}
	address := func(path, s string) {
		if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
			bad(path, "write HOST:PORT, for example 0.0.0.0:8080")
		}
	}
	address("server.listen", c.Server.Listen)
	if c.MQTT.Listen != "" {
		address("mqtt.listen", c.MQTT.Listen)
	}
	if (c.Server.CertFile == "") != (c.Server.KeyFile == "") {
		bad("server.key_file", "cert_file and key_file go together")
	}
	for path, f := range map[string]string{"server.cert_file": c.Server.CertFile, "server.key_file": c.Server.KeyFile, "map.pmtiles": c.Map.PMTiles, "city.dir": c.City.Dir} {
		if f != "" {
			if _, err := os.Stat(f); err != nil {
				out = append(out, fault.Field{Path: path, Err: errFile.With("path", f)})
			}
		}
	}
	if c.Data.Dir == "" {
		bad("data.dir", "name a folder")
	}
	scheme := func(path string, s Secret, want ...string) {
		if s == "" {
			return
		}
		for _, w := range want {
			if strings.HasPrefix(string(s), w+"://") {
				return
			}
		}
		bad(path, "begin with "+strings.Join(want, ":// or ")+"://")
	}
	scheme("store.url", c.Store.URL, "postgres", "postgresql")
	scheme("bus.url", c.Bus.URL, "nats", "tls", "ws", "wss")
	for path, d := range map[string]Duration{"series.retention": c.Series.Retention, "series.out_of_order": c.Series.OutOfOrder} {
		if time.Duration(d) < time.Hour {
			bad(path, "at least 1h")
		}
	}
	if c.Identity.Idle <= 0 || c.Identity.Absolute < c.Identity.Idle {
		bad("identity.absolute", "idle must be positive and absolute no shorter than idle")
	}
	for _, r := range c.Identity.Second {
		if _, ok := access.RolePermissions()[access.Role(r)]; !ok {
			bad("identity.second_factor_roles", r+" is no role")
		}
	}
	if o := c.OIDC; o.Issuer != "" {
		if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" {
			bad("oidc.issuer", "write https://…, without it anybody on the way could sign in")
		}
		if o.ClientID == "" {
			bad("oidc.client_id", "the provider gives it")
		}
		if !slices.Contains([]string{"email", "username", "claim"}, o.MatchBy) {
			bad("oidc.match_by", "email, username or claim")
		}
		if o.MatchBy == "claim" && o.Claim == "" {
			bad("oidc.claim", "name the claim")
		}
	}
	for _, s := range c.Pull.AllowPrivate {
		if _, err := netip.ParsePrefix(s); err != nil {
			bad("pull.allow_private", s+" is no address range; write 10.20.0.0/16")
		}
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		bad("log.level", "debug, info, warn or error")
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		bad("log.format", "text or json")
	}
	slices.SortFunc(out, func(a, b fault.Field) int { return strings.Compare(a.Path, b.Path) })
	return out
}
