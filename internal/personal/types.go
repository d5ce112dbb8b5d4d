package personal

import (
	"database/sql/driver"
	"fmt"
	"log/slog"
)

// The types. Each is the value as it came; what shows of it is its mask. The
// empty value masks as "".
type (
	Name    string // of a person or an organisation
	Phone   string
	Paper   string // number of a document: CCCD, passport, tax code
	Email   string
	Address string
)

// Masked shows its first letters: "N*** V** A".
func (n Name) Masked() string { return masked(string(n), maskName) }

// Reveal gives the value to who may see it; ask access.PersonalView before,
// and record the look.
func (n Name) Reveal() string { return string(n) }

// String is Masked.
func (n Name) String() string { return n.Masked() }

// GoString is Masked, as a literal.
func (n Name) GoString() string { return fmt.Sprintf("personal.Name(%q)", n.Masked()) }

// Format prints the mask, whatever the verb.
func (n Name) Format(f fmt.State, verb rune) { format(f, verb, n.Masked(), n.GoString) }

// LogValue logs the mask.
func (n Name) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// MarshalText gives the mask.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.Masked()), nil }

// MarshalJSON gives the mask.
func (n Name) MarshalJSON() ([]byte, error) { return marshal(n.Masked()) }

// MarshalBinary gives the mask.
func (n Name) MarshalBinary() ([]byte, error) { return []byte(n.Masked()), nil }

// Value keeps the value itself in the store.
func (n Name) Value() (driver.Value, error) { return storable(string(n)), nil }

// Scan reads the value from the store; null is "".
func (n *Name) Scan(src any) error {
	s, err := scan(src)
	*n = Name(s)
	return err
}

// Masked shows three digits and four: "090***4567".
func (p Phone) Masked() string { return masked(string(p), maskPhone) }

// Reveal gives the value to who may see it; ask access.PersonalView before,
// and record the look.
func (p Phone) Reveal() string { return string(p) }

// String is Masked.
func (p Phone) String() string { return p.Masked() }

// GoString is Masked, as a literal.
func (p Phone) GoString() string { return fmt.Sprintf("personal.Phone(%q)", p.Masked()) }

// Format prints the mask, whatever the verb.
func (p Phone) Format(f fmt.State, verb rune) { format(f, verb, p.Masked(), p.GoString) }

// LogValue logs the mask.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.Masked()) }

// MarshalText gives the mask.
func (p Phone) MarshalText() ([]byte, error) { return []byte(p.Masked()), nil }

// MarshalJSON gives the mask.
func (p Phone) MarshalJSON() ([]byte, error) { return marshal(p.Masked()) }

// MarshalBinary gives the mask.
func (p Phone) MarshalBinary() ([]byte, error) { return []byte(p.Masked()), nil }

// Value keeps the value itself in the store.
func (p Phone) Value() (driver.Value, error) { return storable(string(p)), nil }

// Scan reads the value from the store; null is "".
func (p *Phone) Scan(src any) error {
	s, err := scan(src)
	*p = Phone(s)
	return err
}

// Masked shows three characters and three: "048***…123".
func (p Paper) Masked() string { return masked(string(p), maskPaper) }

// Reveal gives the value to who may see it; ask access.PersonalView before,
// and record the look.
func (p Paper) Reveal() string { return string(p) }

// String is Masked.
func (p Paper) String() string { return p.Masked() }

// GoString is Masked, as a literal.
func (p Paper) GoString() string { return fmt.Sprintf("personal.Paper(%q)", p.Masked()) }

// Format prints the mask, whatever the verb.
func (p Paper) Format(f fmt.State, verb rune) { format(f, verb, p.Masked(), p.GoString) }

// LogValue logs the mask.
func (p Paper) LogValue() slog.Value { return slog.StringValue(p.Masked()) }

// MarshalText gives the mask.
func (p Paper) MarshalText() ([]byte, error) { return []byte(p.Masked()), nil }

// MarshalJSON gives the mask.
func (p Paper) MarshalJSON() ([]byte, error) { return marshal(p.Masked()) }

// MarshalBinary gives the mask.
func (p Paper) MarshalBinary() ([]byte, error) { return []byte(p.Masked()), nil }

// Value keeps the value itself in the store.
func (p Paper) Value() (driver.Value, error) { return storable(string(p)), nil }

// Scan reads the value from the store; null is "".
func (p *Paper) Scan(src any) error {
	s, err := scan(src)
	*p = Paper(s)
	return err
}

// Masked shows a letter and the end of the domain: "a***@***.com".
func (e Email) Masked() string { return masked(string(e), maskEmail) }

// Reveal gives the value to who may see it; ask access.PersonalView before,
// and record the look.
func (e Email) Reveal() string { return string(e) }

// String is Masked.
func (e Email) String() string { return e.Masked() }

// GoString is Masked, as a literal.
func (e Email) GoString() string { return fmt.Sprintf("personal.Email(%q)", e.Masked()) }

// Format prints the mask, whatever the verb.
func (e Email) Format(f fmt.State, verb rune) { format(f, verb, e.Masked(), e.GoString) }

// LogValue logs the mask.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.Masked()) }

// MarshalText gives the mask.
func (e Email) MarshalText() ([]byte, error) { return []byte(e.Masked()), nil }

// MarshalJSON gives the mask.
func (e Email) MarshalJSON() ([]byte, error) { return marshal(e.Masked()) }

// MarshalBinary gives the mask.
func (e Email) MarshalBinary() ([]byte, error) { return []byte(e.Masked()), nil }

// Value keeps the value itself in the store.
func (e Email) Value() (driver.Value, error) { return storable(string(e)), nil }

// Scan reads the value from the store; null is "".
func (e *Email) Scan(src any) error {
	s, err := scan(src)
	*e = Email(s)
	return err
}

// Masked shows the province: "***, Đà Nẵng".
func (a Address) Masked() string { return masked(string(a), maskAddress) }

// Reveal gives the value to who may see it; ask access.PersonalView before,
// and record the look.
func (a Address) Reveal() string { return string(a) }

// String is Masked.
func (a Address) String() string { return a.Masked() }

// GoString is Masked, as a literal.
func (a Address) GoString() string { return fmt.Sprintf("personal.Address(%q)", a.Masked()) }

// Format prints the mask, whatever the verb.
func (a Address) Format(f fmt.State, verb rune) { format(f, verb, a.Masked(), a.GoString) }

// LogValue logs the mask.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.Masked()) }

// MarshalText gives the mask.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.Masked()), nil }

// MarshalJSON gives the mask.
func (a Address) MarshalJSON() ([]byte, error) { return marshal(a.Masked()) }

// MarshalBinary gives the mask.
func (a Address) MarshalBinary() ([]byte, error) { return []byte(a.Masked()), nil }

// Value keeps the value itself in the store.
func (a Address) Value() (driver.Value, error) { return storable(string(a)), nil }

// Scan reads the value from the store; null is "".
func (a *Address) Scan(src any) error {
	s, err := scan(src)
	*a = Address(s)
	return err
}
