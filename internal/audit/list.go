package audit

import (
	"context"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

var errCursor = fault.Define(fault.Invalid, "audit.cursor", "the cursor is not one that this list gave", "con trỏ trang không phải do danh sách này cấp")

// Limits of List.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Filter chooses entries; an empty field lets everything pass.
type Filter struct {
	Actor    string // id
	Entity   string
	EntityID string
	Subject  string    // the beginning of it: "ioc.identity."
	Address  string    // from where
	Q        string    // words of who, what or the summary, in any writing of the tones
	From, To time.Time // From included, To not
	Limit    int       // 0: DefaultLimit; at most MaxLimit
	Cursor   string    // from the page before
}

// List returns the entries newest first, and the cursor of the next page, ""
// at the end. It needs the permission audit.view.
func (t *Trail) List(ctx context.Context, actor access.Actor, f Filter) (entries []Entry, next string, err error) {
	if err := access.Require(actor, access.AuditView, access.Scope{}); err != nil {
		return nil, "", err
	}
	before, err := parseCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)

	var where []string
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, condition+" $"+strconv.Itoa(len(args)))
	}
	if before > 0 {
		add("seq <", before)
	}
	if f.Actor != "" {
		add("actor =", f.Actor)
	}
	if f.Entity != "" {
		add("entity =", f.Entity)
	}
	if f.EntityID != "" {
		add("entity_id =", f.EntityID)
	}
	if f.Subject != "" {
		add("subject >=", f.Subject)
		add("subject <", f.Subject+"\U0010ffff")
	}
	if f.Address != "" {
		add("address =", f.Address)
	}
	for _, word := range strings.Fields(vi.Fold(f.Q)) {
		add("fold like", "%"+strings.NewReplacer("%", "", "_", "").Replace(word)+"%")
	}
	if !f.From.IsZero() {
		add("at >=", f.From)
	}
	if !f.To.IsZero() {
		add("at <", f.To)
	}
	query := "select " + columns + " from audit_entry"
	if len(where) > 0 {
		query += " where " + strings.Join(where, " and ")
	}
	args = append(args, limit+1)
	query += " order by seq desc limit $" + strconv.Itoa(len(args))
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		entries, err = store.All(tx, scanEntry, query, args...)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(entries) > limit {
		entries = entries[:limit]
		next = formatCursor(entries[limit-1].Seq)
	}
	return entries, next, nil
}

// fold is what Q looks in.
func (e *Entry) fold() string {
	return vi.Fold(strings.Join([]string{e.Summary, e.Actor.Name, e.Actor.ID, e.Actor.Unit, e.Entity, e.EntityID, e.Actor.Address}, " "))
}

// A cursor is the number of the last entry shown, in base 36 behind a letter
// that says whose it is.
func formatCursor(seq int64) string { return "a" + strconv.FormatInt(seq, 36) }

func parseCursor(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	seq, err := strconv.ParseInt(strings.TrimPrefix(s, "a"), 36, 64)
	if err != nil || seq <= 0 || formatCursor(seq) != s {
		return 0, errCursor.With()
	}
	return seq, nil
}
