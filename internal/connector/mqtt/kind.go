package mqtt

import (
	_ "embed"
	"encoding/json"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
)

//go:embed README.md
var readme string

// Kind is the source kind of devices that publish to the broker. The one
// broker serves all its sources; a source of its own has nothing to run.
var Kind = connector.Kind{
	Name:    "mqtt",
	Title:   msg.Text{Vi: "Thiết bị gửi MQTT đến IOC", En: "Devices publish MQTT to us"},
	Summary: msg.Text{Vi: "Máy chủ MQTT 3.1.1 và 5 ngay trong IOC; mỗi thiết bị một tài khoản.", En: "An MQTT 3.1.1 and 5 broker inside; each device has its own credentials."},
	Readme:  readme,
	Config:  func() any { return &struct{}{} },
	Sample:  []byte(`{}`),
	New: func(cfg json.RawMessage, d connector.Deps) (connector.Connector, error) {
		if err := connector.Parse(cfg, &struct{}{}); err != nil {
			return nil, err
		}
		if _, err := mapping.Parse(d.Mapping); err != nil {
			return nil, err
		}
		return connector.Idle{}, nil
	},
}
