package incident

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// scanDoc reads a column of JSON.
func scanDoc[T any](scan store.Scan) (v T, err error) {
	var doc string
	if err := scan(&doc); err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return v, fmt.Errorf("stored document: %w", err)
	}
	return v, nil
}

func scanString(scan store.Scan) (s string, err error) { return s, scan(&s) }

func scanInt(scan store.Scan) (n int, err error) { return n, scan(&n) }

func marshal(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return store.Micros(*t)
}

// holders writes "$3, $4, …" for n values after from others.
func holders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i+1))
	}
	return b.String()
}

func anys(ss []string) []any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

// cellSize is the side of the grid in degrees: a little more than nearKm, so
// that what is near lies in the same cell or one beside it.
const cellSize = 0.03

func cellOf(lon, lat *float64) string {
	if lon == nil || lat == nil {
		return ""
	}
	return cellName(int(math.Floor(*lon/cellSize)), int(math.Floor(*lat/cellSize)))
}

func cellName(x, y int) string { return strconv.Itoa(x) + ":" + strconv.Itoa(y) }

// cellsAround are the nine cells at a place; none without a place.
func cellsAround(lon, lat *float64) []string {
	if lon == nil || lat == nil {
		return nil
	}
	x, y := int(math.Floor(*lon/cellSize)), int(math.Floor(*lat/cellSize))
	out := make([]string, 0, 9)
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			out = append(out, cellName(x+dx, y+dy))
		}
	}
	return out
}

// ---- incidents

// document is the incident as the row keeps it: what can be read elsewhere is
// left out.
func (i *Incident) document() (string, error) {
	kept := *i
	kept.Alerts, kept.CandidateCount = nil, 0
	if kept.HelpingUnits == nil {
		kept.HelpingUnits = []UnitRef{}
	}
	return marshal(kept)
}

func (i *Incident) fold() string {
	parts := []string{i.Number, i.Title, i.Text, i.Place, i.AreaName, i.LeadUnitName}
	for _, u := range i.HelpingUnits {
		parts = append(parts, u.Name)
	}
	return vi.Fold(strings.Join(parts, " "))
}

// putIncident writes the row; quiet leaves the trace to somebody else.
func putIncident(tx *store.Tx, i *Incident, quiet bool) error {
	doc, err := i.document()
	if err != nil {
		return err
	}
	exec := tx.Exec
	if quiet {
		exec = tx.Mark
	}
	if _, err := exec(`insert into incident (id, number, version, state, severity, service, area, cell, lon, lat, alerts, lead_unit, opened_at, last_at, cleared_at, merged_into, fold, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		on conflict (id) do update set version = excluded.version, state = excluded.state, severity = excluded.severity, opened_at = excluded.opened_at,
		area = excluded.area, cell = excluded.cell, lon = excluded.lon, lat = excluded.lat, alerts = excluded.alerts, lead_unit = excluded.lead_unit,
		last_at = excluded.last_at, cleared_at = excluded.cleared_at, merged_into = excluded.merged_into, fold = excluded.fold, doc = excluded.doc`,
		i.ID, i.Number, i.Version, string(i.State), int(i.Severity), i.Service, i.Area, cellOf(i.Lon, i.Lat), i.Lon, i.Lat, i.alertCount, i.LeadUnit,
		i.OpenedAt, tx.Now, micros(i.ClearedAt), i.MergedInto, i.fold(), doc); err != nil {
		return err
	}
	if quiet {
		return nil
	}
	if _, err := tx.Exec("delete from incident_unit where incident = $1", i.ID); err != nil {
		return err
	}
	for _, u := range i.HelpingUnits {
		if _, err := tx.Exec("insert into incident_unit (incident, unit) values ($1, $2) on conflict do nothing", i.ID, u.Code); err != nil {
			return err
		}
	}
	return nil
}

// mine is the condition that a unit may see an incident; $1 is the limit.
const mine = ` ($1 = '' or (i.state not in ('proposed', 'dismissed') and (i.lead_unit = $1
	or exists (select 1 from incident_unit u where u.incident = i.id and u.unit = $1)
	or exists (select 1 from incident_task t where t.incident = i.id and t.unit = $1)))) `

