package connector

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"openioc.org/ioc/internal/msg"
)

// Schema is the JSON Schema of a config, for the form in the UI. It is made
// from struct tags: json (name), vi and en (title), help_vi and help_en,
// enum "a,b", required "true", min, max, and when "protocol=sftp,ftp" for a
// field that only matters then.
type Schema struct {
	Type       string             `json:"type"`
	Title      *msg.Text          `json:"title,omitempty"`
	Help       *msg.Text          `json:"help,omitempty"`
	Format     string             `json:"format,omitempty"` // password, duration
	Default    any                `json:"default,omitempty"`
	Enum       []string           `json:"enum,omitempty"`
	Minimum    *float64           `json:"minimum,omitempty"`
	Maximum    *float64           `json:"maximum,omitempty"`
	When       map[string]string  `json:"when,omitempty"` // field → values, comma-separated
	Order      []string           `json:"order,omitempty"`
	Required   []string           `json:"required,omitempty"`
	Properties map[string]*Schema `json:"properties,omitempty"`
	Items      *Schema            `json:"items,omitempty"`
	Additional *Schema            `json:"additionalProperties,omitempty"`
}

// Schema describes the kind's config.
func (k Kind) Schema() *Schema {
	if k.Config == nil {
		return &Schema{Type: "object", Properties: map[string]*Schema{}}
	}
	cfg := k.Config()
	var defaults map[string]any
	if b, err := json.Marshal(cfg); err == nil {
		_ = json.Unmarshal(b, &defaults) // a config marshals to an object
	}
	return schemaOf(reflect.TypeOf(cfg), defaults)
}

func schemaOf(t reflect.Type, def any) *Schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == secretType:
		return &Schema{Type: "string", Format: "password"}
	case t == reflect.TypeFor[Duration]():
		return &Schema{Type: "string", Format: "duration", Default: def}
	}
	switch t.Kind() {
	case reflect.Struct:
		return structSchema(t, def)
	case reflect.Slice:
		return &Schema{Type: "array", Items: schemaOf(t.Elem(), nil)}
	case reflect.Map:
		return &Schema{Type: "object", Additional: schemaOf(t.Elem(), nil)}
	case reflect.Bool:
		return &Schema{Type: "boolean", Default: def}
	case reflect.Int, reflect.Int64, reflect.Uint16, reflect.Uint8:
		return &Schema{Type: "integer", Default: def}
	case reflect.Float64:
		return &Schema{Type: "number", Default: def}
	}
	if def == "" {
		def = nil
	}
	return &Schema{Type: "string", Default: def}
}

func structSchema(t reflect.Type, def any) *Schema {
	defaults, _ := def.(map[string]any)
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		p := schemaOf(f.Type, defaults[name])
		tag := f.Tag
		p.Title = text(tag.Get("vi"), tag.Get("en"))
		p.Help = text(tag.Get("help_vi"), tag.Get("help_en"))
		if e := tag.Get("enum"); e != "" {
			p.Enum = strings.Split(e, ",")
		}
		p.Minimum, p.Maximum = bound(tag.Get("min")), bound(tag.Get("max"))
		if field, values, ok := strings.Cut(tag.Get("when"), "="); ok {
			p.When = map[string]string{field: values}
		}
		if tag.Get("required") == "true" {
			s.Required = append(s.Required, name)
		}
		s.Order = append(s.Order, name)
		s.Properties[name] = p
	}
	return s
}

func text(vi, en string) *msg.Text {
	if vi == "" && en == "" {
		return nil
	}
	return &msg.Text{Vi: vi, En: en}
}

func bound(s string) *float64 {
	if s == "" {
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return &v
}
