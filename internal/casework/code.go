package casework

import (
	"regexp"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/vi"
)

// CodeForm is the shape of a file's code (domain notes §2.2).
type CodeForm string

// The forms.
const (
	NewForm   CodeForm = "new"   // H17.19-250701-0012, agency by QĐ 20/2020
	OldForm   CodeForm = "old"   // 000.00.19.H17-240115-0012, agency by QCVN 102:2016
	OtherForm CodeForm = "other" // kept, and listed as a problem
)

var (
	newForm = regexp.MustCompile(`^[A-Z]\d{2}(?:\.\d{2,3}){0,5}-\d{6}-\d{3,6}$`)
	oldForm = regexp.MustCompile(`^\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}-\d{6}-\d{3,6}$`)
)

// FormOf says which form a code has.
func FormOf(code string) CodeForm {
	switch {
	case newForm.MatchString(code):
		return NewForm
	case oldForm.MatchString(code):
		return OldForm
	}
	return OtherForm
}

// tidyCode is the key of a file: composed, without white space at its ends. A
// code is opaque, so nothing else of it is changed.
func tidyCode(code string) string { return strings.TrimSpace(vi.NFC(code)) }

// Hint is what a code seems to say; it decides nothing.
type Hint struct {
	Agency string    // highest level first: H17.19
	Day    time.Time // local midnight of receipt; zero where the digits are no date
}

// HintOf reads agency and day out of a code of one of the known forms.
func HintOf(code string) (h Hint, ok bool) {
	form := FormOf(code)
	if form == OtherForm {
		return Hint{}, false
	}
	parts := strings.Split(code, "-")
	h.Agency = parts[0]
	if form == OldForm { // lowest level first: 000.00.19.H17
		groups := strings.Split(parts[0], ".")
		h.Agency = groups[3]
		for i := 2; i >= 0; i-- {
			if strings.Trim(groups[i], "0") == "" {
				break
			}
			h.Agency += "." + groups[i]
		}
	}
	if day, err := time.ParseInLocation("060102", parts[1], caltime.Zone); err == nil {
		h.Day = day
	}
	return h, true
}

// codeTail is the part of a code behind the agency, by which people search:
// "250701-0012".
func codeTail(code string) string {
	if _, tail, ok := strings.Cut(code, "-"); ok {
		return tail
	}
	return ""
}
