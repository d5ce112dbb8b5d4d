package casework

import (
	"context"
	"strconv"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
)

const (
	sweepEvery   = time.Hour
	fillPause    = 20 * time.Millisecond // between two batches, for others
	expireAtOnce = 1000
)

// tend fills the hashes of older files, then erases by retention, each hour.
// It ends with ctx.
func (s *Service) tend(ctx context.Context) {
	for {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = s.fillSome(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("files cannot be indexed by their applicants", "err", err)
				break
			}
			_ = clock.System().Sleep(ctx, fillPause)
		}
		if err := s.Expire(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("personal data past its retention cannot be erased", "err", err)
		}
		if clock.System().Sleep(ctx, sweepEvery) != nil {
			return
		}
	}
}

// Expire erases what is past its retention, a batch at a time; Run does it each
// hour. A stop in between loses nothing: what is left is found again.
func (s *Service) Expire(ctx context.Context) error {
	for _, one := range []func(context.Context) (bool, error){s.sweepApplicants, s.sweepRejected} {
		for more := true; more; {
			var err error
			if more, err = one(ctx); err != nil {
				return err
			}
			if more {
				if err := clock.System().Sleep(ctx, fillPause); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// swept is the rule of a batch; the latest instant of a sweep is kept, so that
// a clock that was moved back does not go by a rule that held before.
func swept(tx *store.Tx, kind string) (Retention, error) {
	rows, err := readRetention(tx)
	if err != nil {
		return Retention{}, err
	}
	st, _, err := readSubjectState(tx)
	if err != nil {
		return Retention{}, err
	}
	if now := store.Micros(tx.Now); now > st.seen {
		if _, err := tx.Mark("update case_subject_state set seen = $1 where id = 1", now); err != nil {
			return Retention{}, err
		}
	}
	return strictest(rows, kind, tx.Now, store.FromMicros(st.seen)), nil
}

func (s *Service) sweepApplicants(ctx context.Context) (more bool, err error) {
	err = s.db.Write(ctx, access.System("retention"), func(tx *store.Tx) error {
		rule, err := swept(tx, ApplicantData)
		if err != nil || rule.Status != Confirmed {
			return err
		}
		cut := rule.cut(tx.Now)
		ns, err := store.All(tx, scanNumber,
			"select n from case_file where ended_at <> 0 and applicant <> '' and ended_at <= $1 order by ended_at, n limit "+strconv.Itoa(eraseAtOnce), cut)
		if err != nil || len(ns) == 0 {
			return err
		}
		more = len(ns) == eraseAtOnce
		if err := s.eraseFiles(tx, ns); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.case.applicants_expired." + ApplicantData, Entity: "case_retention", EntityID: ApplicantData,
			After:   map[string]any{"files": len(ns), "ended_before": cut, "months": rule.Months, "from": rule.From, "legal": rule.Legal},
			Summary: "Xoá người nộp của " + strconv.Itoa(len(ns)) + " hồ sơ hết thời hạn lưu giữ"})
		return nil
	})
	return more, err
}

func (s *Service) sweepRejected(ctx context.Context) (more bool, err error) {
	if s.rejected == nil {
		return false, nil
	}
	err = s.db.Write(ctx, access.System("retention"), func(tx *store.Tx) error {
		rule, err := swept(tx, RejectedData)
		if err != nil || rule.Status != Confirmed {
			return err
		}
		cut := rule.cut(tx.Now)
		n, err := s.rejected.ExpireRejected(tx, cut, expireAtOnce)
		if err != nil || n == 0 {
			return err
		}
		more = n == expireAtOnce
		tx.Emit(store.Event{Subject: "ioc.case.rejected_expired." + RejectedData, Entity: "case_retention", EntityID: RejectedData,
			After:   map[string]any{"rows": n, "kept_before": cut, "months": rule.Months, "from": rule.From, "legal": rule.Legal},
			Summary: "Xoá " + strconv.Itoa(n) + " dòng bị loại hết thời hạn lưu giữ"})
		return nil
	})
	return more, err
}
