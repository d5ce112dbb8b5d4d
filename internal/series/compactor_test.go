package series

import (
	"reflect"
	"testing"

	"github.com/prometheus/prometheus/tsdb"
)

// spans makes blocks of days named by their place.
func spans(days ...[2]int64) (out []plannedBlock) {
	for i, d := range days {
		out = append(out, plannedBlock{dir: string(rune('a' + i)), BlockMeta: tsdb.BlockMeta{MinTime: d[0], MaxTime: d[1],
			Stats: tsdb.BlockStats{NumSeries: 100}}})
	}
	return out
}

func TestPlan(t *testing.T) {
	ranges := []int64{1, 3, 9, 27}
	eachDay := func(from, to int64) (out [][2]int64) {
		for d := from; d < to; d++ {
			out = append(out, [2]int64{d, d + 1})
		}
		return out
	}
	f := func(name string, blocks []plannedBlock, settled int64, want ...string) {
		t.Helper()
		if got := dirsOf(plan(blocks, ranges, settled)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: merges %v, want %v", name, got, want)
		}
	}
	f("nothing", nil, 100)
	f("one block", spans([2]int64{0, 1}), 100)
	f("three days", spans(eachDay(0, 4)...), 4, "a", "b", "c")
	f("three days of which the last is not over", spans(eachDay(0, 2)...), 2)
	f("gaps do not matter", spans([2]int64{0, 1}, [2]int64{2, 3}), 3, "a", "b")
	f("unaligned ends", spans([2]int64{-1, 0}, [2]int64{0, 1}), 3)
	f("negative times", spans([2]int64{-3, -2}, [2]int64{-2, -1}), 3, "a", "b")
	f("overlapping first", spans([2]int64{0, 9}, [2]int64{9, 12}, [2]int64{10, 11}, [2]int64{12, 13}), 100, "b", "c")
	f("a chain of overlaps", spans([2]int64{0, 9}, [2]int64{3, 4}, [2]int64{8, 10}, [2]int64{10, 11}), 100, "a", "b", "c")
	f("an import at once", spans(eachDay(0, 12)...), 27, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l")
	f("longer than any range", spans([2]int64{0, 30}, [2]int64{30, 31}), 100)

	holes := spans([2]int64{0, 27}, [2]int64{27, 54})
	holes[1].Stats.NumTombstones = 6
	f("deleted from", holes, 100, "b")
}
