package duty

import (
	"context"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// Officer is a person as the book names them.
type Officer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// LogEntry is one line of the duty book.
type LogEntry struct {
	ID       string    `json:"id"`
	N        int       `json:"n" doc:"number within the year"`
	Time     time.Time `json:"time"`
	Source   string    `json:"source"`
	Content  string    `json:"content"`
	Action   string    `json:"action"`
	Result   string    `json:"result"`
	Officer  Officer   `json:"officer"`
	Alert    string    `json:"alert,omitempty"`
	Incident string    `json:"incident,omitempty"`
	Shift    string    `json:"shift"`
	Corrects *string   `json:"corrects" doc:"id of the entry that this one corrects"`
	Recorded time.Time `json:"recorded_at"`
}

// LogDraft is a line to be written. A shift without news says so in one:
// source and content are enough.
type LogDraft struct {
	Time     *time.Time `json:"time,omitempty" doc:"when it happened; now if left out"`
	Source   string     `json:"source" maxLength:"200"`
	Content  string     `json:"content" maxLength:"5000"`
	Action   string     `json:"action,omitempty" maxLength:"5000"`
	Result   string     `json:"result,omitempty" maxLength:"5000"`
	Alert    string     `json:"alert,omitempty" maxLength:"64"`
	Incident string     `json:"incident,omitempty" maxLength:"64"`
	Corrects string     `json:"corrects,omitempty" maxLength:"64" doc:"id of an entry"`
}

// LogFilter chooses lines of the book.
type LogFilter struct {
	From, To time.Time // zero: without bound
	Query    string    // words, without regard to marks
	Limit    int

	fold string
}

var (
	errEntry   = fault.Define(fault.Invalid, "duty.entry", "the entry is not complete", "mục ghi sổ chưa hợp lệ")
	errText    = fault.Define(fault.Invalid, "duty.text", "1 to {max} characters", "1 đến {max} ký tự")
	errFuture  = fault.Define(fault.Invalid, "duty.future", "this has not happened yet", "thời điểm ở tương lai")
	errNoEntry = fault.Define(fault.Invalid, "duty.no_entry", "there is no entry {id}", "không có mục {id}")
)

// Log returns lines of the duty book, the newest first.
func (s *Service) Log(ctx context.Context, actor access.Actor, f LogFilter) (out []LogEntry, err error) {
	if err := ownBook(actor); err != nil {
		return nil, err
	}
	f.fold = vi.Fold(f.Query)
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		out, err = listEntries(tx, f)
		return err
	})
	return out, err
}

// ownBook lets those read the book who see the whole city.
func ownBook(actor access.Actor) error {
	if !actor.Reach(access.DutyView).Everywhere() {
		return access.Require(actor, access.DutyLog, access.Scope{})
	}
	return access.Require(actor, access.DutyView, access.Scope{})
}

// Write adds a line to the duty book.
func (s *Service) Write(ctx context.Context, actor access.Actor, d LogDraft) (e LogEntry, err error) {
	if err := access.Require(actor, access.DutyLog, access.Scope{}); err != nil {
		return LogEntry{}, err
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		e, err = s.Record(tx, d)
		return err
	})
	return e, err
}

// Record adds a line to the duty book in the caller's transaction, by its
// actor: others write here what belongs into the book.
func (s *Service) Record(tx *store.Tx, d LogDraft) (LogEntry, error) {
	e := LogEntry{ID: uid.New(tx.Now), Time: tx.Now, Source: tidy(d.Source), Content: tidy(d.Content), Action: tidy(d.Action), Result: tidy(d.Result),
		Officer: Officer{ID: tx.Actor.ID, Name: tx.Actor.Name}, Alert: d.Alert, Incident: d.Incident, Recorded: tx.Now}
	bad := errEntry.With()
	for path, v := range map[string]struct {
		text string
		max  int
	}{"source": {e.Source, 200}, "content": {e.Content, 5000}} {
		if n := len([]rune(v.text)); n == 0 || n > v.max {
			bad.At(path, errText.With("max", v.max))
		}
	}
	if d.Time != nil {
		e.Time = d.Time.UTC().Truncate(time.Microsecond)
		if e.Time.After(tx.Now.Add(time.Minute)) {
			bad.At("time", errFuture.With())
		}
	}
	if d.Corrects != "" {
		if _, ok, err := findEntry(tx, d.Corrects); err != nil {
			return LogEntry{}, err
		} else if !ok {
			bad.At("corrects", errNoEntry.With("id", d.Corrects))
		}
		e.Corrects = &d.Corrects
	}
	if len(bad.Fields) > 0 {
		return LogEntry{}, bad
	}
	shift, ok, err := shiftAt(tx, tx.Now)
	if err != nil {
		return LogEntry{}, err
	}
	if ok {
		e.Shift = shift.ID
	}
	year := tx.Now.In(caltime.Zone).Year()
	if e.N, err = nextNumber(tx, year); err != nil {
		return LogEntry{}, err
	}
	fold := vi.Fold(strings.Join([]string{e.Source, e.Content, e.Action, e.Result, e.Officer.Name}, " "))
	tx.Emit(store.Event{Subject: "ioc.duty.logged." + e.ID, Entity: "duty_log", EntityID: e.ID, After: e, Summary: "Ghi sổ trực: " + clip(e.Content, 120)})
	return e, insertEntry(tx, e, year, fold)
}

func tidy(s string) string { return strings.TrimSpace(vi.NFC(s)) }

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
