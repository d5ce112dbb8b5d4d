package sta

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// Prefix is the address of the service root.
const Prefix = "/sta/v1.1"

// maxTime is how long one request may take, concurrency how many are worked
// on at once; others wait. A question that looks at maxLooked observations
// holds about 100 MB.
const (
	maxTime     = 30 * time.Second
	concurrency = 8
)

var (
	errMethod = fault.Define(fault.Invalid, "sta.method", "{method} cannot be done here; what can: {allow}", "không dùng được {method} ở đây; dùng được: {allow}")
	errSlow   = fault.Define(fault.Unavailable, "sta.timeout", "the question took longer than {seconds} s; narrow it", "truy vấn mất hơn {seconds} giây; hãy thu hẹp")
)

// Service answers SensorThings requests.
type Service struct {
	catalog *catalog.Catalog
	series  *series.DB
	clock   *clock.Clock
	log     *slog.Logger
	model   *model
	slots   chan struct{}

	// Accept takes new observations onto the road, in the name of a source
	// ("" when the Datastream has none): the app gives it, with ingest behind.
	// It returns one error for each reading, nil for those that were accepted
	// or there already. Without it observations cannot be created.
	Accept func(ctx context.Context, actor access.Actor, source string, readings []sensing.Reading) ([]error, error)

	// Original tells when an observation of a source that a replay moved in
	// time really happened; false when it was not moved. Nil: nothing ever is.
	Original func(source string, t time.Time) (time.Time, bool)
}

// New makes the service; the app fills in Accept and Original.
func New(c *catalog.Catalog, s *series.DB, clk *clock.Clock, log *slog.Logger) *Service {
	return &Service{catalog: c, series: s, clock: clk, log: log, model: newModel(), slots: make(chan struct{}, concurrency)}
}

func (s *Service) run(ctx context.Context, base string) *run {
	return &run{s: s, ctx: ctx, snap: s.catalog.Snapshot(), now: s.clock.Now(), base: base + Prefix, left: maxLooked}
}

// ServeHTTP answers everything at and below Prefix.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), maxTime)
	defer cancel()
	r = r.WithContext(ctx)
	err := s.serve(w, r)
	if err == nil {
		return
	}
	if ctx.Err() == context.DeadlineExceeded {
		if _, known := fault.As(err); !known {
			err = errSlow.With("seconds", int(maxTime.Seconds())).Because(err)
		}
	}
	httpapi.Problem(w, r, err)
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	steps, err := parsePath(path)
	if err != nil {
		return err
	}
	base := httpapi.BaseURL(r.Context())
	if base == "" {
		base = "http://" + r.Host
	}
	run := s.run(r.Context(), base)
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if err := access.Require(httpapi.Actor(r.Context()), access.ObservationView, access.Scope{}); err != nil {
			return err
		}
		return run.answer(w, r, steps)
	case http.MethodPost:
		return run.post(w, r, steps)
	case http.MethodPatch:
		return run.patch(w, r, steps)
	case http.MethodDelete:
		return run.delete(w, r, steps)
	}
	return notAllowed(w, r, "GET, POST, PATCH, DELETE")
}

func notAllowed(w http.ResponseWriter, r *http.Request, allow string) error {
	w.Header().Set("Allow", allow)
	return errMethod.With("method", r.Method, "allow", allow)
}

func (r *run) answer(w http.ResponseWriter, req *http.Request, steps []step) error {
	if len(steps) == 0 {
		return write(w, http.StatusOK, r.root())
	}
	t, err := r.resolve(steps)
	if err != nil {
		return err
	}
	if t.prop != nil {
		return r.answerProperty(w, t)
	}
	o, err := parseOptions(req.URL.RawQuery, t.typ, !t.single)
	if err != nil {
		return err
	}
	if t.single {
		if t.ref {
			return write(w, http.StatusOK, append(appendText([]byte(`{"@iot.selfLink":`), r.link(t.typ, t.value)), '}'))
		}
		b, err := r.object(nil, t.typ, t.value, o)
		if err != nil {
			return err
		}
		return write(w, http.StatusOK, b)
	}
	var p *page
	if t.scope != nil {
		p, err = r.observations(*t.scope, o)
	} else {
		p, err = r.collect(t.list, o)
	}
	if err != nil {
		return err
	}
	b, err := r.collection(t.typ, p, o, t.self, t.ref)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, b)
}

func (r *run) answerProperty(w http.ResponseWriter, t *target) error {
	v := inside(t.prop.get(r, t.value), t.inner)
	if v == nil {
		if len(t.inner) > 0 {
			return errNoEntity.With("entity", t.prop.name, "id", strings.Join(t.inner, "/"))
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if t.raw {
		if s, ok := v.(string); ok {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, err := w.Write([]byte(s))
			return err
		}
		b := appendValue(nil, v)
		if len(b) > 1 && b[0] == '"' {
			b = b[1 : len(b)-1] // an instant
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := w.Write(b)
		return err
	}
	name := t.prop.name
	if len(t.inner) > 0 {
		name = t.inner[len(t.inner)-1]
	}
	b := append(appendText([]byte{'{'}, name), ':')
	return write(w, http.StatusOK, append(appendValue(b, v), '}'))
}

func write(w http.ResponseWriter, status int, b []byte) error {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller has gone: nobody is left to tell
	return nil
}

// root is the service document.
func (r *run) root() []byte {
	b := []byte(`{"value":[`)
	for i, e := range r.s.model.sets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = appendText(b, e.set)
		b = append(b, `,"url":`...)
		b = append(appendText(b, r.base+"/"+e.set), '}')
	}
	b = append(b, `],"serverSettings":{"conformance":[`...)
	for i, c := range conformance {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, "http://www.opengis.net/spec/iot_sensing/1.1/req/"+c)
	}
	b = append(b, `],"http://www.opengis.net/spec/iot_sensing/1.1/req/create-observations-via-mqtt/observations-creation":{"topics":["v1.1/Observations","v1.1/Datastreams('id')/Observations"]}`...)
	b = append(b, fmt.Sprintf(`,"limits":{"default_page":%d,"largest_page":%d,"entities_looked_at":%d,"expand_depth":%d}`, defaultPage, maxPage, maxLooked, maxExpand)...)
	return append(b, "}}"...)
}

var conformance = []string{
	"datamodel",
	"resource-path/resource-path-to-entities",
	"request-data",
	"create-update-delete/create-entity",
	"create-update-delete/link-to-existing-entities",
	"create-update-delete/deep-insert",
	"create-update-delete/deep-insert-status-code",
	"create-update-delete/update-entity",
	"create-update-delete/delete-entity",
	"create-update-delete/historical-location-auto-creation",
	"data-array/data-array",
	"create-observations-via-mqtt/observations-creation",
}
