package geo

import (
	"fmt"
	"math"
)

// DecodePolyline reads an encoded polyline (the format of Google, OSRM and
// Valhalla) of the given count of decimals, 5 or 6 as a rule.
func DecodePolyline(s string, decimals int) (Line, error) {
	if decimals < 0 || decimals > 9 {
		return nil, fmt.Errorf("decimals %d: want 0 to 9", decimals)
	}
	scale := math.Pow10(decimals)
	var out Line
	var at [2]int64 // latitude, longitude
	for i := 0; i < len(s); {
		start := i
		for k := range at {
			d, n := varint(s[i:])
			if n == 0 {
				return nil, &SyntaxError{Pos: i, Want: "the end of a number", Got: ""}
			}
			at[k] += d
			i += n
		}
		p := Point{float64(at[1]) / scale, float64(at[0]) / scale}
		if !Valid(p) {
			return nil, &SyntaxError{Pos: start, Want: "a place within ±180 and ±90", Got: fmt.Sprint(p)}
		}
		out = append(out, p)
	}
	return out, nil
}

// EncodePolyline writes a line as DecodePolyline reads it.
func EncodePolyline(l Line, decimals int) string {
	scale := math.Pow10(decimals)
	var b []byte
	var at [2]int64
	for _, p := range l {
		for k, v := range [2]float64{p[1], p[0]} {
			n := int64(math.Round(v * scale))
			d := n - at[k]
			at[k] = n
			u := uint64(d<<1) ^ uint64(d>>63)
			for ; u >= 0x20; u >>= 5 {
				b = append(b, byte(u&0x1f|0x20)+63)
			}
			b = append(b, byte(u)+63)
		}
	}
	return string(b)
}

// varint reads one number and its length; a length of 0 means that it is
// broken.
func varint(s string) (int64, int) {
	var u uint64
	for i := 0; i < len(s) && i < 8; i++ {
		c := s[i] - 63
		if c > 0x3f {
			return 0, 0
		}
		u |= uint64(c&0x1f) << (5 * i)
		if c < 0x20 {
			return int64(u>>1) ^ -int64(u&1), i + 1
		}
	}
	return 0, 0
}
