// Package config holds the operator's settings: one TOML file, environment
// variables IOC_<SECTION>_<KEY> over it, command-line flags over both. The
// defaults are complete: no file is needed. Unknown keys are refused with the
// nearest name; Validate names every problem at once. The city's own settings
// (sources, users, alarm levels) are data in the records store, not here.
package config

import (
	"time"
)

// Config is all of it. The tag "about" makes docs/reference/config.md.
type Config struct {
	Server   Server   `toml:"server"`
	Data     Data     `toml:"data"`
	Store    Store    `toml:"store"`
	Bus      Bus      `toml:"bus"`
	Series   Series   `toml:"series"`
	MQTT     MQTT     `toml:"mqtt"`
	Pull     Pull     `toml:"pull"`
	City     City     `toml:"city"`
	Map      Map      `toml:"map"`
	Identity Identity `toml:"identity"`
	OIDC     OIDC     `toml:"oidc"`
	Log      Log      `toml:"log"`
}

// Server is the HTTP listener.
type Server struct {
	Listen     string `toml:"listen" about:"address the web server binds, HOST:PORT; port 0 takes a free one"`
	CertFile   string `toml:"cert_file" about:"TLS certificate (PEM); empty serves plain HTTP, for use behind a proxy"`
	KeyFile    string `toml:"key_file" about:"TLS key (PEM)"`
	PublicURL  string `toml:"public_url" about:"address under which people open the interface, for links in messages; empty leaves the links out"`
	TrustProxy bool   `toml:"trust_proxy" about:"believe X-Forwarded-For and X-Forwarded-Proto; only behind a proxy that sets them"`
}

// Data is where the embedded engines keep their files.
type Data struct {
	Dir string `toml:"dir" about:"folder of the embedded engines and files"`
}

// Store is the records database.
type Store struct {
	URL Secret `toml:"url" about:"postgres://… for PostgreSQL; empty keeps records in SQLite in the data folder"`
}

// Bus is the durable event bus.
type Bus struct {
	URL Secret `toml:"url" about:"nats://… of an external JetStream cluster; empty runs one in the process"`
}

// Series is the observation store.
type Series struct {
	Retention  Duration `toml:"retention" about:"how long observations are kept"`
	OutOfOrder Duration `toml:"out_of_order" about:"how old a reading may be when it arrives"`
}

// MQTT is the broker inside the program.
type MQTT struct {
	Listen string `toml:"listen" about:"address the MQTT broker binds; empty switches it off"`
}

// Pull guards what connectors may reach.
type Pull struct {
	AllowPrivate []string `toml:"allow_private" about:"private address ranges (CIDR) that connectors and notices may dial; others are refused"`
	Folders      []string `toml:"folders" about:"folders that file sources may read, beside the drop folder in the data folder"`
}

// City is which city this is.
type City struct {
	Dir string `toml:"dir" about:"folder with the city's own units and areas; empty is Đà Nẵng"`
}

// Map replaces the built-in base map.
type Map struct {
	StyleURL string `toml:"style_url" about:"address of a MapLibre style to use instead of the built-in one"`
	PMTiles  string `toml:"pmtiles" about:"path of a .pmtiles file with the city's own vector tiles"`
}

// Identity are the limits of sign-in.
type Identity struct {
	Idle     Duration `toml:"idle" about:"a session ends after this time without a request"`
	Absolute Duration `toml:"absolute" about:"a session ends after this time in any case"`
	Second   []string `toml:"second_factor_roles" about:"roles that must set up a second factor (TOTP or passkey) before anything else; a dated row of the password policy overrides it"`
	Secure   bool     `toml:"secure_cookie" about:"mark the session cookie Secure even when this program serves plain HTTP (TLS ends at a proxy)"`
}

// OIDC is the city's single sign-on.
type OIDC struct {
	Name         string   `toml:"name" about:"what the button says, for example Đăng nhập một lần của thành phố"`
	Issuer       string   `toml:"issuer" about:"address of the OpenID provider, as in its discovery document; empty switches single sign-on off"`
	ClientID     string   `toml:"client_id" about:"what the provider knows this program as; its redirect address is /api/v1/session/oidc/sso/callback"`
	ClientSecret Secret   `toml:"client_secret" about:"empty for a public client (PKCE alone)"`
	Scopes       []string `toml:"scopes" about:"beside openid; empty asks for profile and email"`
	MatchBy      string   `toml:"match_by" about:"how somebody who comes for the first time is found: email (verified there), username, or claim"`
	Claim        string   `toml:"claim" about:"with match_by claim: the claim that holds the user name"`
	AutoCreate   bool     `toml:"auto_create" about:"make an account, without any grant, for people unknown here"`
	SecondFactor bool     `toml:"second_factor" about:"the provider asks for a second factor itself, so that this program need not"`
}

// Log is what the program writes to standard error.
type Log struct {
	Level  string `toml:"level" about:"debug, info, warn or error"`
	Format string `toml:"format" about:"text or json"`
}

// Default is a complete configuration.
func Default() Config {
	return Config{
		Server:   Server{Listen: "127.0.0.1:8080"},
		Data:     Data{Dir: "data"},
		Series:   Series{Retention: Duration(5 * 365 * 24 * time.Hour), OutOfOrder: Duration(400 * 24 * time.Hour)},
		MQTT:     MQTT{Listen: "127.0.0.1:1883"},
		OIDC:     OIDC{MatchBy: "email"},
		Identity: Identity{Idle: Duration(15 * time.Minute), Absolute: Duration(12 * time.Hour), Second: []string{"admin"}},
		Log:      Log{Level: "info", Format: "text"},
	}
}
