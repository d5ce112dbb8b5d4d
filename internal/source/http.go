package source

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

// SourceFields are what a request may set on a source.
type SourceFields struct {
	Name          *string          `json:"name,omitempty" doc:"what people call it"`
	Config        *json.RawMessage `json:"config,omitempty" doc:"of the connector; a secret that reads *** stays as it is"`
	Mapping       *json.RawMessage `json:"mapping,omitempty" doc:"from its messages to readings; none for IOC's own format"`
	Enabled       *bool            `json:"enabled,omitempty"`
	Unit          *string          `json:"unit,omitempty" doc:"code of the administrative unit that answers for it"`
	Provenance    *string          `json:"provenance,omitempty" doc:"real, reconstructed or simulated"`
	ShiftSeconds  *float64         `json:"shift_seconds,omitempty" doc:"of a replay: phenomenon time minus original time"`
	RhythmSeconds *float64         `json:"rhythm_seconds,omitempty" doc:"how often it is expected to send; 0 unknown"`
}

func (f SourceFields) patch() Patch {
	p := Patch{Name: f.Name, Config: f.Config, Mapping: f.Mapping, Enabled: f.Enabled, Unit: f.Unit, Provenance: f.Provenance}
	p.Shift, p.Rhythm = seconds(f.ShiftSeconds), seconds(f.RhythmSeconds)
	return p
}

// seconds saturates, so that an absurd number is refused by check and not by
// an overflow.
func seconds(v *float64) *time.Duration {
	if v == nil {
		return nil
	}
	d := time.Duration(min(max(*v, -9e9), 9e9) * float64(time.Second))
	return &d
}

type sourceDraft struct {
	ID   string `json:"id,omitempty" doc:"a–z, 0–9, - and _; made from the name if left out"`
	Kind string `json:"kind" doc:"a connector of GET connectors"`
	SourceFields
}

type withToken struct {
	Body struct {
		Source SourceView `json:"source"`
		Token  string     `json:"token" doc:"shown this once"`
	}
}

type byID struct {
	ID string `path:"id"`
}

type sourceDevice struct {
	Username  string    `json:"username"`
	Publish   []string  `json:"publish" doc:"topic filters"`
	Subscribe []string  `json:"subscribe" doc:"topic filters"`
	Created   time.Time `json:"created"`
}

func viewOfDevice(d Device) sourceDevice {
	return sourceDevice{Username: d.Username, Publish: d.Publish, Subscribe: d.Subscribe, Created: d.Created}
}

// Routes registers the operations that change sources; the readiness package
// answers GET sources, because it knows how they do.
func (r *Registry) Routes(api huma.API) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1/sources" + path, Summary: summary,
			Tags: []string{"sources"}, DefaultStatus: status, Security: httpapi.Signed,
		}
	}
	huma.Register(api, httpapi.Needs(op("create-source", http.MethodPost, "", "Connect a source", http.StatusCreated), access.SourceEdit),
		func(ctx context.Context, in *struct{ Body sourceDraft }) (*withToken, error) {
			d := Draft{ID: in.Body.ID, Kind: in.Body.Kind, Enabled: true}
			p := in.Body.patch()
			set(&d.Name, p.Name)
			set(&d.Config, p.Config)
			set(&d.Mapping, p.Mapping)
			set(&d.Enabled, p.Enabled)
			set(&d.Unit, p.Unit)
			set(&d.Provenance, p.Provenance)
			set(&d.Shift, p.Shift)
			set(&d.Rhythm, p.Rhythm)
			s, token, err := r.Create(ctx, httpapi.Actor(ctx), d)
			if err != nil {
				return nil, err
			}
			out := &withToken{}
			out.Body.Source, out.Body.Token = viewOf(s), token
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("update-source", http.MethodPatch, "/{id}", "Change a source, switch it on or off", http.StatusOK), access.SourceEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body SourceFields
		}) (*struct{ Body SourceView }, error) {
			s, err := r.Update(ctx, httpapi.Actor(ctx), in.ID, in.Body.patch())
			if err != nil {
				return nil, err
			}
			return &struct{ Body SourceView }{viewOf(s)}, nil
		})
	huma.Register(api, httpapi.Needs(op("delete-source", http.MethodDelete, "/{id}", "Remove a source; what it sent stays", http.StatusNoContent), access.SourceEdit),
		func(ctx context.Context, in *byID) (*struct{}, error) {
			return nil, r.Delete(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, httpapi.Needs(op("rotate-source-token", http.MethodPost, "/{id}/token", "Give a source a new token", http.StatusOK), access.SourceEdit),
		func(ctx context.Context, in *byID) (*withToken, error) {
			token, err := r.RotateToken(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			s, _ := r.Get(in.ID)
			out := &withToken{}
			out.Body.Source, out.Body.Token = viewOf(r.Masked(s)), token
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("list-devices", http.MethodGet, "/{id}/devices", "MQTT devices of a source", http.StatusOK), access.SourceView),
		func(ctx context.Context, in *byID) (*struct {
			Body struct {
				Devices []sourceDevice `json:"devices"`
			}
		}, error) {
			ds, err := r.Devices(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Devices []sourceDevice `json:"devices"`
				}
			}{}
			out.Body.Devices = make([]sourceDevice, len(ds))
			for i, d := range ds {
				out.Body.Devices[i] = viewOfDevice(d)
			}
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("create-device", http.MethodPost, "/{id}/devices", "Add an MQTT device", http.StatusCreated), access.SourceEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				Username string `json:"username"`
			}
		}) (*struct {
			Body struct {
				Device   sourceDevice `json:"device"`
				Password string       `json:"password" doc:"shown this once"`
			}
		}, error) {
			d, password, err := r.CreateDevice(ctx, httpapi.Actor(ctx), in.ID, in.Body.Username)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Device   sourceDevice `json:"device"`
					Password string       `json:"password" doc:"shown this once"`
				}
			}{}
			out.Body.Device, out.Body.Password = viewOfDevice(d), password
			return out, nil
		})
	huma.Register(api, httpapi.Needs(op("delete-device", http.MethodDelete, "/{id}/devices/{username}", "Remove an MQTT device", http.StatusNoContent), access.SourceEdit),
		func(ctx context.Context, in *struct {
			ID       string `path:"id"`
			Username string `path:"username"`
		}) (*struct{}, error) {
			return nil, r.DeleteDevice(ctx, httpapi.Actor(ctx), in.ID, in.Username)
		})
}
