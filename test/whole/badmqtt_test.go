package whole

import (
	"bufio"
	"context"
	wire "encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"
)

// dial5 connects with MQTT 5; reason is the code of the refusal.
func (y *yard) dial5(t *testing.T, id, user, password string) (c *paho.Client, reason byte) {
	t.Helper()
	conn, err := net.Dial("tcp", y.MQTT)
	if err != nil {
		t.Fatal(err)
	}
	c = paho.NewClient(paho.ClientConfig{Conn: conn})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ack, err := c.Connect(ctx, &paho.Connect{ClientID: id, KeepAlive: 30, CleanStart: true, UsernameFlag: true, PasswordFlag: true, Username: user, Password: []byte(password)})
	if err != nil {
		conn.Close()
		if ack == nil {
			t.Fatalf("%s: %v", id, err)
		}
		return nil, ack.ReasonCode
	}
	t.Cleanup(func() { _ = c.Disconnect(&paho.Disconnect{}) })
	return c, 0
}

// publish5 returns the reason of the acknowledgement.
func publish5(t *testing.T, c *paho.Client, topic, payload string) (code byte, reason string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ack, err := c.Publish(ctx, &paho.Publish{QoS: 1, Topic: topic, Payload: []byte(payload)})
	if ack == nil {
		t.Fatalf("publish to %s: %v", topic, err)
	}
	if ack.Properties != nil {
		reason = ack.Properties.ReasonString
	}
	return ack.ReasonCode, reason
}

func (y *yard) dial3(t *testing.T, id, user, password string) (paho3.Client, error) {
	t.Helper()
	c := paho3.NewClient(paho3.NewClientOptions().AddBroker("tcp://" + y.MQTT).SetClientID(id).SetUsername(user).SetPassword(password).
		SetAutoReconnect(false).SetConnectRetry(false).SetProtocolVersion(4).SetConnectTimeout(10 * time.Second))
	token := c.Connect()
	if !token.WaitTimeout(10 * time.Second) {
		t.Fatalf("%s: no answer to CONNECT", id)
	}
	if token.Error() == nil {
		t.Cleanup(func() { c.Disconnect(0) })
	}
	return c, token.Error()
}

func publish3(t *testing.T, c paho3.Client, topic, payload string) {
	t.Helper()
	token := c.Publish(topic, 1, false, payload)
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("publish to %s: %v", topic, token.Error())
	}
}

