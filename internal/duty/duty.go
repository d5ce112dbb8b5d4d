package duty

import (
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
)

// IOC is the code of the operations center itself.
const IOC = "ioc"

// The levels of an address; a question that is not answered climbs them.
const (
	LevelFocal  = 1 // cán bộ đầu mối of the unit
	LevelLeader = 2 // lãnh đạo of the unit
	LevelShift  = 3 // trưởng ca and lãnh đạo IOC
	LevelCity   = 4 // lãnh đạo thành phố
)

// Query asks who is to be addressed.
type Query struct {
	Unit     string // "": found by responsibility
	Service  string // "flood"
	Area     string // code of the ward in which it is
	Severity alertevent.Severity
	Level    int // 0 is LevelFocal
}

// Address is the answer: a unit, its people, and why they.
type Address struct {
	Unit     string
	UnitName string
	To       []notify.Recipient
	Why      msg.Text
}

// Person is an account as far as duty needs it.
type Person struct {
	User string // id of the account
	Name string
	Role access.Role
	Unit string // code, "" for the IOC and the city
}

// Unit is an agency or a ward in one of its lives.
type Unit struct {
	Code      string
	Name      string
	NameEn    string
	Kind      string // ioc, office, department, branch, force, utility, agency; ward, commune …
	Parent    string
	ValidFrom time.Time // zero: before the records
	ValidTo   time.Time // first instant no longer; zero while in force
	Successor string
	Legal     string
}

// In says whether the unit is in force at t.
func (u Unit) In(t time.Time) bool {
	return !t.Before(u.ValidFrom) && (u.ValidTo.IsZero() || t.Before(u.ValidTo))
}
