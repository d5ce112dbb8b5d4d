package sensing

import (
	"time"

	"openioc.org/ioc/internal/msg"
)

// Threshold is a level that is drawn into the chart of a datastream, in the
// datastream's unit.
type Threshold struct {
	Level     int       `json:"level"` // 1, 2, 3 … ascending
	Value     float64   `json:"value"`
	Title     msg.Text  `json:"title"`
	Confirmed bool      `json:"confirmed"`
	From      time.Time `json:"from"`
	Source    string    `json:"source"`
}
