package figure

import (
	"time"

	"openioc.org/ioc/internal/msg"
)

// Notice is a notable change that a service saw: it goes into the feed of the
// overview. It is no alert: nobody has to acknowledge it.
type Notice struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"` // "river_alarm", "flood_depth", "rain"
	Severity int       `json:"severity"`
	Title    msg.Text  `json:"title"`
	Place    string    `json:"place"`
	Link     string    `json:"link"` // address in the UI
}
