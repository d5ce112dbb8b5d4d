package identity_test

import (
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
			if p.valid("ioct_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghj") {
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
