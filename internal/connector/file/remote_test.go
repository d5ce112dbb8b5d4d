package file

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

// sftpServer serves dir to tram/secret on a port of its own.
func sftpServer(t *testing.T, dir string) (port int, fingerprint string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if c.User() == "tram" && string(p) == "secret" {
			return nil, nil
		}
		return nil, errors.New("no")
	}}
	cfg.AddHostKey(signer)
	port = serve(t, func(conn net.Conn) {
		_, chans, reqs, err := ssh.NewServerConn(conn, cfg)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(reqs)
		for c := range chans {
			ch, reqs, err := c.Accept()
			if err != nil {
				return
			}
			go func() {
				for r := range reqs {
					r.Reply(r.Type == "subsystem", nil)
				}
			}()
			s, err := sftp.NewServer(ch, sftp.WithServerWorkingDirectory(dir))
			if err != nil {
				return
			}
			_ = s.Serve()
			ch.Close()
		}
	})
	return port, ssh.FingerprintSHA256(signer.PublicKey())
}

func serve(t *testing.T, handle func(net.Conn)) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); handle(c) }()
		}
	}()
	addr, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no TCP address")
	}
	return addr.Port
}

func TestSFTP(t *testing.T) {
	dir := t.TempDir()
	port, fingerprint := sftpServer(t, dir)
	write(t, dir, "in/"+tt10, "COD\t41,8\tmg/L\t20261123103500\t00\r\n")
	write(t, dir, "in/2026/R_20261123104000.txt", "COD\t42\tmg/L\t20261123104000\t00\r\n")
	cfg := map[string]any{"protocol": "sftp", "host": "127.0.0.1", "port": port, "username": "tram", "password": "secret", "path": "in", "after": "move", "recursive": true}
	deps := connector.Deps{Dir: t.TempDir()}
	b := watcher(t, cfg, deps)
	if s, err := b.Sample(t.Context()); err != nil || len(s.Raw) == 0 {
		t.Fatalf("sample: %v", err)
	}
	b.round(t)
	if got, want := b.sink.lines(), "NT1/COD=41.8 R/COD=42"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := files(t, dir); strings.Count(got, "in/done/") != 2 {
		t.Errorf("files %s", got)
	}
	b.round(t)
	if got := b.sink.lines(); got != "" {
		t.Errorf("read again: %s", got)
	}
	if b, err := os.ReadFile(filepath.Join(deps.Dir, "host_key")); err != nil || string(b) != fingerprint {
		t.Errorf("remembered key %s %v", b, err)
	}
}

func TestSFTP_OtherHostKeyIsRefused(t *testing.T) {
	port, _ := sftpServer(t, t.TempDir())
	b := watcher(t, map[string]any{"protocol": "sftp", "host": "127.0.0.1", "port": port, "username": "tram", "password": "secret", "host_key": "SHA256:other"}, connector.Deps{})
	err := b.look(t.Context(), b.sink)
	if f, ok := fault.As(err); !ok || f.Code != "file.host_key" {
		t.Errorf("got %v", err)
	}
}

func TestSFTP_WrongPasswordDoesNotShow(t *testing.T) {
	port, _ := sftpServer(t, t.TempDir())
	b := watcher(t, map[string]any{"protocol": "sftp", "host": "127.0.0.1", "port": port, "username": "tram", "password": "wr0ng"}, connector.Deps{})
	if err := b.look(t.Context(), b.sink); err == nil || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("got %v", err)
	}
}

func TestRemote_GuardHolds(t *testing.T) {
	for _, protocol := range []string{"sftp", "ftp"} {
		b := watcher(t, map[string]any{"protocol": protocol, "host": "127.0.0.1", "port": 1}, connector.Deps{})
		b.d.Guard = nil
		if f, ok := fault.As(b.look(t.Context(), b.sink)); !ok || f.Code != "connector.address_refused" {
			t.Errorf("%s: %v", protocol, f)
		}
	}
}

func TestFTP(t *testing.T) {
	dir := t.TempDir()
	port := serve(t, func(c net.Conn) { ftpSession(c, dir) })
	write(t, dir, "in/"+tt10, "COD\t41,8\tmg/L\t20261123103500\t00\r\n")
	b := watcher(t, map[string]any{"protocol": "ftp", "host": "127.0.0.1", "port": port, "username": "tram", "password": "secret", "path": "/in", "after": "move"}, connector.Deps{})
	b.round(t)
	if got, want := b.sink.lines(), "NT1/COD=41.8"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := files(t, dir); !strings.HasPrefix(got, "in/done/") {
		t.Errorf("files %s", got)
	}
	b = watcher(t, map[string]any{"protocol": "ftp", "host": "127.0.0.1", "port": port, "username": "tram", "password": "no"}, connector.Deps{})
	if err := b.look(t.Context(), b.sink); err == nil {
		t.Error("let in with a wrong password")
	}
}

// ftpSession is the least FTP server that a client can work with.
func ftpSession(c net.Conn, dir string) {
	in := bufio.NewScanner(c)
	say := func(s string) { fmt.Fprint(c, s+"\r\n") }
	local := func(p string) string { return filepath.Join(dir, filepath.FromSlash(path.Clean("/"+p))) }
	var data net.Listener
	transfer := func(f func(io.Writer)) {
		say("150 here it comes")
		if conn, err := data.Accept(); err == nil {
			f(conn)
			conn.Close()
		}
		data.Close()
		say("226 done")
	}
	user, from := "", ""
	say("220 hello")
	for in.Scan() {
		cmd, arg, _ := strings.Cut(in.Text(), " ")
		switch strings.ToUpper(cmd) {
		case "USER":
			user = arg
			say("331 password")
		case "PASS":
			if user == "tram" && arg == "secret" {
				say("230 in")
			} else {
				say("530 no")
			}
		case "FEAT":
			say("211-Features:\r\n UTF8\r\n211 End")
		case "TYPE", "OPTS", "NOOP":
			say("200 ok")
		case "EPSV":
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				say("425 no")
				continue
			}
			data = ln
			_, p, _ := net.SplitHostPort(ln.Addr().String())
			say("229 Entering Extended Passive Mode (|||" + p + "|)")
		case "LIST":
			transfer(func(w io.Writer) {
				entries, _ := os.ReadDir(local(arg))
				for _, e := range entries {
					if i, err := e.Info(); err == nil {
						mode := "-rw-r--r--"
						if e.IsDir() {
							mode = "drwxr-xr-x"
						}
						fmt.Fprintf(w, "%s 1 ftp ftp %d %s %s\r\n", mode, i.Size(), i.ModTime().Format("Jan _2 15:04"), e.Name())
					}
				}
			})
		case "RETR":
			b, err := os.ReadFile(local(arg))
			if err != nil {
				say("550 no such file")
				continue
			}
			transfer(func(w io.Writer) { w.Write(b) })
		case "MKD":
			if os.Mkdir(local(arg), 0o755) != nil {
				say("550 exists")
			} else {
				say(`257 "` + arg + `"`)
			}
		case "RNFR":
			from = local(arg)
			say("350 to")
		case "RNTO":
			if os.Rename(from, local(arg)) != nil {
				say("550 no")
			} else {
				say("250 ok")
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 unknown")
		}
	}
}
