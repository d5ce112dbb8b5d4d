package alert

import (
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// group is what is told together.
type group struct {
	id         string
	size       int
	pending    int
	severity   alertevent.Severity
	notifiedAt time.Time
	notifiedN  int
	due        time.Time
}

// groupKey is the values of the labels that make a group.
func groupKey(by []string, labels map[string]string) string {
	var b strings.Builder
	for _, l := range by {
		b.WriteString(l)
		b.WriteByte('=')
		b.WriteString(labels[l])
		b.WriteByte('\n')
	}
	return b.String()
}

// join puts a new alert into its group, which is made when there is none.
func (s *Service) join(tx *store.Tx, cfg *config, a *Alert) error {
	first := tx.Now.Add(time.Duration(cfg.settings.Grouping.WaitSeconds) * time.Second)
	if a.Severity >= alertevent.Warning {
		first = tx.Now
	}
	pending := 1
	if a.SuppressedBy != nil {
		pending, first = 0, time.Time{}
	}
	key := groupKey(cfg.settings.Grouping.By, a.matchable())
	err := tx.QueryRow(`insert into alert_group (id, key, live, size, opened, pending, severity, notified_at, notified_n, notify_due, created_at)
		values ($1, $2, 1, 1, 1, $3, $4, 0, 0, $5, $6)
		on conflict (key) where live = 1 do update set size = alert_group.size + 1, opened = alert_group.opened + 1,
			severity = case when excluded.severity > alert_group.severity then excluded.severity else alert_group.severity end
		returning id, size`,
		uid.New(tx.Now), key, pending, int(a.Severity), first, tx.Now).Scan(&a.Group, &a.GroupSize)
	if err != nil || pending == 0 {
		return err
	}
	if a.GroupSize > 1 {
		return s.announce(tx, cfg, a)
	}
	tx.After(s.nudge)
	return nil
}

// announce has the group tell of a change of one of its alerts: at once when
// it is grave and the group has not spoken yet, otherwise not more often than
// the interval.
func (s *Service) announce(tx *store.Tx, cfg *config, a *Alert) error {
	g := cfg.settings.Grouping
	wait := tx.Now.Add(time.Duration(g.WaitSeconds) * time.Second)
	if a.Severity >= alertevent.Warning {
		wait = tx.Now
	}
	// What waits already keeps its time, unless this may go sooner.
	_, err := tx.Mark(`update alert_group set pending = pending + 1,
		severity = case when $2 > severity then $2 else severity end,
		notify_due = case
			when pending > 0 and notify_due > 0 and notify_due < (case when notified_at > 0 and notified_at + $4 > $3 then notified_at + $4 else $3 end)
				then notify_due
			else (case when notified_at > 0 and notified_at + $4 > $3 then notified_at + $4 else $3 end) end
		where id = $1`, a.Group, int(a.Severity), store.Micros(wait), int64(g.IntervalSeconds)*1e6)
	if err != nil {
		return err
	}
	tx.After(s.nudge)
	return nil
}

// opened keeps the count of open members; a group that has none takes no new
// ones.
func (s *Service) opened(tx *store.Tx, before, after *Alert) error {
	if after.open() {
		_, err := tx.Mark("update alert_group set opened = opened + 1 where id = $1", after.Group)
		return err
	}
	if _, err := tx.Mark(`update alert_group set opened = opened - 1, live = case when opened > 1 then live else 0 end where id = $1`, after.Group); err != nil {
		return err
	}
	return s.leaveInhibitions(tx, after)
}
