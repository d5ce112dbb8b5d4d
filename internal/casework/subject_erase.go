package casework

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// eraseAtOnce is how many files lose their applicant in one transaction.
const eraseAtOnce = 200

// Erased says what an erasure did.
type Erased struct {
	Erased         int        `json:"erased" doc:"files whose applicant is gone"`
	Kept           []KeptFile `json:"kept" doc:"files that stay as they are, and why"`
	RejectedErased int        `json:"rejected_erased" doc:"rejected rows of sources that were emptied"`
	RejectedKept   int        `json:"rejected_kept" doc:"those that belong to a file that stays"`
}

// KeptFile is a file whose applicant stays.
type KeptFile struct {
	ID         string `json:"id"`
	Code       string `json:"code"`
	SystemName string `json:"system_name"`
	UnitName   string `json:"unit_name"`
	Kept
}

// EraseSubject takes a person out of the files that have ended and whose
// retention is over, and out of rejected rows. Once more changes nothing.
func (s *Service) EraseSubject(ctx context.Context, actor access.Actor, p Subject, reason, legal string) (Erased, error) {
	out := Erased{Kept: []KeptFile{}}
	reason, err := s.asked(actor, reason)
	if err != nil {
		return out, err
	}
	legal = strings.TrimSpace(vi.NFC(legal))
	if n := len([]rune(legal)); n < 3 || n > 500 {
		return out, errLegalBase.With().At("legal_basis", errLegalBase.With())
	}
	var ns []int64
	var codes []string
	if err := s.db.Read(ctx, func(tx *store.Tx) error {
		all, cs, err := s.ofPerson(tx, p)
		if err != nil {
			return err
		}
		rule, err := retentionAt(tx, ApplicantData, tx.Now)
		if err != nil {
			return err
		}
		for i, c := range cs {
			k := keeps(c, rule, tx.Now)
			if k == nil {
				ns = append(ns, all[i])
				continue
			}
			codes = append(codes, c.Code)
			out.Kept = append(out.Kept, s.keptFile(c, *k, tx.Now))
		}
		return nil
	}); err != nil {
		return out, err
	}
	hash := s.subjects.subject(p)
	for first := true; first || len(ns) > 0; first = false {
		part := ns[:min(len(ns), eraseAtOnce)]
		err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
			gone, late, err := s.stillErasable(tx, part, hash)
			if err != nil {
				return err
			}
			if err := s.eraseFiles(tx, gone); err != nil {
				return err
			}
			rows, kept := 0, 0
			if first && s.rejected != nil {
				if rows, kept, err = s.rejected.EraseRejected(tx, p, codes); err != nil {
					return err
				}
			}
			tx.Emit(store.Event{Subject: "ioc.case.subject_erased." + hash, Entity: "case_subject", EntityID: hash,
				After:   map[string]any{"by": p.Kind, "files": len(gone), "kept": len(out.Kept) + len(late), "rejected": rows, "reason": p.hide(reason), "legal_basis": p.hide(legal)},
				Summary: "Xoá dữ liệu cá nhân của một người: " + strconv.Itoa(len(gone)) + " hồ sơ, giữ lại " + strconv.Itoa(len(out.Kept)+len(late))})
			tx.After(func() {
				out.Erased += len(gone)
				out.Kept = append(out.Kept, late...)
				out.RejectedErased, out.RejectedKept = out.RejectedErased+rows, out.RejectedKept+kept
			})
			return nil
		})
		if err != nil {
			return out, err
		}
		ns = ns[len(part):]
	}
	return out, nil
}

func (s *Service) keptFile(c *Case, k Kept, now time.Time) KeptFile {
	s.present(c, now, s.WindowNow(), now)
	return KeptFile{c.ID, c.Code, c.SystemName, c.UnitName, k}
}

// stillErasable are those of a person's files that may still be erased, now
// that nobody else writes: one may have been opened again meanwhile.
func (s *Service) stillErasable(tx *store.Tx, ns []int64, hash string) (gone []int64, late []KeptFile, err error) {
	cs, err := filesOf(tx, ns)
	if err != nil {
		return nil, nil, err
	}
	rule, err := retentionAt(tx, ApplicantData, tx.Now)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range cs {
		switch k := keeps(c, rule, tx.Now); {
		case !slices.Contains(s.subjects.keys(c.Applicant), hash): // of somebody else by now
		case k != nil:
			late = append(late, s.keptFile(c, *k, tx.Now))
		default:
			gone = append(gone, c.number())
		}
	}
	return gone, late, nil
}

// keeps says why the applicant of a file stays; nil: nothing keeps them.
func keeps(c *Case, rule Retention, now time.Time) *Kept {
	ended, _ := c.ended()
	switch {
	case ended == 0:
		return &Kept{Reason: "open", Text: keptTexts["open"]}
	case rule.Status != Confirmed:
		return rule.keeps("unconfirmed", store.FromMicros(ended))
	case !rule.past(store.FromMicros(ended), now):
		return rule.keeps("retention", store.FromMicros(ended))
	}
	return nil
}

func (r Retention) keeps(reason string, ended time.Time) *Kept {
	until := r.over(ended)
	return &Kept{Reason: reason, Text: keptTexts[reason], Until: &until, Legal: r.Legal}
}
