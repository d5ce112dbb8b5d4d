package duty

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

//go:embed data/units.csv
var unitFile string

//go:embed data/responsibilities.csv
var responsibilityFile string

// readUnits reads the shipped agencies.
func readUnits(text string) ([]Unit, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("units.csv: %w", err)
	}
	var out []Unit
	for i, r := range rows[1:] {
		u := Unit{Code: r[0], Name: r[1], NameEn: r[2], Kind: r[3], Parent: r[4], Successor: r[7], Legal: r[8]}
		for _, d := range []struct {
			text string
			to   *time.Time
		}{{r[5], &u.ValidFrom}, {r[6], &u.ValidTo}} {
			if d.text == "" {
				continue
			}
			if *d.to, err = time.ParseInLocation(time.DateOnly, d.text, caltime.Zone); err != nil {
				return nil, fmt.Errorf("units.csv:%d: %w", i+2, err)
			}
		}
		out = append(out, u)
	}
	return out, nil
}

// seed writes the shipped units and, once, the shipped responsibilities; what
// the city changed stays.
func (s *Service) seed(tx *store.Tx) error {
	units, err := readUnits(unitFile)
	if err != nil {
		return err
	}
	have, err := listUnits(tx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, u := range have {
		known[u.Code] = true
	}
	for _, u := range units {
		if known[u.Code] {
			continue
		}
		if err := insertUnit(tx, u); err != nil {
			return err
		}
	}
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

// units are all units that are or ever were, by code, as a transaction sees
// them.
type units struct {
	agencies map[string][]Unit // by code, the newest life first
	city     *city.City
}

func (s *Service) units(tx *store.Tx) (units, error) {
	us := units{agencies: map[string][]Unit{}, city: s.city}
	list, err := listUnits(tx)
	for _, u := range list {
		us.agencies[u.Code] = append(us.agencies[u.Code], u)
	}
	return us, err
}

func ofCity(u city.Unit) Unit {
	out := Unit{Code: u.ID, Name: u.FullName, NameEn: u.NameEn, Kind: u.Kind, Parent: u.Parent, ValidFrom: u.ValidFrom, ValidTo: u.ValidTo, Legal: u.Legal}
	if len(u.Successors) > 0 {
		out.Successor = u.Successors[0]
	}
	return out
}

// find returns the unit of a code in the life that holds at, or else in its
// newest.
func (us units) find(code string, at time.Time) (Unit, bool) {
	if lives := us.agencies[code]; len(lives) > 0 {
		for _, u := range lives {
			if u.In(at) {
				return u, true
			}
		}
		return lives[0], true
	}
	if us.city == nil || code == "" {
		return Unit{}, false
	}
	u, ok := us.city.Unit(code)
	return ofCity(u), ok
}

// inForce follows a unit to what it has become by at, and says so. It ends at
// the IOC when nothing is known of the unit or its successor.
func (us units) inForce(code string, at time.Time) (Unit, msg.Text) {
	var why msg.Text
	seen := map[string]bool{}
	for range 20 {
		u, ok := us.find(code, at)
		switch {
		case !ok:
			ioc, _ := us.find(IOC, at)
			return ioc, join(why, msg.Text{Vi: "không có đơn vị mã " + code + ", chuyển ca trực IOC", En: "there is no unit " + code + ": the shift of the IOC"})
		case u.In(at) || u.ValidTo.IsZero():
			return u, why
		}
		next := u.Successor
		if us.city != nil {
			if heirs := us.city.Successors(u.Code, at); len(heirs) > 0 && us.agencies[u.Code] == nil {
				next = heirs[0].ID
			}
		}
		seen[code] = true
		if next == "" || seen[next] {
			ioc, _ := us.find(IOC, at)
			return ioc, join(why, msg.Text{
				Vi: u.Name + " đã kết thúc hoạt động từ " + caltime.FormatDate(msg.Vi, u.ValidTo) + " và không có đơn vị kế thừa, chuyển ca trực IOC",
				En: u.english() + " ended on " + caltime.FormatDate(msg.En, u.ValidTo) + " without a successor: the shift of the IOC"})
		}
		heir, _ := us.find(next, at)
		why = join(why, msg.Text{
			Vi: u.Name + " đã kết thúc hoạt động từ " + caltime.FormatDate(msg.Vi, u.ValidTo) + ", chuyển cho đơn vị kế thừa " + heir.Name,
			En: u.english() + " ended on " + caltime.FormatDate(msg.En, u.ValidTo) + ": its successor is " + heir.english()})
		code = next
	}
	ioc, _ := us.find(IOC, at)
	return ioc, why
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
