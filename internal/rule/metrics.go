package rule

import (
	"github.com/prometheus/client_golang/prometheus"
)

// meter counts what the runner does.
type meter struct {
	evaluations prometheus.Counter
}

func newMeter(r *runner, reg prometheus.Registerer) (*meter, error) {
	m := &meter{evaluations: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ioc_rule_evaluations_total", Help: "Observations and offered values that the rules in force were given.",
	})}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.evaluations,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ioc_rule_active", Help: "Rules times series that fire now."}, func() float64 {
			n := 0
			for _, k := range r.active() {
				n += k
			}
			return float64(n)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ioc_rule_lag_seconds", Help: "How long the oldest stored observation has waited for the rules."}, func() float64 {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.since.IsZero() {
				return 0
			}
			return max(0, r.s.o.Clock.Now().Sub(r.since).Seconds())
		}),
	} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *meter) evaluated(n int) { m.evaluations.Add(float64(n)) }
