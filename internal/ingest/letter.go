package ingest

import (
	"encoding/json"
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// What a dead letter is about.
const (
	kindRejected    = "rejected"    // refused; the sender was told
	kindQuarantined = "quarantined" // may be right, but not as it stands
	kindUnread      = "unread"      // a piece of a message that no decoder could read
)

// What became of it.
const (
	stateOpen      = "open"
	stateReplayed  = "replayed"
	stateDiscarded = "discarded"
)

// Letter is a dead letter: a reading, or a piece of a message, that was not
// taken in.
type Letter struct {
	ID         string
	Source     string
	Kind       string // rejected, quarantined, unread
	Code       string // of the fault
	Detail     msg.Text
	Datastream string // its id, or the name that the message used
	Raw        string // the piece of the message, cut at 8 KiB
	Reading    string // as JSON, in the form that POST ingest takes; "" when unread
	First      time.Time
	At         time.Time // of the newest one
	Repeats    int       // how many more came that were like it
	State      string    // open, replayed, discarded
	ClosedBy   string
	ClosedAt   time.Time
}

const rawLimit = 8 << 10

func clip(s string) string {
	if len(s) > rawLimit {
		s = strings.ToValidUTF8(s[:rawLimit], "") + "…"
	}
	// The records take UTF-8 without zero bytes; what a device sends may be
	// neither.
	return strings.ReplaceAll(strings.ToValidUTF8(strings.Clone(s), "\uFFFD"), "\x00", "\uFFFD")
}

func letterOf(b *Batch, kind string, r *sensing.Reading, ds *sensing.Datastream, why *fault.Error) Letter {
	l := Letter{
		Source: b.Source, Kind: kind, Code: why.Code, Detail: msg.Text{Vi: clip(why.In(msg.Vi)), En: clip(why.In(msg.En))},
		First: b.Received, At: b.Received, State: stateOpen,
	}
	if r == nil {
		return l
	}
	l.Datastream, l.Raw, l.Reading = clip(r.Datastream), clip(r.Raw), readingJSON(r)
	if ds != nil {
		l.Datastream = ds.ID
	}
	if l.Raw == "" {
		l.Raw = l.Reading
	}
	return l
}

// readingJSON writes a reading as POST ingest takes it. A value that JSON has
// no number for is written as text.
func readingJSON(r *sensing.Reading) string {
	out := struct {
		Datastream string `json:"datastream"`
		Time       string `json:"time,omitempty"`
		Value      any    `json:"value"`
		Unit       string `json:"unit,omitempty"`
		Quality    string `json:"quality,omitempty"`
	}{Datastream: clip(r.Datastream), Value: r.Value, Unit: clip(r.Unit), Quality: clip(r.Quality)}
	if !r.Time.IsZero() {
		out.Time = r.Time.UTC().Format(time.RFC3339Nano)
	}
	if r.Text != "" {
		out.Value = clip(r.Text)
	}
	raw, err := json.Marshal(out)
	if err != nil { // NaN and ±Inf
		out.Value = "NaN"
		raw, _ = json.Marshal(out)
	}
	return string(raw)
}

// pile is where letters that are alike meet.
type pile struct{ source, kind, code, datastream string }

func (l *Letter) pile() pile { return pile{l.Source, l.Kind, l.Code, l.Datastream} }

// pileLimit is how many open letters a pile holds one by one. Further ones
// are counted in its newest letter, which shows the last sample. A
// quarantined reading is data that may be rescued, so many more are kept.
func pileLimit(kind string) int {
	switch kind {
	case kindQuarantined:
		return 1000
	case kindUnread:
		return 200
	}
	return 20
}

// mostLetters is how many letters a source keeps; the oldest go first.
const mostLetters = 10_000

// pruneEvery is how many more may come before that is looked after.
const pruneEvery = 1000
