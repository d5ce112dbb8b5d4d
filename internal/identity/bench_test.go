package identity_test

import (
	"fmt"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store/storetest"
)

func BenchmarkAuthenticate(b *testing.B) {
	p := open(b, storetest.SQLite(b, nil))
	p.person("lan", access.Duty)
	token := p.mustSignIn("lan")
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			if !p.valid(token) {
				b.Fatal("not valid")
			}
		}
	})
	b.Run("looked-up", func(b *testing.B) {
		for b.Loop() {
			p.pass(stale)
			if !p.valid(token) {
				token = p.mustSignIn("lan") // twelve hours are over
			}
		}
	})
	b.Run("of-a-source", func(b *testing.B) {
		for b.Loop() {
			if p.valid("ioc_0123456789abcdefghjkmnpqrstvwxyz") {
				b.Fatal("valid")
			}
		}
	})
}

const stale = 10_000_000_000 // ns, as in Authenticate

// The real price of a sign-in: argon2id, session, audit entry, on disk.
func BenchmarkSignIn(b *testing.B) {
	p := open(b, storetest.SQLite(b, nil), func(o *identity.Options) { o.Argon2 = nil })
	p.person("lan", access.Duty)
	b.ReportAllocs()
	for b.Loop() {
		p.mustSignIn("lan")
	}
}

// Four hundred people who refresh every ten seconds are known from memory: the
// price of one answer.
func BenchmarkAuthenticateFourHundred(b *testing.B) {
	p := open(b, storetest.SQLite(b, nil), func(o *identity.Options) { o.Units = city() })
	var tokens []string
	for i := range 400 {
		name := fmt.Sprintf("u%d", i)
		p.worker(name, access.Officer, "a")
		tokens = append(tokens, p.mustSignIn(name))
	}
	for _, t := range tokens {
		_ = p.actor(t)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if !p.valid(tokens[i%len(tokens)]) {
			b.Fatal("not valid")
		}
		i++
	}
}
