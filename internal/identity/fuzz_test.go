package identity

import (
	"strings"
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

func checkRows(t *testing.T, text string, rows []importRow, faults []ImportFault) {
	t.Helper()
	last := 1 + strings.Count(text, "\n")
	if len(rows) > maxPeople {
		t.Fatalf("%d rows", len(rows))
	}
	for _, r := range rows {
		if r.line < 1 || r.line > last {
			t.Fatalf("row in line %d of %d", r.line, last)
		}
	}
	for _, f := range faults {
		if f.Line < 1 || f.Line > last || f.Err == nil {
			t.Fatalf("fault %+v of %d lines", f, last)
		}
	}
}

func FuzzReadSCIM(f *testing.F) {
	const head = `{"schemas":["` + scimList + `"],"Resources":[`
	for _, s := range []string{
		head + `{"userName":"an","displayName":"An","emails":[{"value":"a@b","primary":true}],"active":false}]}`,
		head + "\n{\"userName\":\"b\",\n\"name\":{\"familyName\":\"Trần\"},\"" + scimEnterprise + "\":{\"department\":\"1\"}},\n 7, null]}",
		head, "", "[]", "{}", "null", `{"Resources":{}}`, "\uFEFF{", `{"schemas":7}`, head + `]}}`, head + "{\"active\":\n\n1}]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rows, faults := readSCIM(s)
		checkRows(t, s, rows, faults)
	})
}

func FuzzReadPeopleCSV(f *testing.F) {
	for _, s := range []string{
		"username,name,active\nan,An,có\n", "Tên đăng nhập;Họ tên\r\nan;\"A;\n\"\r\n", "username\tunit\nan\t1", "", "\uFEFF", "username\n\"", "username,username\na,b,c,d\n\n\n,", "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rows, faults := readPeopleCSV(s)
		checkRows(t, s, rows, faults)
	})
}

func FuzzLocal(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "/a?b=//c", "https://x", "/%2f", "/\t/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := local(s); !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t") {
			t.Fatalf("%q leads to %q", s, got)
		}
	})
}
