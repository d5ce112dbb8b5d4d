package httpapi

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/uid"
)

// Authenticate finds the actor of a token; false means the token is not valid.
type Authenticate func(ctx context.Context, token string) (access.Actor, bool)

// Basic turns a user name and password into a session's token; Grafana and
// QGIS know no other way to sign in.
type Basic func(ctx context.Context, username, password, remote string) (token string, ok bool)

// Options are what the chain around the mux needs.
type Options struct {
	Authenticate Authenticate
	Basic        Basic // asked on the addresses of the standards only; nil: never
	Logger       *slog.Logger
	Registerer   prometheus.Registerer
	MaxBody      int64         // bytes; 0: 10 MiB
	Timeout      time.Duration // of a request's context, and of a client that reads nothing; 0: 60 s
	TrustProxy   bool          // believe X-Forwarded-For and -Proto
}

// CSP lets the pages load from this program only; MapLibre's worker is a file
// of ours, and its images may be blobs.
const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Chain wraps the mux: request id, caller, security headers, CSRF, limits,
// recovery, metrics and one log line per request at debug level.
func Chain(next http.Handler, o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxBody == 0 {
		o.MaxBody = 10 << 20
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ioc_http_request_seconds", Help: "Time to answer, by route and status.",
		Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5},
	}, []string{"route", "status"})
	if o.Registerer != nil {
		o.Registerer.MustRegister(seconds)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		token, fromCookie := requestToken(r)
		c := &caller{
			actor: access.Nobody(), lang: requestLang(r), token: token,
			requestID: uid.New(start), base: baseURL(r, o.TrustProxy), remote: remoteIP(r, o.TrustProxy),
		}
		ctx := context.WithValue(r.Context(), callerKey{}, c)
		ctx = context.WithValue(ctx, internalKey{}, o.Logger)
		if user, password, ok := r.BasicAuth(); ok && token == "" && o.Basic != nil && machine(r) {
			token, _ = o.Basic(ctx, user, password, c.remote)
			c.token = token
		}
		if token != "" && o.Authenticate != nil {
			if actor, ok := o.Authenticate(ctx, token); ok {
				actor.Address = c.remote
				c.actor = actor
			}
		}
		if !streaming(r) {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, o.Timeout)
			defer cancel()
			r.Body = http.MaxBytesReader(w, r.Body, o.MaxBody)
		}
		r = r.WithContext(ctx)
		h := w.Header()
		h.Set("X-Request-ID", c.requestID)
		h.Set("Content-Security-Policy", CSP)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=()")
		rec := &recorder{ResponseWriter: w, patience: o.Timeout}
		if r.URL.Path == "/live" { // it has its own, much shorter
			rec.patience = 0
		}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				o.Logger.ErrorContext(ctx, "handler panicked", "request_id", c.requestID, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				if rec.status == 0 {
					Problem(rec, r, errInternal.With("request_id", c.requestID))
				}
			}
			seconds.WithLabelValues(route(r), strconv.Itoa(rec.status)).Observe(time.Since(start).Seconds())
			o.Logger.DebugContext(ctx, "request", "method", r.Method, "path", r.URL.Path, "status", rec.status,
				"seconds", time.Since(start).Seconds(), "actor", c.actor.ID, "request_id", c.requestID)
		}()
		if fromCookie && !safeMethod(r.Method) && !sameSite(r, c.base) {
			Problem(rec, r, errCSRF.With())
			return
		}
		if c.actor.ReadOnly && !safeMethod(r.Method) && !leavesViewing(r) {
			Problem(rec, r, access.ErrReadOnly.With())
			return
		}
		next.ServeHTTP(rec, r)
	})
}

func safeMethod(m string) bool {
	return m == http.MethodGet || m == http.MethodHead || m == http.MethodOptions
}

// leavesViewing are the only things that who looks as somebody else may do.
func leavesViewing(r *http.Request) bool {
	return r.Method == http.MethodDelete && (r.URL.Path == "/api/v1/session/view-as" || r.URL.Path == "/api/v1/session")
}

// sameSite holds for requests of our own pages: a foreign page can neither
// set a custom header without a preflight that we never allow, nor forge
// Origin.
func sameSite(r *http.Request, base string) bool {
	if r.Header.Get("X-IOC-CSRF") == "" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	a, err := url.Parse(origin)
	b, err2 := url.Parse(base)
	return err == nil && err2 == nil && a.Host == b.Host
}

// streaming requests live longer than a request's time and set their own
// limits: live events, exports, ingest bodies, photos.
func streaming(r *http.Request) bool {
	p := r.URL.Path
	return p == "/live" || strings.HasPrefix(p, "/api/v1/export") || strings.HasPrefix(p, "/api/v1/ingest/") ||
		r.Method == http.MethodPost && (p == "/api/v1/attachments" ||
			strings.HasPrefix(p, "/api/v1/cases/systems/") && (strings.HasSuffix(p, "/upload") || strings.HasSuffix(p, "/push")))
}

// machine says whether the address is one that programs read. Browsers send
// Basic credentials on their own accord, so nothing that changes the city may
// be done with them.
func machine(r *http.Request) bool {
	p := r.URL.Path
	return strings.HasPrefix(p, "/prometheus/") || strings.HasPrefix(p, "/sta/") && safeMethod(r.Method)
}

func route(r *http.Request) string {
	if r.Pattern == "" {
		return "other"
	}
	return r.Pattern
}

func baseURL(r *http.Request, trust bool) string {
	scheme := "http"
	if r.TLS != nil || (trust && r.Header.Get("X-Forwarded-Proto") == "https") {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func remoteIP(r *http.Request, trust bool) string {
	if trust {
		if f := r.Header.Get("X-Forwarded-For"); f != "" {
			first, _, _ := strings.Cut(f, ",")
			return strings.TrimSpace(first)
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// recorder remembers the status and gives up on a client that stops reading;
// one that reads, however slowly, gets everything. Unwrap lets
// http.ResponseController reach the flusher below.
type recorder struct {
	http.ResponseWriter
	status   int
	patience time.Duration // for one Write; 0 sets no deadline
}

func (r *recorder) WriteHeader(status int) {
	if status == http.StatusRequestTimeout {
		// Part of the body is still to come. huma closes the body before it
		// answers, whereupon net/http would read what comes as a new request.
		r.Header().Set("Connection", "close")
	}
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.patience > 0 { // the server takes the deadline back when the request ends
		_ = http.NewResponseController(r.ResponseWriter).SetWriteDeadline(time.Now().Add(r.patience))
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap gives the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush lets handlers that ask for http.Flusher stream.
func (r *recorder) Flush() {
	if f, ok := r.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
