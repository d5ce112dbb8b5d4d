package ingest

import (
	"fmt"
	"strconv"
	"strings"
)

// gap is a run of messages that lie below the newest published one and were
// never counted as received: a life that was killed had published them and
// not yet saved so, or a publish whose answer was lost. They are counted when
// the writer comes to them; a kill before that must not forget that they are
// still to be counted.
type gap struct {
	after uint64 // exclusive
	to    uint64 // inclusive
}

type gaps []gap

func (g gaps) hold(seq uint64) bool {
	for _, x := range g {
		if seq > x.after && seq <= x.to {
			return true
		}
	}
	return false
}

// beyond returns the gaps that the writer has not passed.
func (g gaps) beyond(stored uint64) gaps {
	var out gaps
	for _, x := range g {
		if x.to > stored {
			out = append(out, x)
		}
	}
	return out
}

func (g gaps) String() string {
	parts := make([]string, len(g))
	for i, x := range g {
		parts[i] = strconv.FormatUint(x.after, 10) + "-" + strconv.FormatUint(x.to, 10)
	}
	return strings.Join(parts, ",")
}

func parseGaps(s string) (gaps, error) {
	var out gaps
	for part := range strings.SplitSeq(s, ",") {
		if part == "" {
			continue
		}
		after, to, _ := strings.Cut(part, "-")
		a, err := strconv.ParseUint(after, 10, 64)
		b, err2 := strconv.ParseUint(to, 10, 64)
		if err != nil || err2 != nil {
			return nil, fmt.Errorf("gaps of the ingest cursor: %q", s)
		}
		out = append(out, gap{after: a, to: b})
	}
	return out, nil
}
