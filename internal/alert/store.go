package alert

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// document is the alert as the row keeps it: what lists hand out, without the
// size of the group, which belongs to the group.
func (a *Alert) document() (string, error) {
	kept := *a
	kept.GroupSize, kept.Viewers = 0, nil
	if kept.Labels == nil {
		kept.Labels = map[string]string{}
	}
	if kept.Times.Late == nil {
		kept.Times.Late = []string{}
	}
	raw, err := json.Marshal(kept)
	return string(raw), err
}

// withSize puts the size of the group into a stored document.
func withSize(doc string, size int) []byte {
	b := make([]byte, 0, len(doc)+24)
	b = append(b, doc[:len(doc)-1]...)
	b = append(b, `,"group_size":`...)
	b = strconv.AppendInt(b, int64(size), 10)
	return append(b, '}')
}

// compactRow puts the size of its group into the row of a list; that an alert
// is alone in its group goes without saying.
func compactRow(row []byte, size int) []byte {
	if size <= 1 {
		return row
	}
	b := append(make([]byte, 0, len(row)+24), row...)
	return append(strconv.AppendInt(append(b[:len(b)-1], `,"group_size":`...), int64(size), 10), '}')
}

func (a *Alert) foldText() string {
	return vi.Fold(strings.Join([]string{a.Number, a.Title.Vi, a.Title.En, a.Text.Vi, a.Place, a.AreaName, a.UnitName, a.RuleName.Vi, a.Thing}, " "))
}

func ptrMicros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return store.Micros(*t)
}

func suppressed(a *Alert) (kind, id string) {
	if a.SuppressedBy == nil {
		return "", ""
	}
	return a.SuppressedBy.Kind, a.SuppressedBy.ID
}

func insertAlert(tx *store.Tx, a *Alert) error {
	doc, err := a.document()
	if err != nil {
		return fmt.Errorf("marshal alert: %w", err)
	}
	kind, by := suppressed(a)
	_, err = tx.Exec(`insert into alert (id, number, fingerprint, version, state, open, active, severity, service, kind, rule, area, unit, thing,
		incident, group_id, suppressed, suppressor, verdict, late, since, raised_at, acknowledged, closed_at, due_at, announced,
		touched, touched_by, touched_step, touched_at, fold, doc, direct)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)`,
		a.ID, a.Number, a.fingerprint, a.Version, string(a.State), a.open(), a.Active, int(a.Severity), a.Service, a.Kind, a.Rule, a.Area, a.Unit, a.Thing,
		a.Incident, a.Group, kind, by, a.Verdict, len(a.Times.Late) > 0, a.Since, a.RaisedAt, ptrMicros(a.Times.AcknowledgedAt), ptrMicros(a.ClosedAt),
		a.due(), a.announced, a.touched.version, a.touched.by, string(a.touched.step), a.touched.at, a.foldText(), doc, a.Direct)
	return err
}

func updateAlert(tx *store.Tx, a *Alert) error {
	doc, err := a.document()
	if err != nil {
		return fmt.Errorf("marshal alert: %w", err)
	}
	kind, by := suppressed(a)
	_, err = tx.Exec(`update alert set version = $2, state = $3, open = $4, active = $5, severity = $6, area = $7, unit = $8, incident = $9,
		suppressed = $10, suppressor = $11, verdict = $12, late = $13, acknowledged = $14, closed_at = $15, due_at = $16, announced = $17,
		touched = $18, touched_by = $19, touched_step = $20, touched_at = $21, fold = $22, doc = $23, direct = $24 where id = $1`,
		a.ID, a.Version, string(a.State), a.open(), a.Active, int(a.Severity), a.Area, a.Unit, a.Incident,
		kind, by, a.Verdict, len(a.Times.Late) > 0, ptrMicros(a.Times.AcknowledgedAt), ptrMicros(a.ClosedAt), a.due(), a.announced,
		a.touched.version, a.touched.by, string(a.touched.step), a.touched.at, a.foldText(), doc, a.Direct)
	return err
}

// selectAlert reads an alert for working on it, and the size of its group.
const selectAlert = `select a.doc, a.fingerprint, a.announced, a.touched, a.touched_by, a.touched_step, a.touched_at, coalesce(g.size, 1)
	from alert a left join alert_group g on g.id = a.group_id `

