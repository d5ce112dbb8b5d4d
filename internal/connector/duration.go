package connector

import (
	"encoding/json"
	"time"
)

// Duration is a time.Duration that is written "90s", "15m", "2h" in configs.
type Duration time.Duration

// Std returns the time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// MarshalJSON writes "15m0s".
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "15m", or a number of seconds.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var secs float64
	if json.Unmarshal(b, &secs) == nil {
		*d = Duration(secs * float64(time.Second))
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errDuration.With("value", string(b))
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return errDuration.With("value", s)
	}
	*d = Duration(v)
	return nil
}
