package httpapi

import (
	"net/http"
	"net/http/httptest"

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
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: SessionCookie},
		"bearer":  {Type: "http", Scheme: "bearer"},
	}
	return humago.New(mux, cfg)
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
