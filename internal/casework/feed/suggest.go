package feed

import "strings"

// suggest is the field that a column's name means, "" when none does.
func suggest(column string) string {
	name, _ := suggestion(column)
	return name
}

// suggestion is the field and how sure it is: the less the surer.
func suggestion(column string) (name string, doubt int) {
	f := foldName(column)
	squeezed := strings.ReplaceAll(f, " ", "")
	best, least := "", 1<<30
	for i := range targets {
		for rank, n := range targets[i].names {
			doubt := rank
			switch {
			case f == n, squeezed == strings.ReplaceAll(n, " ", ""):
			case strings.HasPrefix(f, n+" "), strings.HasSuffix(f, " "+n):
				// Of two names that are part of it the longer says more.
				doubt += 1000 - 10*len(n)
			default:
				continue
			}
			if doubt < least {
				best, least = targets[i].Name, doubt
			}
		}
	}
	return best, least
}

// Suggest maps columns to fields, each field once: where two columns mean one
// field, the surer has it and the other is left to the person.
func Suggest(columns []string) map[string]string {
	out := map[string]string{}
	holder, doubts := map[string]string{}, map[string]int{}
	for _, c := range columns {
		name, doubt := suggestion(c)
		if name == "" {
			continue
		}
		if old, ok := holder[name]; ok && doubts[name] <= doubt {
			continue
		} else if ok {
			delete(out, old)
		}
		holder[name], doubts[name] = c, doubt
		out[c] = name
	}
	return out
}
