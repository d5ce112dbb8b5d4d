package app

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/identity"
)

type hello struct {
	Body struct {
		City     map[string]any `json:"city"`
		Demo     bool           `json:"demo"`
		Version  string         `json:"version"`
		Accounts []string       `json:"accounts" doc:"user names of a demo; empty in a real city"`
		Now      time.Time      `json:"now" doc:"the city's instant; a replay runs on its own clock"`
	}
}

// publicRoutes are what a visitor may see before signing in.
func (a *App) publicRoutes() {
	huma.Register(a.parts.api, httpapi.Open(huma.Operation{OperationID: "hello", Method: http.MethodGet, Path: "/api/v1/public/hello",
		Summary: "Which city this is; needs no sign-in", Tags: []string{"public"}}),
		func(context.Context, *struct{}) (*hello, error) {
			out := &hello{}
			out.Body.City, out.Body.Demo, out.Body.Version = a.cityInfo(), a.o.Mode != Serve, a.o.Version
			out.Body.Accounts, out.Body.Now = []string{}, a.clock.Now()
			if a.o.Mode != Serve {
				out.Body.Accounts = identity.DemoAccounts()
			}
			return out, nil
		})
}

// operationRoutes are for those who run the program.
func (a *App) operationRoutes() {
	mux := a.parts.mux
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := a.parts.store.Ping(r.Context()); err != nil {
			httpapi.Problem(w, r, err)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	metrics := promhttp.HandlerFor(a.reg, promhttp.HandlerOpts{})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		// A scraper on this machine needs no token; from elsewhere it does.
		if addr, err := netip.ParseAddr(httpapi.RemoteIP(r.Context())); err != nil || !addr.IsLoopback() {
			if err := access.Require(httpapi.Actor(r.Context()), access.SourceView, access.Scope{}); err != nil {
				httpapi.Problem(w, r, err)
				return
			}
		}
		metrics.ServeHTTP(w, r)
	})
}
