// Package web holds the operator's web interface and serves it. The build of
// the interface (npm run build) writes dist/app; without it the committed
// page dist/index.html says what to do, so that the program builds and its
// tests pass without Node.
package web

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Built reports whether the interface itself is embedded, not the placeholder.
func Built() bool {
	_, err := fs.Stat(dist, "dist/app/index.html")
	return err == nil
}

// Handler serves the interface. Hashed assets may be kept for a year, files
// are sent compressed where the build left a .gz, and every other GET that
// names no file gets the page itself, because the interface routes in the
// browser. csp is the page's content security policy; the interface is written
// for one without inline script and style.
func Handler(csp string) http.Handler {
	dir := "dist/app"
	if !Built() {
		dir = "dist"
	}
	files, err := fs.Sub(dist, dir)
	if err != nil { // the folder is embedded, so its name is wrong
		panic(err)
	}
	return handler(files, csp)
}

func handler(files fs.FS, csp string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if !servable(files, name) {
			if namesFile(name) {
				http.NotFound(w, r)
				return
			}
			name = "index.html"
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Vary", "Accept-Encoding")
		switch {
		case strings.HasPrefix(name, "assets/"):
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		case strings.HasSuffix(name, ".svg"): // the icon: browsers ask for it at every change of address
			h.Set("Cache-Control", "public, max-age=3600")
		default:
			h.Set("Cache-Control", "no-cache")
		}
		if name == "index.html" {
			h.Set("Content-Security-Policy", csp)
			h.Set("Referrer-Policy", "same-origin")
		}
		serve(w, r, files, name)
	})
}

// servable keeps the folders, the compressed twins and the build's own
// manifest out of reach.
func servable(files fs.FS, name string) bool {
	if name == "" || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".gz") {
		return false
	}
	info, err := fs.Stat(files, name)
	return err == nil && !info.IsDir()
}

// namesFile tells a lost file, which is a 404, from an address of the
// interface that happens to hold a dot.
func namesFile(name string) bool {
	return strings.HasPrefix(name, "assets/") || contentType(name) != unknownType
}

const unknownType = "application/octet-stream"

func serve(w http.ResponseWriter, r *http.Request, files fs.FS, name string) {
	body, err := fs.ReadFile(files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType(name))
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == "" {
		if small, err := fs.ReadFile(files, name+".gz"); err == nil {
			w.Header().Set("Content-Encoding", "gzip")
			body = small
		}
	}
	// Embedded files have no time; Cache-Control says what may be kept.
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// contentType does not ask the machine, whose table may lack or mistake types.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".json", ".webmanifest":
		return "application/json"
	case ".png":
		return "image/png"
	}
	return unknownType
}
