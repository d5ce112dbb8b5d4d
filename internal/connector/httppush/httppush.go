// Package httppush is the source kind of systems that post to us. The ingest
// endpoint serves all of them; the source's mapping, if it has one, reads
// what they post.
package httppush

import (
	_ "embed"
	"encoding/json"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
)

//go:embed README.md
var readme string

// Kind is the source kind.
var Kind = connector.Kind{
	Name:    "http_push",
	Title:   msg.Text{Vi: "Hệ thống khác gửi HTTP đến IOC", En: "Systems post to us over HTTP"},
	Summary: msg.Text{Vi: "POST JSON, NDJSON hoặc bất cứ dạng nào ánh xạ đọc được, với mã bí mật của nguồn.", En: "POST JSON, NDJSON or whatever the mapping reads, with the source's token."},
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
