package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/httpapi"
)

// heartbeat keeps proxies from closing a quiet stream.
const heartbeat = 15 * time.Second

// writeTimeout bounds one write to a browser that no longer reads.
const writeTimeout = 10 * time.Second

type envelope struct {
	Topic string          `json:"topic"`
	Seq   uint64          `json:"seq"`
	Data  json.RawMessage `json:"data"`
}

// ServeHTTP is GET /live?topics=a,b: server-sent events named snapshot and
// delta, each with {topic, seq, data}; Last-Event-ID (or ?last_id=) resumes.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	names := slices.DeleteFunc(strings.Split(r.URL.Query().Get("topics"), ","), func(s string) bool { return s == "" })
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("last_id")
	}
	rd, missed, fresh, at, err := h.join(httpapi.Actor(r.Context()), names, last)
	if err != nil {
		httpapi.Problem(w, r, err)
		return
	}
	defer h.leave(rd)
	snapshots := make([]message, 0, len(fresh))
	for _, n := range names {
		if t := fresh[n]; t.snapshot != nil {
			v, err := t.snapshot(r.Context())
			if err == nil {
				var data []byte
				if data, err = json.Marshal(v); err == nil {
					snapshots = append(snapshots, message{seq: at, topic: n, event: "snapshot", data: data})
				}
			}
			if err != nil {
				httpapi.Problem(w, r, fmt.Errorf("snapshot %s: %w", n, err))
				return
			}
		}
	}
	hd := w.Header()
	hd.Set("Content-Type", "text/event-stream; charset=utf-8")
	hd.Set("Cache-Control", "no-store")
	hd.Set("X-Accel-Buffering", "no")
	rc := http.NewResponseController(w)
	send := func(m message) error {
		body, err := json.Marshal(envelope{Topic: m.topic, Seq: m.seq, Data: m.data})
		if err != nil {
			return err
		}
		_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err = fmt.Fprintf(w, "id: %s-%d\nevent: %s\ndata: %s\n\n", h.epoch, m.seq, m.event, body)
		return err
	}
	_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := fmt.Fprintf(w, "retry: 2000\nid: %s-%d\n\n", h.epoch, at); err != nil {
		return
	}
	for _, m := range append(snapshots, missed...) {
		if send(m) != nil {
			return
		}
	}
	if rc.Flush() != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case m, ok := <-rd.ch:
			if !ok || send(m) != nil {
				return
			}
			for more := true; more; { // one flush for what is waiting
				select {
				case m, ok := <-rd.ch:
					if !ok || send(m) != nil {
						return
					}
				default:
					more = false
				}
			}
		case <-beat.C:
			_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := fmt.Fprint(w, ": beat\n\n"); err != nil {
				return
			}
		}
		if rc.Flush() != nil {
			return
		}
	}
}
