package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/httpapi"
)

type notifyChannel struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	Kind          string              `json:"kind" enum:"inapp,email,webhook,http,webpush"`
	Enabled       bool                `json:"enabled"`
	MinSeverity   alertevent.Severity `json:"min_severity"`
	Topics        []string            `json:"topics" doc:"none: all"`
	Units         []string            `json:"units" doc:"none: all"`
	Config        json.RawMessage     `json:"config" doc:"secrets read ***"`
	RatePerMinute int                 `json:"rate_per_minute"`
	DigestMinutes int                 `json:"digest_minutes"`
	State         notifyChannelState  `json:"state"`
}

type notifyChannelState struct {
	LastOK    *time.Time `json:"last_ok"`
	LastError string     `json:"last_error"`
	Waiting   int        `json:"waiting"`
	Failed    int        `json:"failed"`
}

func viewOfChannel(ctx context.Context, c Channel, counts map[string]int) notifyChannel {
	v := notifyChannel{ID: c.ID, Name: c.Name, Kind: c.Kind, Enabled: c.Enabled, MinSeverity: c.MinSeverity, Topics: c.Topics, Units: c.Units,
		Config: c.Config, RatePerMinute: c.RatePerMinute, DigestMinutes: c.DigestMinutes,
		State: notifyChannelState{LastError: troubleIn(c.lastError, httpapi.Lang(ctx)), Waiting: counts[Waiting] + counts[Sending], Failed: counts[Failed]}}
	if !c.lastOK.IsZero() {
		v.State.LastOK = &c.lastOK
	}
	return v
}

type notifyChannelDraft struct {
	Kind string `json:"kind" enum:"email,webhook,http"`
	ChannelFields
}

type channelOutput struct{ Body notifyChannel }

type channelsOutput struct {
	Body struct {
		Channels []notifyChannel `json:"channels"`
	}
}

type templatesOutput struct {
	Body struct {
		Templates []GatewayTemplate `json:"templates"`
	}
}

type deliveryOutput struct{ Body Delivery }