// TestBadInput_MQTT is what devices, and those who want to be one, do to the
// broker.
func TestBadInput_MQTT(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	passwords := map[string]string{}
	for _, source := range []string{"meter", "other"} {
		if a := y.ask(t, "POST", "/api/v1/sources", y.Token, fmt.Sprintf(`{"id":%q,"name":%q,"kind":"mqtt","provenance":"real"}`, source, source)); a.Status != 201 {
			t.Fatal(a.Body)
		}
		if err := y.CreateDatastream(source, source+"-0", "h", 0, time.Minute); err != nil {
			t.Fatal(err)
		}
		var d struct{ Password string }
		if err := y.Do("POST", "/api/v1/sources/"+source+"/devices", map[string]string{"username": source + "-dev"}, &d); err != nil {
			t.Fatal(err)
		}
		passwords[source] = d.Password
	}
	refusedTopics := func() float64 {
		n, err := y.Metric("ioc_mqtt_messages_total", `result="topic_refused"`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}

	t.Run("wrong password", func(t *testing.T) {
		for i, c := range []struct{ user, password string }{
			{"meter-dev", "wrong"}, {"meter-dev", ""}, {"nobody", passwords["meter"]}, {"", ""},
			{"meter-dev", passwords["other"]}, {"meter-dev' or '1'='1", "x"}, {"admin", "Harness-pass-42"},
		} {
			if i%2 == 1 { // each refusal takes the broker half a second
				if _, reason := y.dial5(t, "x", c.user, c.password); reason < 0x80 {
					t.Errorf("5 as %q: reason %#x", c.user, reason)
				}
				continue
			}
			if _, err := y.dial3(t, "x", c.user, c.password); err == nil || !strings.Contains(strings.ToLower(err.Error()), "user name or password") && !strings.Contains(strings.ToLower(err.Error()), "not authorized") {
				t.Errorf("3.1.1 as %q: %v", c.user, err)
			}
		}
		y.goesOn(t)
	})

	three, err := y.dial3(t, "three", "meter-dev", passwords["meter"])
	if err != nil {
		t.Fatal(err)
	}
	five, reason := y.dial5(t, "five", "meter-dev", passwords["meter"])
	if five == nil {
		t.Fatalf("refused: %#x", reason)
	}

	t.Run("bare number", func(t *testing.T) {
		publish3(t, three, "ioc/meter/h", "1.25")
		y.stored(t, "meter", 1, 0)
		for _, v := range []string{"1,5", " 1.5\n", "-0.02", "\ufeff1.75"} {
			time.Sleep(2 * time.Millisecond) // a bare number's time is when it came, in ms
			if code, why := publish5(t, five, "ioc/meter/h", v); code != 0 {
				t.Errorf("%q: %#x %s", v, code, why)
			}
		}
		y.stored(t, "meter", 5, 0)
	})

	t.Run("bad payload", func(t *testing.T) {
		for _, c := range []struct{ payload, code, says string }{
			{"high", "decode.number", "high"},
			{"", "decode.empty", "empty"},
			{"NaN", "decode.number", "NaN"},
			{`{"value":`, "decode.json", "line 1, column"},
			{`{"value":{}}`, "mapping.value", ""},
			{`{"time":"yesterday","value":1}`, "mapping.time", "yesterday"},
			{`{"time":"1970-01-01T00:00:00Z","value":1}`, "ingest.time_unset", "1970"},
			{`{"value":1,"unit":"kg"}`, "ingest.unit_unknown", "kg"},
			{strings.Repeat("[", 100_000), "decode.too_deep", "64"},
			{"\x00\x01\x02\xff", "decode.number", ""},
		} {
			code, why := publish5(t, five, "ioc/meter/h", c.payload)
			if code != 0x99 || !strings.Contains(why, c.code) {
				t.Errorf("%q: told %#x %s", clip(c.payload), code, why)
			}
			publish3(t, three, "ioc/meter/h", c.payload) // told nothing, but acknowledged: it would come for ever
			y.letter(t, "meter", c.code, c.says)
		}
		if code, _ := publish5(t, five, "ioc/meter/nobody", "1"); code != 0x99 {
			t.Errorf("unknown datastream: %#x", code)
		}
		y.letter(t, "meter", "ingest.datastream_unknown", "nobody")
		for _, payload := range []string{"7", `{"result":"high"}`, `{"result":`} {
			if code, why := publish5(t, five, "v1.1/Datastreams('meter-0')/Observations", payload); code != 0x99 || why == "" {
				t.Errorf("SensorThings %s: %#x %s", payload, code, why)
			}
		}
		y.goesOn(t)
		y.balanced(t)
	})

	t.Run("topics outside the list", func(t *testing.T) {
		before, counts := refusedTopics(), y.balanced(t)
		topics := []string{"ioc/other/h", "ioc/good/good-0", "elsewhere", "v1.1/Datastreams('other-0')/Observations",
			"v1.1/Datastreams('nobody')/Observations", "v1.1/Observations", "ioc", "ioc//h", "ioc/meter2/h", "/ioc/meter/h", "IOC/meter/h"}
		for _, topic := range topics {
			c, err := y.dial3(t, "astray", "meter-dev", passwords["meter"])
			if err != nil {
				t.Fatal(err)
			}
			// 3.1.1 has no word for it: the connection ends.
			if token := c.Publish(topic, 1, false, "7"); !token.WaitTimeout(10*time.Second) || token.Error() == nil {
				t.Errorf("%s: acknowledged", topic)
			}
			if code, _ := publish5(t, five, topic, "7"); code != 0x87 {
				t.Errorf("%s: reason %#x", topic, code)
			}
		}
		if n := refusedTopics() - before; n < float64(2*len(topics)) {
			t.Errorf("%v refusals counted of %d", n, 2*len(topics))
		}
		after := y.balanced(t)
		for _, s := range []string{"meter", "other", "good", "direct"} {
			if after[s] != counts[s] {
				t.Errorf("%s: %+v, before %+v", s, after[s], counts[s])
			}
		}
		for _, filter := range []string{"#", "ioc/#", "ioc/+/h", "ioc/other/h", "$SYS/#", "$share/x/#", "+/+/+"} {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			ack, err := five.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: 1}}})
			cancel()
			if ack == nil || len(ack.Reasons) != 1 || ack.Reasons[0] < 0x80 {
				t.Errorf("subscribed to %s: %+v %v", filter, ack, err)
			}
		}
	})

	t.Run("oversized", func(t *testing.T) {
		letters := len(y.letters(t, "meter"))
		for _, size := range []int{300 << 10, 200 << 20} {
			conn := y.rawMQTT(t, "big", "meter-dev", passwords["meter"])
			topic := "ioc/meter/h"
			head := wire.AppendUvarint([]byte{0x30}, uint64(2+len(topic)+size))
			head = append(append(head, 0, byte(len(topic))), topic...)
			if _, err := conn.Write(head); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.CopyN(conn, zeroes{}, int64(size)) }() // ends when the broker closes
			closed(t, conn, 10*time.Second)
		}
		if n := len(y.letters(t, "meter")); n != letters {
			t.Errorf("%d dead letters, %d before", n, letters)
		}
		publish3(t, three, "ioc/meter/h", "1.5") // the others go on
		y.goesOn(t)
	})

	t.Run("broken packets", func(t *testing.T) {
		for _, packet := range []string{
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\x10\xff\xff\xff\xff\x7f", "\x10\x02\x00\x04", "\xf0\x00", "\x00\x00",
			"\x10\x0c\x00\x04MQTT\x09\x02\x00\x3c\x00\x00", "\x30\x05\x00\x03abc", "\x82\x05\x00\x01\x00\x00\x00", strings.Repeat("\xff", 1000),
		} {
			conn, err := net.Dial("tcp", y.MQTT)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte(packet)); err != nil {
				t.Fatal(err)
			}
			closed(t, conn, 12*time.Second)
		}
		for _, packet := range []string{"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", "\x31\x05\x00\x03#", "\x36\x04\x00\x02ab", "\x3e\x05\x00\x03abc", "\x82\x02\x00\x00", "\x40\x00", "\xf0\x00", "\x30\x03\x00\x02\xff\xfe"} {
			conn := y.rawMQTT(t, "odd", "meter-dev", passwords["meter"])
			if _, err := conn.Write([]byte(packet + "\xff\xff\xff\xff\xff")); err != nil {
				t.Fatal(err)
			}
			closed(t, conn, 10*time.Second)
		}
		publish3(t, three, "ioc/meter/h", "1.25")
		y.goesOn(t)
	})

	t.Run("another's client id", func(t *testing.T) {
		if _, reason := y.dial5(t, "five", "other-dev", passwords["other"]); reason < 0x80 {
			t.Errorf("the session of another source was taken over")
		}
		if code, why := publish5(t, five, "ioc/meter/h", "1.5"); code != 0 {
			t.Errorf("the first one is disturbed: %#x %s", code, why)
		}
	})

	t.Run("credentials taken away", func(t *testing.T) {
		if a := y.ask(t, "DELETE", "/api/v1/sources/meter/devices/meter-dev", y.Token, ""); a.Status != 204 {
			t.Fatal(a.Body)
		}
		until(t, "the device is cut off", func() bool { return !three.IsConnected() })
	})

	y.balanced(t)
	if err := y.Stop(); err != nil {
		t.Error(err)
	}
	for _, word := range []string{"panic", passwords["meter"], passwords["other"]} {
		if strings.Contains(y.Log.String(), word) {
			t.Errorf("the log holds %q", word)
		}
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// rawMQTT is a connection that has signed in with 3.1.1.
func (y *yard) rawMQTT(t *testing.T, id, user, password string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", y.MQTT)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	body := []byte("\x00\x04MQTT\x04\xc2\x00\x3c")
	for _, s := range []string{id, user, password} {
		body = append(wire.BigEndian.AppendUint16(body, uint16(len(s))), s...)
	}
	if _, err := conn.Write(append(wire.AppendUvarint([]byte{0x10}, uint64(len(body))), body...)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	ack := make([]byte, 4)
	if _, err := io.ReadFull(conn, ack); err != nil || ack[0] != 0x20 || ack[3] != 0 {
		t.Fatalf("CONNECT: % x %v", ack, err)
	}
	return conn
}

// closed holds when the other side closes within the time.
func closed(t *testing.T, conn net.Conn, within time.Duration) {
	t.Helper()
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(within))
	_, err := io.Copy(io.Discard, bufio.NewReader(conn))
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Errorf("still open after %s", within)
	}
}
