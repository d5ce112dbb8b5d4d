package app

import (
	"fmt"
	"sort"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
)

// ErrorReference writes docs/reference/errors.md from the faults defined.
func ErrorReference() string {
	var b strings.Builder
	b.WriteString("# Error codes\n\nGenerated (`make gen`). Every error answer is problem+json with one of these codes; fields that are wrong carry codes of their own in `errors[]`.\n\n" +
		"| code | status | English | Tiếng Việt |\n|---|---|---|---|\n")
	for _, d := range fault.All() {
		if strings.Contains(strings.SplitN(d.Code, ".", 2)[0], "test") {
			continue // defined by tests in this process
		}
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", d.Code, httpapi.Status(d.Kind), cell(d.Text.En), cell(d.Text.Vi))
	}
	return b.String()
}

// PermissionReference writes docs/reference/permissions.md from the table.
func PermissionReference() string {
	table := access.RolePermissions()
	roles := []access.Role{access.Admin, access.Leader, access.IOCLeader, access.Duty, access.UnitLeader, access.Unit, access.Citizen, access.Device, access.Anonymous}
	seen := map[access.Permission]bool{}
	for _, ps := range table {
		for _, p := range ps {
			seen[p] = true
		}
	}
	all := make([]string, 0, len(seen))
	for p := range seen {
		all = append(all, string(p))
	}
	sort.Strings(all)
	var b strings.Builder
	b.WriteString("# Roles and permissions\n\nGenerated (`make gen`). What is not marked is refused.\n\n| permission |")
	for _, r := range roles {
		fmt.Fprintf(&b, " %s |", r)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(roles)) + "\n")
	for _, p := range all {
		fmt.Fprintf(&b, "| `%s` |", p)
		for _, r := range roles {
			mark := " "
			if (access.Actor{ID: "x", Roles: []access.Role{r}}).Can(access.Permission(p), access.Scope{}) {
				mark = " ✓ "
			}
			b.WriteString(mark + "|")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func cell(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }
