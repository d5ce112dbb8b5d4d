package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

const (
	mostParts = 6 // messages into which one digest is split at most; more become one for the whole city
	mostNamed = 3 // alerts named in a message
	// gather is how long the first groups beyond the ceiling wait for others.
	gather = 5 * time.Second
)

// due is one group whose time has come, with what it has to tell.
type due struct {
	group
	lead   Alert // the gravest of what is new
	also   []Alert
	n      int // how many are new
	repeat bool
}

// sweepGroups tells of the groups that are due: one by one up to the ceiling
// of a minute, and the rest together.
func (s *Service) sweepGroups(tx *store.Tx) (more bool, err error) {
	cfg, err := s.current(tx)
	if err != nil {
		return false, err
	}
	g := cfg.settings.Grouping
	rows, err := store.All(tx, func(scan store.Scan) (d due, err error) {
		var notified, at int64
		err = scan(&d.id, &d.size, &d.announced, &d.told, &d.severity, &notified, &d.notifiedN, &at)
		d.notifiedAt, d.due = store.FromMicros(notified), store.FromMicros(at)
		return d, err
	}, `select id, size, announced, told, severity, notified_at, notified_n, notify_due from alert_group
		where notify_due > 0 and notify_due <= $1 order by severity desc, notify_due, id`, tx.Now)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	var single, digest int
	var lastDigest int64
	if err := tx.QueryRow(`select coalesce(sum(case when kind = 'group' then 1 else 0 end), 0), coalesce(sum(case when kind = 'digest' then 1 else 0 end), 0),
		coalesce(max(case when kind = 'digest' then at else 0 end), 0) from alert_told where at > $1`,
		tx.Now.Add(-max(time.Minute, g.digestEvery()))).Scan(&single, &digest, &lastDigest); err != nil {
		return false, err
	}
	room := max(0, g.perMinute()-single)
	var rest []due
	for _, d := range rows {
		tell, err := s.fill(tx, &d)
		if err != nil {
			return false, err
		}
		switch {
		case !tell:
			err = s.told(tx, g, &d, false)
		case room > 0:
			room--
			err = s.tellGroup(tx, g, &d)
		default:
			rest = append(rest, d)
		}
		if err != nil {
			return false, err
		}
	}
	if len(rest) == 0 {
		return false, nil
	}
	oldest := slices.MinFunc(rest, func(a, b due) int { return a.due.Compare(b.due) })
	at, every := oldest.due.Add(gather), g.digestEvery()
	if rest[0].lead.Severity == alertevent.Emergency { // rows come by severity
		every /= 2
	}
	if last := store.FromMicros(lastDigest); digest > 0 && last.Add(every).After(at) {
		at = last.Add(every)
	}
	if tx.Now.Before(at) {
		// All that wait get the instant of the digest, so that Run sleeps.
		for _, d := range rest {
			if _, err := tx.Mark("update alert_group set notify_due = $2 where id = $1", d.id, at); err != nil {
				return false, err
			}
		}
		return false, nil
	}
	return false, s.tellDigest(tx, g, rest)
}

// fill finds what a group has to tell; false when everybody knows.
func (s *Service) fill(tx *store.Tx, d *due) (bool, error) {
	where := "where a.group_id = $1 and a.open = 1 and a.suppressed in ('', 'flap')"
	args := []any{d.id}
	if d.repeat = d.announced == d.told; d.repeat {
		where += " and a.state = 'new' and a.suppressed = ''"
	} else {
		where += " and a.announced > $2"
		args = append(args, d.told)
	}
	if err := tx.QueryRow("select count(*) from alert a "+where, args...).Scan(&d.n); err != nil || d.n == 0 {
		return false, err
	}
	list, err := readAlerts(tx, where+" order by a.severity desc, a.number limit 3", args...)
	if err != nil || len(list) == 0 {
		return false, err
	}
	d.lead, d.also = list[0], list[1:]
	return true, nil
}

