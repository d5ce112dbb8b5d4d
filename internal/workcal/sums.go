package workcal

import "sort"

// sums are running totals of a value per day: exact for the days of the table,
// week by week before and after it.
type sums struct {
	first    int64   // number of the first day
	at       []int64 // at[i] is the total of the days before first+i; one longer than the days
	lo, hi   [7]int64
	lo7, hi7 int64 // totals of a week
}

func newSums(first int64, values []int64, lo, hi [7]int64) sums {
	s := sums{first: first, at: make([]int64, len(values)+1), lo: lo, hi: hi}
	for i, v := range values {
		s.at[i+1] = s.at[i] + v
	}
	for i := range 7 {
		s.lo7 += lo[i]
		s.hi7 += hi[i]
	}
	return s
}

// before is the total of all days before a day, counted from the first of the
// table: less than zero for days before it.
func (s *sums) before(day int64) int64 {
	i := day - s.first
	last := int64(len(s.at) - 1)
	switch {
	case i >= 0 && i <= last:
		return s.at[i]
	case i < 0:
		weeks := floorDiv(i, 7)
		total := weeks * s.lo7
		for d := s.first + weeks*7; d < day; d++ {
			total += s.lo[weekday(d)]
		}
		return total
	}
	weeks := (i - last) / 7
	total := s.at[last] + weeks*s.hi7
	for d := s.first + last + weeks*7; d < day; d++ {
		total += s.hi[weekday(d)]
	}
	return total
}

// reach is the first day at whose end the total is at least want.
func (s *sums) reach(want int64) int64 { return s.search(want) }

// pass is the first day at whose end the total is more than want: the last
// day that begins with no more than want and has something of its own.
func (s *sums) pass(want int64) int64 { return s.search(want + 1) }

func (s *sums) search(want int64) int64 {
	last := int64(len(s.at) - 1)
	switch {
	case want <= 0:
		day := s.first + 7*(floorDiv(want, s.lo7)-1)
		for s.before(day+1) < want {
			day++
		}
		return day
	case want > s.at[last]:
		day := s.first + last + 7*max((want-s.at[last])/s.hi7-1, 0)
		for s.before(day+1) < want {
			day++
		}
		return day
	}
	return s.first + int64(sort.Search(int(last), func(i int) bool { return s.at[i+1] >= want }))
}