func readIncident(tx *store.Tx, limit, id string) (Incident, bool, error) {
	return store.One(tx, scanDoc[Incident], "select i.doc from incident i where"+mine+"and i.id = $2", limit, id)
}

// Filter narrows the list of incidents; empty fields mean all.
type Filter struct {
	States     []string
	Severities []int
	Service    string
	Unit       string // leads or helps
	Area       string
	Q          string
	Limit      int
	Cursor     string // id of the last one of the page before
}

func (f Filter) where(limit string) (string, []any) {
	where, args := mine, []any{limit}
	add := func(clause string, vs ...any) {
		n := len(args)
		for range vs {
			n++
			clause = strings.Replace(clause, "?", "$"+strconv.Itoa(n), 1)
		}
		where, args = where+" and "+clause, append(args, vs...)
	}
	if len(f.States) > 0 {
		add("i.state in (" + holders(len(args), len(f.States)) + ")")
		args = append(args, anys(f.States)...)
	}
	if len(f.Severities) > 0 {
		add("i.severity in (" + holders(len(args), len(f.Severities)) + ")")
		for _, s := range f.Severities {
			args = append(args, s)
		}
	}
	if f.Service != "" {
		add("i.service = ?", f.Service)
	}
	if f.Area != "" {
		add("i.area = ?", f.Area)
	}
	if f.Unit != "" {
		add("(i.lead_unit = ? or exists (select 1 from incident_unit u where u.incident = i.id and u.unit = ?))", f.Unit, f.Unit)
	}
	for _, word := range strings.Fields(vi.Fold(f.Q)) {
		add("i.fold like ? escape '\\'", "%"+escapeLike(word)+"%")
	}
	return where, args
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

func listIncidents(tx *store.Tx, limit string, f Filter) ([]Incident, int, error) {
	where, args := f.where(limit)
	total, _, err := store.One(tx, scanInt, "select count(*) from incident i where"+where, args...)
	if err != nil {
		return nil, 0, err
	}
	if f.Cursor != "" {
		args = append(args, f.Cursor)
		where += " and i.id < $" + strconv.Itoa(len(args))
	}
	args = append(args, f.Limit)
	list, err := store.All(tx, scanDoc[Incident], "select i.doc from incident i where"+where+" order by i.id desc limit $"+strconv.Itoa(len(args)), args...)
	return list, total, err
}

// mergedInto lists the ids of the incidents whose timeline belongs to id's:
// itself and those merged into it, however often.
func mergedInto(tx *store.Tx, id string) ([]string, error) {
	ids := []string{id}
	for at := 0; at < len(ids) && len(ids) < 500; at++ {
		more, err := store.All(tx, scanString, "select id from incident where merged_into = $1", ids[at])
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

// nextNumber counts within a year of the city: "SC-2026-0012".
func nextNumber(tx *store.Tx, prefix string, year int) (string, error) {
	if _, err := tx.Mark("insert into incident_number (kind, year, n) values ($1, $2, 1) on conflict (kind, year) do update set n = incident_number.n + 1", prefix, year); err != nil {
		return "", err
	}
	n, _, err := store.One(tx, scanInt, "select n from incident_number where kind = $1 and year = $2", prefix, year)
	return fmt.Sprintf("%s-%d-%04d", prefix, year, n), err
}

// ---- alerts

// known is an alert as this package knows it from facts.
type known struct {
	alertevent.Alert
	incident  string
	candidate string
	seen      bool // looked at for a proposal
	refused   bool // somebody dismissed a proposal of it
}

func (k *known) open() bool {
	return k.State != "closed" && k.Verdict != "false" && k.Verdict != "duplicate"
}

func (k *known) ref() AlertRef {
	return AlertRef{ID: k.ID, Number: k.Number, Title: k.Title, Severity: k.Severity, State: k.State, Active: k.Active, Since: k.Since,
		Place: k.Place, Lon: k.Lon, Lat: k.Lat}
}

const knownColumns = "select a.doc, a.incident, a.candidate, a.seen, a.refused from incident_alert a "

func scanKnown(scan store.Scan) (k known, err error) {
	var doc string
	var seen, refused int
	if err := scan(&doc, &k.incident, &k.candidate, &seen, &refused); err != nil {
		return k, err
	}
	k.seen, k.refused = seen == 1, refused == 1
	return k, json.Unmarshal([]byte(doc), &k.Alert)
}

// putKnown keeps what a fact says; it leaves no trace, because the fact is
// one. Evidence of the alert's labels is not needed here.
func putKnown(tx *store.Tx, k *known) error {
	kept := k.Alert
	kept.Labels = nil
	doc, err := marshal(kept)
	if err != nil {
		return err
	}
	_, err = tx.Mark(`insert into incident_alert (id, incident, candidate, seen, refused, open, suppressed, service, area, cell, raised_at, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (id) do update set incident = excluded.incident, candidate = excluded.candidate, seen = excluded.seen, refused = excluded.refused,
		open = excluded.open, suppressed = excluded.suppressed, service = excluded.service, area = excluded.area, cell = excluded.cell, raised_at = excluded.raised_at, doc = excluded.doc`,
		k.ID, k.incident, k.candidate, k.seen, k.refused, k.open(), k.Suppressed, k.Service, k.Area, cellOf(k.Lon, k.Lat), k.RaisedAt, doc)
	return err
}

func readKnown(tx *store.Tx, id string) (known, bool, error) {
	return store.One(tx, scanKnown, knownColumns+"where a.id = $1", id)
}

func alertsOf(tx *store.Tx, incident string) ([]known, error) {
	return store.All(tx, scanKnown, knownColumns+"where a.incident = $1 order by a.raised_at, a.id", incident)
}

func candidatesOf(tx *store.Tx, incident string, limit int) ([]known, error) {
	return store.All(tx, scanKnown, knownColumns+"where a.candidate = $1 and a.incident = '' and a.open = 1 order by a.raised_at desc, a.id limit $2", incident, limit)
}

// near is a place in space and time at which something is looked for.
type near struct {
	service, area string
	lon, lat      *float64
	since         time.Time
}

// where is the condition of cell or area; columns are the same in both tables.
func (n near) where(from int) (string, []any) {
	cells := cellsAround(n.lon, n.lat)
	switch {
	case len(cells) > 0 && n.area != "":
		return "(cell in (" + holders(from, len(cells)) + ") or area = $" + strconv.Itoa(from+len(cells)+1) + ")", append(anys(cells), n.area)
	case len(cells) > 0:
		return "cell in (" + holders(from, len(cells)) + ")", anys(cells)
	case n.area != "":
		return "area = $" + strconv.Itoa(from+1), []any{n.area}
	}
	return "", nil
}

// neighbour is what a proposal needs to know of an incident; its document is
// not read, because a storm asks for it with every alert.
type neighbour struct {
	id, area string
	state    State
	lon, lat *float64
	severity alertevent.Severity
	alerts   int
}

func scanNeighbour(scan store.Scan) (n neighbour, err error) {
	return n, scan(&n.id, &n.state, &n.area, &n.lon, &n.lat, &n.severity, &n.alerts)
}

// incidentsNear lists what is open or proposed around, newest first.
func incidentsNear(tx *store.Tx, n near, limit int) ([]neighbour, error) {
	where, args := n.where(3)
	if where == "" {
		return nil, nil
	}
	return store.All(tx, scanNeighbour, "select id, state, area, lon, lat, severity, alerts from incident where state in ('open', 'proposed') and service = $1 and last_at >= $2 and "+where+
		" order by id desc limit $3", append([]any{n.service, n.since, limit}, args...)...)
}

// grown notes that a proposal has one alert more.
func grown(tx *store.Tx, id string) error {
	_, err := tx.Mark("update incident set alerts = alerts + 1, last_at = $2 where id = $1", id, tx.Now)
	return err
}

// looseNear lists the alerts around that belong to nothing.
func looseNear(tx *store.Tx, n near, limit int) ([]known, error) {
	where, args := n.where(3)
	if where == "" {
		return nil, nil
	}
	return store.All(tx, scanKnown, knownColumns+"where service = $1 and raised_at >= $2 and open = 1 and suppressed = 0 and refused = 0 and incident = '' and candidate = '' and "+where+
		" order by raised_at desc, id limit $3", append([]any{n.service, n.since, limit}, args...)...)
}

func refused(tx *store.Tx, incident, alert string) (bool, error) {
	_, ok, err := store.One(tx, scanInt, "select 1 from incident_refusal where incident = $1 and alert = $2", incident, alert)
	return ok, err
}

func refuse(tx *store.Tx, incident, alert string) error {
	_, err := tx.Exec("insert into incident_refusal (incident, alert) values ($1, $2) on conflict do nothing", incident, alert)
	return err
}

// ---- tasks

func putTask(tx *store.Tx, t *Task) error {
	kept := *t
	kept.Attachments, kept.Standing = nil, ""
	doc, err := marshal(kept)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into incident_task (id, number, kind, version, state, unit, incident, giver, due, soon_at, timer_at, stage, given_at, fold, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		on conflict (id) do update set version = excluded.version, state = excluded.state, unit = excluded.unit, incident = excluded.incident, due = excluded.due,
		soon_at = excluded.soon_at, timer_at = excluded.timer_at, stage = excluded.stage, fold = excluded.fold, doc = excluded.doc`,
		t.ID, t.Number, t.Kind, t.Version, string(t.State), t.Unit, t.Incident, t.GivenBy.ID, t.Due, soonAt(t.GivenAt, t.Due), t.timerAt, t.stage, t.GivenAt,
		vi.Fold(strings.Join([]string{t.Number, t.Title, t.Text, t.UnitName, t.Place, t.IncidentNumber}, " ")), doc)
	return err
}

const taskColumns = "select t.doc, t.stage, t.timer_at from incident_task t "

func scanTask(scan store.Scan) (t Task, err error) {
	var doc string
	var timer int64
	if err := scan(&doc, &t.stage, &timer); err != nil {
		return t, err
	}
	t.timerAt = store.FromMicros(timer)
	return t, json.Unmarshal([]byte(doc), &t)
}

// mineTask is the condition that a unit may see a task: it is its own, or one
// of an incident that it leads; $1 is the limit.
const mineTask = ` ($1 = '' or t.unit = $1 or exists (select 1 from incident i where i.id = t.incident and i.lead_unit = $1)) `

func readTask(tx *store.Tx, limit, id string) (Task, bool, error) {
	return store.One(tx, scanTask, taskColumns+"where"+mineTask+"and t.id = $2", limit, id)
}

func tasksOf(tx *store.Tx, incident string) ([]Task, error) {
	return store.All(tx, scanTask, taskColumns+"where t.incident = $1 order by t.id", incident)
}

// TaskFilter narrows the list of tasks; empty fields mean all.
type TaskFilter struct {
	Unit      string
	States    []string
	Standings []string
	Kind      string
	Incident  string
	Q         string
	Limit     int
}

// standingSQL is Task.standing in SQL; %[1]d is the number of the argument
// that holds now.
var standingSQL = map[Standing]string{
	OnTime:  "(t.state in ('sent', 'accepted', 'in_progress') and t.due >= $%[1]d and t.soon_at > $%[1]d)",
	DueSoon: "(t.state in ('sent', 'accepted', 'in_progress') and t.due >= $%[1]d and t.soon_at <= $%[1]d)",
	Late:    "(t.state in ('sent', 'accepted', 'in_progress') and t.due < $%[1]d)",
	Waiting: "t.state in ('finished', 'returned')",
	Done:    "t.state in ('confirmed', 'cancelled')",
}

func listTasks(tx *store.Tx, limit string, f TaskFilter) ([]Task, int, error) {
	where, args := mineTask, []any{limit}
	equal := func(column, v string) {
		if v != "" {
			args = append(args, v)
			where += " and t." + column + " = $" + strconv.Itoa(len(args))
		}
	}
	equal("unit", f.Unit)
	equal("kind", f.Kind)
	equal("incident", f.Incident)
	if len(f.States) > 0 {
		where += " and t.state in (" + holders(len(args), len(f.States)) + ")"
		args = append(args, anys(f.States)...)
	}
	if len(f.Standings) > 0 {
		args = append(args, tx.Now)
		n, used := len(args), false
		var any []string
		for _, s := range f.Standings {
			if sql, ok := standingSQL[Standing(s)]; ok {
				if strings.Contains(sql, "%") {
					sql, used = fmt.Sprintf(sql, n), true
				}
				any = append(any, sql)
			}
		}
		if !used {
			args = args[:n-1]
		}
		if len(any) == 0 {
			any = []string{"1 = 0"}
		}
		where += " and (" + strings.Join(any, " or ") + ")"
	}
	for _, word := range strings.Fields(vi.Fold(f.Q)) {
		args = append(args, "%"+escapeLike(word)+"%")
		where += " and t.fold like $" + strconv.Itoa(len(args)) + " escape '\\'"
	}
	total, _, err := store.One(tx, scanInt, "select count(*) from incident_task t where"+where, args...)
	if err != nil {
		return nil, 0, err
	}
	args = append(args, f.Limit)
	// What is open comes first, by deadline; what is done follows, newest first.
	list, err := store.All(tx, scanTask, taskColumns+"where"+where+
		` order by case when t.state in ('confirmed', 'cancelled') then 1 else 0 end,
		case when t.state in ('confirmed', 'cancelled') then -t.due else t.due end, t.id limit $`+strconv.Itoa(len(args)), args...)
	return list, total, err
}

// BoardRow counts the tasks of a unit by how they stand.
type BoardRow struct {
	Unit    string `json:"unit"`
	Name    string `json:"name"`
	OnTime  int    `json:"on_time"`
	DueSoon int    `json:"due_soon"`
	Late    int    `json:"late"`
	Waiting int    `json:"waiting"`
	Done    int    `json:"done"`
	Total   int    `json:"total"`
}

func board(tx *store.Tx, limit, kind string) ([]BoardRow, error) {
	sum := func(s Standing, n int) string {
		sql := standingSQL[s]
		if strings.Contains(sql, "%") {
			sql = fmt.Sprintf(sql, n)
		}
		return "sum(case when " + sql + " then 1 else 0 end)"
	}
	return store.All(tx, func(scan store.Scan) (r BoardRow, err error) {
		return r, scan(&r.Unit, &r.OnTime, &r.DueSoon, &r.Late, &r.Waiting, &r.Done, &r.Total)
	}, "select t.unit, "+sum(OnTime, 3)+", "+sum(DueSoon, 3)+", "+sum(Late, 3)+", "+sum(Waiting, 3)+", "+sum(Done, 3)+`, count(*)
		from incident_task t where ($1 = '' or t.unit = $1) and ($2 = '' or t.kind = $2) group by t.unit order by t.unit`, limit, kind, tx.Now)
}

func dueTimers(tx *store.Tx, limit int) ([]Task, error) {
	return store.All(tx, scanTask, taskColumns+"where t.timer_at > 0 and t.timer_at <= $1 order by t.timer_at, t.id limit $2", tx.Now, limit)
}

func nextTimer(tx *store.Tx) (time.Time, error) {
	at, _, err := store.One(tx, func(scan store.Scan) (n int64, err error) { return n, scan(&n) },
		`select coalesce(min(at), 0) from (select min(timer_at) as at from incident_task where timer_at > 0
		union all select min(due_at) as at from incident_sop_step where open = 1 and told = 0) x`)
	return store.FromMicros(at), err
}

// heldUnits lists the units that hold open tasks or open incidents.
func heldUnits(tx *store.Tx) ([]string, error) {
	return store.All(tx, scanString, `select unit from incident_task where state in ('sent', 'accepted', 'in_progress', 'returned', 'finished')
		union select lead_unit from incident where state in ('open', 'resolved') and lead_unit <> ''
		union select u.unit from incident_unit u join incident i on i.id = u.incident where i.state in ('open', 'resolved')`)
}

// ---- the SOP of an incident

const sopStepColumns = "select doc, incident from incident_sop_step "

type sopStepDoc struct {
	SOPStep
	Files []string `json:"files"`
}

func scanSOPStep(scan store.Scan) (s SOPStep, err error) {
	var doc, incident string
	if err := scan(&doc, &incident); err != nil {
		return s, err
	}
	var d sopStepDoc
	err = json.Unmarshal([]byte(doc), &d)
	d.incident, d.files = incident, d.Files
	return d.SOPStep, err
}

func putSOPStep(tx *store.Tx, incident string, s SOPStep) error {
	d := sopStepDoc{SOPStep: s, Files: s.files}
	d.Attachments, d.Late = nil, false
	doc, err := marshal(d)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into incident_sop_step (incident, n, open, due_at, told, doc) values ($1, $2, $3, $4, 0, $5)
		on conflict (incident, n) do update set open = excluded.open, due_at = excluded.due_at, doc = excluded.doc`,
		incident, s.N, s.State == SOPOpen, s.DueAt, doc)
	return err
}

func sopStepsOf(tx *store.Tx, incident string) ([]SOPStep, error) {
	return store.All(tx, scanSOPStep, sopStepColumns+"where incident = $1 order by n", incident)
}

func lateSOPSteps(tx *store.Tx, limit int) ([]SOPStep, error) {
	return store.All(tx, scanSOPStep, sopStepColumns+"where open = 1 and told = 0 and due_at <= $1 order by due_at, incident, n limit $2", tx.Now, limit)
}

// ---- the library

func insertSOP(tx *store.Tx, s *SOP, by string) error {
	doc, err := marshal(s)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("update incident_sop set latest = 0 where id = $1", s.ID); err != nil {
		return err
	}
	_, err = tx.Exec("insert into incident_sop (id, version, latest, service, by_id, at, doc) values ($1, $2, 1, $3, $4, $5, $6)",
		s.ID, s.Version, s.Service, by, tx.Now, doc)
	return err
}

func readSOP(tx *store.Tx, id string) (SOP, bool, error) {
	return store.One(tx, scanDoc[SOP], "select doc from incident_sop where id = $1 and latest = 1", id)
}

func listSOPs(tx *store.Tx) ([]SOP, error) {
	return store.All(tx, scanDoc[SOP], "select doc from incident_sop where latest = 1 order by id")
}

// ---- the timeline

type entryDoc struct {
	Entry
	Files []string `json:"files"`
}

// entrySeq orders the entries of one transaction, which share an instant.
var entrySeq atomic.Int64

func insertEntry(tx *store.Tx, e *Entry) error {
	e.ID, e.At = uid.New(tx.Now), tx.Now
	d := entryDoc{Entry: *e, Files: e.files}
	d.Attachments = nil
	doc, err := marshal(d)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into incident_entry (id, incident, task, at, seq, step, doc) values ($1, $2, $3, $4, $5, $6, $7)",
		e.ID, e.incident, e.Task, e.At, entrySeq.Add(1), e.Step, doc)
	return err
}

func scanEntry(scan store.Scan) (e Entry, err error) {
	d, err := scanDoc[entryDoc](scan)
	d.files = d.Files
	return d.Entry, err
}

// mostEntries of a timeline are handed out; an incident of years has fewer.
const mostEntries = 20_000

func entriesOf(tx *store.Tx, incidents []string) ([]Entry, error) {
	return store.All(tx, scanEntry, "select doc from incident_entry where incident in ("+holders(1, len(incidents))+") order by at, seq, id limit $1",
		append([]any{mostEntries}, anys(incidents)...)...)
}

func taskEntries(tx *store.Tx, task string) ([]Entry, error) {
	return store.All(tx, scanEntry, "select doc from incident_entry where task = $1 order by at, seq, id limit $2", task, mostEntries)
}

// ---- files

func putFile(tx *store.Tx, file, incident, task, step string) error {
	_, err := tx.Exec("insert into incident_file (file, incident, task, step, at) values ($1, $2, $3, $4, $5) on conflict do nothing", file, incident, task, step, tx.Now)
	return err
}

type fileRef struct{ id, task, step string }

func filesOf(tx *store.Tx, incident string) ([]fileRef, error) {
	return store.All(tx, func(scan store.Scan) (f fileRef, err error) { return f, scan(&f.id, &f.task, &f.step) },
		"select file, task, step from incident_file where incident = $1 order by at, file, task", incident)
}

func taskFiles(tx *store.Tx, task string) ([]string, error) {
	return store.All(tx, scanString, "select file from incident_file where task = $1 order by at, file", task)
}

func countFiles(tx *store.Tx, incident string) (int, error) {
	n, _, err := store.One(tx, scanInt, "select count(distinct file) from incident_file where incident = $1", incident)
	return n, err
}

// fileVisible reports whether a unit sees something that the file hangs on.
func fileVisible(tx *store.Tx, limit, file string) (bool, error) {
	_, ok, err := store.One(tx, scanInt, `select 1 from incident_file f where f.file = $2 and (
		exists (select 1 from incident i where i.id = f.incident and`+mine+`)
		or exists (select 1 from incident_task t where t.id = f.task and`+mineTask+`)) limit 1`, limit, file)
	return ok, err
}
