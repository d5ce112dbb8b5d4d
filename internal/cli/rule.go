package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/rule/ruletest"
	"openioc.org/ioc/internal/store"
)

type ruleCmd struct {
	Test   ruleTestCmd   `cmd:"" help:"Run files of rule tests: load readings, name an instant, expect what fires."`
	Check  ruleCheckCmd  `cmd:"" help:"Check files of rules; lists every problem with its line."`
	Export ruleExportCmd `cmd:"" help:"Write the rules of a city as YAML."`
	Import ruleImportCmd `cmd:"" help:"Make drafts of the rules of a YAML file, for review."`
}

type ruleCheckCmd struct {
	Files []string `arg:"" help:"YAML files." placeholder:"FILE" type:"existingfile"`
}

// Run checks files without a city: what a rule selects is not known here.
func (c *ruleCheckCmd) Run(env Env) error {
	for _, name := range c.Files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		n, err := rule.CheckFile(data)
		if err != nil {
			return named(name, err)
		}
		fmt.Fprintf(env.Stdout, "%s\t%s\n", name, msg.Text{Vi: "{n} quy tắc, hợp lệ", En: "{n} rules, ok"}.Format(env.lang(), map[string]any{"n": n}))
	}
	return nil
}

type ruleTestCmd struct {
	Files []string `arg:"" help:"Test files." placeholder:"FILE" type:"existingfile"`
	Rules []string `help:"Files of rules that the tests name, besides those that ship." placeholder:"FILE" type:"existingfile"`
}

var errTests = fault.Define(fault.Invalid, "cli.rule_tests", "{failed} of {tests} tests failed", "{failed}/{tests} phép thử không đạt")

// Run runs the tests on the evaluator that runs live, and prints what differs.
func (c *ruleTestCmd) Run(ctx context.Context, env Env) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	tests, failed := 0, 0
	for _, name := range c.Files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		failures, err := ruletest.Run(ctx, data, rules)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		n, err := ruletest.Count(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		tests, failed = tests+n, failed+len(failures)
		for _, f := range failures {
			fmt.Fprintf(env.Stdout, "%s:%d: %s, %s\n%s\n", name, f.Line, f.Rule, f.Test, f.Text)
		}
		fmt.Fprintf(env.Stdout, "%s\t%d/%d\n", name, n-min(n, len(failures)), n)
	}
	if failed > 0 {
		return errTests.With("failed", failed, "tests", tests)
	}
	return nil
}

// rules are those of the files, and the shipped ones that they do not replace.
func (c *ruleTestCmd) rules() ([]eval.Rule, error) {
	var out []eval.Rule
	add := func(entries []rule.Entry) error {
		for _, e := range entries {
			r, err := e.Rule()
			if err != nil {
				return fmt.Errorf("%s: %w", e.ID, err)
			}
			if !slices.ContainsFunc(out, func(x eval.Rule) bool { return x.ID == r.ID }) {
				out = append(out, r)
			}
		}
		return nil
	}
	for _, name := range c.Rules {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		entries, err := rule.ParseYAML(data)
		if err != nil {
			return nil, named(name, err)
		}
		if err := add(entries); err != nil {
			return nil, err
		}
	}
	shipped, err := rule.Shipped()
	if err != nil {
		return nil, err
	}
	err = add(shipped)
	return out, err
}

type ruleExportCmd struct {
	IDs    []string `arg:"" optional:"" help:"Ids; none are all."`
	Data   string   `help:"Data folder." placeholder:"DIR"`
	Config string   `help:"Configuration file." default:"ioc.toml" placeholder:"FILE"`
}

// Run writes to the standard output.
func (c *ruleExportCmd) Run(ctx context.Context, env Env) error {
	return withRules(ctx, env, shared{Config: c.Config, Data: c.Data}, func(ctx context.Context, s *rule.Service) error {
		data, err := s.Export(ctx, access.System("terminal"), c.IDs)
		if err != nil {
			return err
		}
		_, err = env.Stdout.Write(data)
		return err
	})
}

type ruleImportCmd struct {
	File   string `arg:"" help:"YAML file." type:"existingfile"`
	Data   string `help:"Data folder." placeholder:"DIR"`
	Config string `help:"Configuration file." default:"ioc.toml" placeholder:"FILE"`
}

// Run makes drafts; nothing comes into force without review.
func (c *ruleImportCmd) Run(ctx context.Context, env Env) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return withRules(ctx, env, shared{Config: c.Config, Data: c.Data}, func(ctx context.Context, s *rule.Service) error {
		done, err := s.Import(ctx, access.System("terminal"), data)
		if err != nil {
			return named(c.File, err)
		}
		for _, part := range []struct {
			what string
			ids  []string
		}{{"created", done.Created}, {"updated", done.Updated}, {"unchanged", done.Unchanged}} {
			fmt.Fprintf(env.Stdout, "%s\t%s\n", part.what, strings.Join(part.ids, " "))
		}
		return nil
	})
}

// withRules opens the records alone, beside a running city or without one; the
// trail hangs on them as it does there.
func withRules(ctx context.Context, env Env, s shared, f func(context.Context, *rule.Service) error) error {
	cfg, err := s.load(env)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	db, err := store.Open(ctx, store.Options{URL: cfg.Store.URL.Reveal(), Dir: cfg.Data.Dir})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := audit.New(ctx, db); err != nil {
		return err
	}
	rules, err := rule.New(ctx, rule.Options{Store: db})
	if err != nil {
		return err
	}
	return f(ctx, rules)
}

// named puts the file's name before each place in it.
func named(file string, err error) error {
	if f, ok := fault.As(err); ok {
		for i := range f.Fields {
			f.Fields[i].Path = file + ": " + f.Fields[i].Path
		}
	}
	return err
}
