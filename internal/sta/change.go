package sta

import (
	"net/http"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/sensing"
)

var errPlaceFeature = fault.Define(fault.Conflict, "sta.feature_of_location",
	"the feature of interest {id} is the place of a Thing: change its Location", "đối tượng quan trắc {id} là vị trí của một Thing: hãy sửa Location của nó")

// mayWrite stops at once who may write nothing at all; the exact permission
// is asked where the change is made.
func mayWrite(req *http.Request) error {
	actor := httpapi.Actor(req.Context())
	for _, p := range []access.Permission{access.Ingest, access.ObservationEdit} {
		if actor.Can(p, access.Scope{}) {
			return nil
		}
	}
	return access.Require(actor, access.CatalogEdit, access.Scope{})
}

// changing resolves the one entity that a PATCH or DELETE is for.
func (r *run) changing(w http.ResponseWriter, req *http.Request, steps []step) (*target, error) {
	if err := mayWrite(req); err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		return nil, notAllowed(w, req, "GET")
	}
	t, err := r.resolve(steps)
	if err != nil {
		return nil, err
	}
	if !t.single || t.prop != nil || t.ref {
		return nil, notAllowed(w, req, "GET, POST")
	}
	if f, ok := t.value.(*sensing.FeatureOfInterest); ok && r.snap.Location(f.ID) != nil {
		return nil, errPlaceFeature.With("id", f.ID)
	}
	return t, nil
}

func (r *run) patch(w http.ResponseWriter, req *http.Request, steps []step) error {
	t, err := r.changing(w, req, steps)
	if err != nil {
		return err
	}
	body, err := readBody(req)
	if err != nil {
		return err
	}
	ctx, actor := req.Context(), httpapi.Actor(req.Context())
	if o, ok := t.value.(*observation); ok {
		return r.correct(w, req, t, o, body)
	}
	err = r.s.catalog.Edit(ctx, actor, func(e *catalog.Edit) error {
		b := newBuilder(r, e)
		return b.change(t, parse(body, "", b.wrong))
	})
	if err != nil {
		return err
	}
	r.snap = r.s.catalog.Snapshot()
	again, err := r.resolve([]step{{name: t.typ.set, key: t.typ.id(t.value), hasKey: true}})
	if err != nil {
		return err
	}
	b, err := r.object(nil, again.typ, again.value, &options{})
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, b)
}

// change puts a body into an entity that exists.
func (b *builder) change(t *target, f *fields) error {
	if id := f.id(); id != "" && id != t.typ.id(t.value) {
		f.bad("@iot.id", "the id of the entity itself", "chính mã của thực thể")
	}
	m := b.r.s.model
	var err error
	switch v := t.value.(type) {
	case *sensing.Thing:
		locations, given := f.raw["Locations"], f.array("Locations")
		if _, err = b.edit.PatchThing(v.ID, finish(f, fillThing)); err != nil || locations == nil {
			return err
		}
		ids, err := b.refs(m.locations, given, "Locations")
		if err != nil {
			return err
		}
		return b.edit.Place(v.ID, ids)
	case *sensing.Location:
		_, err = b.edit.PatchLocation(v.ID, finish(f, fillLocation))
	case *sensing.Sensor:
		_, err = b.edit.PatchSensor(v.ID, finish(f, fillSensor))
	case *sensing.ObservedProperty:
		_, err = b.edit.PatchObservedProperty(v.ID, finish(f, fillProperty))
	case *sensing.FeatureOfInterest:
		_, err = b.edit.PatchFeature(v.ID, finish(f, fillFeature))
	case *sensing.Datastream:
		_, err = b.edit.PatchDatastream(v.ID, func(d *sensing.Datastream) error {
			for name, to := range map[string]*string{"Thing": &d.ThingID, "Sensor": &d.SensorID, "ObservedProperty": &d.ObservedPropertyID} {
				raw, ok := f.take(name)
				if !ok {
					continue
				}
				id, only := onlyID(raw)
				if !only {
					f.bad(name, `a link like {"@iot.id": "…"}`, `liên kết như {"@iot.id": "…"}`)
				}
				*to = id
			}
			return finish(f, fillDatastream)(d)
		})
	case *catalog.HistoricalLocation:
		moved := v.Time
		f.instant("time", &moved)
		f.rest()
		if err := f.err(); err != nil {
			return err
		}
		err = b.edit.MoveHistoricalLocation(v.ID, moved)
	}
	return err
}

// finish fills an entity and tells what of the body was wrong.
func finish[T any](f *fields, fill func(*fields, *T)) func(*T) error {
	return func(v *T) error {
		fill(f, v)
		f.rest()
		return f.err()
	}
}

// correct makes a PATCH of an observation a correction of its result.
func (r *run) correct(w http.ResponseWriter, req *http.Request, t *target, o *observation, body []byte) error {
	wrong := errBody.With()
	f := parse(body, "", wrong)
	var result any
	var parameters map[string]any
	f.any("result", &result)
	f.object("parameters", &parameters)
	f.rest()
	value, ok := result.(float64)
	if !ok {
		f.bad("result", "the right number", "giá trị đúng")
	}
	if err := f.err(); err != nil {
		return err
	}
	reason, _ := parameters["reason"].(string)
	if reason == "" {
		reason = "SensorThings PATCH"
	}
	if _, err := r.s.catalog.Correct(req.Context(), httpapi.Actor(req.Context()), o.stream.ID,
		catalog.Correction{From: o.time(), To: o.time(), Value: &value, Reason: reason}); err != nil {
		return err
	}
	again, err := r.resolve([]step{{name: t.typ.set, key: o.id(), hasKey: true}})
	if err != nil {
		return err
	}
	b, err := r.object(nil, again.typ, again.value, &options{})
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, b)
}

func (r *run) delete(w http.ResponseWriter, req *http.Request, steps []step) error {
	t, err := r.changing(w, req, steps)
	if err != nil {
		return err
	}
	ctx, actor := req.Context(), httpapi.Actor(req.Context())
	if o, ok := t.value.(*observation); ok {
		_, err = r.s.catalog.Correct(ctx, actor, o.stream.ID,
			catalog.Correction{From: o.time(), To: o.time(), Exclude: true, Reason: "SensorThings DELETE"})
	} else {
		err = r.s.catalog.Edit(ctx, actor, func(e *catalog.Edit) error { return remove(e, t.value) })
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func remove(e *catalog.Edit, v any) error {
	switch v := v.(type) {
	case *sensing.Thing:
		return e.DeleteThing(v.ID)
	case *sensing.Location:
		return e.DeleteLocation(v.ID)
	case *sensing.Sensor:
		return e.DeleteSensor(v.ID)
	case *sensing.ObservedProperty:
		return e.DeleteObservedProperty(v.ID)
	case *sensing.FeatureOfInterest:
		return e.DeleteFeature(v.ID)
	case *sensing.Datastream:
		return e.DeleteDatastream(v.ID)
	case *catalog.HistoricalLocation:
		return e.DeleteHistoricalLocation(v.ID)
	}
	return nil
}
