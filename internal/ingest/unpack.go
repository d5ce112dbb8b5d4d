package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"time"
	"unsafe"

	"github.com/klauspost/compress/zstd"
)

// A few hundred kilobytes can unpack to mostUnpacked, so of bodies beyond
// smallBody only largeBodies are in memory at once; the others wait. A place
// is asked for when all of the body is here: no slow sender holds one.
const (
	smallBody   = 1 << 20
	largeBodies = 4
)

// readBody reads the body and unpacks it; leave is to be called when it has
// been taken in.
func (p *Pipeline) readBody(w http.ResponseWriter, r *http.Request) (body string, leave func(), err error) {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	switch encoding {
	case "identity":
		encoding = ""
	case "", "gzip", "zstd":
	default:
		return "", nil, ErrEncoded.With("encoding", shorten(encoding))
	}
	// A sender that trickles its body is cut off. Servers without deadlines
	// (tests) do without.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(mostSeconds * time.Second))
	var buf bytes.Buffer
	if n := r.ContentLength; n > 0 && n <= mostBody {
		buf.Grow(int(n) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, mostBody)); err != nil {
		return "", nil, bodyFault(err, "")
	}
	if encoding == "" {
		return text(&buf), func() {}, nil
	}
	return p.unpack(r.Context(), &buf, encoding)
}

// text is what a buffer holds that is not written again.
func text(buf *bytes.Buffer) string {
	b := buf.Bytes()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (p *Pipeline) unpack(ctx context.Context, packed io.Reader, encoding string) (body string, leave func(), err error) {
	var z io.Reader
	if encoding == "gzip" {
		z, err = gzip.NewReader(packed)
	} else {
		var d *zstd.Decoder
		if d, err = zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostUnpacked+1), zstd.WithDecoderMaxWindow(8<<20)); err == nil {
			defer d.Close()
			z = d
		}
	}
	if err != nil {
		return "", nil, bodyFault(err, encoding)
	}
	leave = func() {}
	var buf bytes.Buffer
	n, err := buf.ReadFrom(io.LimitReader(z, smallBody))
	if err == nil && n == smallBody {
		select {
		case p.large <- struct{}{}:
			leave = func() { <-p.large }
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
		_, err = buf.ReadFrom(io.LimitReader(z, mostUnpacked+1-smallBody))
	}
	switch {
	case err != nil:
		err = bodyFault(err, encoding)
	case buf.Len() > mostUnpacked:
		err = ErrTooLarge.With("limit", mostUnpacked>>20)
	default:
		return text(&buf), leave, nil
	}
	leave()
	return "", nil, err
}