// told sets a group's timer to its next repeat.
func (s *Service) told(tx *store.Tx, g Grouping, d *due, said bool) error {
	var next time.Time
	if said && g.RepeatSeconds > 0 {
		next = tx.Now.Add(time.Duration(g.RepeatSeconds) * time.Second)
	}
	n, at := d.notifiedN, d.notifiedAt
	if said {
		n, at = n+1, tx.Now
	}
	_, err := tx.Mark("update alert_group set told = announced, notified_at = $2, notified_n = $3, notify_due = $4 where id = $1", d.id, at, n, next)
	return err
}

func (s *Service) tellGroup(tx *store.Tx, g Grouping, d *due) error {
	if err := s.told(tx, g, d, true); err != nil {
		return err
	}
	key := fmt.Sprintf("alert:group:%s:%d", d.id, d.notifiedN+1)
	a := d.lead
	title := sentence("{severity}: {title}", "{severity}: {title}", "severity", a.Severity.Title(), "title", a.Title)
	switch {
	case d.repeat:
		title = sentence("Chưa tiếp nhận – {title}", "Not acknowledged – {title}", "title", title)
	case a.Flapping:
		title = sentence("Chập chờn – {title}", "Flapping – {title}", "title", title)
	}
	if d.n > 1 {
		title = sentence("{title} và {n} cảnh báo khác", "{title} and {n} more alerts", "title", title, "n", d.n-1)
	}
	text := describe(&a)
	for i := range d.also {
		text = both(text, d.also[i].Title)
	}
	m := notify.Message{Key: key, Topic: notify.TopicAlert, Severity: a.Severity, Service: a.Service, Unit: a.Unit, Title: title, Text: text,
		Link: "/alerts/" + a.ID, Alert: a.ID, Incident: a.Incident, Data: a.fact()}
	return s.send(tx, m, "group", duty.Query{Service: a.Service, Area: a.Area, Severity: a.Severity, Level: duty.LevelShift})
}

// tellDigest says in a few messages what would have been many: one for each
// area while these are few, else one for the city.
func (s *Service) tellDigest(tx *store.Tx, g Grouping, rest []due) error {
	parts := map[string][]due{}
	for _, d := range rest {
		parts[d.lead.Area] = append(parts[d.lead.Area], d)
	}
	if len(parts) > mostParts {
		parts = map[string][]due{"": rest}
	}
	areas := make([]string, 0, len(parts))
	for area := range parts {
		areas = append(areas, area)
	}
	slices.Sort(areas)
	for _, area := range areas {
		part := parts[area]
		n := 0
		var by [alertevent.Emergency + 1]int
		for i := range part {
			n += part[i].n
			by[part[i].severity] += part[i].n
			if err := s.told(tx, g, &part[i], true); err != nil {
				return err
			}
		}
		a := part[0].lead // the gravest: rows come by severity
		title := sentence("{severity}: {title}", "{severity}: {title}", "severity", a.Severity.Title(), "title", a.Title)
		if n > 1 {
			title = sentence("{title} … và {n} cảnh báo khác", "{title} … and {n} more alerts", "title", title, "n", n-1)
		}
		var text msg.Text
		for sev := alertevent.Emergency; sev >= alertevent.Info; sev-- {
			if by[sev] > 0 {
				text = both(text, sentence("{severity}: {n}", "{severity}: {n}", "severity", sev.Title(), "n", by[sev]))
			}
		}
		for i := range part[:min(len(part), mostNamed)] {
			text = both(text, part[i].lead.Title)
		}
		m := notify.Message{Key: fmt.Sprintf("alert:digest:%s:%d", part[0].id, part[0].notifiedN+1), Topic: notify.TopicDigest, Severity: a.Severity,
			Service: a.Service, Title: title, Text: text, Link: "/alerts", Data: map[string]any{"alerts": n, "groups": len(part), "area": area, "by_severity": by[1:]}}
		if len(part) == 1 && n == 1 {
			m.Alert, m.Link = a.ID, "/alerts/"+a.ID
		}
		if err := s.send(tx, m, "digest", duty.Query{Service: a.Service, Area: area, Severity: a.Severity, Level: duty.LevelShift}); err != nil {
			return err
		}
	}
	return nil
}

