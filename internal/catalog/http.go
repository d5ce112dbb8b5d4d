package catalog

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

type correctionList struct {
	Body struct {
		Corrections []Correction `json:"corrections"`
	}
}

type correctionDraft struct {
	ID   string `path:"id" doc:"datastream"`
	Body struct {
		From    time.Time `json:"from" doc:"first instant"`
		To      time.Time `json:"to" doc:"last instant, included"`
		Exclude bool      `json:"exclude,omitempty" doc:"true: these are no measurements"`
		Value   *float64  `json:"value,omitempty" doc:"the right value, in the datastream's unit"`
		Reason  string    `json:"reason" doc:"why, for the trail"`
	}
}

// Routes registers the corrections of datastreams.
func (c *Catalog) Routes(api huma.API) {
	const path = "/api/v1/datastreams/{id}/corrections"
	huma.Register(api, httpapi.Needs(huma.Operation{OperationID: "list-corrections", Method: http.MethodGet, Path: path,
		Summary: "Corrections of a datastream, oldest first", Tags: []string{"datastreams"}, Security: httpapi.Signed,
	}, access.ObservationView), func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*correctionList, error) {
		if err := access.Require(httpapi.Actor(ctx), access.ObservationView, access.Scope{}); err != nil {
			return nil, err
		}
		list, err := c.Corrections(ctx, in.ID)
		out := &correctionList{}
		out.Body.Corrections = list
		return out, err
	})
	huma.Register(api, httpapi.Needs(huma.Operation{OperationID: "correct-datastream", Method: http.MethodPost, Path: path,
		Summary: "Replace or exclude observations of a span; nothing is overwritten", Tags: []string{"datastreams"},
		Security: httpapi.Signed, DefaultStatus: http.StatusCreated,
	}, access.ObservationEdit), func(ctx context.Context, in *correctionDraft) (*struct{ Body Correction }, error) {
		made, err := c.Correct(ctx, httpapi.Actor(ctx), in.ID, Correction{From: in.Body.From, To: in.Body.To,
			Exclude: in.Body.Exclude, Value: in.Body.Value, Reason: in.Body.Reason})
		return &struct{ Body Correction }{made}, err
	})
	huma.Register(api, httpapi.Needs(huma.Operation{OperationID: "delete-correction", Method: http.MethodDelete, Path: path + "/{correction}",
		Summary: "Take a correction back", Tags: []string{"datastreams"}, Security: httpapi.Signed,
	}, access.ObservationEdit), func(ctx context.Context, in *struct {
		ID         string `path:"id"`
		Correction string `path:"correction"`
	}) (*struct{}, error) {
		return nil, c.DeleteCorrection(ctx, httpapi.Actor(ctx), in.ID, in.Correction)
	})
}
