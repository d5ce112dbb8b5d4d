package series

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// compactor is the engine's, but for the choice of what to merge.
//
// The engine, when it opens, takes the end of the newest block that was not
// made of out-of-order samples only for the point up to which its log is
// obsolete, and drops samples of the log before it. A merge of such a block
// with an out-of-order one that reaches into the hours still in memory moves
// that point ahead of what is in blocks, and the next kill -9 loses samples.
// So this one leaves alone whatever reaches beyond settled.
//
// It also merges the thousands of small blocks that an import of history
// makes in one go, not in steps of three.
type compactor struct {
	*tsdb.LeveledCompactor
	ranges  []int64      // lengths of blocks in ms, ascending
	settled func() int64 // all before it is in blocks
	head    func() *tsdb.Head
	gate    *gate
}

// many small blocks in one long range are merged at once.
const many = 10

// ulidLength is the length of a block's folder name.
const ulidLength = 26

// plannedBlock is a block as the planner sees it.
type plannedBlock struct {
	dir string
	tsdb.BlockMeta
}

func newCompactor(settled func() int64, head func() *tsdb.Head, g *gate) tsdb.NewCompactorFunc {
	return func(ctx context.Context, r prometheus.Registerer, l *slog.Logger, ranges []int64, pool chunkenc.Pool, o *tsdb.Options) (tsdb.Compactor, error) {
		c, err := tsdb.NewLeveledCompactorWithOptions(ctx, r, l, ranges, pool, tsdb.LeveledCompactorOptions{
			MaxBlockChunkSegmentSize:    o.MaxBlockChunkSegmentSize,
			EnableOverlappingCompaction: true,
			PD:                          o.PostingsDecoderFactory,
		})
		if err != nil {
			return nil, err
		}
		return &compactor{LeveledCompactor: c, ranges: ranges, settled: settled, head: head, gate: g}, nil
	}
}

// Plan names the blocks to be merged next, none if all is well.
func (c *compactor) Plan(dir string) ([]string, error) {
	blocks, err := readBlocks(dir)
	if err != nil {
		return nil, err
	}
	settled := c.settled()
	blocks = slices.DeleteFunc(blocks, func(b plannedBlock) bool {
		return b.MaxTime > settled || b.Compaction.Failed
	})
	return dirsOf(plan(blocks, c.ranges, settled)), nil
}

// plan chooses among blocks sorted by their beginning.
func plan(blocks []plannedBlock, ranges []int64, settled int64) []plannedBlock {
	if o := overlapping(blocks); len(o) > 0 {
		return o
	}
	for i := len(ranges) - 1; i > 0; i-- {
		if p := fullRange(blocks, ranges[i], settled, many); p != nil {
			return p
		}
	}
	for _, length := range ranges[1:] {
		if p := fullRange(blocks, length, settled, 2); p != nil {
			return p
		}
	}
	for i, b := range blocks { // rewriting drops what was deleted
		if b.Stats.NumTombstones > 0 && b.Stats.NumTombstones*20 > b.Stats.NumSeries {
			return blocks[i : i+1]
		}
	}
	return nil
}

// overlapping returns the first run of blocks of which each overlaps one
// before it.
func overlapping(blocks []plannedBlock) []plannedBlock {
	for from := 0; from < len(blocks); {
		to, end := from+1, blocks[from].MaxTime
		for to < len(blocks) && blocks[to].MinTime < end {
			end = max(end, blocks[to].MaxTime)
			to++
		}
		if to-from > 1 {
			return blocks[from:to]
		}
		from = to
	}
	return nil
}

// fullRange returns the first blocks, at least n, that share a range of that
// length to which time will add no more.
func fullRange(blocks []plannedBlock, length, settled int64, n int) []plannedBlock {
	for from := 0; from < len(blocks); {
		start := floorTo(blocks[from].MinTime, length)
		to := from
		for to < len(blocks) && blocks[to].MaxTime <= start+length {
			to++
		}
		if to-from >= n && start+length <= settled {
			return blocks[from:to]
		}
		from = max(to, from+1)
	}
	return nil
}

func floorTo(t, length int64) int64 {
	r := t % length
	if r < 0 {
		r += length
	}
	return t - r
}

func dirsOf(blocks []plannedBlock) (dirs []string) {
	for _, b := range blocks {
		dirs = append(dirs, b.dir)
	}
	return dirs
}

// readBlocks returns the blocks in a folder, sorted by their beginning.
func readBlocks(dir string) ([]plannedBlock, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []plannedBlock
	for _, e := range entries {
		if len(e.Name()) != ulidLength || !e.IsDir() {
			continue // the log, the head, a block being written
		}
		b := plannedBlock{dir: filepath.Join(dir, e.Name())}
		data, err := os.ReadFile(filepath.Join(b.dir, "meta.json"))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &b.BlockMeta); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b plannedBlock) int {
		return cmp.Or(cmp.Compare(a.MinTime, b.MinTime), cmp.Compare(a.dir, b.dir))
	})
	return out, nil
}

// settled is the instant up to which nothing lives in memory only. While the
// head is empty it is where the engine found its blocks to end at start.
func (db *DB) settled() int64 {
	e := db.engine.Load()
	if e == nil {
		return math.MinInt64 // not open yet
	}
	if oldest := e.head.MinTime(); oldest != math.MaxInt64 {
		return oldest
	}
	return e.floor
}

// opened is what settled needs to know of the engine.
type opened struct {
	head  *tsdb.Head
	floor int64 // inOrderEnd of the blocks at start
}

// inOrderEnd is the end of the newest block that has in-order samples.
func inOrderEnd(blocks []*tsdb.Block) int64 {
	end := int64(math.MinInt64)
	for _, b := range blocks {
		if m := b.Meta(); !m.Compaction.FromOutOfOrder() {
			end = max(end, m.MaxTime)
		}
	}
	return end
}
