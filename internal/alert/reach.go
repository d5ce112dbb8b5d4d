package alert

import (
	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// An alert belongs to the unit it is addressed to and to the area it lies in.

var scopeColumns = store.ScopeColumns{Unit: "a.unit", Area: "a.area", Service: "a.service"}

func (a *Alert) scope() access.Scope { return access.Of(a.Unit, a.Area, a.Service) }

// seen keeps a query of alerts a to what the actor may see.
func seen(actor access.Actor, args *[]any) string {
	return inReach(actor.Reach(access.AlertView), args)
}

// ofTheCity tells the shift and the leaders, who see all, from the people of a
// unit: what went straight to a unit is in the lists of the latter only,
// unless asked for.
func ofTheCity(actor access.Actor) bool { return actor.Reach(access.AlertView).Everywhere() }

func inReach(r access.Reach, args *[]any) string {
	if r.Everywhere() {
		return ""
	}
	return " and " + store.Within(r, scopeColumns, args)
}

// mayTake asks whether the actor may take a step that needs a permission. A
// step of the unit addressed is also the shift's, who writes down what a unit
// says by telephone; that an alert lies in one's ward is not enough for it.
func mayTake(actor access.Actor, a *Alert, need access.Permission) error {
	if need != access.AlertAnswer {
		return access.Require(actor, need, a.scope())
	}
	r := actor.Reach(access.AlertAnswer)
	switch {
	case r.Covers(a.scope()) && r.Covers(access.Of(a.Unit, "", a.Service)), actor.Can(access.AlertHandle, a.scope()):
		return nil
	case len(r) > 0:
		return errNotYours.With()
	}
	return access.Refuse(actor, access.AlertHandle)
}