func scanAlert(scan store.Scan) (a Alert, err error) {
	var doc, step string
	var touched int64
	if err := scan(&doc, &a.fingerprint, &a.announced, &a.touched.version, &a.touched.by, &step, &touched, &a.GroupSize); err != nil {
		return a, err
	}
	size := a.GroupSize
	if err := json.Unmarshal([]byte(doc), &a); err != nil {
		return a, fmt.Errorf("alert document: %w", err)
	}
	a.GroupSize = size
	a.touched.step, a.touched.at = Verb(step), store.FromMicros(touched)
	return a, nil
}

func readAlert(tx *store.Tx, id string) (Alert, bool, error) {
	return store.One(tx, scanAlert, selectAlert+"where a.id = $1", id)
}

func readAlerts(tx *store.Tx, where string, args ...any) ([]Alert, error) {
	return store.All(tx, scanAlert, selectAlert+where, args...)
}

func insertStep(tx *store.Tx, id string, s *Step) error {
	files, data := "[]", "{}"
	if len(s.Attachments) > 0 {
		raw, err := json.Marshal(s.Attachments)
		if err != nil {
			return err
		}
		files = string(raw)
	}
	if len(s.Data) > 0 {
		raw, err := json.Marshal(s.Data)
		if err != nil {
			return err
		}
		data = string(raw)
	}
	_, err := tx.Exec(`insert into alert_step (alert, n, at, actor, actor_name, actor_unit, step, from_state, to_state, comment, attachments, data)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id, s.N, s.At, s.Actor.ID, s.Actor.Name, s.Actor.Unit, string(s.Verb), string(s.From), string(s.To), s.Comment, files, data)
	if err != nil {
		return err
	}
	for _, f := range s.Attachments {
		if _, err := tx.Exec("insert into alert_file (file, alert) values ($1, $2) on conflict do nothing", f, id); err != nil {
			return err
		}
	}
	return nil
}

func readSteps(tx *store.Tx, id string) ([]Step, error) {
	return store.All(tx, func(scan store.Scan) (s Step, err error) {
		var at int64
		var verb, from, to, files, data string
		if err := scan(&s.N, &at, &s.Actor.ID, &s.Actor.Name, &s.Actor.Unit, &verb, &from, &to, &s.Comment, &files, &data); err != nil {
			return s, err
		}
		s.At, s.Verb, s.From, s.To = store.FromMicros(at), Verb(verb), State(from), State(to)
		if err := json.Unmarshal([]byte(files), &s.Attachments); err != nil {
			return s, err
		}
		return s, json.Unmarshal([]byte(data), &s.Data)
	}, "select n, at, actor, actor_name, actor_unit, step, from_state, to_state, comment, attachments, data from alert_step where alert = $1 order by n", id)
}

// nextNumber is the number of a new alert: a count for each year.
func nextNumber(tx *store.Tx) (string, error) {
	year := tx.Now.In(caltime.Zone).Year()
	var n int64
	if err := tx.QueryRow(`insert into alert_counter (year, n) values ($1, 1)
		on conflict (year) do update set n = alert_counter.n + 1 returning n`, year).Scan(&n); err != nil {
		return "", err
	}
	return fmt.Sprintf("CB-%d-%06d", year, n), nil
}

// condition is what is remembered of a fingerprint.
type condition struct {
	alert       string
	lastAt      time.Time
	active      bool
	severity    alertevent.Severity
	activations []int64 // µs
	held        int
	flapDue     time.Time
}

func readCondition(tx *store.Tx, fingerprint string) (condition, bool, error) {
	return store.One(tx, func(scan store.Scan) (c condition, err error) {
		var last, active, due int64
		var times string
		if err := scan(&c.alert, &last, &active, &c.severity, &times, &c.held, &due); err != nil {
			return c, err
		}
		c.lastAt, c.active, c.flapDue = store.FromMicros(last), active != 0, store.FromMicros(due)
		return c, json.Unmarshal([]byte(times), &c.activations)
	}, "select alert, last_at, active, severity, activations, held, flap_due from alert_condition where fingerprint = $1", fingerprint)
}

func putCondition(tx *store.Tx, fingerprint string, c *condition) error {
	times := "[]"
	if len(c.activations) > 0 {
		raw, err := json.Marshal(c.activations)
		if err != nil {
			return err
		}
		times = string(raw)
	}
	_, err := tx.Mark(`insert into alert_condition (fingerprint, alert, last_at, active, severity, activations, held, flap_due)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (fingerprint) do update set alert = excluded.alert, last_at = excluded.last_at,
		active = excluded.active, severity = excluded.severity, activations = excluded.activations, held = excluded.held, flap_due = excluded.flap_due`,
		fingerprint, c.alert, c.lastAt, c.active, int(c.severity), times, c.held, c.flapDue)
	return err
}
