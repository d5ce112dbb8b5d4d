package sta

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/sensing"
)

var (
	errResult   = fault.Define(fault.Invalid, "sta.result", "the results of datastream {id} are numbers", "kết quả của datastream {id} phải là số")
	errNoAccept = fault.Define(fault.Unavailable, "sta.no_ingest", "this server takes no observations", "máy chủ này không nhận quan trắc")
	errStream   = fault.Define(fault.Invalid, "sta.unknown_datastream", "there is no datastream {id}", "không có datastream {id}")
)

// ErrQuarantined is what Accept answers for a reading that was taken but kept
// apart, because it cannot be right as it stands (a time in the future): the
// caller is told 202 instead of 201.
var ErrQuarantined = fault.Define(fault.Invalid, "sta.quarantined",
	"the observation is kept apart until a person has looked at it", "quan trắc được giữ riêng, chờ người xem xét")

// newObservation is an Observation of a body.
type newObservation struct {
	stream  *sensing.Datastream
	reading sensing.Reading
	path    string
}

// observation reads one; d is nil when the body must name the Datastream.
func (b *builder) observation(f *fields, d *sensing.Datastream) (newObservation, error) {
	f.id() // ours to choose
	if raw, ok := f.take("Datastream"); ok && d == nil {
		id, only := onlyID(raw)
		if !only {
			f.bad("Datastream", `a link like {"@iot.id": "…"}`, `liên kết như {"@iot.id": "…"}`)
		} else if d = b.stream(id); d == nil {
			f.wrong.At(f.path+"Datastream", errStream.With("id", id))
		}
	} else if d == nil {
		f.bad("Datastream", `a link like {"@iot.id": "…"}`, `liên kết như {"@iot.id": "…"}`)
	}
	o := newObservation{stream: d, path: f.path}
	o.reading.Time = b.r.now.Truncate(time.Millisecond)
	f.instant("phenomenonTime", &o.reading.Time)
	var learned time.Time
	f.instant("resultTime", &learned)
	var result, quality any
	f.any("result", &result)
	f.any("resultQuality", &quality)
	for _, unkept := range []string{"validTime", "parameters"} {
		f.take(unkept)
	}
	feature, about := f.take("FeatureOfInterest")
	f.rest()
	if d != nil {
		o.reading.Datastream = d.ID
		if e := setResult(&o.reading, d, result); e != nil {
			f.wrong.At(f.path+"result", e)
		}
	}
	o.reading.Quality = qualityOf(quality)
	if err := f.err(); err != nil {
		return o, err
	}
	if about {
		return o, b.about(o, feature, f.path)
	}
	return o, nil
}

func (b *builder) stream(id string) *sensing.Datastream {
	if d := b.made[id]; d != nil {
		return d
	}
	return b.r.snap.Datastream(id)
}

// about keeps a feature of interest that is not the place of the Thing.
func (b *builder) about(o newObservation, raw json.RawMessage, path string) error {
	if id, only := onlyID(raw); only {
		if f := b.r.snap.FeatureOfDatastream(o.stream); f != nil && f.ID == id {
			return nil
		}
	}
	if b.edit == nil {
		return errWriteFeature
	}
	id, err := b.ref(b.r.s.model.features, raw, path+"FeatureOfInterest/", implied{})
	if err != nil {
		return err
	}
	return at(b.edit.SetFeature(o.stream.ID, o.reading.Time, id), path)
}

// errWriteFeature says that the body needs a transaction on the catalog after
// all; people never see it.
var errWriteFeature = fmt.Errorf("the observation has a feature of its own")

func setResult(r *sensing.Reading, d *sensing.Datastream, result any) *fault.Error {
	numeric := catalog.Numeric(d)
	switch v := result.(type) {
	case float64:
		if numeric {
			r.Value = v
		} else {
			r.Text = string(appendNumber(nil, v))
		}
		return nil
	case string:
		if numeric {
			return errResult.With("id", d.ID)
		}
		r.Text = v
	case bool:
		if numeric {
			return errResult.With("id", d.ID)
		}
		r.Text = fmt.Sprint(v)
	case nil:
		return wantFault("a result", "kết quả")
	default:
		if numeric {
			return errResult.With("id", d.ID)
		}
		b, err := json.Marshal(v)
		if err != nil {
			return wantFault("JSON", "JSON")
		}
		r.Text = string(b)
	}
	if r.Text == "" {
		return wantFault("a text that is not empty", "chuỗi không rỗng")
	}
	return nil
}

// qualityOf takes the first of our own words out of a resultQuality.
func qualityOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		for _, x := range v {
			switch x {
			case "bad", "suspect", "estimated", "good":
				return x.(string)
			}
		}
	}
	return ""
}

