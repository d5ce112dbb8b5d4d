package incident

import (
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// An incident belongs to the unit that leads it, to those that help and to
// those that have a task of it; that it lies in a ward does not make it the
// ward's. A task belongs to its unit and to the one that leads its incident.
// Who is limited to units never sees proposals: nobody has charged a unit yet.
// The same rule stands here twice, as SQL for lists and in Go for live feeds
// and single steps; a test holds them together.

// everything is the reach of the program itself.
var everything = access.Reach{{}}

// mine is the condition that an incident i lies within a reach.
func mine(r access.Reach, args *[]any) string {
	return anyBound(r, func(b access.Bound) (ands []string) {
		if b.Units != nil {
			in := func(column string) string { return unitsIn(b, column, args) }
			ands = append(ands, "i.state not in ('proposed', 'dismissed')", "("+in("i.lead_unit")+
				" or exists (select 1 from incident_unit u where u.incident = i.id and "+in("u.unit")+
				") or exists (select 1 from incident_task x where x.incident = i.id and "+in("x.unit")+"))")
		}
		return append(ands, rest(b, args)...)
	})
}

// mineTask is the condition that a task t, with its incident i joined, lies
// within a reach.
func mineTask(r access.Reach, args *[]any) string {
	return anyBound(r, func(b access.Bound) (ands []string) {
		if b.Units != nil {
			ands = append(ands, "("+unitsIn(b, "t.unit", args)+" or "+unitsIn(b, "i.lead_unit", args)+")")
		}
		return append(ands, rest(b, args)...)
	})
}

func anyBound(r access.Reach, and func(access.Bound) []string) string {
	if r.Everywhere() {
		return " 1 = 1 "
	}
	ors := []string{"1 = 0"}
	for _, b := range r {
		ors = append(ors, strings.Join(and(b), " and "))
	}
	return " (" + strings.Join(ors, " or ") + ") "
}

func unitsIn(b access.Bound, column string, args *[]any) string {
	return store.Within(access.Reach{{Units: b.Units}}, store.ScopeColumns{Unit: column}, args)
}

// rest are the conditions of a bound that are not of units; a directive has no
// incident, and so neither a place nor a service.
func rest(b access.Bound, args *[]any) (ands []string) {
	if b.Areas != nil {
		ands = append(ands, store.Within(access.Reach{{Areas: b.Areas}}, store.ScopeColumns{Area: "coalesce(i.area, '')"}, args))
	}
	if b.Services != nil {
		ands = append(ands, store.Within(access.Reach{{Services: b.Services}}, store.ScopeColumns{Service: "coalesce(i.service, '')"}, args))
	}
	return ands
}

// holds says whether something of some units, in an area and of a service,
// lies within a reach.
func holds(r access.Reach, units []string, area, service string) bool {
	return slices.ContainsFunc(r, func(b access.Bound) bool {
		return (b.Units == nil || slices.ContainsFunc(units, func(u string) bool { return u != "" && slices.Contains(b.Units, u) })) &&
			(b.Areas == nil || area == "" || slices.Contains(b.Areas, area)) &&
			(b.Services == nil || slices.Contains(b.Services, service))
	})
}

// may asks whether the actor may do one of ps with an incident that it can see.
func may(tx *store.Tx, actor access.Actor, id string, ps ...access.Permission) error {
	var r access.Reach
	for _, p := range ps {
		r = append(r, actor.Reach(p)...)
	}
	_, ok, err := readIncident(tx, r, id)
	if err == nil && !ok {
		err = access.Refuse(actor, ps[0])
	}
	return err
}

// require asks whether the actor may do p with a task that it can see.
func (t *Task) require(actor access.Actor, p access.Permission) error {
	if holds(actor.Reach(p), []string{t.Unit, t.lead}, t.area, t.service) {
		return nil
	}
	return access.Refuse(actor, p)
}
