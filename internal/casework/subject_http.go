package casework

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

func personalOp(id, method, path, summary string, errs ...int) huma.Operation {
	o := op(id, method, path, summary, access.PersonalEdit, append(errs, http.StatusUnprocessableEntity)...)
	o.Tags = []string{"personal"}
	return httpapi.NeedsEverywhere(o, access.PersonalEdit)
}

// SubjectKey says who is meant.
type SubjectKey struct {
	Paper string `json:"paper,omitempty" query:"paper" maxLength:"100" doc:"identity card, passport or tax code; exactly one of paper, phone and email"`
	Phone string `json:"phone,omitempty" query:"phone" maxLength:"100"`
	Email string `json:"email,omitempty" query:"email" maxLength:"200"`
}

type subjectOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         SubjectData
}

func (s *Service) subjectRoutes(api huma.API) {
	find := func(ctx context.Context, k SubjectKey, reason string) (*subjectOutput, error) {
		actor := httpapi.Actor(ctx)
		if err := s.subjectMay(actor); err != nil { // before anything is said of the key
			return nil, err
		}
		p, err := NewSubject(k.Paper, k.Phone, k.Email)
		if err != nil {
			return nil, err
		}
		d, err := s.FindSubject(ctx, actor, p, reason)
		if err != nil {
			return nil, err
		}
		return &subjectOutput{"no-store", d}, nil
	}
	huma.Register(api, personalOp("export-case-subject", http.MethodGet, "/cases/subject", "Everything kept of one person, unmasked, for handing over to them; on record", http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable),
		func(ctx context.Context, in *struct {
			SubjectKey
			Reason string `query:"reason" maxLength:"500"`
		}) (*subjectOutput, error) {
			return find(ctx, in.SubjectKey, in.Reason)
		})
	huma.Register(api, personalOp("find-case-subject", http.MethodPost, "/cases/subject", "The same, without the key in the address, where logs and histories keep it", http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable),
		func(ctx context.Context, in *struct {
			Body struct {
				SubjectKey
				Reason string `json:"reason" maxLength:"500"`
			}
		}) (*subjectOutput, error) {
			return find(ctx, in.Body.SubjectKey, in.Body.Reason)
		})
	huma.Register(api, personalOp("erase-case-subject", http.MethodPost, "/cases/subject/erase", "Erase one person from the files that have ended and whose retention is over", http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable),
		func(ctx context.Context, in *struct {
			Body struct {
				SubjectKey
				Reason     string `json:"reason" maxLength:"500"`
				LegalBasis string `json:"legal_basis" maxLength:"500"`
			}
		}) (*struct{ Body Erased }, error) {
			actor := httpapi.Actor(ctx)
			if err := s.subjectMay(actor); err != nil {
				return nil, err
			}
			p, err := NewSubject(in.Body.Paper, in.Body.Phone, in.Body.Email)
			if err != nil {
				return nil, err
			}
			e, err := s.EraseSubject(ctx, actor, p, in.Body.Reason, in.Body.LegalBasis)
			if err != nil {
				return nil, err
			}
			return &struct{ Body Erased }{e}, nil
		})
	type retentions struct {
		Body struct {
			Kinds []Retention `json:"kinds"`
		}
	}
	huma.Register(api, personalOp("list-retention", http.MethodGet, "/personal/retention", "How long personal data is kept, by kind, the newest row first"),
		func(ctx context.Context, _ *struct{}) (*retentions, error) {
			rows, err := s.Retentions(ctx, httpapi.Actor(ctx))
			out := &retentions{}
			out.Body.Kinds = rows
			return out, err
		})
	huma.Register(api, personalOp("put-retention", http.MethodPut, "/personal/retention", "Write rows, each by its kind and first day; the others stay"),
		func(ctx context.Context, in *struct {
			Body struct {
				Kinds []Retention `json:"kinds" maxItems:"100"`
			}
		}) (*retentions, error) {
			rows, err := s.PutRetentions(ctx, httpapi.Actor(ctx), in.Body.Kinds)
			out := &retentions{}
			out.Body.Kinds = rows
			return out, err
		})
}
