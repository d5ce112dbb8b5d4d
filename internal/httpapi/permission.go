package httpapi

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
)

// PermissionKey is where the document says what an operation needs: the name of
// a permission, several with "|" between where any one of them is enough, ""
// for anybody signed in, PublicAccess for everybody.
const (
	PermissionKey = "x-permission"
	PublicAccess  = "public"
	ScopeKey      = "x-scope" // WholeCity: asked for everywhere
	WholeCity     = "city"
)

// Needs writes into an operation what its caller needs: one of ps, or with none
// of them a sign-in.
func Needs(op huma.Operation, ps ...access.Permission) huma.Operation {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = string(p)
	}
	return marked(op, strings.Join(names, "|"))
}

// NeedsEverywhere is Needs for what concerns the whole city (the IOC's book,
// settings): a grant limited to units, areas or services is not enough.
func NeedsEverywhere(op huma.Operation, ps ...access.Permission) huma.Operation {
	op = Needs(op, ps...)
	op.Extensions[ScopeKey] = WholeCity
	return op
}

// Open writes into an operation that it needs no sign-in.
func Open(op huma.Operation) huma.Operation { return marked(op, PublicAccess) }

func marked(op huma.Operation, what string) huma.Operation {
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions[PermissionKey] = what
	return op
}

// permit refuses who may do an operation nowhere, before anything of the
// request is read: what a body looks like is told only to those who may send
// it. Where they may do it, the domain asks again.
func permit(api huma.API) func(hc huma.Context, next func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		ext := hc.Operation().Extensions
		what, said := ext[PermissionKey].(string)
		if err := permitted(Actor(hc.Context()), what, ext[ScopeKey] == WholeCity); said && err != nil {
			_ = huma.WriteErr(api, hc, http.StatusInternalServerError, "", err) // the fault has its own status
			return
		}
		next(hc)
	}
}

func permitted(a access.Actor, what string, everywhere bool) error {
	if what == PublicAccess {
		return nil
	}
	if what == "" {
		if a.Known() {
			return nil
		}
		return access.Refuse(a, "")
	}
	names := strings.Split(what, "|")
	for _, p := range names {
		if p := access.Permission(p); a.Can(p, access.Scope{}) && (!everywhere || a.Reach(p).Everywhere()) {
			return nil
		}
	}
	return access.Refuse(a, access.Permission(names[0]))
}
