package notify

import (
	"encoding/json"
	"fmt"

	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// Enqueue makes the deliveries of a message inside the caller's transaction.
// A message whose key was seen before does nothing.
func (s *Service) Enqueue(tx *store.Tx, m Message) error {
	id := uid.New(tx.Now)
	data, err := json.Marshal(m.Data)
	if err != nil {
		return fmt.Errorf("notify: data of %s: %w", m.Key, err)
	}
	if m.Key == "" {
		m.Key = id
	}
	fresh, err := insertMessage(tx, id, m, string(data))
	if err != nil || !fresh {
		return err
	}
	seen := map[string]bool{}
	for _, r := range m.To {
		if r.User == "" || seen[r.User] {
			continue
		}
		seen[r.User] = true
		if err := insertInbox(tx, id, r.User); err != nil {
			return err
		}
	}
	tx.Emit(store.Event{Subject: "ioc.notify.queued." + id, Entity: "notification", EntityID: id,
		After:   map[string]any{"id": id, "key": m.Key, "topic": m.Topic, "severity": m.Severity, "alert": m.Alert, "incident": m.Incident, "task": m.Task, "people": len(m.To)},
		Summary: "Thông báo: " + m.Title.Vi})
	tx.After(func() {
		s.Wake()
		for u := range seen {
			_ = s.publish("inbox", map[string]string{"user": u})
		}
	})
	return nil
}
