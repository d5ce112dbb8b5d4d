package duty

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/store"
)

//go:embed data/responsibilities.csv
var responsibilityFile string

// seed writes, once, the shipped responsibilities; what the city changed
// stays.
func (s *Service) seed(tx *store.Tx) error {
	n, err := countResponsibilities(tx)
	if err != nil || n > 0 {
		return err
	}
	rows, err := csv.NewReader(strings.NewReader(responsibilityFile)).ReadAll()
	if err != nil {
		return fmt.Errorf("responsibilities.csv: %w", err)
	}
	for i, r := range rows[1:] {
		if err := insertResponsibility(tx, i, Responsibility{Service: r[0], Area: r[1], Unit: r[2], Note: r[3]}); err != nil {
			return err
		}
	}
	return nil
}

// adopt hands the units that were kept here before internal/org was over to
// it: those that the city had added or changed. The rows stay, marked.
func (s *Service) adopt(tx *store.Tx) error {
	old, err := unmovedUnits(tx)
	if err != nil || len(old) == 0 {
		return err
	}
	lives := map[string][]org.Unit{}
	for _, u := range old {
		lives[u.Code] = append(lives[u.Code], u.org(org.Unit{}))
	}
	if err := s.org.Adopt(tx, lives); err != nil {
		return err
	}
	return markMoved(tx)
}

// units are all units that are or ever were.
type units struct{ tree *org.Tree }

func (s *Service) units() units { return units{s.org.Tree()} }

func ofOrg(u org.Unit) Unit {
	out := Unit{Code: u.Code, Name: u.Name, NameEn: u.NameEn, Kind: u.Kind, Parent: u.Parent, ValidFrom: u.ValidFrom, ValidTo: u.ValidTo, Legal: u.Legal}
	if len(u.Successors) > 0 {
		out.Successor = u.Successors[0]
	}
	if u.Administrative() && u.Parent == org.Root { // the committee does not answer for a ward's work
		out.Parent = ""
	}
	return out
}

// org is the unit as org keeps it, where was is what it is now: this package
// knows of one successor only.
func (u Unit) org(was org.Unit) org.Unit {
	out := org.Unit{Code: u.Code, Name: u.Name, NameEn: u.NameEn, Kind: u.Kind, Parent: u.Parent, ValidFrom: u.ValidFrom, ValidTo: u.ValidTo, Legal: u.Legal}
	switch {
	case u.Successor == "":
	case slices.Contains(was.Successors, u.Successor):
		out.Successors = was.Successors
	default:
		out.Successors = []string{u.Successor}
	}
	return out
}

// find returns the unit of a code in the life that holds at, or else in its
// newest.
func (us units) find(code string, at time.Time) (Unit, bool) {
	u, ok := us.tree.Unit(code, at)
	if !ok {
		return Unit{}, false
	}
	return ofOrg(u), true
}

// inForce follows a unit to what it has become by at, and says so. It ends at
// the IOC when nothing is known of the unit or its successor.
func (us units) inForce(code string, at time.Time) (Unit, msg.Text) {
	u, ok := us.find(code, at)
	switch {
	case !ok:
		ioc, _ := us.find(IOC, at)
		return ioc, msg.Text{Vi: "không có đơn vị mã " + code + ", chuyển ca trực IOC", En: "there is no unit " + code + ": the shift of the IOC"}
	case u.In(at) || u.ValidTo.IsZero():
		return u, msg.Text{}
	}
	heir, ok := us.tree.InForce(u.Code, at)
	if !ok {
		ioc, _ := us.find(IOC, at)
		return ioc, msg.Text{
			Vi: u.Name + " đã kết thúc hoạt động từ " + caltime.FormatDate(msg.Vi, u.ValidTo) + " và không có đơn vị kế thừa, chuyển ca trực IOC",
			En: u.english() + " ended on " + caltime.FormatDate(msg.En, u.ValidTo) + " without a successor: the shift of the IOC"}
	}
	return ofOrg(heir), msg.Text{
		Vi: u.Name + " đã kết thúc hoạt động từ " + caltime.FormatDate(msg.Vi, u.ValidTo) + ", chuyển cho đơn vị kế thừa " + heir.Name,
		En: u.english() + " ended on " + caltime.FormatDate(msg.En, u.ValidTo) + ": its successor is " + heir.English()}
}

func (u Unit) english() string {
	if u.NameEn != "" {
		return u.NameEn
	}
	return u.Name
}

// join puts two reasons together.
func join(a, b msg.Text) msg.Text {
	switch {
	case a.Vi == "":
		return b
	case b.Vi == "":
		return a
	}
	return msg.Text{Vi: a.Vi + "; " + b.Vi, En: a.En + "; " + b.En}
}
