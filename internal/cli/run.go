package cli

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/app"
	"openioc.org/ioc/internal/uid"
)

type serveCmd struct {
	shared
}

func (c *serveCmd) Run(ctx context.Context, env Env) error {
	cfg, err := c.load(env)
	if err != nil {
		return err
	}
	return app.Run(ctx, app.Options{
		Config: cfg, Mode: app.Serve, Version: env.Version, Out: env.Stdout, Lang: env.lang(),
		Logger: logger(cfg.Log, env.Stderr), ReadyFile: c.ReadyFile, AdminPassword: env.get("IOC_ADMIN_PASSWORD"),
	})
}

type demoCmd struct {
	shared
}

func (c *demoCmd) Run(ctx context.Context, env Env) error {
	if c.Data == "" {
		c.Data = "data/demo"
	}
	cfg, err := c.load(env)
	if err != nil {
		return err
	}
	password := env.get("IOC_DEMO_PASSWORD")
	if password == "" {
		password = "Ioc-" + uid.Secret(16)[:12] + "-7"
	}
	return app.Run(ctx, app.Options{
		Config: cfg, Mode: app.Demo, Version: env.Version, Out: env.Stdout, Lang: env.lang(),
		Logger: logger(cfg.Log, env.Stderr), ReadyFile: c.ReadyFile, DemoPassword: password,
	})
}

type replayCmd struct {
	shared
	Scenario string  `help:"nhatle-2020 or danang-2025-10." required:"" enum:"nhatle-2020,danang-2025-10"`
	Speed    float64 `help:"How many times faster than real; 0 as fast as the machine can." default:"600"`
	Stay     bool    `help:"Keep serving after the last reading, to look around."`
}

func (c *replayCmd) Run(ctx context.Context, env Env) error {
	if c.Data == "" {
		c.Data = "data/replay-" + c.Scenario
	}
	cfg, err := c.load(env)
	if err != nil {
		return err
	}
	if c.Speed < 0 {
		return fmt.Errorf("--speed must be 0 or more")
	}
	password := env.get("IOC_DEMO_PASSWORD")
	if password == "" {
		password = "Ioc-" + uid.Secret(16)[:12] + "-7"
	}
	return app.Run(ctx, app.Options{
		Config: cfg, Mode: app.Replay, Version: env.Version, Out: env.Stdout, Lang: env.lang(),
		Logger: logger(cfg.Log, env.Stderr), ReadyFile: c.ReadyFile, DemoPassword: password,
		Scenario: c.Scenario, Speed: c.Speed, Stay: c.Stay,
	})
}

type checkCmd struct {
	Config string `help:"Configuration file." default:"ioc.toml" placeholder:"FILE"`
}

func (c *checkCmd) Run(env Env) error {
	s := shared{Config: c.Config}
	if _, err := s.load(env); err != nil {
		return err
	}
	fmt.Fprintln(env.Stdout, "ok")
	return nil
}

type versionCmd struct{}

func (versionCmd) Run(env Env) error {
	fmt.Fprintln(env.Stdout, "ioc", env.Version)
	return nil
}

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Create a user; a first password is printed."`
	Password userPasswordCmd `cmd:"" help:"Set a new first password for a user."`
}

type userAddCmd struct {
	Username string `arg:""`
	Name     string `help:"Full name." default:""`
	Role     string `help:"admin, leader, duty, unit or citizen." default:"admin" enum:"admin,leader,duty,unit,citizen"`
	Data     string `help:"Data folder." placeholder:"DIR"`
	Config   string `help:"Configuration file." default:"ioc.toml" placeholder:"FILE"`
}

func (c *userAddCmd) Run(ctx context.Context, env Env) error {
	cfg, err := shared{Config: c.Config, Data: c.Data}.load(env)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	password, err := app.AddUser(ctx, cfg, c.Username, c.Name, c.Role)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "%s\t%s\n", c.Username, password)
	return nil
}

type userPasswordCmd struct {
	Username string `arg:""`
	Data     string `help:"Data folder." placeholder:"DIR"`
	Config   string `help:"Configuration file." default:"ioc.toml" placeholder:"FILE"`
}

func (c *userPasswordCmd) Run(ctx context.Context, env Env) error {
	cfg, err := shared{Config: c.Config, Data: c.Data}.load(env)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	password, err := app.ResetPassword(ctx, cfg, c.Username)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "%s\t%s\n", c.Username, password)
	return nil
}
