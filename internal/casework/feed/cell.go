package feed

import (
	"database/sql"
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	mssql "github.com/microsoft/go-mssqldb"

	"openioc.org/ioc/internal/vi"
)

// The layouts in which times without zone travel on as text; the mapping gives
// them their zone.
const (
	bareTime = "2006-01-02T15:04:05.999999999"
	bareDay  = "2006-01-02"
)

// cell makes of a value that a driver scanned what mappings see: text, number,
// boolean, nil, or an instant where the database knows its zone.
func cell(v any, column string) any {
	switch x := v.(type) {
	case nil:
		return nil
	case []byte:
		return bytesCell(x, column)
	case string:
		if column == "BPCHAR" || column == "CHAR" || column == "NCHAR" {
			x = strings.TrimRight(x, " ") // padded to the column's width
		}
		return textCell(x)
	case int64:
		return int(x)
	case int32:
		return int(x)
	case int16:
		return int(x)
	case uint64:
		if x > math.MaxInt64 {
			return fmt.Sprint(x)
		}
		return int(x)
	case bool:
		return x
	case float32:
		return float(float64(x))
	case float64:
		return float(x)
	case time.Time:
		return timeCell(x, column)
	}
	return textCell(fmt.Sprint(v))
}

// textCell is text that the records can keep.
func textCell(s string) string {
	return vi.NFC(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""))
}

func float(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return x
}

// bytesCell: MySQL and decimal columns hand everything over as bytes.
func bytesCell(b []byte, column string) any {
	switch column {
	case "UNIQUEIDENTIFIER":
		var id mssql.UniqueIdentifier
		if err := id.Scan(b); err == nil {
			return id.String()
		}
	case "TIMESTAMP": // MySQL: the session runs in UTC
		if s := string(b); len(s) >= 19 && s[4] == '-' {
			if strings.HasPrefix(s, "0000-00-00") {
				return nil
			}
			return s + "Z"
		}
	case "BIT":
		n := 0
		for _, c := range b {
			n = n<<8 | int(c)
		}
		if len(b) <= 7 {
			return n
		}
	case "BLOB", "BINARY", "VARBINARY", "BYTEA", "IMAGE", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB":
		if !utf8.Valid(b) || strings.IndexByte(string(b), 0) >= 0 {
			return base64.StdEncoding.EncodeToString(b)
		}
	}
	if !utf8.Valid(b) {
		return base64.StdEncoding.EncodeToString(b)
	}
	s := string(b)
	if strings.HasPrefix(s, "0000-00-00") {
		return nil
	}
	return textCell(s)
}

// timeCell keeps the zone of columns that have one, and writes the others as
// the wall clock that was stored.
func timeCell(t time.Time, column string) any {
	switch column {
	case "TIMESTAMPTZ", "DATETIMEOFFSET":
		return t
	case "DATE":
		return t.Format(bareDay)
	case "TIME", "TIMETZ":
		return t.Format("15:04:05")
	}
	return t.Format(bareTime)
}

// scanRow reads one row of whatever columns.
func scanRow(rows *sql.Rows, types []string, names []string) (map[string]any, []any, error) {
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, nil, err
	}
	rec := make(map[string]any, len(names))
	for i, n := range names {
		rec[n] = cell(values[i], types[i])
	}
	return rec, values, nil
}