// send finds the people and hands the message over; kind counts it for the
// ceiling of a storm.
func (s *Service) send(tx *store.Tx, m notify.Message, kind string, q duty.Query) error {
	if kind != "" {
		if _, err := tx.Mark("insert into alert_told (key, kind, at) values ($1, $2, $3) on conflict do nothing", m.Key, kind, tx.Now); err != nil {
			return err
		}
		if _, err := tx.Mark("delete from alert_told where at < $1", tx.Now.Add(-2*time.Hour)); err != nil {
			return err
		}
	}
	if s.opt.Notify == nil {
		return nil
	}
	if s.opt.Recipients != nil {
		to, err := s.opt.Recipients(tx, q)
		if err != nil {
			return fmt.Errorf("who hears of %s: %w", m.Key, err)
		}
		m.To = to.To
		if m.Unit == "" {
			m.Unit = to.Unit
		}
	}
	return s.opt.Notify(tx, m)
}

// tellUnit tells the unit addressed of an alert: of its dispatch, or that it
// grew.
func (s *Service) tellUnit(tx *store.Tx, a *Alert, why string) error {
	title := sentence("Chuyển xử lý – {severity}: {title}", "For you to act – {severity}: {title}", "severity", a.Severity.Title(), "title", a.Title)
	if why == "severity" {
		title = sentence("Tăng mức – {severity}: {title}", "Grew – {severity}: {title}", "severity", a.Severity.Title(), "title", a.Title)
	}
	return s.send(tx, notify.Message{
		Key: fmt.Sprintf("alert:%s:%s:%d", why, a.ID, a.Version), Topic: notify.TopicAlert, Severity: a.Severity, Service: a.Service, Unit: a.Unit,
		Title: title, Text: describe(a), Link: "/alerts/" + a.ID, Alert: a.ID, Incident: a.Incident, Data: a.fact(),
	}, "", duty.Query{Unit: a.Unit, Service: a.Service, Area: a.Area, Severity: a.Severity, Level: duty.LevelFocal})
}

