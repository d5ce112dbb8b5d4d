package decode

import (
	"math"
	"strconv"
	"strings"
)

// Float reads a number as people and loggers write it: 7.21, 7,21, 1 234,5,
// 1.234,5, 1,234.5, −3 (minus sign U+2212), 1e-3. A single comma is a decimal
// comma. NaN, infinities and anything else are no numbers.
func Float(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 {
		return 0, false
	}
	s = strings.NewReplacer("\u2212", "-", "\u00a0", "", "\u202f", "", " ", "").Replace(s)
	comma, point := strings.LastIndexByte(s, ','), strings.LastIndexByte(s, '.')
	switch {
	case comma >= 0 && point >= 0 && comma > point: // 1.234,5
		s = strings.ReplaceAll(s, ".", "")
		s = strings.Replace(s, ",", ".", 1)
	case comma >= 0 && point >= 0: // 1,234.5
		s = strings.ReplaceAll(s, ",", "")
	case comma >= 0 && strings.Count(s, ",") == 1: // 7,21
		s = strings.Replace(s, ",", ".", 1)
	case comma >= 0: // 1,234,567
		s = strings.ReplaceAll(s, ",", "")
	}
	for _, c := range s {
		// ParseFloat also reads hexadecimal, "inf", "nan" and underscores.
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, false
	}
	return v, true
}
