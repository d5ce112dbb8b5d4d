package board

import (
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/store"
)

// wayChunk is how many numbers are allocated at a time; a way that is longer
// keeps its newest turns.
const wayChunk = 1 << 14

// ways are the turns and dates of the files that need more than a row, one
// after the other; what is freed is used again by one of the same length.
type ways struct {
	chunks [][]int64
	spare  map[int][]int64 // length → places
}

// way is one of them: counts of turns and dates, the last date, the turns
// (instant<<3 | state), then pairs of since and due.
type way []int64

func (w way) turns() []int64 { return w[2 : 2+w[0]>>16] }

func (w way) dues() []int64 { return w[2+w[0]>>16:] }

// dueAt is the date in force at an instant.
func (w way) dueAt(at int64) int64 {
	dues := w.dues()
	if len(dues) == 0 {
		return w[1]
	}
	for i := len(dues) - 2; i > 0; i -= 2 {
		if dues[i] <= at {
			return dues[i+1]
		}
	}
	return dues[1]
}

// ended is the class of an end at an instant that did not last.
func (w way) ended(state uint8, at int64) uint8 {
	switch casework.States[state] {
	case casework.Refused:
		return cRefused
	case casework.Withdrawn:
		return cWithdrw
	case casework.Stopped:
		return cStopped
	}
	due := w.dueAt(at)
	switch {
	case due == 0:
		return cNoDue
	case at > due:
		return cLate
	}
	return classNumber[casework.Window{}.Outcome(store.FromMicros(at), store.FromMicros(due))]
}

func (s *ways) at(place int64) way {
	c := s.chunks[place/wayChunk]
	i := place % wayChunk
	n := int64(2) + c[i]>>16 + c[i]&0xFFFF*2
	return c[i : i+n]
}

// put keeps the way of a file and returns its place.
func (s *ways) put(l *casework.Line) int64 {
	turns, dues := l.Turns, l.Dues
	if len(dues) == 1 && store.Micros(dues[0].Due) == l.Due {
		dues = nil // Due says it
	}
	turns, dues = turns[max(len(turns)-wayChunk/4, 0):], dues[max(len(dues)-wayChunk/8, 0):]
	n := 2 + len(turns) + 2*len(dues)
	place := s.room(n)
	w := s.chunks[place/wayChunk][place%wayChunk:]
	w[0], w[1] = int64(len(turns))<<16|int64(len(dues)), l.Due
	for i, t := range turns {
		w[2+i] = store.Micros(t.At)<<3 | int64(stateNumber[t.State])
	}
	for i, d := range dues {
		w[2+len(turns)+2*i], w[3+len(turns)+2*i] = store.Micros(d.From), store.Micros(d.Due)
	}
	return place
}

// room finds a place for n numbers.
func (s *ways) room(n int) int64 {
	if free := s.spare[n]; len(free) > 0 {
		place := free[len(free)-1]
		s.spare[n] = free[:len(free)-1]
		return place
	}
	if k := len(s.chunks); k == 0 || len(s.chunks[k-1])+n > wayChunk {
		s.chunks = append(s.chunks, make([]int64, 0, wayChunk))
	}
	k := len(s.chunks) - 1
	place := int64(k)*wayChunk + int64(len(s.chunks[k]))
	s.chunks[k] = s.chunks[k][:len(s.chunks[k])+n]
	return place
}

// free gives a place back.
func (s *ways) free(place int64) {
	if s.spare == nil {
		s.spare = map[int][]int64{}
	}
	n := len(s.at(place))
	s.spare[n] = append(s.spare[n], place)
}
