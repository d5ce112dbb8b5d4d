package store

import (
	"strconv"
	"strings"

	"openioc.org/ioc/internal/access"
)

// ScopeColumns name the columns that say where a row belongs; "" is a table
// without one. Service and Area may be expressions.
type ScopeColumns struct{ Unit, Area, Service string }

// Within is the condition that keeps the rows inside a reach, for a where
// clause: its values are appended to args, whose next placeholder follows
// those there. Sensitivity is not of rows but of what is shown of them.
func Within(r access.Reach, c ScopeColumns, args *[]any) string {
	if len(r) == 0 {
		return "1 = 0"
	}
	for _, b := range r { // before any value is appended: a database refuses what no placeholder asks for
		if (b.Units == nil || c.Unit == "" && c.Area == "") && (b.Areas == nil || c.Area == "") && (b.Services == nil || c.Service == "") {
			return "1 = 1"
		}
	}
	in := func(column string, values []string) string {
		if len(values) == 0 {
			return "1 = 0"
		}
		var b strings.Builder
		b.WriteString(column + " in (")
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			*args = append(*args, v)
			b.WriteString("$" + strconv.Itoa(len(*args)))
		}
		return b.String() + ")"
	}
	var ors []string
	for _, b := range r {
		var ands []string
		if b.Units != nil {
			switch {
			case c.Unit != "" && c.Area != "":
				ands = append(ands, "("+in(c.Unit, b.Units)+" or "+in(c.Area, b.Units)+")")
			case c.Unit != "":
				ands = append(ands, in(c.Unit, b.Units))
			case c.Area != "":
				ands = append(ands, in(c.Area, b.Units))
			}
		}
		if b.Areas != nil && c.Area != "" {
			ands = append(ands, "("+in(c.Area, b.Areas)+" or "+c.Area+" = '')")
		}
		if b.Services != nil && c.Service != "" {
			ands = append(ands, in(c.Service, b.Services))
		}
		ors = append(ors, strings.Join(ands, " and "))
	}
	return "((" + strings.Join(ors, ") or (") + "))"
}
