package incident

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

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

const (
	taskTables  = "from incident_task t left join incident i on i.id = t.incident "
	taskColumns = "select t.doc, t.stage, t.timer_at, coalesce(i.lead_unit, ''), coalesce(i.area, ''), coalesce(i.service, '') " + taskTables
)

func scanTask(scan store.Scan) (t Task, err error) {
	var doc string
	var timer int64
	if err := scan(&doc, &t.stage, &timer, &t.lead, &t.area, &t.service); err != nil {
		return t, err
	}
	t.timerAt = store.FromMicros(timer)
	return t, json.Unmarshal([]byte(doc), &t)
}

func readTask(tx *store.Tx, r access.Reach, id string) (Task, bool, error) {
	args := []any{id}
	where := mineTask(r, &args)
	return store.One(tx, scanTask, taskColumns+"where t.id = $1 and"+where, args...)
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

func listTasks(tx *store.Tx, r access.Reach, f TaskFilter) ([]Task, int, error) {
	args := []any{}
	where := mineTask(r, &args)
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
	total, _, err := store.One(tx, scanInt, "select count(*) "+taskTables+"where"+where, args...)
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

func board(tx *store.Tx, reach access.Reach, kind string) ([]BoardRow, error) {
	sum := func(s Standing, n int) string {
		sql := standingSQL[s]
		if strings.Contains(sql, "%") {
			sql = fmt.Sprintf(sql, n)
		}
		return "sum(case when " + sql + " then 1 else 0 end)"
	}
	args := []any{kind, tx.Now}
	where := mineTask(reach, &args)
	return store.All(tx, func(scan store.Scan) (r BoardRow, err error) {
		return r, scan(&r.Unit, &r.OnTime, &r.DueSoon, &r.Late, &r.Waiting, &r.Done, &r.Total)
	}, "select t.unit, "+sum(OnTime, 2)+", "+sum(DueSoon, 2)+", "+sum(Late, 2)+", "+sum(Waiting, 2)+", "+sum(Done, 2)+`, count(*)
		`+taskTables+"where ($1 = '' or t.kind = $1) and"+where+"group by t.unit order by t.unit", args...)
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
