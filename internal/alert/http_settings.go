package alert

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

type silenceBody struct {
	Kind     *string    `json:"kind,omitempty" enum:"silence,maintenance"`
	Matchers *[]Matcher `json:"matchers,omitempty"`
	From     *time.Time `json:"from,omitempty" doc:"left out: now"`
	To       *time.Time `json:"to,omitempty"`
	Reason   *string    `json:"reason,omitempty"`
}

type silencesBody struct {
	Silences []Silence `json:"silences"`
}

type previewBody struct {
	Count  int     `json:"count"`
	Alerts []Alert `json:"alerts" doc:"the first 100"`
}

type inhibitionsBody struct {
	Inhibitions []Inhibition `json:"inhibitions" maxItems:"100"`
}

func (s *Service) silenceRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(alertOperation("list-silences", http.MethodGet, "/silences", "Silences and maintenance windows", http.StatusOK), access.AlertView),
		func(ctx context.Context, _ *struct{}) (*out[silencesBody], error) {
			list, err := s.Silences(ctx, httpapi.Actor(ctx))
			return answer(silencesBody{append([]Silence{}, list...)}, err)
		})
	huma.Register(api, httpapi.NeedsEverywhere(alertOperation("create-silence", http.MethodPost, "/silences", "Keep matching alerts quiet for a while", http.StatusCreated, http.StatusUnprocessableEntity), access.AlertSilence),
		func(ctx context.Context, in *struct{ Body silenceBody }) (*out[Silence], error) {
			return answer(s.CreateSilence(ctx, httpapi.Actor(ctx), SilenceDraft(in.Body)))
		})
	huma.Register(api, httpapi.NeedsEverywhere(alertOperation("update-silence", http.MethodPatch, "/silences/{id}", "Change a silence that is not over", http.StatusOK,
		http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), access.AlertSilence),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"64"`
			Body silenceBody
		}) (*out[Silence], error) {
			return answer(s.EditSilence(ctx, httpapi.Actor(ctx), in.ID, SilenceDraft(in.Body)))
		})
	huma.Register(api, httpapi.NeedsEverywhere(alertOperation("end-silence", http.MethodDelete, "/silences/{id}", "End a silence now", http.StatusNoContent, http.StatusNotFound, http.StatusConflict), access.AlertSilence),
		func(ctx context.Context, in *byID) (*struct{}, error) {
			return nil, s.EndSilence(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, httpapi.NeedsEverywhere(alertOperation("preview-silence", http.MethodPost, "/silences/preview", "Which open alerts would be kept quiet", http.StatusOK, http.StatusUnprocessableEntity), access.AlertSilence),
		func(ctx context.Context, in *struct {
			Body struct {
				Matchers []Matcher `json:"matchers"`
			}
		}) (*out[previewBody], error) {
			list, err := s.Preview(ctx, httpapi.Actor(ctx), in.Body.Matchers)
			return answer(previewBody{Count: len(list), Alerts: append([]Alert{}, list[:min(len(list), 100)]...)}, err)
		})
}

func (s *Service) settingRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(alertOperation("get-alert-settings", http.MethodGet, "/alerts/settings", "Grouping, flapping, budget and times", http.StatusOK), access.AlertView),
		func(ctx context.Context, _ *struct{}) (*out[Settings], error) {
			return answer(s.Settings(ctx, httpapi.Actor(ctx)))
		})
	huma.Register(api, httpapi.NeedsEverywhere(alertOperation("put-alert-settings", http.MethodPut, "/alerts/settings", "Replace grouping, flapping, budget and times", http.StatusOK, http.StatusUnprocessableEntity), access.AlertSilence),
		func(ctx context.Context, in *struct{ Body Settings }) (*out[Settings], error) {
			return answer(s.PutSettings(ctx, httpapi.Actor(ctx), in.Body))
		})
	huma.Register(api, httpapi.Needs(alertOperation("get-inhibitions", http.MethodGet, "/alerts/inhibitions", "Which alerts keep which others quiet", http.StatusOK), access.AlertView),
		func(ctx context.Context, _ *struct{}) (*out[inhibitionsBody], error) {
			list, err := s.Inhibitions(ctx, httpapi.Actor(ctx))
			return answer(inhibitionsBody{append([]Inhibition{}, list...)}, err)
		})
	huma.Register(api, httpapi.NeedsEverywhere(alertOperation("put-inhibitions", http.MethodPut, "/alerts/inhibitions", "Replace the inhibition rules; a circle is refused", http.StatusOK, http.StatusUnprocessableEntity), access.AlertSilence),
		func(ctx context.Context, in *struct{ Body inhibitionsBody }) (*out[inhibitionsBody], error) {
			list, err := s.PutInhibitions(ctx, httpapi.Actor(ctx), in.Body.Inhibitions)
			return answer(inhibitionsBody{append([]Inhibition{}, list...)}, err)
		})
}
