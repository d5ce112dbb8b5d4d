package casework

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
)

// doc is what of a file no query looks into.
type doc struct {
	Deadlines []Deadline    `json:"d,omitempty"`
	Pauses    []Pause       `json:"p,omitempty"`
	Steps     []Stretch     `json:"s,omitempty"`
	Turns     []Turn        `json:"t,omitempty"`
	Problems  []bareProblem `json:"q,omitempty"`
	Kind      string        `json:"k,omitempty"` // of an applicant of whom nothing else is known
}

// bareProblem is a problem without its words.
type bareProblem struct {
	Code  string `json:"c"`
	Field string `json:"f,omitempty"`
}

// fileColumns are the columns of case_file in the order of row and scanFile.
var fileColumns = []string{
	"n", "code", "system", "tail", "procedure_raw", "procedure", "procedure_name", "field", "field_name", "channel",
	"unit", "unit_origin", "unit_raw", "unit_name", "officer", "officer_name", "officer_user", "state", "state_raw", "clock",
	"received_at", "due_at", "due_given", "due_computed", "due_version", "differs", "finished_at", "returned_at", "ended_at", "late",
	"apology_at", "digitized", "synthetic", "problems", "step", "applicant", "doc", "updated_at", "version", "change", "plain",
}

var selectFile = "select " + strings.Join(fileColumns, ", ") + " from case_file "

func us(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return store.Micros(*t)
}

func at(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := store.FromMicros(us)
	return &t
}

// ended is since when a file is at its end, and by how much it was late.
func (c *Case) ended() (at, late int64) {
	if c.State.Clock() != Ended || len(c.Turns) == 0 {
		return 0, 0
	}
	last := c.Turns[len(c.Turns)-1].At
	return store.Micros(c.endedAt(last)), c.LateBy(last).Microseconds()
}

// row are the values of a file.
func (c *Case) row() ([]any, error) {
	d := doc{Deadlines: c.Deadlines, Pauses: c.Pauses, Steps: c.Steps, Turns: c.Turns}
	var problems strings.Builder
	for i, p := range c.Problems {
		if i == 0 {
			problems.WriteByte(',')
		}
		problems.WriteString(p.Code + ",")
		d.Problems = append(d.Problems, bareProblem{p.Code, p.Field})
	}
	who := ""
	if a := c.Applicant; !a.held() {
		d.Kind = a.Kind
	} else {
		b, _ := json.Marshal([]string{a.Kind, a.Name.Reveal(), a.Phone.Reveal(), a.Paper.Reveal(), a.Email.Reveal(), a.Address.Reveal()})
		who = string(b)
	}
	kept, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", c.Code, err)
	}
	digitized := -1
	if c.Digitized != nil {
		digitized = 0
		if *c.Digitized {
			digitized = 1
		}
	}
	ended, late := c.ended()
	n := c.number()
	if n == 0 {
		return nil, fmt.Errorf("file %s has no number", c.Code)
	}
	return []any{
		n, c.Code, c.System, codeTail(c.Code), c.procedureRaw, c.Procedure, c.ProcedureName, c.Field, c.FieldName, string(c.Channel),
		c.Unit, c.UnitOrigin, c.UnitRaw, c.UnitName, c.Officer, c.OfficerName, c.OfficerUser, string(c.State), c.StateRaw, string(c.Clock),
		us(c.ReceivedAt), us(c.Due), us(c.DueGiven), us(c.DueComputed), c.DueVersion, c.DueDiffers, us(c.FinishedAt), us(c.ReturnedAt), ended, late,
		us(c.ApologyAt), digitized, c.Synthetic, problems.String(), c.Step, who, string(kept), store.Micros(c.UpdatedAt), c.Version, c.change, c.plain(),
	}, nil
}

func scanFile(scan store.Scan) (*Case, error) {
	c := &Case{}
	var n int64
	var tail, channel, state, clock, problems, who, kept string
	var received, due, given, computed, finished, returned, ended, late, apology, updated int64
	var digitized, differs, synthetic, plain int
	err := scan(&n, &c.Code, &c.System, &tail, &c.procedureRaw, &c.Procedure, &c.ProcedureName, &c.Field, &c.FieldName, &channel,
		&c.Unit, &c.UnitOrigin, &c.UnitRaw, &c.UnitName, &c.Officer, &c.OfficerName, &c.OfficerUser, &state, &c.StateRaw, &clock,
		&received, &due, &given, &computed, &c.DueVersion, &differs, &finished, &returned, &ended, &late,
		&apology, &digitized, &synthetic, &problems, &c.Step, &who, &kept, &updated, &c.Version, &c.change, &plain)
	if err != nil {
		return nil, err
	}
	c.ID, c.CodeForm, c.Channel, c.State, c.Clock = strconv.FormatInt(n, 10), FormOf(c.Code), Channel(channel), State(state), Clock(clock)
	c.StateName = c.State.Title()
	c.ReceivedAt, c.Due, c.DueGiven, c.DueComputed = at(received), at(due), at(given), at(computed)
	c.FinishedAt, c.ReturnedAt, c.ApologyAt = at(finished), at(returned), at(apology)
	c.DueDiffers, c.Synthetic, c.UpdatedAt = differs == 1, synthetic == 1, store.FromMicros(updated)
	if digitized >= 0 {
		d := digitized == 1
		c.Digitized = &d
	}
	var d doc
	if err := json.Unmarshal([]byte(kept), &d); err != nil {
		return nil, fmt.Errorf("file %s: %w", c.Code, err)
	}
	c.Deadlines, c.Pauses, c.Steps, c.Turns = d.Deadlines, d.Pauses, d.Steps, d.Turns
	c.Problems = make([]Problem, 0, len(d.Problems))
	for _, p := range d.Problems {
		c.Problems = append(c.Problems, Problem{p.Code, p.Field, problemText(p.Code, p.Field)})
	}
	c.Applicant.Kind = d.Kind
	if who != "" {
		var w [6]string
		if err := json.Unmarshal([]byte(who), &w); err != nil {
			return nil, fmt.Errorf("applicant of file %s: %w", c.Code, err)
		}
		c.Applicant = Applicant{w[0], personal.Name(w[1]), personal.Phone(w[2]), personal.Paper(w[3]), personal.Email(w[4]), personal.Address(w[5])}
	}
	return c, nil
}

