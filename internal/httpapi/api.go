package httpapi

import (
	"net/http"
	"net/http/httptest"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// NewAPI makes the huma API on mux. Operations are registered by each
// domain's Routes; the document is served at /openapi.json.
func NewAPI(mux *http.ServeMux, version string) huma.API {
	huma.NewErrorWithContext = humaError
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaError(nil, status, message, errs...)
	}
	cfg := huma.DefaultConfig("IOC", version)
	cfg.Info.Description = "The open Intelligent Operations Center of a city. Errors are problem+json with a stable code; times are RFC 3339 UTC; units are UCUM."
	cfg.DocsPath = ""
	cfg.SchemasPath = ""
	cfg.CreateHooks = nil // no $schema links in answers
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaNamer())
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: SessionCookie},
		"bearer":  {Type: "http", Scheme: "bearer"},
	}
	api := humago.New(mux, cfg)
	api.UseMiddleware(permit(api))
	return api
}

// schemaNamer names a schema by its Go type. Where two packages have a type of
// one name, the one that comes later carries its package's name in front, and
// what would still have the name of another, as bodies without a name of their
// own have, is numbered: routes are registered in a fixed order, so the names
// are too.
func schemaNamer() func(t reflect.Type, hint string) string {
	taken := map[string]reflect.Type{}
	names := map[reflect.Type]string{}
	return func(t reflect.Type, hint string) string {
		name := huma.DefaultSchemaNamer(t, hint)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return name
		}
		if known, ok := names[t]; ok {
			return known
		}
		if _, other := taken[name]; other && t.Name() != "" {
			pkg := path.Base(t.PkgPath())
			name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
		}
		base := name
		for n := 2; taken[name] != nil; n++ {
			name = base + strconv.Itoa(n)
		}
		taken[name], names[t] = t, name
		return name
	}
}

// Signed marks an operation as one for signed-in callers, for the document.
var Signed = []map[string][]string{{"session": {}}, {"bearer": {}}}

// NewTestAPI returns an API with the whole middleware chain around it whose
// callers are found by auth; domain tests use it.
func NewTestAPI(auth Authenticate) (huma.API, *httptest.Server) {
	mux := http.NewServeMux()
	api := NewAPI(mux, "test")
	return api, httptest.NewServer(Chain(mux, Options{Authenticate: auth}))
}
