package duty

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// Responsibility says that a unit answers for a service in an area, from a
// day to a day.
type Responsibility struct {
	ID       string     `json:"id,omitempty"`
	Service  string     `json:"service" maxLength:"64" doc:"flood, river …; empty: every service that nobody else has"`
	Area     string     `json:"area" maxLength:"64" doc:"code of a ward; * for each ward itself; empty for the whole city"`
	Unit     string     `json:"unit" maxLength:"64" doc:"code; empty where area is *"`
	UnitName string     `json:"unit_name,omitempty"`
	From     *time.Time `json:"from" doc:"null: always"`
	To       *time.Time `json:"to" doc:"null: without end"`
	Note     string     `json:"note" maxLength:"1000"`
}

func (r *Responsibility) in(at time.Time) bool {
	return (r.From == nil || !at.Before(*r.From)) && (r.To == nil || at.Before(*r.To))
}

func (r *Responsibility) overlaps(o *Responsibility) bool {
	return (r.To == nil || o.From == nil || o.From.Before(*r.To)) && (o.To == nil || r.From == nil || r.From.Before(*o.To))
}

var (
	errResponsibility = fault.Define(fault.Invalid, "duty.responsibility", "the responsibilities are not complete", "bảng phân công chưa hợp lệ")
	errUnit           = fault.Define(fault.Invalid, "duty.unit", "there is no unit {unit}", "không có đơn vị {unit}")
	errArea           = fault.Define(fault.Invalid, "duty.area", "there is no ward {area}", "không có phường/xã {area}")
	errTwiceInTime    = fault.Define(fault.Invalid, "duty.twice_responsible", "two units answer for the same service and area at the same time", "hai đơn vị cùng phụ trách một lĩnh vực, một địa bàn trong cùng thời gian")
	errUnitFields     = fault.Define(fault.Invalid, "duty.unit_fields", "the unit is not complete", "thông tin đơn vị chưa hợp lệ")
	errUnitName       = fault.Define(fault.Invalid, "duty.unit_name", "give it a name", "cần tên đơn vị")
	errUnitCode       = fault.Define(fault.Invalid, "duty.unit_code", "1 to 32 of a–z, 0–9, - and _; codes of wards are the city's", "1–32 ký tự a–z, 0–9, - và _; mã phường/xã do dữ liệu thành phố quy định")
)

// Responsibilities are who answers for what, with the names of the units.
func (s *Service) Responsibilities(ctx context.Context, actor access.Actor) (rs []Responsibility, err error) {
	if err := access.Require(actor, access.DutyView, access.Scope{}); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		rs, err = listResponsibilities(tx)
		nameUnits(s.units(), rs, tx.Now)
		return err
	})
	return rs, err
}

func nameUnits(us units, rs []Responsibility, at time.Time) {
	for i := range rs {
		u, _ := us.find(rs[i].Unit, at)
		rs[i].UnitName = u.Name
	}
}

// SetResponsibilities replaces the whole table.
func (s *Service) SetResponsibilities(ctx context.Context, actor access.Actor, rs []Responsibility) ([]Responsibility, error) {
	if err := access.RequireEverywhere(actor, access.DutyEdit); err != nil {
		return nil, err
	}
	rs = slices.Clone(rs)
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		us := s.units()
		if err := checkResponsibilities(us, rs, tx.Now); err != nil {
			return err
		}
		before, err := listResponsibilities(tx)
		if err != nil {
			return err
		}
		if err := clearResponsibilities(tx); err != nil {
			return err
		}
		for i := range rs {
			if rs[i].ID == "" {
				rs[i].ID = uid.New(tx.Now)
			}
			rs[i].UnitName = ""
			if err := insertResponsibility(tx, i, rs[i]); err != nil {
				return err
			}
		}
		tx.Emit(store.Event{Subject: "ioc.duty.responsibilities_changed.all", Entity: "duty_responsibility", EntityID: "all",
			Before: before, After: slices.Clone(rs), Summary: "Sửa bảng phân công trách nhiệm"})
		nameUnits(us, rs, tx.Now)
		return nil
	})
	return rs, err
}

func checkResponsibilities(us units, rs []Responsibility, now time.Time) error {
	bad := errResponsibility.With()
	ids := map[string]bool{}
	for i := range rs {
		r := &rs[i]
		at := func(field string) string { return "responsibilities[" + strconv.Itoa(i) + "]." + field }
		r.Service, r.Area, r.Unit = strings.TrimSpace(r.Service), strings.TrimSpace(r.Area), strings.TrimSpace(r.Unit)
		if ids[r.ID] { // a copied row is a new row
			r.ID = ""
		}
		ids[r.ID] = r.ID != ""
		if r.Area == EachWard {
			r.Unit = ""
		} else if _, ok := us.find(r.Unit, now); !ok {
			bad.At(at("unit"), errUnit.With("unit", r.Unit))
		}
		if r.Area != "" && r.Area != EachWard {
			if _, ok := us.find(r.Area, now); !ok {
				bad.At(at("area"), errArea.With("area", r.Area))
			}
		}
		if r.From != nil && r.To != nil && !r.From.Before(*r.To) {
			bad.At(at("to"), errSpan.With("days", 36500))
		}
		for j := range i {
			if o := &rs[j]; o.Service == r.Service && o.Area == r.Area && o.overlaps(r) {
				bad.At(at("from"), errTwiceInTime.With())
			}
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Units are the agencies that are or were, and the wards in force, by code.
func (s *Service) Units(_ context.Context, actor access.Actor) (out []Unit, err error) {
	if err := access.Require(actor, access.DutyView, access.Scope{}); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	for _, u := range s.units().tree.All() {
		if !u.Administrative() || u.In(now) {
			out = append(out, ofOrg(u))
		}
	}
	return out, nil
}

// SetUnit adds an agency or changes the newest life of one: its name, its
// end, its successor. It needs what changing a unit in internal/org needs.
func (s *Service) SetUnit(ctx context.Context, actor access.Actor, u Unit) (Unit, error) {
	if err := access.RequireEverywhere(actor, access.UnitEdit); err != nil {
		return Unit{}, err
	}
	return u, s.db.Write(ctx, actor, func(tx *store.Tx) error {
		us := s.units()
		if err := checkUnit(us, u, tx.Now); err != nil {
			return err
		}
		lives := slices.Clone(us.tree.Lives(u.Code))
		if len(lives) == 0 {
			return s.org.Replace(tx, u.Code, []org.Unit{u.org(org.Unit{})}, "Thêm đơn vị "+u.Name)
		}
		lives[0] = u.org(lives[0])
		return s.org.Replace(tx, u.Code, lives, "Sửa đơn vị "+u.Name)
	})
}

func checkUnit(us units, u Unit, now time.Time) error {
	bad := errUnitFields.With()
	if known, _ := us.tree.Unit(u.Code, now); !org.ValidCode(u.Code) || known.Administrative() {
		bad.At("code", errUnitCode.With())
	}
	if u.Name == "" {
		bad.At("name", errUnitName.With())
	}
	if u.Parent != "" {
		if _, ok := us.find(u.Parent, now); !ok || u.Parent == u.Code {
			bad.At("parent", errUnit.With("unit", u.Parent))
		}
	}
	if u.Successor != "" {
		if _, ok := us.find(u.Successor, now); !ok || u.Successor == u.Code {
			bad.At("successor", errUnit.With("unit", u.Successor))
		}
	}
	if !u.ValidTo.IsZero() && !u.ValidFrom.Before(u.ValidTo) {
		bad.At("valid_to", errSpan.With("days", 36500))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
