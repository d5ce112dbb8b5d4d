package personal

import (
	"encoding/json"
	"fmt"
	"strings"
)

func masked(s string, mask func(string) string) string {
	if s == "" {
		return ""
	}
	return mask(s)
}

// format prints mask as fmt prints a string with this verb and its flags.
func format(f fmt.State, verb rune, mask string, literal func() string) {
	if verb == 'v' && f.Flag('#') {
		_, _ = fmt.Fprint(f, literal()) // who printed has the error
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), mask)
}

func marshal(mask string) ([]byte, error) { return json.Marshal(mask) }

// storable drops what no database keeps as text: zero bytes and broken UTF-8.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func scan(src any) (string, error) {
	switch v := src.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("personal: cannot keep a %T", src) // the type alone, never the value
}
