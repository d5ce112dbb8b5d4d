package audit

import "testing"

func FuzzParseCursor(f *testing.F) {
	for _, s := range []string{"", "a1", "azz", "a-1", "a0", "b1", "a1y2p0ij32e8e7", "a1y2p0ij32e8e8", "aA", "a+1", "a01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		seq, err := parseCursor(s)
		if err != nil {
			return
		}
		if s != "" && (seq <= 0 || formatCursor(seq) != s) {
			t.Errorf("%q reads as %d, which is written %q", s, seq, formatCursor(seq))
		}
	})
}
