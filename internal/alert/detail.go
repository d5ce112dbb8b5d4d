package alert

import (
	"context"
	"strconv"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/store"
)

// Entry is one entry of the timeline as people see it.
type Entry struct {
	ID          string            `json:"id"`
	At          time.Time         `json:"at"`
	Actor       EntryActor        `json:"actor"`
	Step        Verb              `json:"step"`
	From        State             `json:"from"`
	To          State             `json:"to"`
	Comment     string            `json:"comment"`
	Attachments []attachment.File `json:"attachments"`
	Data        map[string]any    `json:"data"`
}

// EntryActor is who did it.
type EntryActor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Unit string `json:"unit"`
}

// Detail is everything about one alert.
type Detail struct {
	Alert         Alert      `json:"alert"`
	Timeline      []Entry    `json:"timeline"`
	Evidence      *Evidence  `json:"evidence" doc:"as frozen when it was raised, or last grew"`
	Frozen        []Evidence `json:"evidences" doc:"all that was frozen, newest first"`
	Group         []Alert    `json:"group" doc:"others told together with it, at most 50"`
	Similar       []Alert    `json:"similar" doc:"the same condition before, or the same rule and area; at most 20"`
	Notifications any        `json:"notifications"`
	Allowed       []Verb     `json:"allowed"`
}

// Detail returns one alert.
func (s *Service) Detail(ctx context.Context, actor access.Actor, id string) (Detail, error) {
	d := Detail{Timeline: []Entry{}, Frozen: []Evidence{}, Group: []Alert{}, Similar: []Alert{}, Notifications: []any{}}
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return d, err
	}
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if d.Alert, err = visible(tx, actor, id); err != nil {
			return err
		}
		a := &d.Alert
		if d.Timeline, err = s.timeline(tx, id); err != nil {
			return err
		}
		ev, err := readEvidence(tx, id)
		if err != nil {
			return err
		}
		if d.Frozen = append(d.Frozen, ev...); len(ev) > 0 {
			d.Evidence = &ev[0]
		}
		args := []any{a.Group, id}
		limit := seen(actor, &args)
		group, err := readAlerts(tx, "where a.group_id = $1 and a.id <> $2"+limit+" order by a.open desc, a.severity desc, a.raised_at desc limit 50", args...)
		if err != nil {
			return err
		}
		args = []any{a.fingerprint, id}
		limit = seen(actor, &args)
		similar, err := readAlerts(tx, "where a.fingerprint = $1 and a.id <> $2"+limit+" order by a.raised_at desc limit 20", args...)
		if err != nil {
			return err
		}
		if left := 20 - len(similar); left > 0 && a.Rule != "" {
			args = []any{a.Rule, a.Area, id, a.fingerprint, tx.Now.Add(-30 * 24 * time.Hour)}
			limit = seen(actor, &args)
			more, err := readAlerts(tx, "where a.rule = $1 and a.area = $2 and a.id <> $3 and a.fingerprint <> $4 and a.raised_at > $5"+limit+" order by a.raised_at desc limit 10", args...)
			if err != nil {
				return err
			}
			similar = append(similar, more[:min(left, len(more))]...)
		}
		d.Group, d.Similar = append(d.Group, group...), append(d.Similar, similar...)
		return nil
	})
	if err != nil {
		return d, err
	}
	d.Alert.Viewers = s.presence.viewers(id)
	d.Allowed = Allowed(d.Alert, actor)
	if s.opt.Deliveries != nil {
		if d.Notifications, err = s.opt.Deliveries(ctx, id); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (s *Service) timeline(tx *store.Tx, id string) ([]Entry, error) {
	steps, err := readSteps(tx, id)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(steps))
	for i, st := range steps {
		out[i] = Entry{ID: strconv.Itoa(st.N), At: st.At, Actor: EntryActor{st.Actor.ID, st.Actor.Name, st.Actor.Unit}, Step: st.Verb, From: st.From, To: st.To,
			Comment: st.Comment, Attachments: []attachment.File{}, Data: st.Data}
		if len(st.Attachments) > 0 && s.opt.Files != nil {
			files, err := s.opt.Files(tx, st.Attachments)
			if err != nil {
				return nil, err
			}
			out[i].Attachments = append(out[i].Attachments, files...)
		}
	}
	return out, nil
}

// SeesFile reports whether a file hangs on an alert that the actor may see;
// the attachment engine asks.
func (s *Service) SeesFile(ctx context.Context, actor access.Actor, file string) bool {
	if !actor.Can(access.AlertView, access.Scope{}) {
		return false
	}
	found := false
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		args := []any{file}
		limit := seen(actor, &args)
		_, ok, err := store.One(tx, func(scan store.Scan) (id string, err error) { return id, scan(&id) },
			"select a.id from alert_file f join alert a on a.id = f.alert where f.file = $1"+limit+" limit 1", args...)
		found = ok
		return err
	})
	return err == nil && found
}
