package mqtt

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	messages *prometheus.CounterVec
	clients  prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ioc_mqtt_messages_total", Help: "Messages that devices published, by what became of them.",
		}, []string{"result"}),
		clients: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ioc_mqtt_clients", Help: "Clients connected to the broker."}),
	}
	if reg != nil {
		reg.MustRegister(m.messages, m.clients)
	}
	return m
}
