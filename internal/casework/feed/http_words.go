package feed

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

// CaseWord is a Word as programs see it.
type CaseWord struct {
	System      string        `json:"system"`
	Kind        string        `json:"kind" enum:"unit,officer,state,procedure"`
	Word        string        `json:"word"`
	Name        string        `json:"name" doc:"what the system calls it"`
	N           int           `json:"n" doc:"files that use it"`
	Meaning     string        `json:"meaning" doc:"empty: nobody has said"`
	MeaningName string        `json:"meaning_name"`
	Refolding   bool          `json:"refolding" doc:"files are still being folded with the new meaning"`
	Suggestions []CaseMeaning `json:"suggestions"`
}

// CaseMeaning is something a word may mean.
type CaseMeaning struct {
	Meaning string `json:"meaning"`
	Name    string `json:"name"`
}

func (s *Service) wordRoutes(api huma.API) {
	huma.Register(api, operation("list-case-words", http.MethodGet, "/words", "Words of the one-stop systems, what they mean or may mean", access.CaseMap, http.StatusOK),
		func(ctx context.Context, in *struct {
			Kind     string `query:"kind" enum:"unit,officer,state,procedure"`
			System   string `query:"system"`
			Unmapped bool   `query:"unmapped" doc:"only those nobody has explained"`
		}) (*struct {
			Body struct {
				Words []CaseWord `json:"words"`
			}
		}, error) {
			list, err := s.Words(ctx, httpapi.Actor(ctx), in.Kind, in.System, in.Unmapped)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Words []CaseWord `json:"words"`
				}
			}{}
			out.Body.Words = make([]CaseWord, len(list))
			for i, w := range list {
				out.Body.Words[i] = viewWord(w)
			}
			return out, nil
		})
	huma.Register(api, operation("set-case-word", http.MethodPut, "/words", "Say what a word means; the files that use it are folded again", access.CaseMap, http.StatusNoContent),
		func(ctx context.Context, in *struct {
			Body struct {
				System  string `json:"system"`
				Kind    string `json:"kind" enum:"unit,officer,state,procedure"`
				Word    string `json:"word"`
				Meaning string `json:"meaning" doc:"empty takes it back"`
			}
		}) (*struct{}, error) {
			return nil, s.SetWord(ctx, httpapi.Actor(ctx), in.Body.System, in.Body.Kind, in.Body.Word, in.Body.Meaning)
		})
}

func viewWord(w Word) CaseWord {
	v := CaseWord{System: w.System, Kind: w.Kind, Word: w.Word.Word, Name: w.Name, N: w.N, Meaning: w.Meaning, MeaningName: w.MeaningName, Refolding: w.Refold, Suggestions: make([]CaseMeaning, len(w.Suggestions))}
	for i, c := range w.Suggestions {
		v.Suggestions[i] = CaseMeaning{Meaning: c.Meaning, Name: c.Name}
	}
	return v
}
