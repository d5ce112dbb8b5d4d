package sta

import (
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// observation is one Observation as SensorThings tells it.
type observation struct {
	stream   *sensing.Datastream
	t        int64 // phenomenonTime, Unix ms
	number   float64
	text     string
	isText   bool
	flags    sensing.Flags
	received int64 // resultTime, Unix ms
}

func fromPoint(d *sensing.Datastream, p series.Point) *observation {
	return &observation{stream: d, t: p.T, number: p.V, flags: p.Flags, received: p.Received}
}

func fromText(d *sensing.Datastream, o catalog.TextObservation) *observation {
	return &observation{stream: d, t: o.Time.UnixMilli(), text: o.Result, isText: true, flags: o.Flags, received: o.Received.UnixMilli()}
}

func (o *observation) id() string { return o.stream.ID + "@" + strconv.FormatInt(o.t, 10) }

func (o *observation) time() time.Time { return time.UnixMilli(o.t).UTC() }

func (o *observation) result() any {
	if !o.isText {
		return o.number
	}
	if o.stream.ObservationType == catalog.OMTruth && (o.text == "true" || o.text == "false") {
		return o.text == "true"
	}
	return o.text
}

func (o *observation) quality() any {
	if o.flags == 0 {
		return nil
	}
	names := o.flags.Names()
	out := make(many, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}

// splitID reads "<datastream>@<Unix ms>".
func splitID(id string) (datastream string, t int64, ok bool) {
	i := strings.LastIndexByte(id, '@')
	if i <= 0 {
		return "", 0, false
	}
	t, err := strconv.ParseInt(id[i+1:], 10, 64)
	return id[:i], t, err == nil && t > earliest && t < latest
}

// What instants a search may span, Unix ms: years 1 to 9999.
const (
	earliest = -62135596800000
	latest   = 253402300799000
)
