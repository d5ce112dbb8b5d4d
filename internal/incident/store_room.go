package incident

import (
	"encoding/json"
	"sync/atomic"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

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

// fileVisible reports whether something that the file hangs on lies within a
// reach.
func fileVisible(tx *store.Tx, r access.Reach, file string) (bool, error) {
	args := []any{file}
	incidents, tasks := mine(r, &args), mineTask(r, &args)
	_, ok, err := store.One(tx, scanInt, `select 1 from incident_file f where f.file = $1 and (
		exists (select 1 from incident i where i.id = f.incident and`+incidents+`)
		or exists (select 1 `+taskTables+"where t.id = f.task and"+tasks+")) limit 1", args...)
	return ok, err
}