// places is "($1,$2),($3,$4)" for rows of a width. SQLite looks for a named
// placeholder among all before it, which for thousands of them takes longer
// than the writing: there they have no names.
func places(d store.Dialect, rows, width int) string {
	var b strings.Builder
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range width {
			if j > 0 {
				b.WriteByte(',')
			}
			if d == store.SQLite {
				b.WriteByte('?')
				continue
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(i*width + j + 1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// in is "$3,$4" for values that are appended to args.
func in[T any](args *[]any, values []T) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		*args = append(*args, v)
		b.WriteString("$" + strconv.Itoa(len(*args)))
	}
	return b.String()
}

// batch is how many rows one statement writes: two texts at most for a table,
// so that a database keeps its plan.
const batch = 40

// write puts many rows with few statements.
func write(tx *store.Tx, head string, width int, tail string, rows [][]any) error {
	for len(rows) > 0 {
		n := batch
		if len(rows) < batch {
			n = 1
		}
		args := make([]any, 0, n*width)
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := tx.Exec(head+places(tx.Dialect(), n, width)+tail, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

var (
	insertFiles = "insert into case_file (" + strings.Join(fileColumns, ", ") + ") values "
	replaceFile = func() string {
		var b strings.Builder
		b.WriteString(" on conflict (n) do update set ")
		for i, c := range fileColumns[1:] {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(c + " = excluded." + c)
		}
		return b.String()
	}()
)

// putFiles writes files as they are now; each takes the next change.
func putFiles(tx *store.Tx, cs []*Case) error {
	var change int64
	if err := tx.QueryRow("select coalesce(max(change), 0) from case_file").Scan(&change); err != nil {
		return err
	}
	rows := make([][]any, 0, len(cs))
	for _, c := range cs {
		change++
		c.change = change
		r, err := c.row()
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	return write(tx, insertFiles, len(fileColumns), replaceFile, rows)
}

// putEvent is one event to be kept.
type putEvent struct {
	n  int64
	id string
	e  *Event
}

func putEvents(tx *store.Tx, evs []putEvent) error {
	rows := make([][]any, 0, len(evs))
	for _, p := range evs {
		said, who := p.e.encode()
		rows = append(rows, []any{p.n, p.id, store.Micros(p.e.At), store.Micros(p.e.Seen), p.e.Key, said, who, string(p.e.Raw)})
	}
	return write(tx, "insert into case_event (case_n, id, at, seen, key, said, who, raw) values ", 8, "", rows)
}

// eventsOf reads the events of files; of their systems and codes it knows
// nothing.
func eventsOf(tx *store.Tx, ns []int64, raw bool) (map[int64][]Event, error) {
	type kept struct {
		n int64
		Event
	}
	out := make(map[int64][]Event, len(ns))
	column := "''"
	if raw {
		column = "raw"
	}
	for len(ns) > 0 {
		k := min(len(ns), 500)
		var args []any
		got, err := store.All(tx, func(scan store.Scan) (e kept, err error) {
			var at, seen int64
			var raw string
			if err = scan(&e.n, &e.id, &at, &seen, &e.Key, &e.said, &e.who, &raw); err != nil {
				return e, err
			}
			e.At, e.Seen = store.FromMicros(at), store.FromMicros(seen)
			if raw != "" {
				e.Raw = json.RawMessage(raw)
			}
			return e, e.decode(e.said, e.who)
		}, "select case_n, id, at, seen, key, said, who, "+column+" from case_event where case_n in ("+in(&args, ns[:k])+")", args...)
		if err != nil {
			return nil, err
		}
		for _, e := range got {
			out[e.n] = append(out[e.n], e.Event)
		}
		ns = ns[k:]
	}
	return out, nil
}

// filesOfCodes reads the files of codes, of whatever system.
func filesOfCodes(tx *store.Tx, codes []string) ([]*Case, error) {
	var out []*Case
	for len(codes) > 0 {
		k := min(len(codes), 500)
		var args []any
		got, err := store.All(tx, scanFile, selectFile+"where code in ("+in(&args, codes[:k])+")", args...)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
		codes = codes[k:]
	}
	return out, nil
}

func filesOf(tx *store.Tx, ns []int64) ([]*Case, error) {
	var out []*Case
	for len(ns) > 0 {
		k := min(len(ns), 500)
		var args []any
		got, err := store.All(tx, scanFile, selectFile+"where n in ("+in(&args, ns[:k])+") order by n", args...)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
		ns = ns[k:]
	}
	return out, nil
}

func scanNumber(scan store.Scan) (n int64, err error) { return n, scan(&n) }

func nextNumber(tx *store.Tx) (n int64, err error) {
	err = tx.QueryRow("select coalesce(max(n), 0) from case_file").Scan(&n)
	return n + 1, err
}
