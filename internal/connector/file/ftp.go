package file

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"path"
	"time"

	"github.com/jlaffaye/ftp"
)

type ftpFolder struct {
	c    *ftp.ServerConn
	base string
	stop func() bool
}

const ftpPatience = 20 * time.Second

// openFTP signs in. Data connections are dialled behind the guard too, to
// wherever the server says.
func (w *Watcher) openFTP(ctx context.Context) (folder, error) {
	var control net.Conn
	opts := []ftp.DialOption{
		ftp.DialWithContext(ctx), ftp.DialWithTimeout(ftpPatience),
		ftp.DialWithDialFunc(func(network, address string) (net.Conn, error) {
			conn, err := w.d.Guard.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Minute)) // a fresh connection takes a deadline
			if control == nil {
				control = conn
			} else if w.c.Protocol == "ftps" {
				return tls.Client(conn, w.ftpTLS()), nil
			}
			return conn, nil
		}),
	}
	if w.c.Protocol == "ftps" {
		opts = append(opts, ftp.DialWithExplicitTLS(w.ftpTLS()))
	}
	c, err := ftp.Dial(w.address(21), opts...)
	if err != nil {
		return nil, openFault(err)
	}
	stop := context.AfterFunc(ctx, func() {
		if control != nil {
			control.Close()
		}
	})
	if err := c.Login(w.c.Username, w.c.Password.Reveal()); err != nil {
		stop()
		_ = c.Quit() // the sign-in has failed; that is the error
		return nil, openFault(err)
	}
	base := w.c.Path
	if base == "" {
		base = "."
	}
	return &ftpFolder{c: c, base: base, stop: stop}, nil
}

func (w *Watcher) ftpTLS() *tls.Config {
	return &tls.Config{ServerName: w.c.Host, MinVersion: tls.VersionTLS12}
}

// List implements folder.
func (f *ftpFolder) List(ctx context.Context, recursive bool) ([]entry, error) {
	var out []entry
	var walk func(dir, rel string, depth int) error
	walk = func(dir, rel string, depth int) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		list, err := f.c.List(dir)
		if err != nil {
			if depth > 0 {
				return nil
			}
			return err
		}
		for _, e := range list {
			if e.Name == "." || e.Name == ".." || path.Base(e.Name) != e.Name {
				continue
			}
			name := path.Join(rel, e.Name)
			switch {
			case e.Type == ftp.EntryTypeFolder && recursive && depth < 8 && name != "done" && name != "failed":
				if err := walk(path.Join(dir, e.Name), name, depth+1); err != nil {
					return err
				}
			case e.Type == ftp.EntryTypeFile:
				out = append(out, entry{name: name, size: int64(e.Size), modified: e.Time.UTC()})
			}
		}
		return nil
	}
	return out, walk(f.base, "", 0)
}

// Read implements folder.
func (f *ftpFolder) Read(_ context.Context, name string, limit int) ([]byte, error) {
	r, err := f.c.Retr(path.Join(f.base, name))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if cerr := r.Close(); err == nil && len(b) <= limit {
		err = cerr
	}
	return b, err
}

// Move implements folder.
func (f *ftpFolder) Move(name, to string) error {
	_ = f.c.MakeDir(path.Join(f.base, path.Dir(to))) // it is there already, or Rename says so
	return f.c.Rename(path.Join(f.base, name), path.Join(f.base, to))
}

// Remove implements folder.
func (f *ftpFolder) Remove(name string) error { return f.c.Delete(path.Join(f.base, name)) }

// Close implements folder.
func (f *ftpFolder) Close() error {
	f.stop()
	return f.c.Quit()
}
