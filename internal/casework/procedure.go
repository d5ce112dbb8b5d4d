package casework

import (
	"context"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

const selectProcedure = "select code, name, field, field_name, clock, days, hours, method, source, retired_at, listed from case_procedure "

func scanProcedure(scan store.Scan) (p Procedure, listed int, err error) {
	var retired int64
	err = scan(&p.Code, &p.Name, &p.Field, &p.FieldName, &p.Clock, &p.Days, &p.Hours, &p.Method, &p.Source, &retired, &listed)
	p.RetiredAt = at(retired)
	return p, listed, err
}

func putProcedure(tx *store.Tx, p Procedure, listed bool) error {
	_, err := tx.Exec(`insert into case_procedure (code, name, field, field_name, clock, days, hours, method, source, retired_at, listed)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (code) do update set name = excluded.name, field = excluded.field, field_name = excluded.field_name, clock = excluded.clock, days = excluded.days,
			hours = excluded.hours, method = excluded.method, source = excluded.source, retired_at = excluded.retired_at, listed = excluded.listed`,
		p.Code, p.Name, p.Field, p.FieldName, p.Clock, p.Days, p.Hours, p.Method, p.Source, us(p.RetiredAt), listed)
	return err
}

var (
	errProcedure = fault.Define(fault.Invalid, "case.procedure", "the procedure is not right", "thủ tục không hợp lệ")
	errRequired  = fault.Define(fault.Invalid, "case.required", "it must not be empty", "không được để trống")
	errChoice    = fault.Define(fault.Invalid, "case.choice", "one of {choices}", "một trong {choices}")
	errRange     = fault.Define(fault.Invalid, "case.range", "from {from} to {to}", "từ {from} đến {to}")
)

func (p *Procedure) check() error {
	bad := errProcedure.With()
	p.Code, p.Name, p.Field, p.FieldName = tidyCode(p.Code), vi.NFC(p.Name), vi.NFC(p.Field), vi.NFC(p.FieldName)
	if p.Code == "" {
		bad.At("code", errRequired.With())
	}
	if p.Name == "" {
		bad.At("name", errRequired.With())
	}
	if p.Clock == "" {
		p.Clock = PauseRule
	}
	if p.Method == "" {
		p.Method = ByDate
	}
	if p.Clock != PauseRule && p.Clock != ResetRule {
		bad.At("clock", errChoice.With("choices", "pause, reset"))
	}
	if p.Method != ByDate && p.Method != ByHour {
		bad.At("method", errChoice.With("choices", "D, H"))
	}
	if p.Days != nil && (*p.Days < 1 || *p.Days > 1000) {
		bad.At("days", errRange.With("from", 1, "to", 1000))
	}
	if p.Hours != nil && (!(*p.Hours > 0) || *p.Hours > 8000) {
		bad.At("hours", errRange.With("from", 0, "to", 8000))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Procedures are the list, with those that files only name, by code.
func (s *Service) Procedures(ctx context.Context, actor access.Actor) ([]Procedure, error) {
	if err := access.Require(actor, access.CaseView, access.Scope{}); err != nil {
		return nil, err
	}
	out := []Procedure{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		type count struct {
			code string
			n    int
		}
		var args []any
		counts, err := store.All(tx, func(scan store.Scan) (c count, err error) { return c, scan(&c.code, &c.n) },
			"select procedure, count(*) from case_file where "+store.Within(actor.Reach(access.CaseView), store.ScopeColumns{Unit: "unit"}, &args)+" group by procedure", args...)
		if err != nil {
			return err
		}
		n := map[string]int{}
		for _, c := range counts {
			n[c.code] = c.n
		}
		got, err := store.All(tx, func(scan store.Scan) (Procedure, error) {
			p, _, err := scanProcedure(scan)
			return p, err
		}, selectProcedure+"order by code")
		for _, p := range got {
			p.Cases = n[p.Code]
			out = append(out, p)
		}
		return err
	})
	return out, err
}

// PutProcedures puts procedures into the list, or changes them there, and
// folds the files under them anew. A procedure is never deleted: RetiredAt
// ends it, and open files keep it.
func (s *Service) PutProcedures(ctx context.Context, actor access.Actor, ps ...Procedure) error {
	if err := access.RequireEverywhere(actor, access.CaseMap); err != nil {
		return err
	}
	var codes []string
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		for _, p := range ps {
			if err := p.check(); err != nil {
				return err
			}
			old, known, err := store.One(tx, func(scan store.Scan) (Procedure, error) {
				p, _, err := scanProcedure(scan)
				return p, err
			}, selectProcedure+"where code = $1", p.Code)
			if err != nil {
				return err
			}
			if err := putProcedure(tx, p, true); err != nil {
				return err
			}
			// The word is its own meaning; the files that use it wait for their turn.
			if _, err := tx.Exec("update case_word set refold = 1, changed_at = $1, meaning = case when meaning = '' then $2 else meaning end where kind = $3 and (word = $2 or meaning = $2)",
				tx.Now, p.Code, ProcedureWord); err != nil {
				return err
			}
			var before any
			if known {
				before = old
			}
			tx.Emit(store.Event{Subject: "ioc.case.procedure_changed." + p.Code, Entity: "case_procedure", EntityID: p.Code, Before: before, After: p,
				Summary: "Danh mục thủ tục: " + p.Code + " " + p.Name})
			codes = append(codes, p.Code)
		}
		return s.learn(tx)
	})
	if err != nil || len(codes) == 0 {
		return err
	}
	return s.Refold(ctx)
}
