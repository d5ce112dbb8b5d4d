package supervise

import (
	"context"
	"encoding/json"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/templates"
)

type stationsBody struct {
	TrialBody
	Mapping     json.RawMessage        `json:"mapping,omitempty"`
	Raw         string                 `json:"raw"`
	Encoding    string                 `json:"encoding,omitempty" enum:"base64,"`
	Name        string                 `json:"name,omitempty" doc:"topic or file name"`
	Datastreams []templates.Datastream `json:"datastreams,omitempty" doc:"what keys are, by patterns; a template brings them"`
	Places      []Place                `json:"places,omitempty" doc:"where stations are, when the message does not say"`
	Enter       bool                   `json:"enter,omitempty" doc:"enter them in the register; otherwise they are only shown"`
}

type stationsAnswer struct {
	Body struct {
		Stations []StationView `json:"stations"`
		Entered  int           `json:"entered" doc:"datastreams that are new in the register"`
	}
}

// stations shows or enters what a message speaks of.
func (s *Supervisor) stations(ctx context.Context, b stationsBody) (*stationsAnswer, error) {
	actor := httpapi.Actor(ctx)
	if err := access.Require(actor, access.SourceEdit, access.Scope{Source: b.Source}); err != nil {
		return nil, err
	}
	raw, err := bytesOf(b.Raw, b.Encoding)
	if err != nil {
		return nil, err
	}
	src := Source{ID: b.Source, Kind: b.Kind, Mapping: b.Mapping}
	views, err := s.Stations(src, raw, metaOf(b.Kind, b.Name), b.Datastreams, b.Places)
	if err != nil {
		return nil, err
	}
	out := &stationsAnswer{}
	if b.Enter {
		if err := s.Enter(ctx, actor, src, views); err != nil {
			return nil, err
		}
		for i := range views {
			for j := range views[i].Datastreams {
				if d := &views[i].Datastreams[j]; !d.Registered {
					d.Registered = true
					out.Body.Entered++
				}
			}
		}
	}
	out.Body.Stations = views
	return out, nil
}