type deliveriesInput struct {
	State    string `query:"state" enum:"waiting,sending,sent,failed,dropped,digested"`
	Channel  string `query:"channel"`
	Alert    string `query:"alert"`
	Incident string `query:"incident"`
	Task     string `query:"task"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type deliveriesOutput struct {
	Body struct {
		Deliveries []Delivery     `json:"deliveries"`
		Total      int            `json:"total"`
		Counts     map[string]int `json:"counts" doc:"by state, whatever state was asked for"`
	}
}

type contactInput struct{ Body Contact }

type contactOutput struct{ Body Contact }

type inboxOutput struct {
	Body struct {
		Items  []InboxItem `json:"items"`
		Unread int         `json:"unread"`
	}
}

type pushKeyOutput struct {
	Body struct {
		Key string `json:"key" doc:"applicationServerKey of pushManager.subscribe"`
	}
}

type pushSubscription struct {
	Body struct {
		Endpoint string `json:"endpoint" maxLength:"2000"`
		Keys     struct {
			P256dh string `json:"p256dh" maxLength:"200"`
			Auth   string `json:"auth" maxLength:"200"`
		} `json:"keys"`
	}
}

// Routes hangs channels, deliveries, contact pages and inboxes on the API.
func (s *Service) Routes(api huma.API) {
	s.channelRoutes(api)
	s.deliveryRoutes(api)
	s.ownRoutes(api)
}

func operation(id, method, path, summary string, status int, errors ...int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/notify" + path, Summary: summary, DefaultStatus: status,
		Tags: []string{"notify"}, Security: httpapi.Signed, Errors: append(errors, http.StatusUnauthorized, http.StatusForbidden)}
}

func (s *Service) channelRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(operation("list-notify-channels", http.MethodGet, "/channels", "The ways out, secrets hidden", http.StatusOK), access.NotifyView),
		func(ctx context.Context, _ *struct{}) (*channelsOutput, error) {
			cs, counts, err := s.Channels(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &channelsOutput{}
			out.Body.Channels = make([]notifyChannel, len(cs))
			for i, c := range cs {
				out.Body.Channels[i] = viewOfChannel(ctx, c, counts[c.ID])
			}
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("create-notify-channel", http.MethodPost, "/channels", "Add a channel", http.StatusCreated, http.StatusUnprocessableEntity), access.NotifyEdit),
		func(ctx context.Context, in *struct{ Body notifyChannelDraft }) (*channelOutput, error) {
			c, err := s.CreateChannel(ctx, httpapi.Actor(ctx), in.Body.Kind, in.Body.ChannelFields)
			if err != nil {
				return nil, err
			}
			return &channelOutput{viewOfChannel(ctx, c, nil)}, nil
		})
	huma.Register(api, httpapi.Needs(operation("update-notify-channel", http.MethodPatch, "/channels/{id}", "Change a channel, switch it on or off", http.StatusOK, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), access.NotifyEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body ChannelFields
		}) (*channelOutput, error) {
			c, err := s.UpdateChannel(ctx, httpapi.Actor(ctx), in.ID, in.Body)
			if err != nil {
				return nil, err
			}
			return &channelOutput{viewOfChannel(ctx, c, nil)}, nil
		})
	huma.Register(api, httpapi.Needs(operation("delete-notify-channel", http.MethodDelete, "/channels/{id}", "Remove a channel; what waits for it is dropped", http.StatusNoContent, http.StatusNotFound, http.StatusConflict), access.NotifyEdit),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, s.DeleteChannel(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, httpapi.Needs(operation("test-notify-channel", http.MethodPost, "/channels/{id}/test", "Send one message by a channel now, also when it is off", http.StatusOK, http.StatusNotFound, http.StatusUnprocessableEntity), access.NotifyEdit),
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body *struct {
				To string `json:"to,omitempty" maxLength:"254" doc:"address or number; the caller's own if left out"`
			} `required:"false"`
		}) (*deliveryOutput, error) {
			to := ""
			if in.Body != nil {
				to = in.Body.To
			}
			d, err := s.Test(ctx, httpapi.Actor(ctx), in.ID, to)
			if err != nil {
				return nil, err
			}
			return &deliveryOutput{d.In(httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, httpapi.Needs(operation("list-gateway-templates", http.MethodGet, "/templates", "Shipped descriptions of gateways: SMS, Zalo, Telegram", http.StatusOK), access.LayerView),
		func(ctx context.Context, _ *struct{}) (*templatesOutput, error) {
			if err := person(httpapi.Actor(ctx)); err != nil {
				return nil, err
			}
			ts, err := Templates()
			if err != nil {
				return nil, err
			}
			out := &templatesOutput{}
			out.Body.Templates = ts
			return out, nil
		})
}

func (s *Service) deliveryRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(operation("list-deliveries", http.MethodGet, "/deliveries", "What went out, what waits and what failed, the newest first", http.StatusOK, http.StatusUnprocessableEntity), access.NotifyView),
		func(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
			ds, counts, err := s.Deliveries(ctx, httpapi.Actor(ctx), Filter{State: in.State, Channel: in.Channel, Alert: in.Alert, Incident: in.Incident, Task: in.Task, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			out := &deliveriesOutput{}
			out.Body.Deliveries, out.Body.Counts = make([]Delivery, len(ds)), counts
			for i, d := range ds {
				out.Body.Deliveries[i] = d.In(httpapi.Lang(ctx))
			}
			for state, n := range counts {
				if in.State == "" || in.State == state {
					out.Body.Total += n
				}
			}
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("retry-delivery", http.MethodPost, "/deliveries/{id}/retry", "Send again what was given up", http.StatusOK, http.StatusNotFound, http.StatusConflict), access.NotifyEdit),
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*deliveryOutput, error) {
			d, err := s.Retry(ctx, httpapi.Actor(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &deliveryOutput{d.In(httpapi.Lang(ctx))}, nil
		})
	huma.Register(api, httpapi.Needs(operation("get-contact", http.MethodGet, "/contacts/{user}", "The contact page of a person", http.StatusOK), access.NotifyEdit),
		func(ctx context.Context, in *struct {
			User string `path:"user" maxLength:"64"`
		}) (*contactOutput, error) {
			c, err := s.ContactOf(ctx, httpapi.Actor(ctx), in.User)
			if err != nil {
				return nil, err
			}
			return &contactOutput{c}, nil
		})
	huma.Register(api, httpapi.Needs(operation("put-contact", http.MethodPut, "/contacts/{user}", "Change the contact page of a person", http.StatusOK, http.StatusUnprocessableEntity), access.NotifyEdit),
		func(ctx context.Context, in *struct {
			User string `path:"user" maxLength:"64"`
			Body Contact
		}) (*contactOutput, error) {
			c, err := s.SetContactOf(ctx, httpapi.Actor(ctx), in.User, in.Body)
			if err != nil {
				return nil, err
			}
			return &contactOutput{c}, nil
		})
}

func (s *Service) ownRoutes(api huma.API) {
	huma.Register(api, httpapi.Needs(operation("my-contact", http.MethodGet, "/me", "How I am reached", http.StatusOK), access.LayerView),
		func(ctx context.Context, _ *struct{}) (*contactOutput, error) {
			c, err := s.Me(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			return &contactOutput{c}, nil
		})
	huma.Register(api, httpapi.Needs(operation("put-my-contact", http.MethodPut, "/me", "Change how I am reached", http.StatusOK, http.StatusUnprocessableEntity), access.LayerView),
		func(ctx context.Context, in *contactInput) (*contactOutput, error) {
			c, err := s.SetMe(ctx, httpapi.Actor(ctx), in.Body)
			if err != nil {
				return nil, err
			}
			return &contactOutput{c}, nil
		})
	huma.Register(api, httpapi.Needs(operation("inbox", http.MethodGet, "/inbox", "My inbox, the newest first", http.StatusOK, http.StatusUnprocessableEntity), access.LayerView),
		func(ctx context.Context, in *struct {
			Unread bool `query:"unread"`
			Limit  int  `query:"limit" minimum:"1" maximum:"500" default:"100"`
		}) (*inboxOutput, error) {
			items, unread, err := s.Inbox(ctx, httpapi.Actor(ctx), in.Unread, in.Limit)
			if err != nil {
				return nil, err
			}
			out := &inboxOutput{}
			out.Body.Items, out.Body.Unread = append([]InboxItem{}, items...), unread
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("read-inbox", http.MethodPost, "/inbox/read", "Mark lines of my inbox as read", http.StatusNoContent, http.StatusUnprocessableEntity), access.LayerView),
		func(ctx context.Context, in *struct {
			Body struct {
				IDs []string `json:"ids,omitempty" maxItems:"500"`
				All bool     `json:"all,omitempty"`
			}
		}) (*struct{}, error) {
			return nil, s.MarkRead(ctx, httpapi.Actor(ctx), in.Body.IDs, in.Body.All)
		})
	huma.Register(api, httpapi.Needs(operation("web-push-key", http.MethodGet, "/webpush/key", "The key that browsers subscribe with", http.StatusOK), access.LayerView),
		func(ctx context.Context, _ *struct{}) (*pushKeyOutput, error) {
			key, err := s.PushKey(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &pushKeyOutput{}
			out.Body.Key = key
			return out, nil
		})
	huma.Register(api, httpapi.Needs(operation("subscribe-web-push", http.MethodPost, "/webpush/subscriptions", "Let this browser take pushes", http.StatusNoContent, http.StatusUnprocessableEntity), access.LayerView),
		func(ctx context.Context, in *pushSubscription) (*struct{}, error) {
			return nil, s.Subscribe(ctx, httpapi.Actor(ctx), in.Body.Endpoint, in.Body.Keys.P256dh, in.Body.Keys.Auth)
		})
	huma.Register(api, httpapi.Needs(operation("unsubscribe-web-push", http.MethodDelete, "/webpush/subscriptions", "Let this browser take pushes no more", http.StatusNoContent), access.LayerView),
		func(ctx context.Context, in *struct {
			Endpoint string `query:"endpoint" required:"true" maxLength:"2000"`
		}) (*struct{}, error) {
			return nil, s.Unsubscribe(ctx, httpapi.Actor(ctx), in.Endpoint)
		})
}
