package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"openioc.org/ioc/internal/fault"
)

var (
	errHostKey = fault.Define(fault.Forbidden, "file.host_key", "the server shows another key ({got}) than the one known; if it was changed on purpose, enter the new fingerprint", "máy chủ đưa khoá khác ({got}) với khoá đã biết; nếu đổi có chủ ý, hãy nhập dấu vân tay mới")
	errKey     = fault.Define(fault.Invalid, "file.private_key", "the private key cannot be read", "không đọc được khoá riêng")
)

const sftpPatience = 20 * time.Second

type sftpFolder struct {
	conn net.Conn
	ssh  *ssh.Client
	c    *sftp.Client
	base string
	stop func() bool
}

func (w *Watcher) address(port int) string {
	if w.c.Port != 0 {
		port = w.c.Port
	}
	return net.JoinHostPort(w.c.Host, strconv.Itoa(port))
}

func (w *Watcher) openSFTP(ctx context.Context) (folder, error) {
	cfg := &ssh.ClientConfig{User: w.c.Username, HostKeyCallback: w.hostKey, Timeout: sftpPatience}
	if w.c.PrivateKey != "" {
		signer, err := ssh.ParsePrivateKey([]byte(w.c.PrivateKey.Reveal()))
		if err != nil {
			return nil, errKey.With() // the cause may quote the key
		}
		cfg.Auth = append(cfg.Auth, ssh.PublicKeys(signer))
	}
	if w.c.Password != "" {
		cfg.Auth = append(cfg.Auth, ssh.Password(w.c.Password.Reveal()))
	}
	addr := w.address(22)
	conn, err := w.d.Guard.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, openFault(err)
	}
	// A peer that stops answering must not hold us for ever; nor our own end.
	_ = conn.SetDeadline(time.Now().Add(10 * time.Minute)) // a fresh connection takes a deadline
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	sc, chans, reqs, err := ssh.NewClientConn(conn, addr, cfg)
	if err != nil {
		stop()
		conn.Close()
		return nil, openFault(err)
	}
	client := ssh.NewClient(sc, chans, reqs)
	c, err := sftp.NewClient(client)
	if err != nil {
		stop()
		client.Close()
		return nil, openFault(err)
	}
	base := w.c.Path
	if base == "" {
		base = "."
	}
	return &sftpFolder{conn: conn, ssh: client, c: c, base: base, stop: stop}, nil
}

func openFault(err error) error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return errOpen.With("detail", err.Error()).Because(err)
}

// hostKey holds the server to the configured fingerprint, or to the one it
// showed first.
func (w *Watcher) hostKey(_ string, _ net.Addr, key ssh.PublicKey) error {
	got := ssh.FingerprintSHA256(key)
	want := strings.TrimSpace(w.c.HostKey)
	if want == "" && w.d.Dir != "" {
		file := filepath.Join(w.d.Dir, "host_key")
		b, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return os.WriteFile(file, []byte(got), 0o600)
		}
		if err != nil {
			return fmt.Errorf("read the known host key: %w", err)
		}
		want = strings.TrimSpace(string(b))
	}
	if want != "" && want != got {
		return errHostKey.With("got", got)
	}
	return nil
}

// List implements folder.
func (s *sftpFolder) List(ctx context.Context, recursive bool) ([]entry, error) {
	var out []entry
	var walk func(dir, rel string, depth int) error
	walk = func(dir, rel string, depth int) error {
		infos, err := s.c.ReadDirContext(ctx, dir)
		if err != nil {
			if depth > 0 {
				return nil
			}
			return err
		}
		for _, i := range infos {
			name := path.Join(rel, i.Name())
			switch {
			case i.IsDir() && recursive && depth < 8 && name != "done" && name != "failed":
				if err := walk(path.Join(dir, i.Name()), name, depth+1); err != nil {
					return err
				}
			case i.Mode().IsRegular():
				out = append(out, entry{name: name, size: i.Size(), modified: i.ModTime().UTC()})
			}
		}
		return nil
	}
	return out, walk(s.base, "", 0)
}

// Read implements folder.
func (s *sftpFolder) Read(_ context.Context, name string, limit int) ([]byte, error) {
	f, err := s.c.Open(path.Join(s.base, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(limit)+1))
}

// Move implements folder.
func (s *sftpFolder) Move(name, to string) error {
	if err := s.c.MkdirAll(path.Join(s.base, path.Dir(to))); err != nil {
		return err
	}
	return s.c.Rename(path.Join(s.base, name), path.Join(s.base, to))
}

// Remove implements folder.
func (s *sftpFolder) Remove(name string) error { return s.c.Remove(path.Join(s.base, name)) }

// Close implements folder.
func (s *sftpFolder) Close() error {
	s.stop()
	err := s.c.Close()
	s.ssh.Close()
	s.conn.Close()
	return err
}
