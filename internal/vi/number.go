package vi

import (
	"math"
	"strconv"
	"strings"
)

// FormatNumber writes v as Vietnamese do: "." between thousands, "," before
// the given count of decimals (rounded half to even of the binary value).
// What is no number is "—".
func FormatNumber(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "—"
	}
	s := strconv.FormatFloat(v, 'f', max(decimals, 0), 64)
	sign := ""
	if s[0] == '-' {
		s = s[1:]
		if strings.Trim(s, "0.") != "" { // -0,0 is 0,0
			sign = "-"
		}
	}
	whole, frac, _ := strings.Cut(s, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte('.')
		}
		b.WriteRune(c)
	}
	if frac != "" {
		b.WriteByte(',')
		b.WriteString(frac)
	}
	return b.String()
}
