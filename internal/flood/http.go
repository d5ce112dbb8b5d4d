package flood

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

// Routes registers the operations of the flood watch.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "flood-summary", Method: http.MethodGet, Path: "/api/v1/flood/summary", Tags: []string{"flood"}, Security: httpapi.Signed,
		Summary: "Rain, rivers, towers, reservoirs and units at an instant",
	}, access.LayerView), func(ctx context.Context, in *struct {
		At time.Time `query:"at" doc:"RFC 3339; left out: now"`
	}) (*struct{ Body *Summary }, error) {
		sum, err := s.Summary(ctx, httpapi.Actor(ctx), in.At)
		if err != nil {
			return nil, err
		}
		return &struct{ Body *Summary }{sum}, nil
	})
}
