package store_test

import (
	"fmt"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

func TestWithin(t *testing.T) {
	all := store.ScopeColumns{Unit: "unit", Area: "area", Service: "service"}
	for _, c := range []struct {
		name  string
		reach access.Reach
		cols  store.ScopeColumns
		want  string
		args  string
	}{
		{"nowhere", nil, all, "1 = 0", "[first]"},
		{"everywhere", access.Reach{{Units: []string{"a"}}, {}}, all, "1 = 1", "[first]"},
		{"a unit reaches what is addressed to it and what lies in it", access.Reach{{Units: []string{"a", "b"}}}, all,
			"(((unit in ($2,$3) or area in ($4,$5))))", "[first a b a b]"},
		{"boxes are joined by or", access.Reach{{Units: []string{"a"}, Services: []string{"flood"}}, {Areas: []string{"w"}}}, store.ScopeColumns{Unit: "unit", Area: "area", Service: "service"},
			"(((unit in ($2) or area in ($3)) and service in ($4)) or ((area in ($5) or area = '')))", "[first a a flood w]"},
		{"an empty list is nothing, not anything", access.Reach{{Units: []string{}}}, store.ScopeColumns{Unit: "unit"}, "((1 = 0))", "[first]"},
		{"a table without services", access.Reach{{Services: []string{"flood"}}}, store.ScopeColumns{Unit: "unit"}, "1 = 1", "[first]"},
	} {
		args := []any{"first"}
		if got := store.Within(c.reach, c.cols, &args); got != c.want || fmt.Sprint(args) != c.args {
			t.Errorf("%s: %s %v, want %s %s", c.name, got, args, c.want, c.args)
		}
	}
}
