package basemap

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// asset is one file of the map, kept compressed where that helps.
type asset struct {
	contentType string
	packed      []byte // gzip; nil for what does not shrink
	plain       []byte
	shrinks     bool // plain is packed, and forgotten, when first asked for

	once sync.Once
	etag string
}

// serve answers with the asset: compressed for whoever takes it, "not
// modified" for whoever has it. Under the address with the current version
// it may be kept for a year, otherwise it is asked for again.
func (a *asset) serve(w http.ResponseWriter, r *http.Request, version string) {
	a.once.Do(a.prepare)
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", a.etag)
	if version != "" && r.URL.Query().Get("v") == version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	switch {
	case a.packed == nil:
	case acceptsGzip(r):
		h.Set("Content-Encoding", "gzip")
		body = a.packed
	default:
		var err error
		if body, err = unpack(a.packed); err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away
	}
}

func (a *asset) prepare() {
	a.etag = `"` + digest(a.packed, a.plain) + `"`
	if a.shrinks {
		a.packed, a.plain = pack(a.plain), nil
	}
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" || name == "*" {
			return strings.TrimSpace(q) != "q=0"
		}
	}
	return false
}

func pack(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack map asset: %w", err)
	}
	return io.ReadAll(z)
}

func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// versionOf is a digest of all assets.
func versionOf(assets map[string]*asset) string {
	h := sha256.New()
	for _, address := range slices.Sorted(maps.Keys(assets)) {
		fmt.Fprintln(h, address, digest(assets[address].packed, assets[address].plain))
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
