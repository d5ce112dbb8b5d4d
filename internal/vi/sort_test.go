package vi_test

import (
	_ "embed"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"openioc.org/ioc/internal/vi"
)

// sorted holds names of Đà Nẵng and hard words as Intl.Collator("vi") of
// ICU sorts them.
//
//go:embed testdata/sorted_vi.txt
var sorted string

func TestSortKey_AsTheCollatorOfBrowsers(t *testing.T) {
	want := strings.Split(strings.TrimSuffix(sorted, "\n"), "\n")
	got := slices.Clone(want)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	slices.Sort(got) // the collator leaves equal keys open; the list breaks ties by bytes
	slices.SortStableFunc(got, vi.Compare)
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("place %d: %q, want %q", i, got[i], want[i])
		}
	}
}

func TestSortKey_LettersBeforeTones(t *testing.T) {
	want := []string{"An", "Ân", "ba", "bà", "bả", "bã", "bá", "bạ", "Bà Nà", "Dũng", "Đà", "Em", "Ê", "Zalo"}
	if !slices.IsSortedFunc(want, vi.Compare) {
		t.Errorf("not in order: %q", want)
	}
}

func TestSortKey_DigitsOnly(t *testing.T) {
	for _, s := range []string{"", "Đà Nẵng", "a\xffb", "가 Ω ẞ", "\u0301"} {
		if k := vi.SortKey(s); strings.Trim(k, "0123456789") != "" {
			t.Errorf("SortKey(%q) = %q, want digits", s, k)
		}
	}
}

func FuzzSortKey(f *testing.F) {
	f.Add("An", "Ân")
	f.Add("Đà", "Đa")
	f.Add("hoa\u0301", "hoá ")
	f.Add("가", "a\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		ka, kb := vi.SortKey(a), vi.SortKey(b)
		if strings.Trim(ka, "0123456789") != "" {
			t.Fatalf("SortKey(%q) = %q, want digits", a, ka)
		}
		if d := vi.SortKey(norm.NFD.String(strings.ToValidUTF8(a, "\uFFFD"))); d != ka {
			t.Fatalf("SortKey(%q) = %q, decomposed %q", a, ka, d)
		}
		// What is less stays less with a common beginning.
		if c := strings.Compare(ka, kb); c != 0 && len(a) > 0 && len(b) > 0 && a[0] < 0x80 && b[0] < 0x80 {
			if got := vi.Compare("x"+a, "x"+b); got != c {
				t.Fatalf("Compare(%q, %q) = %d, with x before %d", a, b, c, got)
			}
		}
	})
}
