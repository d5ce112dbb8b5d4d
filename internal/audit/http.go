package audit

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

type listInput struct {
	Actor    string    `query:"actor" maxLength:"200" doc:"id of who did it"`
	Entity   string    `query:"entity" maxLength:"200" example:"source"`
	EntityID string    `query:"entity_id" maxLength:"200"`
	Subject  string    `query:"subject" maxLength:"255" doc:"how the subject begins" example:"ioc.identity."`
	Address  string    `query:"address" maxLength:"100" doc:"from where it was done"`
	Q        string    `query:"q" maxLength:"200" doc:"words of who, what or the summary, in any writing of the tones"`
	From     time.Time `query:"from" doc:"first instant, included"`
	To       time.Time `query:"to" doc:"last instant, not included"`
	Limit    int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor   string    `query:"cursor" maxLength:"40" doc:"next of the page before"`
}

type listOutput struct {
	Body struct {
		Entries []Entry `json:"entries" doc:"newest first"`
		Next    string  `json:"next,omitempty" doc:"cursor of the next page; missing on the last"`
	}
}

type verifyOutput struct{ Body Verdict }

type rootsOutput struct {
	Body struct {
		Roots []Root `json:"roots" doc:"oldest first"`
	}
}

// Routes hangs the trail on the API.
func (t *Trail) Routes(api huma.API) {
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/api/v1/audit", Summary: "Who did what",
		Tags: []string{"audit"}, Security: httpapi.Signed,
	}, access.AuditView), func(ctx context.Context, in *listInput) (*listOutput, error) {
		entries, next, err := t.List(ctx, httpapi.Actor(ctx), Filter{
			Actor: in.Actor, Entity: in.Entity, EntityID: in.EntityID, Subject: in.Subject, Address: in.Address, Q: in.Q,
			From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor,
		})
		if err != nil {
			return nil, err
		}
		out := &listOutput{}
		out.Body.Entries, out.Body.Next = entries, next
		if entries == nil {
			out.Body.Entries = []Entry{}
		}
		return out, nil
	})
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "verify-audit", Method: http.MethodGet, Path: "/api/v1/audit/verify", Summary: "Is the trail whole",
		Description: "Recomputes the chain of hashes from the first entry; names the first that is not what was written.",
		Tags:        []string{"audit"}, Security: httpapi.Signed,
	}, access.AuditView), func(ctx context.Context, _ *struct{}) (*verifyOutput, error) {
		if err := access.Require(httpapi.Actor(ctx), access.AuditView, access.Scope{}); err != nil {
			return nil, err
		}
		roots, err := t.roots()
		if err != nil {
			return nil, err
		}
		v, err := t.Verify(ctx, Anchors(roots)...)
		if err != nil {
			return nil, err
		}
		return &verifyOutput{Body: v}, nil
	})
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "list-audit-roots", Method: http.MethodGet, Path: "/api/v1/audit/roots", Summary: "The anchor of each day",
		Description: "Keep a copy where nobody who can write the records can write: with it, a trail that was cut off or written anew is found.",
		Tags:        []string{"audit"}, Security: httpapi.Signed,
	}, access.AuditView), func(ctx context.Context, _ *struct{}) (*rootsOutput, error) {
		if err := access.Require(httpapi.Actor(ctx), access.AuditView, access.Scope{}); err != nil {
			return nil, err
		}
		roots, err := t.roots()
		if err != nil {
			return nil, err
		}
		out := &rootsOutput{}
		out.Body.Roots = append([]Root{}, roots...)
		return out, nil
	})
}
