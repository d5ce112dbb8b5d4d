package identity

import (
	"testing"
)

func FuzzParseHash(f *testing.F) {
	for _, s := range []string{
		"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=4294967295,t=4294967295,p=255$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
		"$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$", "$$$$$", "", "$2b$12$abcdefghijklmnopqrstuv",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseHash(s)
		if err != nil {
			return
		}
		if h.price.Memory > maxMemory || h.price.Passes > maxPasses || h.price.Threads == 0 {
			t.Fatalf("%q asks for %+v", s, h.price)
		}
		again, err := parseHash(formatHash(h))
		if err != nil || string(again.key) != string(h.key) || string(again.salt) != string(h.salt) || again.price != h.price {
			t.Fatalf("%q does not come back: %v", s, err)
		}
	})
}

func TestHashKnownAnswer(t *testing.T) {
	h := newHasher(Argon2{Memory: 64, Passes: 1, Threads: 1})
	phc, err := h.hash(t.Context(), "Hoà Vang")
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{
		"Hoà Vang":       true,
		"Hoa\u0300 Vang": true, // the same text, decomposed
		"hoà vang":       false,
		"":               false,
	} {
		if ok, err := h.verify(t.Context(), password, phc); ok != want || err != nil {
			t.Errorf("%q: %v %v", password, ok, err)
		}
	}
	if other, _ := h.hash(t.Context(), "Hoà Vang"); other == phc {
		t.Error("two hashes share a salt")
	}
	// From the reference implementation: echo -n "password" | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32 -e
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := h.verify(t.Context(), "password", reference); !ok || err != nil {
		t.Errorf("reference hash: %v %v", ok, err)
	}
}
