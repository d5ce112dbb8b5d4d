package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
)

// Rejected lists rows that are kept aside, newest first, of one system or of
// all.
func (s *Service) Rejected(ctx context.Context, actor access.Actor, system string, limit int) ([]Rejection, error) {
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return nil, err
	}
	if limit < 1 || limit > 1000 {
		limit = 200
	}
	var out []Rejection
	mappings := map[string]Mapping{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		systems, err := listSystems(tx)
		if err != nil {
			return err
		}
		for _, x := range systems {
			var m Mapping
			if json.Unmarshal(x.Mapping, &m) == nil { // a broken one hides by names alone
				mappings[x.ID] = m
			}
		}
		out, err = listRejections(tx, system, limit)
		return err
	})
	for i := range out {
		out[i].Raw = maskRaw(out[i].Raw, mappings[out[i].System])
	}
	return out, err
}

// maskRaw is a kept row as it may be shown.
func maskRaw(raw string, m Mapping) string {
	var v any
	if json.Unmarshal([]byte(raw), &v) != nil {
		return ""
	}
	switch x := v.(type) {
	case map[string]any:
		return jsonText(masked(x, m))
	case string:
		return maskPiece(x)
	}
	return jsonText(withoutPersonal(v))
}

// maskPiece masks a piece of a table whose cells are not known to belong to
// any column: its header stays, of the rest every word shows a letter.
func maskPiece(s string) string {
	head, rest, more := strings.Cut(s, "\n")
	if !more {
		head, rest = "", s
	} else {
		head += "\n"
	}
	cells := strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == ';' || r == '\t' || r == '|' })
	for i, c := range cells {
		if m := maskValue(c); m != c {
			cells[i] = m
		} else if strings.ContainsFunc(c, func(r rune) bool { return r > 127 || r == ' ' }) {
			cells[i] = personal.Name(c).Masked()
		}
	}
	return head + strings.Join(cells, " | ")
}

var errNoIDs = fault.Define(fault.Invalid, "casefeed.no_ids", "say which rows, or of which system all", "hãy chọn dòng, hoặc chọn hệ thống để thử lại tất cả")

// Retry reads rejected rows again with the mapping of now: ids, or all of a
// system. What becomes an event leaves the list; the rest stays with its
// reason of now.
func (s *Service) Retry(ctx context.Context, actor access.Actor, ids []string, system string) (Outcome, error) {
	var total Outcome
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return total, err
	}
	if len(ids) == 0 && system == "" {
		return total, errNoIDs.With().At("ids", errNoIDs.With())
	}
	var list []Rejection
	if err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if len(ids) > 0 {
			list, err = rejectionsOf(tx, ids)
		} else {
			list, err = listRejections(tx, system, 1<<30)
		}
		return err
	}); err != nil {
		return total, err
	}
	list = slices.DeleteFunc(list, func(r Rejection) bool { return r.Raw == "" }) // erased: nothing is left to read
	bySystem := map[string][]Rejection{}
	var order []string
	for _, r := range list {
		if bySystem[r.System] == nil {
			order = append(order, r.System)
		}
		bySystem[r.System] = append(bySystem[r.System], r)
	}
	for _, id := range order {
		out, err := s.retry(ctx, actor, id, bySystem[id])
		total.add(out)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (s *Service) retry(ctx context.Context, actor access.Actor, id string, list []Rejection) (total Outcome, err error) {
	sys, err := s.find(ctx, id)
	if err != nil {
		return total, err
	}
	p, err := parseMapping(sys.Mapping)
	if err != nil {
		return total, err
	}
	defer s.hold(id)()
	const size = 1000
	for len(list) > 0 {
		n := min(len(list), size)
		out, err := s.retryPage(ctx, actor, &sys, p, list[:n])
		total.add(out)
		if err != nil {
			return total, err
		}
		list = list[n:]
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.case.rejected_retried." + id, Entity: "case_system", EntityID: id,
			After:   map[string]int{"rows": total.Rows, "new": total.New, "rejected": total.Rejected},
			Summary: fmt.Sprintf("Đọc lại %d dòng bị loại của %s: %d sự kiện mới, %d dòng vẫn bị loại", total.Rows, sys.Name, total.New, total.Rejected)})
		return nil
	})
	return total, err
}

func (s *Service) retryPage(ctx context.Context, actor access.Actor, sys *System, p *program, list []Rejection) (Outcome, error) {
	var ts []told
	var rejected []Rejection
	rows := batch{}
	for _, r := range list {
		x := row{place: r.Place, raw: r.Raw}
		rec, err := again(r.Raw, sys, p)
		switch {
		case err != nil:
			x.err = err
			rows.rows = append(rows.rows, x)
		case sys.Kind == KindPush:
			evs, f := eventsOf(rec, sys.ID, sys.Synthetic, s.clock.Now())
			if f != nil {
				rejected = append(rejected, rejection(sys.ID, x, f, false))
			}
			for _, e := range evs {
				ts = append(ts, told{event: e, row: x})
			}
		default:
			x.record = rec
			rows.rows = append(rows.rows, x)
		}
	}
	left := 0
	if p != nil {
		more, refused, l := p.read(*sys, rows, s.clock.Now())
		ts, rejected, left = append(ts, more...), append(rejected, refused...), l
	} else {
		for _, x := range rows.rows {
			f := x.err
			if f == nil {
				f = errUnmapped.With()
			}
			rejected = append(rejected, rejection(sys.ID, x, f, false))
		}
	}
	out, err := s.take(ctx, actor, sys, ts, rejected, nil)
	out.Rows, out.Left = len(list), left
	if err != nil {
		return out, err
	}
	return out, s.settle(ctx, sys.ID, list, ts, rejected)
}

// settle drops what is no longer rejected. Rows keep their id, so one that was
// rejected again has been written over.
func (s *Service) settle(ctx context.Context, system string, list []Rejection, ts []told, rejected []Rejection) error {
	still := map[string]bool{}
	for _, r := range rejected {
		still[r.ID] = true
	}
	for _, t := range ts {
		if len(t.cells) > 0 {
			still[rejection(system, t.row, t.cells[0].err, true).ID] = true
		}
	}
	var gone []string
	for _, r := range list {
		if !still[r.ID] {
			gone = append(gone, r.ID)
		}
	}
	return s.db.Keep(ctx, func(tx *store.Tx) error { return dropRejections(tx, gone) })
}

// again makes the record of a kept row: an object, or a piece of a file.
func again(raw string, sys *System, p *program) (map[string]any, *fault.Error) {
	doc, err := decodeJSON(raw)
	if err != nil {
		return nil, unreadable(err)
	}
	switch x := doc.(type) {
	case map[string]any:
		return x, nil
	case string:
		if p == nil {
			return nil, errUnmapped.With()
		}
		b, err := document([]byte(x), sys.ID+".csv", p.m.piece())
		if err != nil {
			return nil, unreadable(err)
		}
		if len(b.rows) != 1 {
			return nil, errObject.With()
		}
		return b.rows[0].record, b.rows[0].err
	}
	return nil, errObject.With()
}

func unreadable(err error) *fault.Error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return errObject.With()
}
