package mqtt

import (
	"hash/maphash"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
)

// message is a reading on its way.
type message struct {
	client *mochi.Client
	id     Identity
	packet packets.Packet
	done   chan<- verdict // QoS 2 waits; else nil
}

// verdict is what becomes of a message: code 0 is success; retry means that
// it was not taken in for no fault of the device.
type verdict struct {
	code   packets.Code
	retry  bool
	reason string // a fault's code, for the counter
}

const (
	laneDepth   = 1024 // messages that wait; then the client's socket does
	laneBatch   = 1024 // messages of one commit
	laneCommits = 4    // commits of one lane under way
)

// lane takes the messages of some clients in. While a commit is under way
// the next can begin, so that nobody waits for a commit before its own; the
// acknowledgements keep the order of the messages.
type lane struct {
	b    *Broker
	in   chan *message
	room chan struct{} // one token for each commit under way
	last chan struct{} // closed when all before has been told
}

func newLane(b *Broker) *lane {
	l := &lane{b: b, in: make(chan *message, laneDepth), room: make(chan struct{}, laneCommits), last: make(chan struct{})}
	close(l.last)
	return l
}

var seed = maphash.MakeSeed()

// laneOf gives each client one lane, so that its messages stay in order.
func (b *Broker) laneOf(cl *mochi.Client) *lane {
	return b.lanes[maphash.String(seed, cl.ID)%uint64(len(b.lanes))]
}

func (l *lane) put(m *message) {
	select {
	case l.in <- m:
	case <-l.b.ctx.Done():
	}
}

func (l *lane) run() {
	var commits sync.WaitGroup
	defer commits.Wait()
	for {
		var ms []*message
		select {
		case <-l.b.ctx.Done():
			return
		case m := <-l.in:
			ms = append(ms, m)
		}
		select {
		case <-l.b.ctx.Done():
			return
		case l.room <- struct{}{}: // what comes while there is no room joins in
		}
		for len(ms) < laneBatch && len(l.in) > 0 {
			ms = append(ms, <-l.in)
		}
		before, done := l.last, make(chan struct{})
		l.last = done
		commits.Go(func() {
			defer close(done)
			l.take(ms, before)
			<-l.room
		})
	}
}

// take commits the messages, source by source, and tells each client once
// those before have been told.
func (l *lane) take(ms []*message, before <-chan struct{}) {
	sources := map[string][]*message{}
	for _, m := range ms {
		sources[m.id.Source] = append(sources[m.id.Source], m)
	}
	verdicts := make(map[string][]verdict, len(sources))
	for source, list := range sources {
		verdicts[source] = l.accept(source, list)
	}
	<-before
	for source, list := range sources {
		for i, m := range list {
			l.tell(m, verdicts[source][i])
		}
	}
}

// accept reads the messages of one source and has them accepted together.
func (l *lane) accept(source string, ms []*message) []verdict {
	verdicts := make([]verdict, len(ms))
	program, ok := l.b.program(source)
	if !ok {
		for i := range verdicts {
			verdicts[i] = verdict{code: packets.ErrNotAuthorized, reason: "source_off"}
		}
		return verdicts
	}
	now := l.b.o.Clock.Now()
	batch := connector.Batch{Source: source, Received: now, Actor: ms[0].id.Actor}
	from := make([]int, len(ms)+1) // where the readings of each message begin
	for i, m := range ms {
		_, datastream, _ := ownTopic(m.packet.TopicName)
		out := program.Read(m.packet.Payload, mapping.Meta{Source: source, Topic: m.packet.TopicName, Datastream: datastream, Received: now})
		batch.Readings = append(batch.Readings, out.Readings...)
		batch.Unread = append(batch.Unread, out.Unread...)
		from[i+1] = len(batch.Readings)
		if len(out.Unread) > 0 && len(out.Readings) == 0 {
			verdicts[i] = refused(packets.ErrPayloadFormatInvalid, out.Unread[0].Err.Code, out.Unread[0].Err.In(msg.En))
		}
	}
	if len(batch.Readings)+len(batch.Unread) == 0 {
		return verdicts
	}
	res, err := l.b.o.Sink.Accept(l.b.ctx, batch)
	if err != nil {
		if l.b.ctx.Err() == nil {
			l.b.o.Logger.Error("messages could not be taken in", "source", source, "messages", len(ms), "err", err)
		}
		for i := range verdicts {
			verdicts[i] = verdict{retry: true, reason: "unavailable"}
		}
		return verdicts
	}
	l.refuse(verdicts, from, res.Rejected)
	return verdicts
}

// refuse marks the messages all of whose readings were rejected.
func (l *lane) refuse(verdicts []verdict, from []int, rejected []connector.Rejection) {
	if len(rejected) == 0 {
		return
	}
	bad := make(map[int]connector.Rejection, len(rejected))
	for _, r := range rejected {
		bad[r.Index] = r
	}
	for i := range verdicts {
		n, all := 0, true
		for k := from[i]; k < from[i+1] && all; k++ {
			_, all = bad[k]
			n++
		}
		if n > 0 && all {
			if e := bad[from[i]].Err; e != nil {
				verdicts[i] = refused(packets.ErrPayloadFormatInvalid, e.Code, e.In(msg.En))
			} else {
				verdicts[i] = refused(packets.ErrPayloadFormatInvalid, "rejected", "rejected")
			}
		}
	}
}

func refused(code packets.Code, reason, sentence string) verdict {
	code.Reason = reason + ": " + sentence
	return verdict{code: code, reason: "refused"}
}

// tell acknowledges a message, and hands it to those who subscribed.
func (l *lane) tell(m *message, v verdict) {
	result := "accepted"
	if v.reason != "" {
		result = v.reason
	}
	l.b.metrics.messages.WithLabelValues(result).Inc()
	if m.done != nil {
		m.done <- v // mochi goes on with the exchange of QoS 2
		return
	}
	if v.retry {
		// No acknowledgement: the device keeps the message and sends it again
		// when it has come back.
		m.client.Stop(packets.ErrServerBusy)
		return
	}
	if m.packet.FixedHeader.Qos == 1 {
		ack := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: m.packet.PacketID}
		if m.client.Properties.ProtocolVersion == 5 {
			ack.ReasonCode = v.code.Code
			ack.Properties.ReasonString = v.code.Reason
		}
		if err := m.client.WritePacket(ack); err != nil {
			l.b.o.Logger.Debug("acknowledgement not sent", "client", m.client.ID, "err", err)
		}
	}
	retain := m.packet.FixedHeader.Retain
	if v.code.Code == 0 && (retain || l.b.Wanted(m.packet.TopicName)) {
		if err := l.b.server.Publish(m.packet.TopicName, m.packet.Payload, retain, m.packet.FixedHeader.Qos); err != nil {
			l.b.o.Logger.Debug("message not forwarded", "topic", m.packet.TopicName, "err", err)
		}
	}
}
