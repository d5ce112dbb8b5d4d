package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

type verifyCmd struct {
	shared
	Roots string `help:"File of daily roots kept elsewhere; without it, that of the data folder." placeholder:"FILE" type:"existingfile"`
}

var errBroken = fault.Define(fault.Invalid, "cli.audit_broken", "record {seq} is not what was written: {reason}", "bản ghi {seq} không còn đúng như đã ghi: {reason}")

var reasons = map[audit.Reason]msg.Text{
	audit.Changed:   {Vi: "nội dung đã bị sửa", En: "it was changed"},
	audit.Missing:   {Vi: "bản ghi không còn", En: "it is missing"},
	audit.Unchained: {Vi: "không nối với bản ghi trước", En: "it does not follow the one before"},
	audit.Cut:       {Vi: "nhật ký bị cắt hoặc viết lại so với mốc đã lưu", En: "the trail was cut off or written anew since its root was kept"},
}

// Run reads the whole trail. It works beside a running city.
func (c *verifyCmd) Run(ctx context.Context, env Env) error {
	cfg, err := c.load(env)
	if err != nil {
		return err
	}
	path := c.Roots
	if path == "" {
		path = filepath.Join(cfg.Data.Dir, audit.RootsFile)
	}
	roots, err := audit.ReadRoots(path)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Options{URL: cfg.Store.URL.Reveal(), Dir: cfg.Data.Dir})
	if err != nil {
		return err
	}
	defer db.Close()
	trail, err := audit.New(ctx, db)
	if err != nil {
		return err
	}
	v, err := trail.Verify(ctx, audit.Anchors(roots)...)
	if err != nil {
		return err
	}
	if v.Broken > 0 {
		return errBroken.With("seq", strconv.FormatInt(v.Broken, 10), "reason", reasons[v.Reason])
	}
	fmt.Fprintln(env.Stdout, msg.Text{Vi: "{n} bản ghi nguyên vẹn, khớp {roots} mốc ngày; mốc cuối {seq} {hash}", En: "{n} records whole, {roots} daily roots agree; last {seq} {hash}"}.
		Format(env.lang(), map[string]any{"n": strconv.FormatInt(v.Checked, 10), "roots": len(roots), "seq": strconv.FormatInt(v.Head.Seq, 10), "hash": v.Head.Hash}))
	return nil
}
