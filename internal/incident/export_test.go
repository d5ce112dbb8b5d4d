package incident

import "openioc.org/ioc/internal/access"

// Holds is the rule of live feeds and single steps.
func Holds(r access.Reach, units []string, area, service string) bool {
	return holds(r, units, area, service)
}
