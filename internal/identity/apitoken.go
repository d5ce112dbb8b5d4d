package identity

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// apiPrefix begins the tokens of other systems.
const apiPrefix = "ioct_"

// maxTokenLife is how long a token may hold at most.
const maxTokenLife = 366 * 24 * time.Hour

func isAPIToken(token string) bool {
	return len(token) == len(apiPrefix)+52 && strings.HasPrefix(token, apiPrefix)
}

var (
	errToken       = fault.Define(fault.Invalid, "identity.token", "the token is not valid as it is asked for", "mã API yêu cầu không hợp lệ")
	errTokenName   = fault.Define(fault.Invalid, "identity.token_name", "1 to 100 characters", "1 đến 100 ký tự")
	errTokenReason = fault.Define(fault.Invalid, "identity.token_reason", "say what for, in 1 to 500 characters", "nêu mục đích, 1 đến 500 ký tự")
	errTokenNone   = fault.Define(fault.Invalid, "identity.token_none", "name at least one permission", "nêu ít nhất một quyền")
	errTokenMore   = fault.Define(fault.Invalid, "identity.token_more", "you do not hold the permission {permission} there yourself", "bạn không có quyền {permission} ở phạm vi này")
	errTokenEnd    = fault.Define(fault.Invalid, "identity.token_expires", "an instant to come, at most a year away", "thời điểm trong tương lai, không quá một năm")
	errTokenList   = fault.Define(fault.Invalid, "identity.token_services", "at most 50 services of 1 to 64 characters", "nhiều nhất 50 dịch vụ, mỗi tên 1 đến 64 ký tự")
	errNoToken     = fault.Define(fault.NotFound, "identity.no_token", "there is no token {id}", "không có mã API {id}")
)

// APIToken lets another system act for its owner, within what it was made for.
type APIToken struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Owner       Who                 `json:"owner"`
	Permissions []access.Permission `json:"permissions"`
	Unit        string              `json:"unit" doc:"with all units below it; empty is as far as its owner's grants reach"`
	Services    []string            `json:"services" doc:"empty is every service"`
	Reason      string              `json:"reason"`
	Created     time.Time           `json:"created"`
	Expires     time.Time           `json:"expires"`
	LastUsed    *time.Time          `json:"last_used" doc:"to the minute"`
	Hint        string              `json:"hint" doc:"the last characters, to tell tokens apart"`
	RevokedAt   *time.Time          `json:"revoked_at"`
}

// TokenDraft is a token asked for.
type TokenDraft struct {
	Name        string
	Permissions []access.Permission
	Unit        string
	Services    []string
	Expires     time.Time
	Reason      string
}

// Tokens lists the tokens, the newest first: all for those who may give them
// in the whole city, else the actor's own. It needs token.edit.
func (s *Service) Tokens(ctx context.Context, actor access.Actor) (list []APIToken, err error) {
	if err := access.Require(actor, access.TokenEdit, access.Scope{}); err != nil {
		return nil, err
	}
	owner := actor.ID
	if actor.Reach(access.TokenEdit).Everywhere() {
		owner = ""
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		list, err = listTokens(tx, owner)
		return err
	})
	return list, err
}

// CreateToken gives a system a token that acts for the actor; it is returned
// once. It needs token.edit, and each permission itself: whatever it says,
// at every use a token reaches only as far as its owner does then.
func (s *Service) CreateToken(ctx context.Context, actor access.Actor, d TokenDraft) (secret string, t APIToken, err error) {
	if err := access.Require(actor, access.TokenEdit, access.Scope{}); err != nil {
		return "", t, err
	}
	if err := signedIn(actor); err != nil {
		return "", t, err
	}
	now := s.now()
	t = APIToken{ID: uid.New(now), Name: vi.NFC(strings.TrimSpace(d.Name)), Owner: Who{actor.ID, actor.Name}, Unit: strings.TrimSpace(d.Unit),
		Services: tidyList(d.Services), Reason: vi.NFC(strings.TrimSpace(d.Reason)), Created: now, Expires: d.Expires.UTC().Truncate(time.Microsecond)}
	t.Permissions = slices.Clone(d.Permissions)
	slices.Sort(t.Permissions)
	t.Permissions = slices.Compact(t.Permissions)
	if err := s.checkToken(actor, &t); err != nil {
		return "", t, err
	}
	secret = apiPrefix + uid.Secret(tokenBytes)
	t.Hint = secret[len(secret)-4:]
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.identity.token_created." + t.ID, Entity: "token", EntityID: t.ID, After: t, Summary: "cấp mã API " + t.Name})
		return insertToken(tx, digest(secret), &t)
	})
	return secret, t, err
}

