package mqtt

import (
	"bytes"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// hook is where mochi asks us.
type hook struct {
	mochi.HookBase
	b *Broker
}

// ID implements mochi.Hook.
func (h *hook) ID() string { return "ioc" }

// Provides implements mochi.Hook.
func (h *hook) Provides(what byte) bool {
	return bytes.IndexByte([]byte{
		mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPublish, mochi.OnDisconnect, mochi.OnWill, mochi.OnWillSent,
	}, what) >= 0
}

// wrongPassword slows down those who guess.
const wrongPassword = 500 * time.Millisecond

// OnConnectAuthenticate lets a device in.
func (h *hook) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	id, ok := h.b.o.Authenticate(string(pk.Connect.Username), string(pk.Connect.Password))
	if !ok {
		h.b.metrics.messages.WithLabelValues("login_refused").Inc()
		select {
		case <-time.After(wrongPassword):
		case <-h.b.ctx.Done():
		}
		return false
	}
	// A client takes over another's session by its client id; inside one
	// source that is the device coming back, across sources it is theft.
	if old, ok := h.b.server.Clients.Get(cl.ID); ok {
		if other, ok := h.b.identity(old); ok && other.Source != id.Source {
			return false
		}
	}
	h.b.clients.Store(cl, id)
	h.b.metrics.clients.Inc()
	return true
}

// OnDisconnect forgets the client.
func (h *hook) OnDisconnect(cl *mochi.Client, _ error, _ bool) {
	if _, was := h.b.clients.LoadAndDelete(cl); was {
		h.b.metrics.clients.Dec()
	}
}

func (b *Broker) identity(cl *mochi.Client) (Identity, bool) {
	v, ok := b.clients.Load(cl)
	if !ok {
		return Identity{}, false
	}
	id, ok := v.(Identity)
	return id, ok
}

// OnACLCheck decides on topics to write and filters to read. The topic is
// empty when the client uses an alias; OnPublish asks again with the name.
func (h *hook) OnACLCheck(cl *mochi.Client, topic string, write bool) bool {
	if cl.Net.Inline {
		return true
	}
	id, ok := h.b.identity(cl)
	switch {
	case !ok:
		return false
	case !write:
		return allowed(id.Subscribe, topic)
	case topic == "":
		return true
	}
	return h.mayPublish(id, topic)
}

func (h *hook) mayPublish(id Identity, topic string) bool {
	if allowed(id.Publish, topic) {
		return true
	}
	h.b.metrics.messages.WithLabelValues("topic_refused").Inc()
	h.b.o.Logger.Debug("topic outside the device's list", "source", id.Source, "topic", topic)
	return false
}

// OnWill lets a will go only where the device may publish.
func (h *hook) OnWill(cl *mochi.Client, w mochi.Will) (mochi.Will, error) {
	if id, ok := h.b.identity(cl); !ok || !allowed(id.Publish, w.TopicName) {
		w.Flag, w.TopicName, w.Payload, w.Retain = 0, "$ioc/refused", nil, false
	}
	return w, nil
}

// OnWillSent takes a will on a reading's topic in like a reading.
func (h *hook) OnWillSent(cl *mochi.Client, pk packets.Packet) {
	if id, ok := h.b.identity(cl); ok {
		if source, _, own := ownTopic(pk.TopicName); own && source == id.Source {
			pk.FixedHeader.Qos = 0
			h.b.laneOf(cl).put(&message{client: cl, id: id, packet: pk})
		}
	}
}

// OnPublish takes a message in. A reading goes into the client's lane, which
// acknowledges it once it is on disk; mochi is told to forget it.
func (h *hook) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	id, ok := h.b.identity(cl)
	if !ok || !h.mayPublish(id, pk.TopicName) {
		return pk, refusal(cl, pk, packets.ErrNotAuthorized)
	}
	if parse := h.b.o.ObservationTopic; parse != nil {
		if datastream, ok := parse(pk.TopicName); ok {
			return pk, h.create(cl, id, pk, datastream)
		}
	}
	source, _, ok := ownTopic(pk.TopicName)
	if !ok || source != id.Source {
		return pk, nil // a topic between devices that their lists allow: only forwarded
	}
	if pk.FixedHeader.Qos < 2 {
		h.b.laneOf(cl).put(&message{client: cl, id: id, packet: pk})
		return pk, packets.ErrRejectPacket // the lane acknowledges and forwards
	}
	// The exchange of QoS 2 is mochi's; it waits here for the commit.
	done := make(chan verdict, 1)
	h.b.laneOf(cl).put(&message{client: cl, id: id, packet: pk, done: done})
	select {
	case v := <-done:
		if v.retry {
			cl.Stop(packets.ErrServerBusy)
			return pk, packets.ErrRejectPacket
		}
	case <-h.b.ctx.Done():
		return pk, packets.ErrRejectPacket
	}
	return pk, nil
}

// create takes a SensorThings observation in; subscribers get it when it is
// stored, not from here.
func (h *hook) create(cl *mochi.Client, id Identity, pk packets.Packet, datastream string) error {
	if h.b.o.CreateObservation == nil {
		return refusal(cl, pk, packets.ErrNotAuthorized)
	}
	err := h.b.o.CreateObservation(h.b.ctx, id.Actor, datastream, pk.Payload)
	if err == nil {
		h.b.metrics.messages.WithLabelValues("created").Inc()
		return packets.CodeSuccessIgnore
	}
	h.b.metrics.messages.WithLabelValues("refused").Inc()
	h.b.o.Logger.Debug("observation refused", "source", id.Source, "datastream", datastream, "err", err)
	f, ok := fault.As(err)
	if !ok || f.Kind == fault.Unavailable || f.Kind == fault.Internal {
		cl.Stop(packets.ErrServerBusy) // it is the device's to send again
		return packets.ErrRejectPacket
	}
	code := packets.ErrPayloadFormatInvalid
	if f.Kind == fault.Forbidden || f.Kind == fault.Unauthenticated {
		code = packets.ErrNotAuthorized
	}
	code.Reason = f.Code + ": " + f.In(msg.En)
	return refusal(cl, pk, code)
}

// refusal is how a message is refused: with a reason to MQTT 5, in silence to
// 3.1.1, which knows only success: acknowledged, so that the device does not
// send it for ever, and forwarded to nobody.
func refusal(cl *mochi.Client, pk packets.Packet, code packets.Code) error {
	switch {
	case pk.FixedHeader.Qos == 0:
		return packets.ErrRejectPacket
	case cl.Properties.ProtocolVersion == 5 && pk.FixedHeader.Qos == 1:
		return code
	}
	return packets.CodeSuccessIgnore
}
