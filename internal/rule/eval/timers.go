package eval

import "container/heap"

// timer is when something has to happen to its owner, and its place among
// the timers; -1 is none.
type timer struct {
	due int64
	pos int
}

func (t *timer) clock() *timer { return t }

// timers finds the earliest of many.
type timers[T interface{ clock() *timer }] struct{ list []T }

func (h *timers[T]) Len() int           { return len(h.list) }
func (h *timers[T]) Less(i, j int) bool { return h.list[i].clock().due < h.list[j].clock().due }
func (h *timers[T]) Swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	h.list[i].clock().pos, h.list[j].clock().pos = i, j
}

// Push and Pop are for the package heap.
func (h *timers[T]) Push(x any) {
	t := x.(T)
	t.clock().pos = len(h.list)
	h.list = append(h.list, t)
}

func (h *timers[T]) Pop() any {
	last := h.list[len(h.list)-1]
	h.list = h.list[:len(h.list)-1]
	last.clock().pos = -1
	return last
}

// set puts t where its due belongs.
func (h *timers[T]) set(t T) {
	c := t.clock()
	switch {
	case c.pos < 0 && c.due != never:
		heap.Push(h, t)
	case c.pos >= 0 && c.due == never:
		heap.Remove(h, c.pos)
	case c.pos >= 0:
		heap.Fix(h, c.pos)
	}
}

// until is the earliest one due at to or before.
func (h *timers[T]) until(to int64) (t T, ok bool) {
	if len(h.list) == 0 || h.list[0].clock().due > to {
		return t, false
	}
	return h.list[0], true
}
