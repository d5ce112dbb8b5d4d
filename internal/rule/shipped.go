package rule

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

//go:embed pack
var pack embed.FS

var errNoRunbook = fault.Define(fault.NotFound, "rule.no_runbook", "the rule {id} has no runbook page", "quy tắc {id} chưa có trang hướng dẫn xử lý")

// Shipped returns the rules that ship with the program.
func Shipped() ([]Entry, error) {
	data, err := pack.ReadFile("pack/flood.yaml")
	if err != nil {
		return nil, err
	}
	return ParseYAML(data)
}

// Pack is the folder of the shipped rules: flood.yaml, test/, runbook/.
func Pack() (fs.FS, error) { return fs.Sub(pack, "pack") }

// Runbook returns the page that a rule names, Markdown; there are those that
// ship.
func (s *Service) Runbook(ctx context.Context, actor access.Actor, id string) ([]byte, error) {
	if err := access.Require(actor, access.RuleView, access.Scope{}); err != nil {
		// Who may see alerts may see what to do about them.
		if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
			return nil, err
		}
	}
	d, _, err := s.definition(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	page, err := pack.ReadFile("pack/runbook/" + path.Base(d.Runbook))
	if err != nil {
		return nil, errNoRunbook.With("id", id)
	}
	return page, nil
}

// ApplyShipped puts the shipped rules into force: those that are new, and
// newer definitions of those that no person has changed. What was switched off
// stays off, what was withdrawn stays withdrawn.
func (s *Service) ApplyShipped(ctx context.Context, actor access.Actor) error {
	entries, err := Shipped()
	if err != nil {
		return err
	}
	if err := s.judge(entries); err != nil {
		return fmt.Errorf("shipped rules: %w", err)
	}
	for _, e := range entries {
		if err := s.applyShipped(ctx, actor, e); err != nil {
			return fmt.Errorf("shipped rule %s: %w", e.ID, err)
		}
	}
	return nil
}

func (s *Service) applyShipped(ctx context.Context, actor access.Actor, e Entry) error {
	hash, err := digest(e.Definition)
	if err != nil {
		return err
	}
	wanted := false
	err = s.o.Store.Read(ctx, func(tx *store.Tx) error {
		r, found, err := readRecord(tx, e.ID)
		wanted = !found || r.Shipped != hash && !r.Edited && !r.Retired
		return err
	})
	if err != nil || !wanted {
		return err
	}
	_, err = s.write(ctx, actor, e.ID, "shipped", func(tx *store.Tx, b *book) error {
		if !b.found {
			b.record = record{ID: e.ID, Enabled: true, Created: tx.Now}
		}
		b.record.Shipped = hash
		v := b.add(tx, actor, e.Definition, Live)
		v.Reviewer = Person{actor.ID, actor.Name}
		b.putInForce(tx, v)
		return nil
	})
	return err
}

func digest(d Definition) (string, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8]), nil
}
