package warn

import (
	"time"

	"openioc.org/ioc/internal/casework"
)

// Opens is for tests.
func Opens(w casework.Window, due time.Time) time.Time { return w.Opens(due) }

// Quick makes look-ups answer at once.
func (s *Service) Quick() { s.floor = 0 }

// Spellings is for tests.
func Spellings(code string) []string { return spellings(code) }

// Stamp is for tests.
func (s *Service) Stamp() string { return s.stamp(s.settingsAt(s.clock.Now())) }
