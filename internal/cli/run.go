package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/app"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/uid"
)

// run starts the program with what the command line and the environment say;
// o holds what is the command's own.
func (s shared) run(ctx context.Context, env Env, o app.Options) error {
	cfg, err := s.load(env)
	if err != nil {
		return err
	}
	o.Config, o.Version, o.Out, o.Lang = cfg, env.Version, env.Stdout, env.lang()
	o.Logger, o.ReadyFile = logger(cfg.Log, env.Stderr), s.ReadyFile
	return app.Run(ctx, o)
}

// demoPassword is the one of the demo accounts: the environment's, or a new
// one that is printed.
func (e Env) demoPassword() string {
	if p := e.get("IOC_DEMO_PASSWORD"); p != "" {
		return p
	}
	return "Ioc-" + uid.Secret(16)[:12] + "-7"
}

type serveCmd struct {
	shared
}

func (c *serveCmd) Run(ctx context.Context, env Env) error {
	return c.run(ctx, env, app.Options{Mode: app.Serve, AdminPassword: env.get("IOC_ADMIN_PASSWORD")})
}

type demoCmd struct {
	shared
	Cases int `help:"How many administrative files are made up for the last months; 0 for none." default:"22000"`
}

func (c *demoCmd) Run(ctx context.Context, env Env) error {
	c.Data = cmp.Or(c.Data, "data/demo")
	return c.run(ctx, env, app.Options{Mode: app.Demo, DemoPassword: env.demoPassword(), DemoCases: c.Cases})
}

type replayCmd struct {
	shared
	Scenario string  `help:"nhatle-2020 or danang-2025-10." required:"" enum:"nhatle-2020,danang-2025-10"`
	Speed    float64 `help:"How many times faster than real; 0 as fast as the machine can." default:"600"`
	Stay     bool    `help:"Keep serving after the last reading, to look around."`
}

func (c *replayCmd) Run(ctx context.Context, env Env) error {
	if c.Speed < 0 {
		return errSpeed.With()
	}
	c.Data = cmp.Or(c.Data, "data/replay-"+c.Scenario)
	return c.run(ctx, env, app.Options{Mode: app.Replay, DemoPassword: env.demoPassword(), Scenario: c.Scenario, Speed: c.Speed, Stay: c.Stay})
}

var errSpeed = fault.Define(fault.Invalid, "cli.speed", "--speed must be 0 or more", "--speed phải từ 0 trở lên")

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
	Second   userSecondCmd   `cmd:"" name:"reset-second-factor" help:"Take TOTP, passkeys and recovery codes from a user who lost them."`
}

type userAddCmd struct {
	Username string `arg:""`
	Name     string `help:"Full name." default:""`
	Role     string `help:"admin, leader, ioc_leader, duty, unit_leader, unit, officer, analyst, security, data_admin or citizen." default:"admin" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,officer,analyst,security,data_admin,citizen"`
	Unit     string `help:"Code of the unit where the role holds; empty is the whole city, for roles that have it." default:""`
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
	password, err := app.AddUser(ctx, cfg, c.Username, c.Name, c.Role, c.Unit)
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

type userSecondCmd struct {
	Username string `arg:""`
	Data     string `help:"Data folder." placeholder:"DIR"`
	Config   string `help:"Configuration file." default:"ioc.toml" placeholder:"FILE"`
}

// Run is for the administrator who lost phone and codes.
func (c *userSecondCmd) Run(ctx context.Context, env Env) error {
	cfg, err := shared{Config: c.Config, Data: c.Data}.load(env)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return app.ResetSecondFactor(ctx, cfg, c.Username)
}
