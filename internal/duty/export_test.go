package duty

import (
	"context"
	"time"
)

// PlanOf is plan.
func PlanOf(from, to time.Time, pattern string, people []Person) []Shift {
	return plan(from, to, pattern, people)
}

// Remind is one look of Run.
func (s *Service) Remind(ctx context.Context) error { return s.remind(ctx) }
