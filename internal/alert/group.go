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
	announced  int // news so far
	told       int // of which people were told
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

const joinGroup = `insert into alert_group (id, key, live, size, opened, announced, told, severity, notified_at, notified_n, notify_due, created_at)
	values ($1, $2, 1, 1, 1, $3, 0, $4, 0, 0, $5, $6)
	on conflict (key) where live = 1 do update set size = alert_group.size + 1, opened = alert_group.opened + 1`

var (
	joinQuietly = joinGroup + " returning id, size"
	joinAloud   = joinGroup + ", " + news("$4", "$5", "$7") + " returning id, size, announced"
	announceIt  = "update alert_group set " + news("$2", "$3", "$4") + " where id = $1 returning announced"
)

// news is how a group takes one more thing to tell: what waits already keeps
// its time unless this may go sooner, and between two messages lies the
// interval.
func news(severity, wait, interval string) string {
	soonest := "(case when g.notified_at > 0 and g.notified_at + " + interval + " > " + wait + " then g.notified_at + " + interval + " else " + wait + " end)"
	return strings.ReplaceAll("announced = g.announced + 1, severity = case when g.announced = g.told or "+severity+" > g.severity then "+severity+" else g.severity end, "+
		"notify_due = case when g.announced > g.told and g.notify_due > 0 and g.notify_due < "+soonest+" then g.notify_due else "+soonest+" end", "g.", "alert_group.")
}

// firstWait is when a group that has not spoken yet tells of a: a warning at
// once.
func firstWait(now time.Time, g Grouping, a *Alert) int64 {
	if a.Severity >= alertevent.Warning {
		return store.Micros(now)
	}
	return store.Micros(now.Add(time.Duration(g.WaitSeconds) * time.Second))
}

// join puts a new alert into its group, which is made when there is none.
func (s *Service) join(tx *store.Tx, cfg *config, a *Alert) error {
	g := cfg.settings.Grouping
	key := groupKey(g.By, a.matchable())
	if a.SuppressedBy != nil || a.Direct {
		return tx.QueryRow(joinQuietly, uid.New(tx.Now), key, 0, int(a.Severity), int64(0), tx.Now).Scan(&a.Group, &a.GroupSize)
	}
	tx.After(s.nudge)
	return tx.QueryRow(joinAloud, uid.New(tx.Now), key, 1, int(a.Severity), firstWait(tx.Now, g, a), tx.Now, int64(g.IntervalSeconds)*1e6).
		Scan(&a.Group, &a.GroupSize, &a.announced)
}

// announce has the group tell of a change of one of its alerts: at once when
// it is grave and the group has not spoken yet, otherwise not more often than
// the interval.
func (s *Service) announce(tx *store.Tx, cfg *config, a *Alert) error {
	g := cfg.settings.Grouping
	tx.After(s.nudge)
	return tx.QueryRow(announceIt, a.Group, int(a.Severity), firstWait(tx.Now, g, a), int64(g.IntervalSeconds)*1e6).Scan(&a.announced)
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
