package promapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/series"
)

// Prefix is where the API is.
const Prefix = "/prometheus/api/v1"

// The limits of one question, and how many are worked on at once: what four
// of them may hold in memory is about 400 MB.
const (
	maxTime     = 30 * time.Second
	maxSamples  = 5_000_000
	maxSteps    = 11_000
	maxForm     = 1 << 20  // bytes
	maxQuery    = 16 << 10 // bytes; nested deep, more cost minutes and gigabytes to parse
	concurrency = 4
)

// Options are what the service works with.
type Options struct {
	Series     *series.DB
	Catalog    *catalog.Catalog
	Clock      *clock.Clock
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Version    string // of the program, for buildinfo
}

// Service answers PromQL.
type Service struct {
	series  storage.Queryable
	catalog *catalog.Catalog
	clock   *clock.Clock
	log     *slog.Logger
	version string
	parser  parser.Parser
	engine  *promql.Engine
	slots   chan struct{}
	mux     *http.ServeMux
}

// New makes the service.
func New(o Options) *Service {
	p := parser.NewParser(parser.Options{})
	s := &Service{series: o.Series.Queryable(), catalog: o.Catalog, clock: o.Clock, log: o.Logger, version: o.Version, parser: p,
		slots: make(chan struct{}, concurrency), mux: http.NewServeMux()}
	s.engine = promql.NewEngine(promql.EngineOpts{
		Logger: o.Logger, Reg: o.Registerer, MaxSamples: maxSamples, Timeout: maxTime,
		LookbackDelta: leastLookback, EnableAtModifier: true, EnableNegativeOffset: true, Parser: p,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})
	for path, answer := range map[string]answer{
		"query":               s.query,
		"query_range":         s.queryRange,
		"series":              s.seriesList,
		"labels":              s.labelNames,
		"label/{name}/values": s.labelValues,
		"metadata":            s.metadata,
		"format_query":        s.formatQuery,
		"status/buildinfo":    s.buildInfo,
		"query_exemplars":     func(context.Context, params) (any, []string, error) { return []any{}, nil, nil },
		"rules": func(context.Context, params) (any, []string, error) {
			return map[string]any{"groups": []any{}}, nil, nil
		},
		"alerts": func(context.Context, params) (any, []string, error) {
			return map[string]any{"alerts": []any{}}, nil, nil
		},
	} {
		s.mux.HandleFunc(Prefix+"/"+path, s.handle(answer))
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, r, errNoRoute.With("path", r.URL.Path))
	})
	return s
}

// ServeHTTP answers everything below Prefix.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// answer computes the data of one answer, with warnings.
type answer func(ctx context.Context, p params) (data any, warnings []string, err error)

func (s *Service) handle(f answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, warnings, err := func() (any, []string, error) {
			if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead {
				w.Header().Set("Allow", "GET, POST")
				return nil, nil, errMethod.With("method", r.Method)
			}
			if err := access.Require(httpapi.Actor(r.Context()), access.ObservationView, access.Scope{}); err != nil {
				return nil, nil, err
			}
			ctx, cancel := context.WithTimeout(r.Context(), maxTime)
			defer cancel()
			select {
			case s.slots <- struct{}{}:
				defer func() { <-s.slots }()
			case <-ctx.Done():
				return nil, nil, errBusy.With()
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if err := r.ParseForm(); err != nil {
				return nil, nil, errForm.With("detail", err.Error())
			}
			for _, name := range []string{"query", "match[]"} {
				for _, text := range r.Form[name] {
					if len(text) > maxQuery {
						return nil, nil, errLong.With("name", name, "limit", maxQuery)
					}
				}
			}
			return f(ctx, params{r.Form, r.PathValue("name"), s.clock.Now()})
		}()
		if err != nil {
			writeError(w, r, err)
			return
		}
		writeData(w, data, warnings)
	}
}
