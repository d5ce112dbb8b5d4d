package alert

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// Inhibition keeps alerts quiet while another one explains them: an active
// alert that meets Source keeps those quiet that meet Target and have the
// same value in every label of Equal. An alert that lacks one of these labels
// takes no part, and none inhibits itself.
type Inhibition struct {
	ID     string    `json:"id" minLength:"1" maxLength:"64"`
	Name   msg.Text  `json:"name"`
	Source []Matcher `json:"source"`
	Target []Matcher `json:"target"`
	Equal  []string  `json:"equal"`
}

// ShippedInhibitions are those of a new city: a dead supplier is one alert,
// not eighty.
func ShippedInhibitions() []Inhibition {
	return []Inhibition{{
		ID:     "source-silent",
		Name:   msg.Text{Vi: "Nguồn im lặng giải thích trạm im lặng, trạm kẹt số", En: "A silent source explains silent and frozen stations"},
		Source: []Matcher{{Label: "rule", Op: "=", Value: "source-silent"}},
		Target: []Matcher{{Label: "rule", Op: "=~", Value: "gauge-silent|(rain|river|tower)-frozen|(river|tower)-toggling"}},
		Equal:  []string{"source"},
	}}
}

var (
	errInhibitions  = fault.Define(fault.Invalid, "alert.inhibitions", "the inhibition rules are not valid", "quy tắc tắt tiếng theo cảnh báo khác chưa hợp lệ")
	errInhibitID    = fault.Define(fault.Invalid, "alert.inhibition_id", "give each rule an id of its own: a–z, 0–9, - and _", "mỗi quy tắc cần một mã riêng gồm a–z, 0–9, - và _")
	errInhibitCycle = fault.Define(fault.Invalid, "alert.inhibition_cycle",
		"these rules could keep each other's alerts quiet in a circle: {cycle}", "các quy tắc này có thể làm im nhau thành vòng: {cycle}")
)

const mostInhibitions = 100

