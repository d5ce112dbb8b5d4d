// Package all is the table of connector kinds.
package all

import (
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/connector/file"
	"openioc.org/ioc/internal/connector/httppull"
	"openioc.org/ioc/internal/connector/httppush"
	"openioc.org/ioc/internal/connector/mqtt"
	"openioc.org/ioc/internal/connector/mqttclient"
)

// Kinds are the kinds that ship, in the order in which people choose.
var Kinds = []connector.Kind{mqtt.Kind, httppush.Kind, httppull.Kind, mqttclient.Kind, file.Kind}

// Find returns the kind of that name.
func Find(name string) (connector.Kind, bool) {
	for _, k := range Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return connector.Kind{}, false
}
