package sta

import (
	"context"
	"encoding/json"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// Over MQTT a topic is an address of SensorThings without the leading slash:
// publishing to v1.1/Datastreams('x')/Observations creates an Observation,
// subscribing to it brings each new one.
const topicRoot = "v1.1/"

// ParseCreateTopic reads a topic to which Observations may be published:
// v1.1/Observations (then the message names its Datastream and datastream is
// "") or v1.1/Datastreams('x')/Observations.
func ParseCreateTopic(topic string) (datastream string, ok bool) {
	rest, ok := strings.CutPrefix(topic, topicRoot)
	if !ok {
		return "", false
	}
	steps, err := parsePath(rest)
	if err != nil {
		return "", false
	}
	switch {
	case len(steps) == 1 && steps[0] == step{name: "Observations", at: 1}:
		return "", true
	case len(steps) == 2 && steps[0].name == "Datastreams" && steps[0].hasKey && steps[1].name == "Observations" && !steps[1].hasKey:
		return steps[0].key, true
	}
	return "", false
}

// Topics are the topics on which a stored observation is told.
func (s *Service) Topics(o sensing.Observation) []string {
	return []string{topicRoot + "Observations", DatastreamTopic(o.Datastream)}
}

// DatastreamTopic is the topic of one Datastream's Observations.
func DatastreamTopic(id string) string {
	return topicRoot + "Datastreams" + quoteID(id) + "/Observations"
}

// ObservationJSON is the message for a stored observation, with addresses
// below base ("https://ioc.example"); nil when its Datastream is gone.
func (s *Service) ObservationJSON(ctx context.Context, base string, o sensing.Observation) []byte {
	r := s.run(ctx, base)
	d := r.snap.Datastream(o.Datastream)
	if d == nil {
		return nil
	}
	b, err := r.object(nil, s.model.observations, &observation{stream: d, t: o.Time.UnixMilli(), number: o.Value,
		flags: o.Flags, received: o.Received.UnixMilli()}, &options{})
	if err != nil {
		return nil
	}
	return b
}

// CreateObservation takes an Observation that was published to a topic of
// ParseCreateTopic; datastream is what that returned.
func (s *Service) CreateObservation(ctx context.Context, actor access.Actor, datastream string, payload []byte) error {
	if err := checkJSON(payload); err != nil {
		return err
	}
	r := s.run(ctx, "")
	b := newBuilder(r, nil)
	var d *sensing.Datastream
	if datastream != "" {
		if d = r.snap.Datastream(datastream); d == nil {
			return errStream.With("id", datastream)
		}
	}
	o, err := b.observation(parse(json.RawMessage(payload), "", b.wrong), d)
	if err == errWriteFeature {
		err = wantFault("no FeatureOfInterest other than the Thing's place, over MQTT", "không có FeatureOfInterest riêng khi gửi qua MQTT")
	}
	if err != nil {
		return err
	}
	errs, err := r.accept(ctx, actor, []newObservation{o})
	if err != nil || fault.Is(errs[0], ErrQuarantined) { // it has been taken: sending it again helps nobody
		return err
	}
	return errs[0]
}

// detail is a fault's sentence with those of its fields.
func detail(e *fault.Error, lang msg.Lang) string {
	s := e.In(lang)
	for _, f := range e.Fields {
		s += "; " + f.Path + ": " + f.Err.In(lang)
	}
	return s
}
