package ingest

import "github.com/prometheus/client_golang/prometheus"

// collector shows the ledger at /metrics. One scrape is one moment, so that
// the equation of Counts holds in it.
type collector struct {
	ledger                        *ledger
	received, stored, duplicate   *prometheus.Desc
	rejected, quarantined, flying *prometheus.Desc
}

func newCollector(l *ledger) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("ioc_ingest_"+name, help, append([]string{"source"}, labels...), nil)
	}
	return &collector{
		ledger:      l,
		received:    desc("received_total", "Readings received; equals stored + duplicate + rejected + quarantined + in flight."),
		stored:      desc("stored_total", "Readings stored."),
		duplicate:   desc("duplicate_total", "Readings of an instant that was stored already."),
		rejected:    desc("rejected_total", "Readings refused, by code.", "code"),
		quarantined: desc("quarantined_total", "Readings kept back as dead letters, by code.", "code"),
		flying:      desc("in_flight", "Readings on the bus, on their way to the series."),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.received, c.stored, c.duplicate, c.rejected, c.quarantined, c.flying} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	var out []prometheus.Metric
	add := func(d *prometheus.Desc, kind prometheus.ValueType, v int64, labels ...string) {
		out = append(out, prometheus.MustNewConstMetric(d, kind, float64(v), labels...))
	}
	c.ledger.mu.Lock()
	for source, a := range c.ledger.accounts {
		add(c.received, prometheus.CounterValue, a.Received, source)
		add(c.stored, prometheus.CounterValue, a.Stored, source)
		add(c.duplicate, prometheus.CounterValue, a.Duplicate, source)
		add(c.flying, prometheus.GaugeValue, a.InFlight, source)
		for code, n := range a.rejected {
			add(c.rejected, prometheus.CounterValue, n, source, code)
		}
		for code, n := range a.quarantined {
			add(c.quarantined, prometheus.CounterValue, n, source, code)
		}
	}
	c.ledger.mu.Unlock()
	for _, m := range out {
		ch <- m
	}
}
