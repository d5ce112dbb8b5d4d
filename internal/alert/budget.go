package alert

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// Budget is the load of the operators against what a person can bear: EEMUA
// 191 holds one alarm in ten minutes acceptable and more than ten an upset.
type Budget struct {
	From      time.Time     `json:"from"`
	To        time.Time     `json:"to"`
	Operators int           `json:"operators"`
	Alerts    int           `json:"alerts" doc:"raised, without those that were kept quiet"`
	Per10Min  float64       `json:"per_10min" doc:"for each operator"`
	Target    float64       `json:"target"`
	Peak      float64       `json:"peak" doc:"the worst ten minutes, for each operator"`
	State     string        `json:"state" enum:"ok,high,overloaded"`
	Series    []BudgetPoint `json:"series" doc:"each ten minutes"`
	Noisiest  []Noise       `json:"noisiest"`
}

// BudgetPoint is ten minutes.
type BudgetPoint struct {
	T time.Time `json:"t"`
	N int       `json:"n"`
}

// Noise is a rule that raises much.
type Noise struct {
	Rule        string   `json:"rule"`
	Name        msg.Text `json:"name"`
	N           int      `json:"n"`
	FalseAlarms int      `json:"false_alarms"`
	Precision   *float64 `json:"precision" doc:"true of those verified, ever; null when none was"`
}

const (
	tenMinutes = 10 * time.Minute
	// upset is the rate at which an operator can only look on (EEMUA 191).
	upset = 10
)

// Budget reports the last hours.
func (s *Service) Budget(ctx context.Context, actor access.Actor, hours int) (b Budget, err error) {
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return b, err
	}
	hours = min(max(hours, 1), 24*31)
	operators := s.operators(ctx)
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		to := tx.Now
		if b, err = s.budget(tx, actor.Reach(access.AlertView), operators, to.Add(-time.Duration(hours)*time.Hour), to); err != nil {
			return err
		}
		b.Noisiest, err = s.noisiest(tx, actor.Reach(access.AlertView), b.From, b.To)
		return err
	})
	return b, err
}

// operators are those on duty, 0 when nobody knows. It is asked outside of
// transactions: who answers reads the records himself.
func (s *Service) operators(ctx context.Context) int {
	if s.opt.Operators == nil {
		return 0
	}
	return s.opt.Operators(ctx)
}

func (s *Service) budget(tx *store.Tx, r access.Reach, operators int, from, to time.Time) (Budget, error) {
	cfg, err := loadConfig(tx)
	if err != nil {
		return Budget{}, err
	}
	b := Budget{From: from, To: to, Operators: cfg.settings.Budget.Operators, Target: cfg.settings.Budget.Per10Min, Noisiest: []Noise{}}
	if operators > 0 {
		b.Operators = operators
	}
	type row struct {
		slot int64
		n    int
	}
	args := []any{from, to}
	limit := inReach(r, &args)
	rows, err := store.All(tx, func(scan store.Scan) (r row, err error) { return r, scan(&r.slot, &r.n) },
		fmt.Sprintf(`select (a.raised_at - %d) / %d as slot, count(*) from alert a where raised_at >= $1 and raised_at <= $2 and suppressed in ('', 'flap') and direct = 0`,
			store.Micros(from), tenMinutes.Microseconds())+limit+" group by slot order by slot", args...)
	if err != nil {
		return b, err
	}
	slots := int(to.Sub(from) / tenMinutes)
	b.Series = make([]BudgetPoint, slots)
	for i := range b.Series {
		b.Series[i].T = from.Add(time.Duration(i) * tenMinutes)
	}
	for _, r := range rows {
		b.Alerts += r.n
		if slots > 0 {
			b.Series[min(int(r.slot), slots-1)].N += r.n
		}
		b.Peak = max(b.Peak, float64(r.n)/float64(b.Operators))
	}
	if slots > 0 {
		b.Per10Min = float64(b.Alerts) / float64(slots) / float64(b.Operators)
	}
	switch {
	case b.Per10Min > 5*b.Target || b.Peak >= upset*b.Target:
		b.State = "overloaded"
	case b.Per10Min > b.Target:
		b.State = "high"
	default:
		b.State = "ok"
	}
	return b, nil
}

func (s *Service) noisiest(tx *store.Tx, r access.Reach, from, to time.Time) ([]Noise, error) {
	args := []any{from, to}
	limit := inReach(r, &args)
	out, err := store.All(tx, func(scan store.Scan) (n Noise, err error) { return n, scan(&n.Rule, &n.N, &n.FalseAlarms) },
		`select rule, count(*) as n, sum(case when verdict = 'false' then 1 else 0 end) from alert a
		where raised_at >= $1 and raised_at <= $2 and rule <> '' and direct = 0`+limit+" group by rule order by n desc, rule limit 10", args...)
	if err != nil {
		return nil, err
	}
	for i := range out {
		p, err := precision(tx, out[i].Rule)
		if err != nil {
			return nil, err
		}
		out[i].Precision = p.Share
		newest, err := readAlerts(tx, "where a.rule = $1 order by a.raised_at desc limit 1", out[i].Rule)
		if err != nil {
			return nil, err
		}
		for _, a := range newest {
			out[i].Name = a.RuleName
		}
	}
	if out == nil {
		out = []Noise{}
	}
	return out, nil
}

// Precision is how often a rule was right, as people verified its alerts.
type Precision struct {
	Right     int      `json:"right"`
	Wrong     int      `json:"wrong"`
	Duplicate int      `json:"duplicate"`
	Share     *float64 `json:"share"` // right of right and wrong; nil when there is neither
}

// Precision of a rule; the page of a rule shows it.
func (s *Service) Precision(ctx context.Context, rule string) (p Precision, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		p, err = precision(tx, rule)
		return err
	})
	return p, err
}

func precision(tx *store.Tx, rule string) (p Precision, err error) {
	err = tx.QueryRow(`select coalesce(sum(case when verdict = 'true' then 1 else 0 end), 0), coalesce(sum(case when verdict = 'false' then 1 else 0 end), 0),
		coalesce(sum(case when verdict = 'duplicate' then 1 else 0 end), 0) from alert where rule = $1`, rule).Scan(&p.Right, &p.Wrong, &p.Duplicate)
	p.share()
	return p, err
}

func (p *Precision) share() {
	if n := p.Right + p.Wrong; n > 0 {
		share := float64(p.Right) / float64(n)
		p.Share = &share
	}
}

// Confirmed returns the alerts raised in a span that people found true, for
// back-tests: what a rule should have found.
func (s *Service) Confirmed(ctx context.Context, from, to time.Time) (out []Alert, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		out, err = readAlerts(tx, "where a.raised_at >= $1 and a.raised_at < $2 and a.verdict = 'true' order by a.raised_at limit 20000", from, to)
		return err
	})
	return out, err
}
