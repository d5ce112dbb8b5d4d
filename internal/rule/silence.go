package rule

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// MetricSourceSilence is the virtual series of each source: the seconds since
// its last reading.
const MetricSourceSilence = "source_silence_seconds"

// sourcesEvery is how often the sources are looked after.
const sourcesEvery = time.Minute

// watchSources offers the silence of each source once a minute.
func (s *Service) watchSources(ctx context.Context) {
	before := map[string]map[string]string{}
	for {
		now := s.o.Clock.Now()
		there := map[string]map[string]string{}
		for _, src := range s.o.Sources() {
			labels := map[string]string{"source": src.ID, labelName: src.Name, labelUnit: src.Unit, "unit": "s"}
			maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
			there[virtualID(MetricSourceSilence, labels)] = labels
			s.Offer(MetricSourceSilence, labels, now, src.Silence)
		}
		for id, labels := range before {
			if there[id] == nil { // switched off, deleted or renamed: it is not silent
				s.Offer(MetricSourceSilence, labels, now, 0)
			}
		}
		before = there
		if s.o.Clock.Sleep(ctx, sourcesEvery) != nil {
			return
		}
	}
}

// virtualID is the identity of a virtual series, as the engine makes it.
func virtualID(metric string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(metric)
	b.WriteByte('{')
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(k + "=" + labels[k] + ",")
	}
	b.WriteByte('}')
	return b.String()
}

// isVirtual reports whether an id is one of a virtual series.
func isVirtual(id string) bool { return strings.HasSuffix(id, "}") }

// forgotten is how long a virtual series may be unheard of before what it
// fires for is over: a source that was deleted is not silent.
const forgotten = 15 * time.Minute
