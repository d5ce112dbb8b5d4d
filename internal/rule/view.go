package rule

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/store"
)

// View is a rule as people see it: its newest version, and what is in force.
type View struct {
	ID string `json:"id"`
	Definition
	Enabled      bool      `json:"enabled"`
	Version      int       `json:"version" doc:"of the definition shown"`
	LiveVersion  int       `json:"live_version" doc:"in force, 0 none"`
	State        string    `json:"state" enum:"draft,review,live,rejected,retired" doc:"of the version shown"`
	Author       Person    `json:"author"`
	Reviewer     *Person   `json:"reviewer"`
	ChangedAt    time.Time `json:"changed_at"`
	Reason       string    `json:"reason" doc:"why it was rejected, or the rule switched off"`
	SwitchReason string    `json:"-"`
	PromQL       string    `json:"promql" doc:"what it computes"`
	Selects      int       `json:"selects" doc:"series it applies to"`
	Active       int       `json:"active" doc:"series it fires for now"`
	Precision    Precision `json:"precision"`
	Shipped      bool      `json:"shipped"`
	Withdrawn    bool      `json:"withdrawn" doc:"retired for good"`
}

// Precision is what people said of the alerts of a rule.
type Precision struct {
	Right     int      `json:"right"`
	Wrong     int      `json:"wrong"`
	Duplicate int      `json:"duplicate"`
	Share     *float64 `json:"share" doc:"right of right and wrong; null: nobody judged any"`
}

// viewOf shows a version of a rule.
func viewOf(r record, v, live *version) View {
	out := View{
		ID: r.ID, Definition: v.Definition, Enabled: r.Enabled, Version: v.Version, LiveVersion: r.Live, State: v.State,
		Author: v.Author, ChangedAt: v.Changed, Reason: v.Reason, SwitchReason: r.Reason, Shipped: r.Shipped != "", Withdrawn: r.Retired,
	}
	if v.Reviewer.ID != "" {
		out.Reviewer = &Person{v.Reviewer.ID, v.Reviewer.Name}
	}
	if !r.Enabled && r.Reason != "" && v.State != Rejected {
		out.Reason = r.Reason
	}
	if live != nil && live.Version == v.Version && r.Changed.After(out.ChangedAt) {
		out.ChangedAt = r.Changed
	}
	return out
}

// dress adds what is not written down: what a rule selects, where it fires,
// and what people said of it.
func (s *Service) dress(ctx context.Context, views []View) []View {
	var verdicts map[string]Verdicts
	if s.o.Verdicts != nil {
		var err error
		if verdicts, err = s.o.Verdicts(ctx); err != nil {
			s.o.Logger.Warn("verdicts on the alerts of rules not read", "err", err)
		}
	}
	active := s.runner.active()
	env := s.runner.world.env()
	list := s.runner.world.series()
	env.Series = func() []eval.Series { return list } // one reading of the register for all
	for i := range views {
		v := &views[i]
		v.PromQL = PromQL(v.Definition)
		if p, bad := compiled(v.ID, v.Version, v.Definition); len(bad) == 0 && p != nil {
			v.PromQL = p.PromQL()
			v.Selects = len(eval.Selects(p, env))
		}
		v.Active = active[v.ID]
		j := verdicts[v.ID]
		v.Precision = Precision{Right: j.Right, Wrong: j.Wrong, Duplicate: j.Duplicate}
		if n := j.Right + j.Wrong; n > 0 {
			share := float64(j.Right) / float64(n)
			v.Precision.Share = &share
		}
	}
	return views
}

// List shows every rule that is not withdrawn, by id.
func (s *Service) List(ctx context.Context, actor access.Actor) ([]View, error) {
	if err := access.Require(actor, access.RuleView, access.Scope{}); err != nil {
		return nil, err
	}
	out := []View{}
	err := s.o.Store.Read(ctx, func(tx *store.Tx) error {
		books, err := allBooks(tx)
		for _, b := range books {
			if !b.record.Retired {
				out = append(out, viewOf(b.record, b.latest(), b.live()))
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.dress(ctx, out), nil
}

// allBooks reads every rule with its versions, by id.
func allBooks(tx *store.Tx) ([]*book, error) {
	records, err := readRecords(tx)
	if err != nil {
		return nil, err
	}
	versions, err := readVersions(tx, "")
	if err != nil {
		return nil, err
	}
	byRule := map[string][]version{}
	for _, v := range versions {
		byRule[v.Rule] = append(byRule[v.Rule], v)
	}
	var out []*book
	for _, r := range records {
		if vs := byRule[r.ID]; len(vs) > 0 {
			out = append(out, &book{record: r, versions: vs, found: true})
		}
	}
	return out, nil
}

// Get shows one rule: its newest version, or the one asked for.
func (s *Service) Get(ctx context.Context, actor access.Actor, id string, number int) (View, error) {
	if err := access.Require(actor, access.RuleView, access.Scope{}); err != nil {
		return View{}, err
	}
	list, err := s.versionViews(ctx, id)
	if err != nil {
		return View{}, err
	}
	if number == 0 {
		return s.dress(ctx, list[:1])[0], nil
	}
	for _, v := range list {
		if v.Version == number {
			return s.dress(ctx, []View{v})[0], nil
		}
	}
	return View{}, errNoVer.With("id", id, "version", number)
}

// Versions shows every version of a rule, newest first.
func (s *Service) Versions(ctx context.Context, actor access.Actor, id string) ([]View, error) {
	if err := access.Require(actor, access.RuleView, access.Scope{}); err != nil {
		return nil, err
	}
	list, err := s.versionViews(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.dress(ctx, list), nil
}

// versionViews lists the versions of a rule, newest first; at least one.
func (s *Service) versionViews(ctx context.Context, id string) ([]View, error) {
	var out []View
	err := s.o.Store.Read(ctx, func(tx *store.Tx) error {
		b, err := openBook(tx, id)
		if err != nil {
			return err
		}
		if !b.found || len(b.versions) == 0 {
			return errNotFound.With("id", id)
		}
		for i := len(b.versions) - 1; i >= 0; i-- {
			out = append(out, viewOf(b.record, &b.versions[i], b.live()))
		}
		return nil
	})
	return out, err
}

// definition reads that of a version; 0 is the one in force, or the
// newest where none is.
func (s *Service) definition(ctx context.Context, id string, number int) (Definition, int, error) {
	var d Definition
	err := s.o.Store.Read(ctx, func(tx *store.Tx) error {
		b, err := openBook(tx, id)
		if err != nil {
			return err
		}
		if !b.found || len(b.versions) == 0 {
			return errNotFound.With("id", id)
		}
		if number == 0 {
			if number = b.record.Live; number == 0 {
				number = b.latest().Version
			}
		}
		v, ok, err := readVersion(tx, id, number)
		if err == nil && !ok {
			err = errNoVer.With("id", id, "version", number)
		}
		d = v.Definition
		return err
	})
	return d, number, err
}
