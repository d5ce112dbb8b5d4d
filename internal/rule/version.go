package rule

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// The states of a version.
const (
	Draft    = "draft"    // written
	Review   = "review"   // handed in, waits for somebody else's eyes
	Live     = "live"     // in force
	Rejected = "rejected" // refused, with a reason
	Retired  = "retired"  // replaced by a later one, or withdrawn
)

// The steps of a version's life.
const (
	stepSubmit  = "submit"
	stepApprove = "approve"
	stepReject  = "reject"
	stepReplace = "replace" // a later version takes its place
)

var (
	errNotFound = fault.Define(fault.NotFound, "rule.not_found", "there is no rule {id}", "không có quy tắc {id}")
	errNoVer    = fault.Define(fault.NotFound, "rule.version_not_found", "the rule {id} has no version {version}", "quy tắc {id} không có phiên bản {version}")
	errExists   = fault.Define(fault.Conflict, "rule.exists", "the rule id {id} is taken", "mã quy tắc {id} đã được dùng")
	errRetired  = fault.Define(fault.Conflict, "rule.retired", "the rule {id} is withdrawn", "quy tắc {id} đã bị thu hồi")
	errStep     = fault.Define(fault.Conflict, "rule.step", "version {version} is {state}: it cannot {step} now", "phiên bản {version} đang ở trạng thái {state}, không thể {step}")
	errOwn      = fault.Define(fault.Forbidden, "rule.own_version", "you wrote version {version}: somebody else must approve it", "bạn soạn phiên bản {version}, cần người khác duyệt")
	errReason   = fault.Define(fault.Invalid, "rule.reason_missing", "give a reason", "cần nêu lý do")
	errNeedsWhy = fault.Define(fault.Invalid, "rule.reason", "this step needs a reason", "bước này cần lý do")
	errNoLive   = fault.Define(fault.Conflict, "rule.no_live_version", "the rule {id} has no version in force", "quy tắc {id} chưa có phiên bản nào có hiệu lực")
	errID       = fault.Define(fault.Invalid, "rule.id_format", "use 1 to 64 characters a–z, 0–9 and -, beginning with a letter or digit", "dùng 1–64 ký tự a–z, 0–9 và -, bắt đầu bằng chữ hoặc số")
	errNoID     = fault.Define(fault.Invalid, "rule.id_missing", "give the rule an id or a name", "cần mã hoặc tên quy tắc")
	errLong     = fault.Define(fault.Invalid, "rule.reason_long", "a reason has at most {limit} characters", "lý do dài nhất {limit} ký tự")
)

// next is the state machine of a version; ok is false for a step that its
// state does not allow.
func next(state, step string) (after string, ok bool) {
	switch {
	case state == Draft && step == stepSubmit:
		return Review, true
	case state == Review && step == stepApprove:
		return Live, true
	case state == Review && step == stepReject:
		return Rejected, true
	case step == stepReplace && (state == Draft || state == Review || state == Live):
		return Retired, true
	}
	return state, false
}

// Create makes a rule with its first draft; without an id one is made from
// the name.
func (s *Service) Create(ctx context.Context, actor access.Actor, id string, d Definition) (View, error) {
	if err := access.Require(actor, access.RuleEdit, access.Scope{Service: d.Service}); err != nil {
		return View{}, err
	}
	d = d.normal()
	if id == "" {
		id = slug(d.Name.Vi)
	}
	if id == "" {
		return View{}, errInvalid.With().At("name", errNoID.With())
	}
	if !validID(id) {
		return View{}, errInvalid.With().At("id", errID.With())
	}
	if err := s.refuse(d); err != nil {
		return View{}, err
	}
	return s.write(ctx, actor, id, "created", func(tx *store.Tx, b *book) error {
		if b.found {
			return errExists.With("id", id)
		}
		b.record = record{ID: id, Enabled: true, Edited: true, Created: tx.Now}
		b.add(tx, actor, d, Draft)
		return nil
	})
}

