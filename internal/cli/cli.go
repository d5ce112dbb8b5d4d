// Package cli is the command line: serve, demo, replay, check, user, rule, version.
// It reads flags and the environment and hands app a complete configuration;
// nothing below it does.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/alecthomas/kong"

	"openioc.org/ioc/internal/config"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// Env is what the process gives to a command.
type Env struct {
	Args    []string
	Environ []string // KEY=value
	Stdout  io.Writer
	Stderr  io.Writer
	Version string
}

func (e Env) get(key string) string {
	for _, kv := range e.Environ {
		if k, v, _ := strings.Cut(kv, "="); k == key {
			return v
		}
	}
	return ""
}

// lang is the language of the terminal: English unless LANG says Vietnamese
// or IOC_LANG says otherwise.
func (e Env) lang() msg.Lang {
	if l := e.get("IOC_LANG"); l != "" {
		return msg.ParseLang(l)
	}
	if strings.HasPrefix(strings.ToLower(e.get("LANG")), "vi") {
		return msg.Vi
	}
	return msg.En
}

type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run a real city."`
	Demo    demoCmd    `cmd:"" help:"Run the demonstration city, Đà Nẵng, with two floods replayed now."`
	Replay  replayCmd  `cmd:"" help:"Replay a real flood on a virtual clock, in its own data folder."`
	Check   checkCmd   `cmd:"" help:"Check the configuration; lists every problem."`
	User    userCmd    `cmd:"" help:"Create users and set passwords from the terminal."`
	Rule    ruleCmd    `cmd:"" help:"Check, test, export and import rules."`
	Verify  verifyCmd  `cmd:"" help:"Check that the audit trail is what was written; names the first broken record."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// shared are the flags of every command that runs the city.
type shared struct {
	Config    string `help:"Configuration file." default:"ioc.toml" placeholder:"FILE"`
	Listen    string `help:"Address of the web server, HOST:PORT; port 0 takes a free one." placeholder:"HOST:PORT"`
	Data      string `help:"Data folder." placeholder:"DIR" type:"path"`
	MQTT      string `name:"mqtt" help:"Address of the MQTT broker; \"off\" switches it off." placeholder:"HOST:PORT"`
	ReadyFile string `help:"File that receives one line of JSON with the bound addresses once the program answers." placeholder:"PATH" type:"path"`
	LogLevel  string `help:"debug, info, warn or error." placeholder:"LEVEL"`
}

func (s shared) load(env Env) (config.Config, error) {
	c, err := config.Load(s.Config, env.Environ)
	if err != nil {
		return c, err
	}
	if s.Listen != "" {
		c.Server.Listen = s.Listen
	}
	if s.Data != "" {
		c.Data.Dir = s.Data
	}
	switch s.MQTT {
	case "":
	case "off":
		c.MQTT.Listen = ""
	default:
		c.MQTT.Listen = s.MQTT
	}
	if s.LogLevel != "" {
		c.Log.Level = s.LogLevel
	}
	return c, config.Problems(c.Validate())
}

func logger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // Validate has seen it
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// Run runs one command and returns the process's exit code: 0 done, 1 failed,
// 2 wrong usage.
func Run(ctx context.Context, env Env) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("ioc"), kong.Description("The open Intelligent Operations Center of a city."),
		kong.Writers(env.Stdout, env.Stderr), kong.Exit(func(code int) { exit = code }), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(env))
	if err != nil {
		fmt.Fprintln(env.Stderr, "ioc:", err)
		return 2
	}
	kctx, err := parser.Parse(env.Args)
	if exit >= 0 {
		return exit // help was asked for
	}
	if err != nil {
		fmt.Fprintln(env.Stderr, "ioc:", err)
		return 2
	}
	if err := kctx.Run(); err != nil {
		if !errors.Is(err, context.Canceled) {
			explain(env, err)
			return 1
		}
	}
	return 0
}

// explain prints a fault in the terminal's language, each wrong field on its
// own line.
func explain(env Env, err error) {
	f, ok := fault.As(err)
	if !ok {
		fmt.Fprintln(env.Stderr, "ioc:", err)
		return
	}
	fmt.Fprintf(env.Stderr, "ioc: %s (%s)\n", f.In(env.lang()), f.Code)
	for _, fd := range f.Fields {
		fmt.Fprintf(env.Stderr, "  %s: %s\n", fd.Path, fd.Err.In(env.lang()))
	}
	if cause := f.Unwrap(); cause != nil {
		fmt.Fprintf(env.Stderr, "  %v\n", cause)
	}
}
