package series

import (
	"math"
	"strconv"
	"strings"
)

// scale turns values into whole multiples of a resolution and back. XOR
// compression loves small whole numbers and hates decimals: river levels in
// 0.01 m take 1.2–2 bytes as integers and 5–8 as decimals.
//
// The resolution is m/10^d with m and 10^d whole, so that n·m and 10^d are
// exact floats and the quotient is the float nearest to the decimal: 488 at
// 0.01 is 488/100, which is the same float as the literal 4.88.
type scale struct {
	mul, pow float64 // m and 10^d; zero: values are stored as they are
	name     string  // the resolution as on disk, "0.01"
}

const maxDecimals = 9

// newScale reads a resolution; 0 is none.
func newScale(resolution float64) (scale, bool) {
	if resolution == 0 {
		return scale{}, true
	}
	if !(resolution > 0) || resolution > 1e9 {
		return scale{}, false
	}
	name := strconv.FormatFloat(resolution, 'f', -1, 64)
	whole, decimals, _ := strings.Cut(name, ".")
	if len(decimals) > maxDecimals {
		return scale{}, false
	}
	mul, err := strconv.ParseFloat(whole+decimals, 64)
	if err != nil || mul > 1e15 {
		return scale{}, false
	}
	return scale{mul: mul, pow: math.Pow10(len(decimals)), name: name}, true
}

// parseScale reads what is on disk.
func parseScale(name string) (scale, bool) {
	if name == "" {
		return scale{}, true
	}
	r, err := strconv.ParseFloat(name, 64)
	if err != nil {
		return scale{}, false
	}
	return newScale(r)
}

// encode returns the number stored for v; false when it would not come back
// exactly.
func (s scale) encode(v float64) (float64, bool) {
	if s.mul == 0 {
		return v, true
	}
	n := math.RoundToEven(v * s.pow / s.mul)
	if math.Abs(n*s.mul) >= 1<<53 {
		return 0, false
	}
	return n + 0, true // + 0 turns -0 into 0
}

// decode returns the value of a stored number.
func (s scale) decode(n float64) float64 {
	if s.mul == 0 {
		return n
	}
	return n * s.mul / s.pow
}

func (s scale) resolution() float64 {
	if s.mul == 0 {
		return 0
	}
	return s.mul / s.pow
}