// Update writes a new draft version of a rule; an older draft is replaced.
func (s *Service) Update(ctx context.Context, actor access.Actor, id string, d Definition) (View, error) {
	if err := access.Require(actor, access.RuleEdit, access.Scope{Service: d.Service}); err != nil {
		return View{}, err
	}
	d = d.normal()
	if err := s.refuse(d); err != nil {
		return View{}, err
	}
	return s.write(ctx, actor, id, "drafted", func(tx *store.Tx, b *book) error {
		if err := b.mustBe(id); err != nil {
			return err
		}
		for i := range b.versions {
			if v := &b.versions[i]; v.State == Draft {
				b.step(tx, v, stepReplace)
			}
		}
		b.record.Edited = true
		b.add(tx, actor, d, Draft)
		return nil
	})
}

// Submit hands the newest draft in for review. One that would fire on nearly
// everything right now is refused unless confirmed.
func (s *Service) Submit(ctx context.Context, actor access.Actor, id string, confirm bool) (View, error) {
	if err := access.Require(actor, access.RuleEdit, access.Scope{}); err != nil {
		return View{}, err
	}
	if err := s.sane(ctx, id, 0, confirm); err != nil {
		return View{}, err
	}
	return s.write(ctx, actor, id, "submitted", func(tx *store.Tx, b *book) error {
		if err := b.mustBe(id); err != nil {
			return err
		}
		return b.try(tx, b.latest(), stepSubmit)
	})
}

// Approve puts a version that waits for review into force; 0 is the newest.
// Nobody approves what he wrote himself.
func (s *Service) Approve(ctx context.Context, actor access.Actor, id string, number int, confirm bool) (View, error) {
	if err := access.Require(actor, access.RuleApprove, access.Scope{}); err != nil {
		return View{}, err
	}
	if err := s.sane(ctx, id, number, confirm); err != nil {
		return View{}, err
	}
	return s.write(ctx, actor, id, "approved", func(tx *store.Tx, b *book) error {
		v, err := b.choose(id, number)
		if err != nil {
			return err
		}
		if v.Author.ID == actor.ID {
			return errOwn.With("version", v.Version)
		}
		v.Reviewer = Person{actor.ID, actor.Name}
		if err := b.try(tx, v, stepApprove); err != nil {
			return err
		}
		b.putInForce(tx, v)
		return nil
	})
}

// Reject refuses a version that waits for review; 0 is the newest.
func (s *Service) Reject(ctx context.Context, actor access.Actor, id string, number int, reason string) (View, error) {
	if err := access.Require(actor, access.RuleApprove, access.Scope{}); err != nil {
		return View{}, err
	}
	reason, err := checkReason(reason, true)
	if err != nil {
		return View{}, err
	}
	return s.write(ctx, actor, id, "rejected", func(tx *store.Tx, b *book) error {
		v, err := b.choose(id, number)
		if err != nil {
			return err
		}
		v.Reviewer, v.Reason = Person{actor.ID, actor.Name}, reason
		return b.try(tx, v, stepReject)
	})
}

// Enable switches a rule on or off; what it had firing is over when it is
// switched off.
func (s *Service) Enable(ctx context.Context, actor access.Actor, id string, enabled bool, reason string) (View, error) {
	if err := access.Require(actor, access.RuleApprove, access.Scope{}); err != nil {
		return View{}, err
	}
	reason, err := checkReason(reason, !enabled)
	if err != nil {
		return View{}, err
	}
	verb := "enabled"
	if !enabled {
		verb = "disabled"
	}
	return s.write(ctx, actor, id, verb, func(tx *store.Tx, b *book) error {
		if err := b.mustBe(id); err != nil {
			return err
		}
		if enabled && b.record.Live == 0 {
			return errNoLive.With("id", id)
		}
		if enabled && !b.record.Enabled {
			b.record.Warmed = 0 // what passed while it was off is not told as if it had been on
		}
		b.record.Enabled, b.record.Reason = enabled, reason
		return nil
	})
}

// Retire withdraws a rule for good; its versions and what it raised stay.
func (s *Service) Retire(ctx context.Context, actor access.Actor, id string) error {
	if err := access.Require(actor, access.RuleApprove, access.Scope{}); err != nil {
		return err
	}
	_, err := s.write(ctx, actor, id, "retired", func(tx *store.Tx, b *book) error {
		if err := b.mustBe(id); err != nil {
			return err
		}
		for i := range b.versions {
			b.step(tx, &b.versions[i], stepReplace)
		}
		b.record.Retired, b.record.Enabled, b.record.Live = true, false, 0
		return nil
	})
	return err
}