// compileInhibitions makes rules ready and finds what is wrong with them.
func compileInhibitions(list []Inhibition) error {
	bad := errInhibitions.With()
	if len(list) > mostInhibitions {
		return bad.At("inhibitions", errRange.With("from", 0, "to", mostInhibitions))
	}
	ids := map[string]bool{}
	for i := range list {
		r := &list[i]
		path := fmt.Sprintf("inhibitions[%d]", i)
		if !validInhibitionID(r.ID) || ids[r.ID] {
			bad.At(path+".id", errInhibitID.With())
		}
		ids[r.ID] = true
		r.Source = compile(r.Source, path+".source", bad)
		r.Target = compile(r.Target, path+".target", bad)
		if len(r.Equal) > 10 {
			bad.At(path+".equal", errRange.With("from", 0, "to", 10))
		}
		for _, l := range r.Equal {
			if !validLabel(l) {
				bad.At(path+".equal", errLabel.With("label", l))
			}
		}
		if r.Equal == nil {
			r.Equal = []string{}
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	if c := cycle(list); c != nil {
		return bad.At("inhibitions", errInhibitCycle.With("cycle", strings.Join(c, " → ")))
	}
	return nil
}

func validInhibitionID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// cycle finds rules of which each could keep the sources of the next quiet,
// round to the first; nil when there are none.
func cycle(list []Inhibition) []string {
	const grey, black = 1, 2
	colour := make([]int, len(list))
	var path []int
	var visit func(i int) []string
	visit = func(i int) []string {
		colour[i] = grey
		path = append(path, i)
		for j := range list {
			if !overlap(list[i].Target, list[j].Source) {
				continue
			}
			if colour[j] == grey {
				var names []string
				for _, k := range path[slices.Index(path, j):] {
					names = append(names, list[k].ID)
				}
				return append(names, list[j].ID)
			}
			if colour[j] == 0 {
				if c := visit(j); c != nil {
					return c
				}
			}
		}
		colour[i] = black
		path = path[:len(path)-1]
		return nil
	}
	for i := range list {
		if colour[i] == 0 {
			if c := visit(i); c != nil {
				return c
			}
		}
	}
	return nil
}

const (
	roleSource = "source"
	roleTarget = "target"
)

// part is one role that an alert plays in one rule.
type part struct {
	rule, role, key string
}

// parts are the roles of an alert; only an active one is a source.
func (cfg *config) parts(a *Alert) []part {
	if len(cfg.inhibitions) == 0 || !a.open() {
		return nil
	}
	labels := a.matchable()
	var out []part
	for i := range cfg.inhibitions {
		r := &cfg.inhibitions[i]
		source, target := a.Active && matches(r.Source, labels), matches(r.Target, labels)
		if !source && !target {
			continue
		}
		key, ok := equalKey(r.Equal, labels)
		if !ok {
			continue
		}
		if source {
			out = append(out, part{r.ID, roleSource, key})
		}
		if target {
			out = append(out, part{r.ID, roleTarget, key})
		}
	}
	return out
}

func equalKey(equal []string, labels map[string]string) (string, bool) {
	for _, l := range equal {
		if labels[l] == "" {
			return "", false
		}
	}
	return groupKey(equal, labels), true
}

// inhibitedBy finds an alert that keeps a quiet.
func (s *Service) inhibitedBy(tx *store.Tx, cfg *config, a *Alert) (*Suppression, error) {
	for _, p := range cfg.parts(a) {
		if p.role != roleTarget {
			continue
		}
		by, ok, err := store.One(tx, func(scan store.Scan) (s Suppression, err error) { return s, scan(&s.ID, &s.Title) },
			`select i.alert, s.number from alert_inhibition i join alert s on s.id = i.alert
			where i.inhibition = $1 and i.role = $2 and i.key = $3 and i.alert <> $4 order by i.alert limit 1`, p.rule, roleSource, p.key, a.ID)
		if err != nil {
			return nil, err
		}
		if ok {
			by.Kind = ByInhibition
			return &by, nil
		}
	}
	return nil, nil
}

// enter writes down the roles of an alert and keeps those quiet that it
// explains.
func (s *Service) enter(tx *store.Tx, cfg *config, a *Alert) error {
	for _, p := range cfg.parts(a) {
		if _, err := tx.Mark("insert into alert_inhibition (inhibition, role, key, alert) values ($1, $2, $3, $4) on conflict do nothing",
			p.rule, p.role, p.key, a.ID); err != nil {
			return err
		}
		if p.role == roleSource {
			if err := s.judgeTargets(tx, cfg, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// reenter is enter for an alert that changed.
func (s *Service) reenter(tx *store.Tx, cfg *config, before, after *Alert) error {
	was, is := cfg.parts(before), cfg.parts(after)
	if slices.Equal(was, is) {
		return nil
	}
	for _, p := range was {
		if slices.Contains(is, p) {
			continue
		}
		if err := s.leave(tx, cfg, p, after.ID); err != nil {
			return err
		}
	}
	return s.enter(tx, cfg, after)
}

// leave ends one role of an alert and frees those whom nothing else explains.
func (s *Service) leave(tx *store.Tx, cfg *config, p part, id string) error {
	n, err := tx.Mark("delete from alert_inhibition where inhibition = $1 and role = $2 and key = $3 and alert = $4", p.rule, p.role, p.key, id)
	if err != nil || n == 0 || p.role != roleSource {
		return err
	}
	return s.judgeTargets(tx, cfg, p)
}

// leaveInhibitions ends every role of an alert that was closed.
func (s *Service) leaveInhibitions(tx *store.Tx, a *Alert) error {
	cfg, err := s.current(tx)
	if err != nil {
		return err
	}
	open := a.clone()
	open.State, open.Active = Acknowledged, true
	for _, p := range cfg.parts(&open) {
		if err := s.leave(tx, cfg, p, a.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) judgeTargets(tx *store.Tx, cfg *config, p part) error {
	targets, err := readAlerts(tx, `join alert_inhibition i on i.alert = a.id where i.inhibition = $1 and i.role = $2 and i.key = $3 and a.open = 1 order by a.id`,
		p.rule, roleTarget, p.key)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if _, err := s.judgeAgain(tx, cfg, t); err != nil {
			return err
		}
	}
	return nil
}

// Inhibitions returns the rules in force.
func (s *Service) Inhibitions(ctx context.Context, actor access.Actor) (out []Inhibition, err error) {
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		c, err := loadConfig(tx)
		if err == nil {
			out = c.inhibitions
		}
		return err
	})
	return out, err
}

// PutInhibitions replaces the rules and judges every open alert anew.
func (s *Service) PutInhibitions(ctx context.Context, actor access.Actor, next []Inhibition) ([]Inhibition, error) {
	if err := access.RequireEverywhere(actor, access.AlertSilence); err != nil {
		return nil, err
	}
	next = append([]Inhibition{}, next...)
	if err := compileInhibitions(next); err != nil {
		return nil, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, err := loadConfig(tx)
		if err != nil {
			return err
		}
		if err := putSetting(tx, settingInhibit, next); err != nil {
			return err
		}
		s.stale(tx)
		tx.Emit(store.Event{Subject: "ioc.alertsetting.updated." + settingInhibit, Entity: "alert_setting", EntityID: settingInhibit,
			Before: before.inhibitions, After: next, Summary: "Đổi quy tắc tắt tiếng theo cảnh báo khác"})
		if _, err := tx.Mark("delete from alert_inhibition"); err != nil {
			return err
		}
		cfg, err := s.current(tx)
		if err != nil {
			return err
		}
		open, err := readAlerts(tx, "where a.open = 1 order by a.id")
		if err != nil {
			return err
		}
		for i := range open {
			for _, p := range cfg.parts(&open[i]) {
				if _, err := tx.Mark("insert into alert_inhibition (inhibition, role, key, alert) values ($1, $2, $3, $4)", p.rule, p.role, p.key, open[i].ID); err != nil {
					return err
				}
			}
		}
		return s.judgeAll(tx, cfg, open)
	})
	return next, err
}
