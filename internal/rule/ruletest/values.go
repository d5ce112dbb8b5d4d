package ruletest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"openioc.org/ioc/internal/sensing"
)

// maxValues bounds what one series may expand to.
const maxValues = 200_000

// value is one reading of a load; missing tells that there is none.
type value struct {
	v       float64
	flags   sensing.Flags
	late    time.Duration
	missing bool
}

// expand reads the values of a series.
func expand(text string) ([]value, error) {
	var out []value
	for _, word := range strings.Fields(text) {
		v, step, n, err := parseValue(word)
		if err != nil {
			return nil, err
		}
		if len(out)+n > maxValues {
			return nil, fmt.Errorf("more than %d values", maxValues)
		}
		first := v.v
		for i := range n {
			// Not adding up keeps 0.1 + 3 × 0.1 from becoming 0.4000…1.
			v.v = math.Round((first+float64(i)*step)*1e9) / 1e9
			out = append(out, v)
		}
	}
	return out, nil
}

func parseValue(word string) (v value, step float64, n int, err error) {
	bad := func(what string) (value, float64, int, error) {
		return value{}, 0, 0, fmt.Errorf("the value %q cannot be read: %s", word, what)
	}
	rest := word
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		d, err := model.ParseDuration(rest[at+1:])
		if err != nil {
			return bad("after @ stands how late it comes, such as @10m")
		}
		rest, v.late = rest[:at], time.Duration(d)
	}
	if at := strings.IndexByte(rest, '!'); at >= 0 {
		for _, name := range strings.Split(rest[at+1:], "|") {
			f := sensing.ParseFlag(name)
			if f == 0 {
				return bad(name + " is no quality flag")
			}
			v.flags |= f
		}
		rest = rest[:at]
	}
	n = 1
	if at := strings.IndexByte(rest, 'x'); at >= 0 {
		n, err = strconv.Atoi(rest[at+1:])
		if err != nil || n < 0 || n > maxValues {
			return bad("after x stands how often")
		}
		if rest = rest[:at]; rest != "_" {
			n++
		}
	}
	if rest == "_" {
		v.missing = true
		return v, 0, n, nil
	}
	// The sign that parts value and step is not the first character.
	if at := strings.LastIndexAny(rest, "+-"); at > 0 {
		if step, err = number(rest[at:]); err != nil {
			return bad("no number after the sign")
		}
		rest = rest[:at]
	}
	if v.v, err = number(rest); err != nil {
		return bad("no number")
	}
	return v, step, n, nil
}

// number takes plain decimals only.
func number(s string) (float64, error) {
	if strings.Trim(s, "0123456789.+-") != "" || len(s) > 24 {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}
