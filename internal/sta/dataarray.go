package sta

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
)

// createObservations answers POST CreateObservations: rows of observations by
// Datastream. The answer has one text for each row in its order: the address
// of the observation, or "error" and why.
func (r *run) createObservations(w http.ResponseWriter, req *http.Request) error {
	body, err := readBody(req)
	if err != nil {
		return err
	}
	actor := httpapi.Actor(req.Context())
	obs, rows, err := r.readDataArray(nil, body)
	if err == errWriteFeature {
		err = r.s.catalog.Edit(req.Context(), actor, func(e *catalog.Edit) (err error) {
			obs, rows, err = r.readDataArray(e, body)
			return err
		})
	}
	if err != nil {
		return err
	}
	errs, err := r.accept(req.Context(), actor, obs)
	if err != nil {
		return err
	}
	lang := httpapi.Lang(req.Context())
	b := []byte{'['}
	n := 0
	for i, e := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		if e == nil {
			o := &obs[n]
			if f, ok := fault.As(errs[n]); ok {
				e = f
			} else if errs[n] != nil {
				return errs[n]
			} else {
				b = appendText(b, r.link(r.s.model.observations, o.shown(r.now)))
			}
			n++
		}
		if e != nil {
			b = appendText(b, "error: "+e.Code+": "+detail(e, lang))
		}
	}
	return write(w, http.StatusCreated, append(b, ']'))
}

// readDataArray returns the observations of the rows that can be read, and
// for each row nil or what is wrong with it.
func (r *run) readDataArray(e *catalog.Edit, body []byte) (obs []newObservation, rows []*fault.Error, err error) {
	var groups []json.RawMessage
	if json.Unmarshal(body, &groups) != nil {
		return nil, nil, wantFault("a list", "danh sách")
	}
	for i, raw := range groups {
		b := newBuilder(r, e)
		path := fmt.Sprintf("[%d]/", i)
		f := parse(raw, path, b.wrong)
		stream, ok := f.take("Datastream")
		id, only := onlyID(stream)
		d := r.snap.Datastream(id)
		switch {
		case !ok || !only:
			f.bad("Datastream", `a link like {"@iot.id": "…"}`, `liên kết như {"@iot.id": "…"}`)
		case d == nil:
			f.wrong.At(path+"Datastream", errStream.With("id", id))
		}
		var components []string
		if c, ok := f.take("components"); !ok || json.Unmarshal(c, &components) != nil {
			f.bad("components", "a list of names", "danh sách tên")
		}
		list := f.array("dataArray")
		f.take("dataArray@iot.count")
		f.rest()
		if err := f.err(); err != nil {
			return nil, nil, err
		}
		for j, row := range list {
			b.wrong = errBody.With()
			raw, ok := rowObject(components, row)
			if !ok {
				rows = append(rows, errBody.With().At(fmt.Sprintf("%sdataArray[%d]", path, j), wantFault(itoa(len(components))+" values", itoa(len(components))+" giá trị")))
				continue
			}
			o, err := b.observation(parse(raw, fmt.Sprintf("%sdataArray[%d]/", path, j), b.wrong), d)
			if bad, is := fault.As(err); is {
				rows = append(rows, bad)
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			obs, rows = append(obs, o), append(rows, nil)
		}
	}
	return obs, rows, nil
}

// rowObject makes the object that a row stands for.
func rowObject(components []string, row json.RawMessage) (json.RawMessage, bool) {
	var values []json.RawMessage
	if json.Unmarshal(row, &values) != nil || len(values) != len(components) {
		return nil, false
	}
	m := make(map[string]any, len(values))
	for i, c := range components {
		switch {
		case c == "id":
		case strings.HasPrefix(c, "FeatureOfInterest/"):
			m["FeatureOfInterest"] = map[string]any{"@iot.id": values[i]}
		default:
			m[c] = values[i]
		}
	}
	b, err := json.Marshal(m)
	return b, err == nil
}
