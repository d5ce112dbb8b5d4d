package httpapi

import (
	"context"
	"net/http"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/msg"
)

// SessionCookie is the name of the cookie that carries a session's token.
const SessionCookie = "ioc_session"

type callerKey struct{}

type caller struct {
	actor     access.Actor
	lang      msg.Lang
	requestID string
	token     string
	base      string // scheme://host the request came to
	remote    string // address without port
}

func of(ctx context.Context) *caller {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c
	}
	return &caller{actor: access.Nobody(), lang: msg.Vi}
}

// Actor returns who is calling; a request without a valid token is Nobody.
func Actor(ctx context.Context) access.Actor { return of(ctx).actor }

// Reach is where the caller may do p: nowhere for a visitor. Where nobody calls
// the program itself asks, and that is everywhere.
func Reach(ctx context.Context, p access.Permission) access.Reach {
	if _, called := ctx.Value(callerKey{}).(*caller); !called {
		return access.System("").Reach(p)
	}
	return Actor(ctx).Reach(p)
}

// Lang returns the caller's language: ?lang=, then Accept-Language, then vi.
func Lang(ctx context.Context) msg.Lang { return of(ctx).lang }

// RequestID returns the id that the response's X-Request-ID header carries.
func RequestID(ctx context.Context) string { return of(ctx).requestID }

// Token returns the bearer token or cookie the request carried, "" for none.
func Token(ctx context.Context) string { return of(ctx).token }

// BaseURL returns scheme://host as the caller addressed us.
func BaseURL(ctx context.Context) string { return of(ctx).base }

// RemoteIP returns the caller's address without the port.
func RemoteIP(ctx context.Context) string { return of(ctx).remote }

// WithActor returns a context in which actor is the caller; tests use it.
func WithActor(ctx context.Context, actor access.Actor) context.Context {
	c := *of(ctx)
	c.actor = actor
	return context.WithValue(ctx, callerKey{}, &c)
}

func requestLang(r *http.Request) msg.Lang {
	if l := r.URL.Query().Get("lang"); l != "" {
		return msg.ParseLang(l)
	}
	return msg.ParseLang(r.Header.Get("Accept-Language"))
}

func requestToken(r *http.Request) (token string, fromCookie bool) {
	if h := r.Header.Get("Authorization"); len(h) > 7 && strings.EqualFold(h[:7], "Bearer ") {
		return strings.TrimSpace(h[7:]), false
	}
	if c, err := r.Cookie(SessionCookie); err == nil {
		return c.Value, true
	}
	return "", false
}
