package source

import (
	"encoding/json"
	"strings"

	"openioc.org/ioc/internal/connector"
)

// The config of a connector that this program does not know (any more) is
// masked by the names of its keys, rather too much than too little.
var secretNames = []string{"password", "passwd", "secret", "token", "key", "credential", "authorization", "auth"}

func secretName(key string) bool {
	key = strings.ToLower(key)
	for _, n := range secretNames {
		if strings.Contains(key, n) {
			return true
		}
	}
	return false
}

func maskByName(cfg json.RawMessage) json.RawMessage {
	return rewrite(cfg, nil, func(v, _ any) any {
		if s, ok := v.(string); ok && s != "" {
			return connector.Hidden
		}
		return v
	})
}

func restoreByName(edited, kept json.RawMessage) json.RawMessage {
	return rewrite(edited, kept, func(v, old any) any {
		if v == connector.Hidden {
			return old
		}
		return v
	})
}

func rewrite(cfg, other json.RawMessage, f func(v, old any) any) json.RawMessage {
	var tree, old any
	if json.Unmarshal(cfg, &tree) != nil {
		return cfg
	}
	_ = json.Unmarshal(other, &old) // nothing kept: nothing to restore
	out, err := json.Marshal(walk(tree, old, false, f))
	if err != nil {
		return cfg
	}
	return out
}

func walk(v, old any, secret bool, f func(v, old any) any) any {
	switch x := v.(type) {
	case map[string]any:
		o, _ := old.(map[string]any)
		for k, sub := range x {
			x[k] = walk(sub, o[k], secret || secretName(k), f)
		}
	case []any:
		o, _ := old.([]any)
		for i, sub := range x {
			var was any
			if i < len(o) {
				was = o[i]
			}
			x[i] = walk(sub, was, secret, f)
		}
	default:
		if secret {
			return f(v, old)
		}
	}
	return v
}
