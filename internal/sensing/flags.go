package sensing

import "strings"

// Flags are the quality findings on one observation; none set means good.
type Flags uint32

// The flags. Their names go into resultQuality, the UI and the docs.
const (
	Estimated   Flags = 1 << iota // interpolated, reconstructed or modelled, not measured
	OutOfRange                    // outside the property's physical range
	Frozen                        // ≥ 6 equal values where the property should move
	Step                          // jumped without a ramp
	Toggling                      // alternates between two values
	Negative                      // small negative, set to 0
	Late                          // arrived long after its time
	WrongUnit                     // came in another unit and was converted
	Suspect                       // the source itself doubts it
	Bad                           // the source says it is no measurement (calibrating, device error)
	Neighbours                    // disagrees with the stations around it
	Corrected                     // a person replaced the value
	Given                         // a published figure, typed in by hand, not telemetry
	Maintenance                   // taken while the station was under maintenance
)

var flagNames = []string{
	"estimated", "out_of_range", "frozen", "step", "toggling", "negative", "late",
	"wrong_unit", "suspect", "bad", "neighbours", "corrected", "given", "maintenance",
}

// Names lists the flags that are set, in a fixed order.
func (f Flags) Names() []string {
	out := []string{}
	for i, n := range flagNames {
		if f&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// String joins the names with commas; "" means good.
func (f Flags) String() string { return strings.Join(f.Names(), ",") }

// ParseFlag returns the flag of that name, 0 if there is none.
func ParseFlag(name string) Flags {
	for i, n := range flagNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// Unusable are the flags whose observations no indicator counts.
const Unusable = OutOfRange | Bad

// Usable reports whether indicators may count the observation.
func (f Flags) Usable() bool { return f&Unusable == 0 }
