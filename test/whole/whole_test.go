// Package whole tests the program from outside, as its users meet it: the
// real binary, its files, its ports. The scripts under test/script are the
// journeys; a newcomer can read journey.txtar and alert.txtar as the main path.
package whole

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"openioc.org/ioc/test/harness"
)

var (
	update = flag.Bool("update", false, "rewrite the wanted output in scripts")
	binary string
)

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "ioc-whole")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if binary, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// TestScripts runs the journeys. Beside testscript's own commands:
//
//	city serve|demo|…        start the binary and sign admin in
//	stopcity | killcity | restartcity
//	person NAME ROLE [UNIT]  make an account and sign it in; the file NAME
//	                         holds its token
//	call METHOD PATH [FILE]  call the API, the answer is stdout; with "!" the
//	                         call must fail and status and body are stderr;
//	                         a FILE that begins with "{" is the body itself
//	callas TOKENFILE METHOD PATH [FILE]
//	until PATTERN PATH       call GET PATH until the answer matches (30 s)
//	untilas TOKENFILE PATTERN PATH
//	keep NAME PATTERN        put the first group of PATTERN in stdout into $NAME
//
// $DOCS is the folder of the documents, whose examples are run too.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "../script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+e.Getenv("PATH"))
			docs, err := filepath.Abs("../../docs")
			e.Setenv("DOCS", docs)
			e.Values[cityKey{}] = &slot{}
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"city":        cmdCity,
			"stopcity":    func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(cityOf(ts).Stop()) },
			"killcity":    func(ts *testscript.TestScript, _ bool, _ []string) { cityOf(ts).Kill() },
			"restartcity": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(cityOf(ts).Restart(ctx(ts))) },
			"call": func(ts *testscript.TestScript, neg bool, args []string) {
				call(ts, neg, cityOf(ts).Token, args)
			},
			"callas": func(ts *testscript.TestScript, neg bool, args []string) {
				call(ts, neg, strings.TrimSpace(ts.ReadFile(args[0])), args[1:])
			},
			"person": cmdPerson,
			"until": func(ts *testscript.TestScript, _ bool, args []string) {
				untilAnswer(ts, cityOf(ts).Token, args)
			},
			"untilas": func(ts *testscript.TestScript, _ bool, args []string) {
				untilAnswer(ts, strings.TrimSpace(ts.ReadFile(args[0])), args[1:])
			},
			"keep": cmdKeep,
		},
	})
}

type cityKey struct{}

type slot struct{ city *harness.City }

func cityOf(ts *testscript.TestScript) *harness.City {
	s := ts.Value(cityKey{}).(*slot)
	if s.city == nil {
		ts.Fatalf("no city: begin with `city serve`")
	}
	return s.city
}

func ctx(ts *testscript.TestScript) context.Context {
	c, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	ts.Defer(cancel)
	return c
}

func cmdCity(ts *testscript.TestScript, _ bool, args []string) {
	c, err := harness.Start(ctx(ts), binary, ts.MkAbs("data"), args...)
	ts.Check(err)
	ts.Defer(c.Kill)
	ts.Value(cityKey{}).(*slot).city = c
	ts.Setenv("HTTP", c.HTTP)
	ts.Setenv("MQTT", c.MQTT)
}

func call(ts *testscript.TestScript, neg bool, token string, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: call METHOD PATH [FILE]")
	}
	var in, out any
	var text string
	out = &text
	if len(args) == 3 {
		if in = args[2]; !strings.HasPrefix(args[2], "{") {
			in = ts.ReadFile(args[2])
		}
	}
	err := cityOf(ts).DoAs(token, args[0], args[1], in, out)
	if neg {
		if err == nil {
			ts.Fatalf("%s %s was taken: %s", args[0], args[1], text)
		}
		fmt.Fprintln(ts.Stderr(), err)
		return
	}
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), text)
}

func cmdPerson(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 2 {
		args = append(args, "")
	}
	if len(args) != 3 {
		ts.Fatalf("usage: person NAME ROLE [UNIT]")
	}
	token, err := cityOf(ts).Person(args[0], args[1], args[2])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(token), 0o600))
}

func untilAnswer(ts *testscript.TestScript, token string, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: until PATTERN PATH")
	}
	re, err := regexp.Compile(args[0])
	ts.Check(err)
	var text string
	for deadline := time.Now().Add(30 * time.Second); ; {
		err = cityOf(ts).DoAs(token, "GET", args[1], nil, &text)
		if err == nil && re.MatchString(text) {
			break
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s never matched %s: %v %s", args[1], args[0], err, text)
		}
		time.Sleep(20 * time.Millisecond) // polling another process: there is nothing to wait on
	}
	fmt.Fprintln(ts.Stdout(), text)
}

func cmdKeep(ts *testscript.TestScript, _ bool, args []string) {
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("%s does not match", args[1])
	}
	ts.Setenv(args[0], m[1])
}
