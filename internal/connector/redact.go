package connector

import (
	"encoding/json"
	"reflect"
)

var secretType = reflect.TypeFor[Secret]()

// Redact returns cfg with every secret replaced by ***: what may be shown.
func (k Kind) Redact(cfg json.RawMessage) json.RawMessage {
	return k.rewrite(cfg, nil, func(v, _ any) any {
		if s, ok := v.(string); ok && s != "" {
			return Hidden
		}
		return v
	})
}

// Restore returns edited with every secret that reads *** taken from kept, so
// that a config that was shown can be saved again.
func (k Kind) Restore(edited, kept json.RawMessage) json.RawMessage {
	return k.rewrite(edited, kept, func(v, old any) any {
		if v == Hidden {
			return old
		}
		return v
	})
}

func (k Kind) rewrite(cfg, other json.RawMessage, f func(v, old any) any) json.RawMessage {
	var tree, old any
	if k.Config == nil || json.Unmarshal(cfg, &tree) != nil {
		return cfg
	}
	_ = json.Unmarshal(other, &old) // no old config: nothing to restore
	out, err := json.Marshal(walkSecrets(tree, old, reflect.TypeOf(k.Config()), f))
	if err != nil {
		return cfg
	}
	return out
}

func walkSecrets(v, old any, t reflect.Type, f func(v, old any) any) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == secretType {
		return f(v, old)
	}
	switch x := v.(type) {
	case map[string]any:
		oldMap, _ := old.(map[string]any)
		switch t.Kind() {
		case reflect.Map:
			for key, sub := range x {
				x[key] = walkSecrets(sub, oldMap[key], t.Elem(), f)
			}
		case reflect.Struct:
			for name, field := range fieldsOf(t) {
				if sub, ok := x[name]; ok {
					x[name] = walkSecrets(sub, oldMap[name], field.Type, f)
				}
			}
		}
	case []any:
		oldList, _ := old.([]any)
		if t.Kind() == reflect.Slice {
			for i, sub := range x {
				var o any
				if i < len(oldList) {
					o = oldList[i]
				}
				x[i] = walkSecrets(sub, o, t.Elem(), f)
			}
		}
	}
	return v
}
