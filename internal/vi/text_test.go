package vi_test

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"openioc.org/ioc/internal/vi"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"Phường Hoà Cường":        "phuong hoa cuong",
		"Đà Nẵng":                 "da nang",
		"  Đặc khu \t Hoàng Sa\n": "dac khu hoang sa",
		"QUẬN NGŨ HÀNH SƠN":       "quan ngu hanh son",
		"Lệ Thủy":                 "le thuy", // decomposed
		"ắ ằ ẳ ẵ ặ ấ ầ ẩ ẫ ậ ờ ợ":  "a a a a a a a a a a o o",
		"Avương, La Êê, Đắc Pring": "avuong, la ee, dac pring",
		"a\xffb":                   "a\uFFFDb",
	} {
		if got := vi.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestKey_BothPlacementsOfATone(t *testing.T) {
	for _, pair := range [][2]string{
		{"Hoà Cường", "Hòa Cường"},
		{"thuỷ", "thủy"},
		{"Lệ Thuỷ", "LỆ  THỦY"},
		{"uý", "úy"},
		{"quý", "qúy"},
		{"khoẻ", "khỏe"},
		{"loè xoè", "lòe xòe"},
		{"Hoạ Mi", "họa mi"},
		{"giá", "gía"},
		{"toàn", "tòan"},
		{"Tuý Loan", "Túy Loan"},
		{"khuỷu", "khủyu"},
		{"Phú Thuận", "Phú Thuận"}, // decomposed
	} {
		if a, b := vi.Key(pair[0]), vi.Key(pair[1]); a != b {
			t.Errorf("Key(%q) = %q, Key(%q) = %q", pair[0], a, pair[1], b)
		}
	}
}

func TestKey_KeepsWordsApart(t *testing.T) {
	for _, word := range []string{
		"hoa", "hòa", "hóa", "đà", "da", "dà", "quý", "quỳ", "của", "mía", "ngoài", "quái", "giữa", "già",
		"rượu", "thuở", "yếu", "đường", "huế", "hữu", "khuya", "oách", "goòng", "tuyết", "thuế", "nguyễn",
	} {
		if got := vi.Key(word); got != word {
			t.Errorf("Key(%q) = %q, want the word itself", word, got)
		}
	}
}

func TestFromCP1258(t *testing.T) {
	// "Đà Nẵng, Lệ Thủy: mực nước" as Windows-1258 writes it, tones apart.
	in := []byte("\xd0\xe0 N\xe3\xdeng, L\xea\xf2 Thu\xd2y: m\xfd\xf2c n\xfd\xf5\xecc")
	// e3 is ă; de is the tilde; ea ê; f2 the dot; d2 the hook; fd ư; f5 ơ; ec the acute.
	if got, want := vi.FromCP1258(in), "Đà Nẵng, Lệ Thủy: mực nước"; got != want {
		t.Errorf("FromCP1258 = %q, want %q", got, want)
	}
	if got := vi.FromCP1258([]byte{'a', 0xd2, 0xff, 0x90}); !utf8.ValidString(got) {
		t.Errorf("FromCP1258 gave invalid UTF-8 %q", got)
	}
}

func TestFormatNumber(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{
		{1234.5, 1, "1.234,5"},
		{1234567.891, 2, "1.234.567,89"},
		{0, 0, "0"},
		{-0.04, 1, "0,0"},
		{-1234.56, 1, "-1.234,6"},
		{999, 0, "999"},
		{1000, 0, "1.000"},
		{4.88, 2, "4,88"},
	} {
		if got := vi.FormatNumber(c.v, c.decimals); got != c.want {
			t.Errorf("FormatNumber(%v, %d) = %q, want %q", c.v, c.decimals, got, c.want)
		}
	}
}

func FuzzFold(f *testing.F) {
	fuzzText(f, vi.Fold)
}

func FuzzKey(f *testing.F) {
	fuzzText(f, vi.Key)
}

// fuzzText holds what every function of the package promises, and that a
// text and its decomposed form are one.
func fuzzText(f *testing.F, fn func(string) string) {
	for _, s := range []string{"Hoà Vang", "quý", "Đắc Pring", "a\xff", "İẞǅ", "ệ̂́", "giữa ươ", "ΩK가"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := fn(s)
		if !utf8.ValidString(once) {
			t.Fatalf("%q: invalid UTF-8 %q", s, once)
		}
		if twice := fn(once); twice != once {
			t.Fatalf("%q: once %q, twice %q", s, once, twice)
		}
		if !norm.NFC.IsNormalString(once) {
			t.Fatalf("%q: %q is not composed", s, once)
		}
		if utf8.ValidString(s) {
			if d := fn(norm.NFD.String(s)); d != once {
				t.Fatalf("%q: composed gives %q, decomposed %q", s, once, d)
			}
		}
	})
}
