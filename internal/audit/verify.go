package audit

import (
	"context"

	"openioc.org/ioc/internal/store"
)

// Verdict is what Verify found.
type Verdict struct {
	Checked int64  `json:"checked" doc:"entries that are whole"`
	Head    Anchor `json:"head" doc:"the last whole entry; keep it elsewhere"`
	Broken  int64  `json:"broken,omitempty" doc:"number of the first entry that is not what was written"`
	Reason  Reason `json:"reason,omitempty" enum:"changed,missing,unchained,cut" doc:"what is wrong with it"`
}

// Reason says how the chain is broken.
type Reason string

// The ways a chain breaks.
const (
	Changed   Reason = "changed"   // a field differs from what was hashed
	Missing   Reason = "missing"   // the number is not there
	Unchained Reason = "unchained" // whole in itself, but not the successor of the one before
	Cut       Reason = "cut"       // an anchor lies beyond the end, or differs from the entry
)

const verifyBatch = 1000

// Verify reads the whole trail and recomputes the chain. It stops at the first
// entry that is not what was written, and checks that the anchors kept
// elsewhere lie on the chain.
func (t *Trail) Verify(ctx context.Context, anchors ...Anchor) (Verdict, error) {
	want := make(map[int64]string, len(anchors))
	for _, a := range anchors {
		want[a.Seq] = a.Hash
	}
	var v Verdict
	for {
		var entries []Entry
		err := t.db.Read(ctx, func(tx *store.Tx) (err error) {
			entries, err = store.All(tx, scanEntry,
				"select "+columns+" from audit_entry where seq > $1 order by seq limit $2", v.Head.Seq, verifyBatch)
			return err
		})
		if err != nil {
			return v, err
		}
		for _, e := range entries {
			next := v.Head.Seq + 1
			hash, anchored := want[next]
			switch {
			case e.Seq != next:
				v.Broken, v.Reason = next, Missing
			case e.sum() != e.Hash:
				v.Broken, v.Reason = next, Changed
			case e.Previous != v.Head.Hash:
				v.Broken, v.Reason = next, Unchained
			case anchored && e.Hash != hash:
				v.Broken, v.Reason = next, Cut
			}
			if v.Broken > 0 {
				return v, nil
			}
			v.Checked, v.Head = v.Checked+1, Anchor{Seq: e.Seq, Hash: e.Hash}
		}
		if len(entries) == verifyBatch {
			continue
		}
		for _, a := range anchors {
			if a.Seq > v.Head.Seq {
				v.Broken, v.Reason = v.Head.Seq+1, Cut
			}
		}
		return v, nil
	}
}
