// Package harness starts the real binary as its user would, signs in and
// talks to it. Whole-program tests and the measurements under bench use it.
package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Password is what the harness gives to the demo accounts and the first
// administrator.
const Password = "Harness-pass-42"

// City is a running binary.
type City struct {
	Dir   string // data folder
	HTTP  string // http://127.0.0.1:port
	MQTT  string // 127.0.0.1:port
	Token string // of admin
	Log   *bytes.Buffer
	cmd   *exec.Cmd
	done  chan error
	args  []string
	bin   string
}

// Ready is the line of JSON that --ready-file receives.
type Ready struct {
	HTTP string `json:"http"`
	MQTT string `json:"mqtt"`
	PID  int    `json:"pid"`
}

// Build compiles the binary once into dir and returns its path; IOC_BIN names
// a ready one.
func Build(dir string) (string, error) {
	if bin := os.Getenv("IOC_BIN"); bin != "" {
		return bin, nil
	}
	_, file, _, _ := runtime.Caller(0)
	bin := filepath.Join(dir, "ioc")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/ioc")
	cmd.Dir = filepath.Join(filepath.Dir(file), "..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
}

// Start runs "bin <args> --listen … --data dir …" and waits until it is ready
// and admin has signed in.
func Start(ctx context.Context, bin, dir string, args ...string) (*City, error) {
	c := &City{Dir: dir, bin: bin, args: args}
	return c, c.start(ctx)
}

// Restart starts the city again on the same folder, after Kill or Stop.
func (c *City) Restart(ctx context.Context) error { return c.start(ctx) }

func (c *City) start(ctx context.Context) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	ready := filepath.Join(c.Dir, "ready.json")
	_ = os.Remove(ready)
	args := append(append([]string{}, c.args...), "--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--data", c.Dir, "--ready-file", ready)
	c.Log = &bytes.Buffer{}
	c.cmd = exec.Command(c.bin, args...)
	c.cmd.Env = append(os.Environ(), "IOC_DEMO_PASSWORD="+Password, "IOC_ADMIN_PASSWORD="+Password, "IOC_IDENTITY_SECOND_FACTOR_ROLES=")
	c.cmd.Stdout, c.cmd.Stderr = c.Log, c.Log
	if err := c.cmd.Start(); err != nil {
		return err
	}
	c.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) {
		done <- cmd.Wait()
		close(done) // whoever asks later gets nil at once
	}(c.cmd, c.done)
	for {
		select {
		case err := <-c.done:
			return fmt.Errorf("the city ended while starting: %v\n%s", err, c.Log)
		case <-ctx.Done():
			c.Kill()
			return fmt.Errorf("the city is not ready: %w\n%s", ctx.Err(), c.Log)
		case <-time.After(5 * time.Millisecond):
		}
		raw, err := os.ReadFile(ready)
		if err != nil || !bytes.HasSuffix(raw, []byte("\n")) {
			continue
		}
		var r Ready
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		c.HTTP, c.MQTT = "http://"+r.HTTP, r.MQTT
		return c.signIn()
	}
}

func (c *City) signIn() (err error) {
	c.Token = ""
	c.Token, err = c.SignIn("admin", Password)
	return err
}

// PID returns the process id.
func (c *City) PID() int { return c.cmd.Process.Pid }

// Kill ends the process as a power cut of the process would: SIGKILL.
func (c *City) Kill() {
	_ = c.cmd.Process.Signal(syscall.SIGKILL)
	<-c.done
}

// Stop asks the process to end and waits; it is an error when that takes more
// than 20 s or the exit code is not 0.
func (c *City) Stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-c.done:
		if err != nil {
			return fmt.Errorf("%w\n%s", err, c.Log)
		}
		return nil
	case <-time.After(20 * time.Second):
		c.Kill()
		return errors.New("the city did not stop within 20 s")
	}
}

// StatusError is an answer other than 2xx.
type StatusError struct {
	Status int
	Body   string
}

// Error shows the answer.
func (e *StatusError) Error() string { return strconv.Itoa(e.Status) + " " + e.Body }

// Do calls the API with admin's token; in is sent as JSON (a string or []byte
// as it is), a 2xx answer is decoded into out.
func (c *City) Do(method, path string, in, out any) error {
	return c.DoAs(c.Token, method, path, in, out)
}

// DoAs is Do with another token.
func (c *City) DoAs(token, method, path string, in, out any) error {
	var body io.Reader
	switch v := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(v)
	case []byte:
		body = bytes.NewReader(v)
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, c.HTTP+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return &StatusError{Status: res.StatusCode, Body: string(raw)}
	}
	switch o := out.(type) {
	case nil:
		return nil
	case *string:
		*o = string(raw)
		return nil
	}
	return json.Unmarshal(raw, out)
}

// Metric returns the sum of a metric's samples at /metrics whose labels
// contain the given text; 0 when there is none.
func (c *City) Metric(name, labels string) (float64, error) {
	var page string
	if err := c.Do("GET", "/metrics", nil, &page); err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range strings.Lines(page) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || (rest[0] != '{' && rest[0] != ' ') || !strings.Contains(rest, labels) {
			continue
		}
		f := strings.Fields(line)
		v, err := strconv.ParseFloat(f[len(f)-1], 64)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum, nil
}
