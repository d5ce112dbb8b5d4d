package mqtt

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"openioc.org/ioc/internal/connector"
)

const benchClients = 100

// device is the thinnest client of 3.1.1 that can be: it keeps window
// messages of QoS 1 on the way.
func device(addr string, n int, messages, window int) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return err
	}
	id := fmt.Sprintf("d%d", n)
	var body []byte
	str := func(s string) { body = append(binary.BigEndian.AppendUint16(body, uint16(len(s))), s...) }
	str("MQTT")
	body = append(body, 4, 0xC2, 0, 60)
	str(id)
	str("d")
	str("secret")
	if _, err := c.Write(append([]byte{0x10, byte(len(body))}, body...)); err != nil {
		return err
	}
	in := bufio.NewReader(c)
	if _, err := io.ReadFull(in, make([]byte, 4)); err != nil {
		return err
	}
	tokens := make(chan struct{}, window)
	acks := make(chan error, 1)
	go func() {
		for range messages {
			if _, err := io.ReadFull(in, make([]byte, 4)); err != nil {
				acks <- err
				return
			}
			<-tokens
		}
		acks <- nil
	}()
	topic := fmt.Sprintf("ioc/rain/R%d", n)
	out := bufio.NewWriter(c)
	for i := range messages {
		select {
		case tokens <- struct{}{}:
		default:
			if err := out.Flush(); err != nil {
				return err
			}
			tokens <- struct{}{}
		}
		payload := fmt.Sprintf(`{"time":"2026-11-23T03:%02d:%02dZ","value":%d.25}`, i/60%60, i%60, i%50)
		out.Write([]byte{0x32, byte(2 + len(topic) + 2 + len(payload)), 0, byte(len(topic))})
		out.WriteString(topic)
		out.Write([]byte{byte((i%60000 + 1) >> 8), byte(i%60000 + 1)})
		out.WriteString(payload)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return <-acks
}

func load(b *testing.B, addr string, window int) {
	each := b.N/benchClients + 1
	b.ResetTimer()
	start := time.Now()
	var wg sync.WaitGroup
	for n := range benchClients {
		wg.Go(func() {
			if err := device(addr, n, each, window); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(each*benchClients)/time.Since(start).Seconds(), "msg/s")
}

// BenchmarkQoS1 is our broker; the sink takes 2 ms, as a group commit does,
// or nothing.
func BenchmarkQoS1(b *testing.B) {
	for _, wait := range []time.Duration{0, 2 * time.Millisecond, 10 * time.Millisecond} {
		for _, window := range []int{1, 20} {
			b.Run(fmt.Sprintf("commit=%v/window=%d", wait, window), func(b *testing.B) {
				broker := start(b, connector.SinkFunc(func(_ context.Context, batch connector.Batch) (connector.Result, error) {
					if wait > 0 {
						time.Sleep(wait)
					}
					return connector.Result{Accepted: len(batch.Readings)}, nil
				}), nil)
				load(b, broker.Addr().String(), window)
			})
		}
	}
}

// everybody may do everything.
type everybody struct{ mochi.HookBase }

func (everybody) Provides(what byte) bool {
	return what == mochi.OnConnectAuthenticate || what == mochi.OnACLCheck
}
func (everybody) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (everybody) OnACLCheck(*mochi.Client, string, bool) bool              { return true }

// BenchmarkQoS1_BareMochi is the engine without us: it acknowledges and
// forgets.
func BenchmarkQoS1_BareMochi(b *testing.B) {
	for _, window := range []int{1, 20} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			s := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
			if err := s.AddHook(new(everybody), nil); err != nil {
				b.Fatal(err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			if err := s.AddListener(listeners.NewNet("t", ln)); err != nil {
				b.Fatal(err)
			}
			if err := s.Serve(); err != nil {
				b.Fatal(err)
			}
			defer func() { go s.Close() }() // it may wait for ever for a client that came and went at once
			load(b, ln.Addr().String(), window)
		})
	}
}
