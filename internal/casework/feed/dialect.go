package feed

import (
	"fmt"
	"strings"
)

// dialect is a sort of database that one-stop systems use.
type dialect string

const (
	postgres  dialect = "postgres"
	mySQL     dialect = "mysql" // and MariaDB
	sqlServer dialect = "sqlserver"
)

func (d dialect) known() bool { return d == postgres || d == mySQL || d == sqlServer }

// quote writes the name of a column so that it can be nothing else.
func (d dialect) quote(name string) string {
	switch d {
	case mySQL:
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	case sqlServer:
		return "[" + strings.ReplaceAll(name, "]", "]]") + "]"
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func (d dialect) placeholder(n int) string {
	switch d {
	case mySQL:
		return "?"
	case sqlServer:
		return fmt.Sprintf("@p%d", n)
	}
	return fmt.Sprintf("$%d", n)
}

// from says how a page begins: nowhere yet, at a watermark (ties included), or
// behind the last row of the page before.
type from uint8

const (
	fromStart from = iota
	fromMark
	fromRow
)

// page wraps the query: one page in the order of watermark and key. The
// arguments are none, the watermark, or watermark, watermark and key.
// Without a watermark the key alone orders.
func (d dialect) page(q query, watermark, key string, at from, rows int) string {
	head, source := "select ", "("+q.text+") as ioc_q"
	if q.main > 0 { // SQL Server takes no WITH inside a derived table
		head = strings.TrimSpace(q.text[:q.main]) + ", ioc_q as (" + q.text[q.main:] + ") select "
		source = "ioc_q"
	}
	k, order, where := d.quote(key), d.quote(key), ""
	if watermark == "" {
		if at == fromRow {
			where = " where " + k + " > " + d.placeholder(1)
		}
	} else {
		w := d.quote(watermark)
		order = w + ", " + k
		switch at {
		case fromStart:
			where = " where " + w + " is not null"
		case fromMark:
			where = " where " + w + " >= " + d.placeholder(1)
		case fromRow:
			where = " where (" + w + " > " + d.placeholder(1) + " or " + w + " = " + d.placeholder(2) + " and " + k + " > " + d.placeholder(3) + ")"
		}
	}
	if d == sqlServer {
		return head + fmt.Sprintf("top (%d) * from ", rows) + source + where + " order by " + order
	}
	return head + "* from " + source + where + " order by " + order + fmt.Sprintf(" limit %d", rows)
}

// sample is the first rows without order, for the preview.
func (d dialect) sample(q query, rows int) string {
	head, source := "select ", "("+q.text+") as ioc_q"
	if q.main > 0 {
		head, source = strings.TrimSpace(q.text[:q.main])+", ioc_q as ("+q.text[q.main:]+") select ", "ioc_q"
	}
	if d == sqlServer {
		return head + fmt.Sprintf("top (%d) * from ", rows) + source
	}
	return head + "* from " + source + fmt.Sprintf(" limit %d", rows)
}

// limits are the statements that bound a session to reading and to a time.
func (d dialect) limits(seconds int) []string {
	switch d {
	case mySQL: // MariaDB knows the first, MySQL the second; the other is refused and that is all right
		return []string{fmt.Sprintf("set session max_statement_time = %d", seconds), fmt.Sprintf("set session max_execution_time = %d", seconds*1000)}
	case sqlServer:
		return []string{"set transaction isolation level read committed", fmt.Sprintf("set lock_timeout %d", seconds*1000)}
	}
	return []string{fmt.Sprintf("set local statement_timeout = %d", seconds*1000), "set local lock_timeout = 5000"}
}