// tellUnits is tellUnit for many dispatched at once: one message to each unit.
func (s *Service) tellUnits(tx *store.Tx, list []Alert) error {
	byUnit := map[string][]Alert{}
	for _, a := range list {
		byUnit[a.Unit] = append(byUnit[a.Unit], a)
	}
	units := make([]string, 0, len(byUnit))
	for u := range byUnit {
		units = append(units, u)
	}
	slices.Sort(units)
	for _, u := range units {
		as := byUnit[u]
		a := slices.MaxFunc(as, func(a, b Alert) int { return int(a.Severity - b.Severity) })
		if len(as) == 1 {
			if err := s.tellUnit(tx, &a, "dispatch"); err != nil {
				return err
			}
			continue
		}
		title := sentence("Chuyển xử lý – {title} và {n} cảnh báo khác", "For you to act – {title} and {n} more alerts", "title", a.Title, "n", len(as)-1)
		var text msg.Text
		for i := range as[:min(len(as), mostNamed)] {
			text = both(text, as[i].Title)
		}
		err := s.send(tx, notify.Message{Key: fmt.Sprintf("alert:dispatches:%s:%d:%d", a.ID, a.Version, len(as)), Topic: notify.TopicAlert, Severity: a.Severity,
			Service: a.Service, Unit: u, Title: title, Text: text, Link: "/alerts?unit=" + u, Data: map[string]any{"alerts": len(as)}},
			"", duty.Query{Unit: u, Service: a.Service, Area: a.Area, Severity: a.Severity, Level: duty.LevelFocal})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepEscalations climbs the ladder of what was not done in time.
func (s *Service) sweepEscalations(tx *store.Tx) (more bool, err error) {
	list, err := readAlerts(tx, "where a.due_at > 0 and a.due_at <= $1 order by a.due_at limit $2", tx.Now, atOnce)
	if err != nil {
		return false, err
	}
	type address struct {
		unit  string
		level int
	}
	late := map[address][]Alert{}
	var order []address
	for _, a := range list {
		if next := s.inForce(tx, a.Unit); next != a.Unit {
			if a, err = s.change(tx, a, Command{Verb: Readdress, Actor: access.System("alert"), Unit: next, UnitName: s.unitName(next, tx.Now)}); err != nil {
				return false, err
			}
		}
		after, err := s.change(tx, a, Command{Verb: Escalate, Actor: access.System("alert")})
		if err != nil {
			return false, err
		}
		k := address{after.Unit, after.Escalation.Level}
		if _, ok := late[k]; !ok {
			order = append(order, k)
		}
		late[k] = append(late[k], after)
	}
	if len(order) > mostParts { // a storm: by level alone
		byLevel := map[address][]Alert{}
		order = order[:0]
		for k, as := range late {
			k.unit = ""
			if _, ok := byLevel[k]; !ok {
				order = append(order, k)
			}
			byLevel[k] = append(byLevel[k], as...)
		}
		slices.SortFunc(order, func(a, b address) int { return a.level - b.level })
		late = byLevel
	}
	for _, k := range order {
		if err := s.tellLate(tx, k.unit, k.level, late[k]); err != nil {
			return false, err
		}
	}
	return len(list) == atOnce, nil
}

func (s *Service) tellLate(tx *store.Tx, unit string, level int, as []Alert) error {
	a := slices.MaxFunc(as, func(a, b Alert) int { return int(a.Severity - b.Severity) })
	stage := map[string]msg.Text{stageAcknowledge: {Vi: "tiếp nhận", En: "acknowledged"}, stageDispatch: {Vi: "chuyển đơn vị", En: "dispatched"},
		stageAnswer: {Vi: "đơn vị phản hồi", En: "answered"}}
	missed := msg.Text{Vi: "xử lý", En: "handled"}
	if n := len(a.Times.Late); n > 0 {
		missed = stage[a.Times.Late[n-1]]
	}
	title := sentence("Quá hạn {stage} – {severity}: {title}", "Not {stage} in time – {severity}: {title}", "stage", missed, "severity", a.Severity.Title(), "title", a.Title)
	m := notify.Message{Key: fmt.Sprintf("alert:escalation:%s:%d", a.ID, a.Version), Topic: notify.TopicEscalation, Severity: a.Severity, Service: a.Service,
		Unit: unit, Title: title, Text: describe(&a), Link: "/alerts/" + a.ID, Alert: a.ID, Incident: a.Incident, Data: a.fact()}
	if n := len(as); n > 1 {
		m.Title = sentence("{title} và {n} cảnh báo quá hạn khác", "{title} and {n} more late alerts", "title", title, "n", n-1)
		m.Link, m.Alert, m.Data = "/alerts?open=true", "", map[string]any{"alerts": n, "level": level}
	}
	return s.send(tx, m, "", duty.Query{Unit: unit, Service: a.Service, Area: a.Area, Severity: a.Severity, Level: level})
}

// describe is what a message says of an alert beneath its title.
func describe(a *Alert) msg.Text {
	t := a.Text
	if t.Vi == a.Title.Vi {
		t = msg.Text{}
	}
	place := a.Place
	if a.AreaName != "" && !strings.Contains(place, a.AreaName) {
		place = strings.TrimPrefix(place+", "+a.AreaName, ", ")
	}
	if place != "" {
		t = both(t, msg.Text{Vi: place, En: place})
	}
	if a.Value != nil && a.UnitSymbol != "" {
		t = both(t, msg.Text{Vi: vi.FormatNumber(*a.Value, 2) + " " + a.UnitSymbol, En: fmt.Sprintf("%.2f %s", *a.Value, a.UnitSymbol)})
	}
	return both(t, msg.Text{Vi: a.Number, En: a.Number})
}

func both(a, b msg.Text) msg.Text {
	if a.Vi == "" {
		return b
	}
	return msg.Text{Vi: a.Vi + " · " + b.Vi, En: a.En + " · " + b.In(msg.En)}
}

// sentence fills arguments, which may be texts, into both languages.
func sentence(vietnamese, english string, kv ...any) msg.Text {
	args := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		args[fmt.Sprint(kv[i])] = kv[i+1]
	}
	t := msg.Text{Vi: vietnamese, En: english}
	return msg.Text{Vi: t.Format(msg.Vi, args), En: t.Format(msg.En, args)}
}