func checkReason(reason string, needed bool) (string, error) {
	reason = strings.TrimSpace(vi.NFC(reason))
	switch {
	case reason == "" && needed:
		return "", errNeedsWhy.With().At("reason", errReason.With())
	case len([]rune(reason)) > maxMessage:
		return "", errNeedsWhy.With().At("reason", errLong.With("limit", maxMessage))
	}
	return reason, nil
}

// book is a rule with its versions while a transaction works on it.
type book struct {
	record   record
	versions []version // oldest first
	found    bool
	touched  []int
}

func openBook(tx *store.Tx, id string) (*book, error) {
	b := &book{}
	var err error
	if b.record, b.found, err = readRecord(tx, id); err != nil || !b.found {
		return b, err
	}
	b.versions, err = readVersions(tx, id)
	return b, err
}

// mustBe refuses what is not there or withdrawn.
func (b *book) mustBe(id string) error {
	switch {
	case !b.found || len(b.versions) == 0:
		return errNotFound.With("id", id)
	case b.record.Retired:
		return errRetired.With("id", id)
	}
	return nil
}

func (b *book) latest() *version { return &b.versions[len(b.versions)-1] }

// live is the version in force, nil when there is none.
func (b *book) live() *version {
	for i := range b.versions {
		if b.versions[i].Version == b.record.Live && b.record.Live > 0 {
			return &b.versions[i]
		}
	}
	return nil
}

// choose finds a version by number; 0 is the newest.
func (b *book) choose(id string, number int) (*version, error) {
	if err := b.mustBe(id); err != nil {
		return nil, err
	}
	if number == 0 {
		return b.latest(), nil
	}
	for i := range b.versions {
		if b.versions[i].Version == number {
			return &b.versions[i], nil
		}
	}
	return nil, errNoVer.With("id", id, "version", number)
}

func (b *book) add(tx *store.Tx, author access.Actor, d Definition, state string) *version {
	number := 1
	if len(b.versions) > 0 {
		number = b.latest().Version + 1
	}
	b.versions = append(b.versions, version{
		Rule: b.record.ID, Version: number, Definition: d, State: state,
		Author: Person{author.ID, author.Name}, Created: tx.Now, Changed: tx.Now,
	})
	b.touched = append(b.touched, number)
	return b.latest()
}

// try takes a step of a version or says why it cannot be taken.
func (b *book) try(tx *store.Tx, v *version, step string) error {
	before := v.State
	if !b.step(tx, v, step) {
		return errStep.With("version", v.Version, "state", stateNames[before], "step", stepNames[step])
	}
	return nil
}

func (b *book) step(tx *store.Tx, v *version, step string) bool {
	after, ok := next(v.State, step)
	if ok {
		v.State, v.Changed = after, tx.Now
		b.touched = append(b.touched, v.Version)
	}
	return ok
}

// putInForce makes v, which has just become live, the only one in force.
func (b *book) putInForce(tx *store.Tx, v *version) {
	if old := b.live(); old != nil && old.Version != v.Version {
		b.step(tx, old, stepReplace)
	}
	b.record.Live = v.Version
}

// save writes what the transaction changed.
func (b *book) save(tx *store.Tx) error {
	b.record.Changed = tx.Now
	if err := putRecord(tx, b.record); err != nil {
		return fmt.Errorf("rule %s: %w", b.record.ID, err)
	}
	for _, v := range b.versions {
		if slices.Contains(b.touched, v.Version) {
			if err := putVersion(tx, v); err != nil {
				return fmt.Errorf("rule %s version %d: %w", v.Rule, v.Version, err)
			}
		}
	}
	return nil
}

// validID also keeps an id usable as one token of a bus subject.
func validID(id string) bool {
	if len(id) == 0 || len(id) > 64 || id[0] == '-' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// slug makes an id from a name.
func slug(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range vi.Fold(name) {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			dash = false
		} else {
			dash = true
		}
		if b.Len() >= 48 {
			break
		}
	}
	return b.String()
}