// accept brings observations onto the road, source by source; one error for
// each, nil for those that were accepted or there already.
func (r *run) accept(ctx context.Context, actor access.Actor, obs []newObservation) ([]error, error) {
	if len(obs) == 0 {
		return nil, nil
	}
	if r.s.Accept == nil {
		return nil, errNoAccept.With()
	}
	var sources []string
	bySource := map[string][]int{}
	for i, o := range obs {
		if !actor.Can(access.CatalogEdit, access.Scope{}) {
			if err := access.Require(actor, access.Ingest, access.Scope{Source: o.stream.SourceID}); err != nil {
				return nil, err
			}
		}
		source := o.stream.SourceID
		if bySource[source] == nil {
			sources = append(sources, source)
		}
		bySource[source] = append(bySource[source], i)
	}
	out := make([]error, len(obs))
	for _, source := range sources {
		readings := make([]sensing.Reading, len(bySource[source]))
		for j, i := range bySource[source] {
			readings[j] = obs[i].reading
		}
		errs, err := r.s.Accept(ctx, actor, source, readings)
		if err != nil {
			return nil, err
		}
		for j, i := range bySource[source] {
			if j < len(errs) {
				out[i] = errs[j]
			}
		}
	}
	return out, nil
}

func (r *run) post(w http.ResponseWriter, req *http.Request, steps []step) error {
	if err := mayWrite(req); err != nil {
		return err
	}
	if len(steps) == 1 && steps[0].name == "CreateObservations" && !steps[0].hasKey {
		return r.createObservations(w, req)
	}
	if len(steps) == 0 {
		return notAllowed(w, req, "GET")
	}
	t, err := r.resolve(steps)
	if err != nil {
		return err
	}
	if t.single || t.prop != nil || t.ref {
		return notAllowed(w, req, "GET, PATCH, DELETE")
	}
	body, err := readBody(req)
	if err != nil {
		return err
	}
	if t.typ == r.s.model.observations {
		return r.createObservation(w, req, t, body)
	}
	return r.createEntity(w, req, t, body)
}

func (r *run) createEntity(w http.ResponseWriter, req *http.Request, t *target, body []byte) error {
	actor := httpapi.Actor(req.Context())
	var id string
	var b *builder
	err := r.s.catalog.Edit(req.Context(), actor, func(e *catalog.Edit) (err error) {
		b = newBuilder(r, e)
		id, err = b.create(t.typ, body, "", impliedBy(t))
		return err
	})
	if err != nil {
		return err
	}
	if errs, err := r.accept(req.Context(), actor, b.obs); err != nil {
		return err
	} else if err := gather(b.obs, errs); err != nil {
		return err
	}
	r.snap = r.s.catalog.Snapshot()
	return r.created(w, t.typ, id)
}

// impliedBy is the link that the address of a POST gives the new entity: its
// own navigation back to where the address came from.
func impliedBy(t *target) implied {
	if t.nav == nil {
		return implied{}
	}
	for i := range t.typ.navs {
		if n := &t.typ.navs[i]; n.to == t.parentType {
			return implied{n.name, t.parentType.id(t.parent)}
		}
	}
	return implied{}
}

// gather makes one fault of the observations that were refused.
func gather(obs []newObservation, errs []error) error {
	wrong := errBody.With()
	for i, err := range errs {
		if err == nil {
			continue
		}
		f, ok := fault.As(err)
		if !ok {
			return err
		}
		wrong.At(obs[i].path+"result", f)
	}
	if len(wrong.Fields) == 0 {
		return nil
	}
	return wrong
}

func (r *run) created(w http.ResponseWriter, e *entity, id string) error {
	t := &target{typ: e}
	if err := r.fill(t); err != nil {
		return err
	}
	if err := r.key(t, step{key: id, hasKey: true}); err != nil {
		return err
	}
	b, err := r.object(nil, e, t.value, &options{})
	if err != nil {
		return err
	}
	w.Header().Set("Location", r.link(e, t.value))
	return write(w, http.StatusCreated, b)
}

func (r *run) createObservation(w http.ResponseWriter, req *http.Request, t *target, body []byte) error {
	var d *sensing.Datastream
	if s, ok := t.parent.(*sensing.Datastream); ok {
		d = s
	}
	actor := httpapi.Actor(req.Context())
	read := func(e *catalog.Edit) (newObservation, error) {
		b := newBuilder(r, e)
		return b.observation(parse(body, "", b.wrong), d)
	}
	o, err := read(nil)
	if err == errWriteFeature {
		err = r.s.catalog.Edit(req.Context(), actor, func(e *catalog.Edit) (err error) {
			o, err = read(e)
			return err
		})
	}
	if err != nil {
		return err
	}
	errs, err := r.accept(req.Context(), actor, []newObservation{o})
	if err != nil {
		return err
	}
	if fault.Is(errs[0], ErrQuarantined) {
		p := httpapi.Describe(req.Context(), errs[0])
		b := appendText([]byte(`{"code":`), p.Code)
		b = appendText(append(b, `,"detail":`...), p.Detail)
		return write(w, http.StatusAccepted, append(b, '}'))
	}
	if errs[0] != nil {
		return errs[0]
	}
	// It is on disk, but perhaps not readable yet: tell what was posted.
	v := o.shown(r.now)
	b, err := r.object(nil, r.s.model.observations, v, &options{})
	if err != nil {
		return err
	}
	w.Header().Set("Location", r.link(r.s.model.observations, v))
	return write(w, http.StatusCreated, b)
}

func (o *newObservation) shown(now time.Time) *observation {
	return &observation{stream: o.stream, t: o.reading.Time.UnixMilli(), number: o.reading.Value,
		text: o.reading.Text, isText: o.reading.Text != "", received: now.UnixMilli()}
}
