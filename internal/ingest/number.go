package ingest

import (
	"math"
	"strconv"
	"strings"
)

// parseDecimal reads a number that came as text. One comma and no point is
// the decimal comma of Vietnamese and European instruments ("1,5"); anything
// with both, or with more than one, says too little about itself and is no
// number here.
func parseDecimal(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if strings.IndexByte(s, ',') >= 0 {
		if strings.Count(s, ",") > 1 || strings.IndexByte(s, '.') >= 0 {
			return 0, false
		}
		s = strings.Replace(s, ",", ".", 1)
	}
	if s == "" || strings.ContainsAny(s, "_xXpP") {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return v, math.IsInf(v, 0) // out of range is a number, and refused as one
	}
	return v, true
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseNumber reads a JSON number. Up to 15 digits without an exponent, which
// is what instruments send, are exact as a whole number over a power of ten.
func parseNumber(s string) float64 {
	var n int64
	digits, decimals, point := 0, 0, false
	i := 0
	if s[0] == '-' {
		i = 1
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
			if digits++; digits > 15 {
				return parseSlow(s)
			}
			if point {
				decimals++
			}
		case c == '.':
			point = true
		default:
			return parseSlow(s)
		}
	}
	v := float64(n) / powersOfTen[decimals]
	if s[0] == '-' {
		v = -v
	}
	return v
}

func parseSlow(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64) // the grammar was checked; out of range gives ±Inf
	return v
}
