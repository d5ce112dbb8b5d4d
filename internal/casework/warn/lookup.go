package warn

import (
	"context"
	"strings"
	"time"
	"unicode"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/vi"
)

// lookupFloor is the least time a look-up takes, longer than finding a file
// does: how long it took says nothing about whether the code exists.
const lookupFloor = 60 * time.Millisecond

// Public is what anybody may know of a file whose code they have.
type Public struct {
	Code          string         `json:"code"`
	ProcedureName string         `json:"procedure_name"`
	Applicant     personal.Name  `json:"applicant" doc:"masked"`
	UnitName      string         `json:"unit_name"`
	ReceivedAt    *time.Time     `json:"received_at"`
	Due           *time.Time     `json:"due"`
	State         msg.Text       `json:"state"`
	Class         casework.Class `json:"class"`
	ClassText     msg.Text       `json:"class_text"`
	FinishedAt    *time.Time     `json:"finished_at"`
	ReturnedAt    *time.Time     `json:"returned_at"`
	Steps         []PublicStep   `json:"steps"`
	Synthetic     bool           `json:"synthetic"`
}

// PublicStep is a step without the people who did it.
type PublicStep struct {
	Name       string     `json:"name"`
	Department string     `json:"department"`
	From       *time.Time `json:"from"`
	To         *time.Time `json:"to"`
}

// LookUp finds a file for somebody at an address. Spaces and case of the code
// do not matter.
func (s *Service) LookUp(ctx context.Context, address, code string) (Public, error) {
	if err := s.limit.Take(address, s.clock.Now(), 1); err != nil {
		return Public{}, err
	}
	floor := time.NewTimer(s.floor)
	defer floor.Stop()
	out, err := s.find(ctx, code)
	select {
	case <-floor.C:
	case <-ctx.Done():
	}
	return out, err
}

func (s *Service) find(ctx context.Context, code string) (Public, error) {
	for _, spelling := range spellings(code) {
		files, err := s.cases.ByCode(ctx, spelling)
		if err != nil {
			return Public{}, err
		}
		if len(files) > 0 {
			newest := files[0] // of two systems that both have the code, the one that told last
			for _, c := range files {
				if c.UpdatedAt.After(newest.UpdatedAt) {
					newest = c
				}
			}
			return publicOf(newest), nil
		}
	}
	return Public{}, casework.ErrNotFound.With()
}

// longestCode: nothing longer is looked for.
const longestCode = 80

// spellings are the codes that somebody may have meant: as typed without
// spaces, and in capitals.
func spellings(code string) []string {
	bare := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || !unicode.IsPrint(r):
			return -1
		case unicode.Is(unicode.Pd, r) || r == '−': // what word processors make of a hyphen
			return '-'
		}
		return r
	}, vi.NFC(code))
	if bare == "" || len(bare) > longestCode {
		return nil
	}
	out := []string{strings.ToUpper(bare)}
	if bare != out[0] {
		out = append(out, bare)
	}
	return out
}

func publicOf(c *casework.Case) Public {
	p := Public{Code: c.Code, ProcedureName: c.ProcedureName, Applicant: c.Applicant.Name, UnitName: unitName(c), ReceivedAt: c.ReceivedAt, Due: c.Due,
		State: c.StateName, Class: c.ClassNow, ClassText: c.ClassNow.Title(), FinishedAt: c.FinishedAt, ReturnedAt: c.ReturnedAt, Steps: []PublicStep{}, Synthetic: c.Synthetic}
	for _, st := range c.Steps {
		p.Steps = append(p.Steps, PublicStep{Name: st.Name, Department: st.Department, From: st.From, To: st.To})
	}
	return p
}
