package series

import (
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// realSeries shows a series of the engine under its public labels and with
// real values.
type realSeries struct {
	face  face
	inner storage.Series
	from  int64 // first and last instant to show
	to    int64
}

func (s *realSeries) Labels() labels.Labels { return s.face.labels }

func (s *realSeries) Iterator(reuse chunkenc.Iterator) chunkenc.Iterator {
	it, ok := reuse.(*realIterator)
	if !ok {
		it = &realIterator{}
	}
	it.inner, it.done, it.begun = s.inner.Iterator(it.inner), false, false
	it.from, it.to = s.from, s.to
	it.scale, it.overlay = scale{}, nil // of companions
	if s.face.kind == values {
		it.scale, it.overlay = s.face.st.scale, s.face.overlay
	}
	return it
}

// realIterator scales stored numbers back and applies corrections. Samples
// excluded or outside the range asked for are stepped over.
type realIterator struct {
	inner   chunkenc.Iterator
	scale   scale
	overlay *overlay
	from    int64
	to      int64
	begun   bool // inner stands at or after from
	done    bool
	t       int64
	v       float64
}

func (it *realIterator) Next() chunkenc.ValueType {
	if it.done {
		return chunkenc.ValNone
	}
	if !it.begun {
		return it.Seek(it.from)
	}
	return it.settle(it.inner.Next())
}

// instant is Unix ms. (vet takes a Seek(int64) for a botched io.Seeker.)
type instant = int64

// Seek relies on the inner iterator staying put when it stands at or after t
// already; take gives the same answer for the same sample.
func (it *realIterator) Seek(t instant) chunkenc.ValueType {
	if it.done {
		return chunkenc.ValNone
	}
	it.begun = true
	return it.settle(it.inner.Seek(max(t, it.from)))
}

// settle steps over what is excluded and ends the iteration after to.
func (it *realIterator) settle(found chunkenc.ValueType) chunkenc.ValueType {
	for ; found != chunkenc.ValNone && it.inner.AtT() <= it.to; found = it.inner.Next() {
		if it.take() {
			return chunkenc.ValFloat
		}
	}
	it.done = true
	return chunkenc.ValNone
}

// take reads the inner sample; false means it is excluded.
func (it *realIterator) take() bool {
	t, n := it.inner.At()
	p := Point{T: t, V: it.scale.decode(n)}
	if !it.overlay.apply(&p) {
		return false
	}
	it.t, it.v = p.T, p.V
	return true
}

func (it *realIterator) At() (int64, float64) { return it.t, it.v }
func (it *realIterator) AtT() int64           { return it.t }
func (it *realIterator) AtST() int64          { return 0 }
func (it *realIterator) Err() error           { return it.inner.Err() }

// There are no histograms in this store.

func (it *realIterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return it.t, nil
}

func (it *realIterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return it.t, nil
}
