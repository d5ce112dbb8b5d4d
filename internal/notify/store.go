package notify

import (
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// insertMessage reports whether the key is new.
func insertMessage(tx *store.Tx, id string, m Message, data string) (fresh bool, err error) {
	n, err := tx.Exec(`insert into notify_message (id, key, topic, severity, service, unit, title_vi, title_en, text_vi, text_en, link, alert, incident, task, data, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict (key) do nothing`,
		id, m.Key, m.Topic, int(m.Severity), m.Service, m.Unit, m.Title.Vi, m.Title.En, m.Text.Vi, m.Text.En, m.Link, m.Alert, m.Incident, m.Task, data, tx.Now)
	return n > 0, err
}

func insertInbox(tx *store.Tx, message, user string) error {
	_, err := tx.Exec("insert into notify_inbox (id, user_id, message, at) values ($1, $2, $3, $4)", uid.New(tx.Now), user, message, tx.Now)
	return err
}