func (s *Service) checkToken(actor access.Actor, t *APIToken) error {
	e := errToken.With()
	if n := utf8.RuneCountInString(t.Name); n < 1 || n > 100 {
		e.At("name", errTokenName.With())
	}
	if n := utf8.RuneCountInString(t.Reason); n < 1 || n > 500 {
		e.At("reason", errTokenReason.With())
	}
	if len(t.Services) > 50 || slices.ContainsFunc(t.Services, func(v string) bool { return len(v) > 64 }) {
		e.At("services", errTokenList.With())
	}
	if !t.Expires.After(t.Created) || t.Expires.Sub(t.Created) > maxTokenLife {
		e.At("expires", errTokenEnd.With())
	}
	if t.Unit != "" {
		if f := s.unitFault(t.Unit, t.Created); f != nil {
			e.At("unit", f)
		}
	}
	if len(t.Permissions) == 0 {
		e.At("permissions", errTokenNone.With())
	}
	for _, p := range t.Permissions {
		r := actor.Reach(p)
		ok := len(r) > 0 && (t.Unit == "" || reaches(r, t.Unit))
		for _, service := range t.Services {
			ok = ok && r.Covers(access.Scope{Unit: t.Unit, Service: service})
		}
		if !ok {
			e.At("permissions", errTokenMore.With("permission", string(p)))
		}
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// RevokeToken ends a token. It needs token.edit.
func (s *Service) RevokeToken(ctx context.Context, actor access.Actor, id string) error {
	if err := access.Require(actor, access.TokenEdit, access.Scope{}); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, found, err := findToken(tx, "t.id = $1", id)
		if err != nil {
			return err
		}
		if !found || before.Owner.ID != actor.ID && !actor.Reach(access.TokenEdit).Everywhere() {
			return errNoToken.With("id", id)
		}
		if before.RevokedAt != nil {
			return nil
		}
		after, now := before, s.now()
		after.RevokedAt = &now
		tx.Emit(store.Event{Subject: "ioc.identity.token_revoked." + id, Entity: "token", EntityID: id, Before: before, After: after, Summary: "thu hồi mã API " + before.Name})
		tx.After(s.cache.clear)
		return revokeToken(tx, id, actor.ID, now)
	})
}

// lookupAPI finds who a system's token speaks for; e is what the cache knew.
func (s *Service) lookupAPI(ctx context.Context, token string, e *entry, generation uint64, now time.Time) (access.Actor, bool, error) {
	var t APIToken
	var owner User
	var found bool
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if t, found, err = findToken(tx, "t.hash = $1", digest(token)); err != nil || !found {
			return err
		}
		owner, found, err = s.load(tx, t.Owner.ID)
		return err
	})
	if err != nil {
		return access.Actor{}, false, err
	}
	if !found || owner.Disabled || t.RevokedAt != nil || !now.Before(t.Expires) || t.Created.After(now.Add(drift)) {
		s.cache.drop(token)
		return access.Actor{}, false, nil
	}
	if t.LastUsed == nil || now.Sub(*t.LastUsed) >= time.Minute || now.Sub(*t.LastUsed) < -drift {
		if err := s.db.Housekeep(ctx, func(tx *store.Tx) error { return touchToken(tx, t.ID, now) }); err != nil {
			return access.Actor{}, false, err
		}
	}
	fresh := &entry{actor: s.tokenActor(&t, &owner, now), created: t.Created, checked: now, until: t.Expires, system: true}
	if c := owner.changes; !c.IsZero() && c.Before(fresh.until) {
		fresh.until = c
	}
	s.cache.put(token, fresh, generation)
	return fresh.actor, true, nil
}

// tokenActor is the owner, narrowed to what the token was made for. It has an
// identity of its own: what people do for themselves is not for tokens, and
// the trail names it.
func (s *Service) tokenActor(t *APIToken, owner *User, now time.Time) access.Actor {
	a := access.Actor{ID: "token:" + t.ID, Name: owner.Name + " · " + t.Name, Unit: owner.Unit, Only: t.Permissions, Grants: []access.Grant{}}
	var units []string
	if t.Unit != "" {
		units, a.Unit = answering(s.units, t.Unit, now), t.Unit
	}
	for _, g := range owner.held {
		if units != nil {
			g.Units = narrow(g.Units, units)
		}
		if len(t.Services) > 0 {
			g.Services = narrow(g.Services, t.Services)
		}
		a.Grants = append(a.Grants, g)
	}
	return a
}

// narrow is what lies in both lists; a nil list is everything, the result
// never is.
func narrow(have, to []string) []string {
	out := []string{}
	for _, v := range to {
		if have == nil || slices.Contains(have, v) {
			out = append(out, v)
		}
	}
	return out
}
