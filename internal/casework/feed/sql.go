package feed

import (
	"context"
	"database/sql"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

// point is a value of a watermark or key, kept so that the database is given
// back exactly what it gave.
type point struct {
	Kind  string `json:"k,omitempty"` // int, time, bytes; "" text
	Type  string `json:"t,omitempty"` // of the column
	Value string `json:"v"`
}

func pointOf(v any, column string) point {
	switch x := v.(type) {
	case int64:
		return point{"int", column, strconv.FormatInt(x, 10)}
	case time.Time:
		return point{"time", column, x.Format(time.RFC3339Nano)}
	case []byte:
		if column == "BINARY" || column == "VARBINARY" || column == "TIMESTAMP" && len(x) == 8 { // rowversion
			return point{"bytes", column, base64.StdEncoding.EncodeToString(x)}
		}
		return point{"", column, string(x)}
	case string:
		return point{"", column, x}
	}
	s, _ := cell(v, column).(string)
	return point{"", column, s}
}

// arg is the value as an argument of a statement.
func (p point) arg(d dialect) any {
	switch p.Kind {
	case "int":
		if n, err := strconv.ParseInt(p.Value, 10, 64); err == nil {
			return n
		}
	case "bytes":
		if b, err := base64.StdEncoding.DecodeString(p.Value); err == nil {
			return b
		}
	case "time":
		t, err := time.Parse(time.RFC3339Nano, p.Value)
		switch {
		case err != nil:
		case d == sqlServer && (p.Type == "DATETIME" || p.Type == "SMALLDATETIME"):
			return mssql.DateTime1(t) // rounded as the column is
		case d == sqlServer:
			return t
		case p.Type == "TIMESTAMPTZ":
			return p.Value
		case p.Type == "DATE":
			return t.Format(bareDay)
		default:
			return t.Format("2006-01-02 15:04:05.999999")
		}
	}
	return p.Value
}

// future reports whether a watermark lies more than a day ahead.
func (p point) future(now time.Time) bool {
	limit := now.Add(24 * time.Hour)
	if p.Kind == "time" {
		t, err := time.Parse(time.RFC3339Nano, p.Value)
		return err == nil && t.After(limit)
	}
	if p.Kind == "" && len(p.Value) >= 19 && p.Value[4] == '-' {
		t, err := time.Parse("2006-01-02 15:04:05", p.Value[:19])
		return err == nil && t.After(limit)
	}
	return false
}

// String is the value for people.
func (p point) String() string {
	if p.Kind == "time" {
		if t, err := time.Parse(time.RFC3339Nano, p.Value); err == nil && p.Type != "TIMESTAMPTZ" && p.Type != "DATETIMEOFFSET" {
			return t.Format("2006-01-02 15:04:05.999999")
		}
	}
	return p.Value
}

// maxTies is how many rows of the last instant are remembered; of more, some
// are read again and recognised by casework.
const maxTies = 2000

var (
	errNoColumn = fault.Define(fault.Invalid, "casefeed.no_column", "the query gives no column {name}; there are {columns}", "câu truy vấn không cho cột {name}; có {columns}")
	errNullKey  = fault.Define(fault.Invalid, "casefeed.null_key", "the column {name} is empty in a row", "cột {name} để trống ở một dòng")
	errTwoNames = fault.Define(fault.Invalid, "casefeed.two_columns", "two columns are called {name}; give one of them another name with AS", "có hai cột tên {name}; hãy đặt lại tên bằng AS")
)

// sqlPull reads pages of one database.
type sqlPull struct {
	c   *SQLConfig
	q   query
	now func() time.Time
	db  *sql.DB

	// of this round: the last row that was read
	at   from
	last struct{ mark, key point }
}

func newSQL(c *SQLConfig, guard *connector.Guard, now func() time.Time) (*sqlPull, error) {
	q, f := checkSelect(c.Query, c.dialect())
	if f != nil {
		return nil, connector.NewConfigError().At("query", f)
	}
	db, err := open(c, guard)
	if err != nil {
		return nil, explain(c, err)
	}
	db.SetMaxOpenConns(1)
	return &sqlPull{c: c, q: q, now: now, db: db}, nil
}

func (p *sqlPull) close() { _ = p.db.Close() }

// read runs one statement in a session that only reads, and gives the rows
// whole or not at all.
func (p *sqlPull) read(ctx context.Context, statement string, args []any, each func(rec map[string]any, values []any, types []string, names []string) error) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, p.c.Timeout.Std()+5*time.Second)
	defer cancel()
	d := p.c.dialect()
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return 0, explain(p.c, err)
	}
	defer conn.Close()
	if d == mySQL { // of every transaction: some statements end one and begin the next
		if _, err := conn.ExecContext(ctx, "set session transaction read only"); err != nil {
			return 0, explain(p.c, err)
		}
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: d != sqlServer}) // SQL Server has none
	if err != nil {
		return 0, explain(p.c, err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range d.limits(int(p.c.Timeout.Std().Seconds())) {
		if _, err := tx.ExecContext(ctx, s); err != nil && d != mySQL {
			return 0, explain(p.c, err)
		}
	}
	rows, err := tx.QueryContext(ctx, statement, args...)
	if err != nil {
		return 0, explain(p.c, err)
	}
	defer rows.Close()
	names, types, err := columnsOf(rows)
	if err != nil {
		if _, ok := fault.As(err); ok {
			return 0, err
		}
		return 0, explain(p.c, err)
	}
	n := 0
	for rows.Next() {
		rec, values, err := scanRow(rows, types, names)
		if err != nil {
			return n, explain(p.c, err)
		}
		n++
		if err := each(rec, values, types, names); err != nil {
			return n, err
		}
	}
	if err := rows.Err(); err != nil {
		return n, explain(p.c, err)
	}
	return n, nil
}

func columnsOf(rows *sql.Rows) (names, types []string, err error) {
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, c := range columns {
		if seen[c.Name()] {
			return nil, nil, connector.NewConfigError().At("query", errTwoNames.With("name", c.Name()))
		}
		seen[c.Name()] = true
		names, types = append(names, c.Name()), append(types, strings.ToUpper(c.DatabaseTypeName()))
	}
	return names, types, nil
}

// page reads the rows behind the mark; the first page of a round begins at
// the mark itself, because rows of the same instant may have come since.
func (p *sqlPull) page(ctx context.Context, m mark) (batch, error) {
	d, args := p.c.dialect(), []any(nil)
	if p.at == fromStart && m.At != nil && p.c.Watermark != "" {
		p.at, p.last.mark = fromMark, *m.At
	}
	switch {
	case p.at == fromMark:
		args = []any{p.last.mark.arg(d)}
	case p.at == fromRow && p.c.Watermark == "":
		args = []any{p.last.key.arg(d)}
	case p.at == fromRow:
		args = []any{p.last.mark.arg(d), p.last.mark.arg(d), p.last.key.arg(d)}
	}
	statement := d.page(p.q, p.c.Watermark, p.c.Key, p.at, p.c.PageRows)
	out := batch{next: m}
	known := map[string]bool{}
	for _, k := range m.Ties {
		known[k] = true
	}
	begun, held := m.At, false
	n, err := p.read(ctx, statement, args, func(rec map[string]any, values []any, types, names []string) error {
		key, err := p.pick(p.c.Key, values, types, names)
		if err != nil {
			return err
		}
		p.last.key = key
		if p.c.Watermark != "" {
			at, err := p.pick(p.c.Watermark, values, types, names)
			if err != nil {
				return err
			}
			p.last.mark = at
			same := out.next.At != nil && out.next.At.Value == at.Value
			id := fingerprint(key.Value, rec)
			if begun != nil && begun.Value == at.Value && known[id] {
				return nil // of the last instant, read before
			}
			if at.future(p.now()) {
				held = true
			}
			if held {
				// A row of next year must not hide those of tomorrow: it is
				// taken, and read again until its time has come.
				out.rows = append(out.rows, row{place: p.c.Key + "=" + clip(key.String()), record: rec})
				return nil
			}
			if !same {
				out.next.At, out.next.Ties = &at, nil
			}
			if len(out.next.Ties) < maxTies {
				out.next.Ties = append(out.next.Ties[:len(out.next.Ties):len(out.next.Ties)], id)
			}
		}
		out.rows = append(out.rows, row{place: p.c.Key + "=" + clip(key.String()), record: rec})
		return nil
	})
	if err != nil {
		return batch{}, err
	}
	p.at, out.more = fromRow, n >= p.c.PageRows
	if out.next.At != nil {
		out.next.Shown = out.next.At.String()
	}
	return out, nil
}

func (p *sqlPull) pick(column string, values []any, types, names []string) (point, error) {
	for i, n := range names {
		if n == column {
			if values[i] == nil {
				return point{}, connector.NewConfigError().At("key", errNullKey.With("name", column))
			}
			return pointOf(values[i], types[i]), nil
		}
	}
	field := "key"
	if column == p.c.Watermark {
		field = "watermark"
	}
	return point{}, connector.NewConfigError().At(field, errNoColumn.With("name", column, "columns", clip(strings.Join(names, ", "))))
}

// sample reads a few rows for the preview.
func (p *sqlPull) sample(ctx context.Context, rows int) (out []row, columns []string, err error) {
	_, err = p.read(ctx, p.c.dialect().sample(p.q, rows), nil, func(rec map[string]any, _ []any, _, names []string) error {
		columns = names
		out = append(out, row{place: strconv.Itoa(len(out) + 1), record: rec})
		return nil
	})
	return out, columns, err
}
