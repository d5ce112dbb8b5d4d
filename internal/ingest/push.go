package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// Limits of one request.
const (
	mostBody     = 10 << 20 // as it comes
	mostUnpacked = 64 << 20
	mostSeconds  = 120  // to send it
	pushReadings = 5000 // taken in at once; the rest of the body is only looked at
)

var (
	ErrTooLarge = fault.Define(fault.TooLarge, "ingest.body_too_large", "the body is larger than {limit} MiB; send it in parts", "nội dung lớn hơn {limit} MiB, hãy chia nhỏ")
	ErrUnpack   = fault.Define(fault.Invalid, "ingest.body_encoding", "the body is not the {encoding} that its Content-Encoding says", "nội dung không đúng định dạng nén {encoding} đã khai")
	ErrEncoded  = fault.Define(fault.Invalid, "ingest.body_encoding_unknown", "the Content-Encoding {encoding} is not known; use gzip or zstd", "không hỗ trợ kiểu nén {encoding}; dùng gzip hoặc zstd")
	ErrSlow     = fault.Define(fault.Invalid, "ingest.body_cut", "the body ended before it was complete", "nội dung gửi lên bị đứt giữa chừng")
)

// Push answers "POST /api/v1/ingest/{source}", the pattern to hang it on: one reading, an array of them or
// one a line. It is no huma operation, because it is on the way of every
// reading.
func (p *Pipeline) Push() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := p.push(w, r)
		if err != nil {
			httpapi.Problem(w, r, err)
			return
		}
		lang := httpapi.Lang(r.Context())
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(appendResult(nil, res, lang)) // the sender has gone: nobody is left to tell
	})
}

func (p *Pipeline) push(w http.ResponseWriter, r *http.Request) (Result, error) {
	id := r.PathValue("source")
	actor, src, ok := p.sources.Authenticate(r.Context(), bearer(r))
	switch {
	case !ok:
		return Result{}, ErrWrongToken.With()
	case src.ID != id:
		return Result{}, ErrForeign.With("source", shorten(id))
	case !src.Enabled:
		return Result{}, ErrSourceOff.With("source", id)
	}
	// The machine's clock: limits are about this machine.
	if err := p.limits.Take(id, time.Now(), 1); err != nil {
		return Result{}, err
	}
	body, leave, err := p.readBody(w, r)
	if err != nil {
		return Result{}, err
	}
	defer leave()
	b := Batch{Source: id, Actor: actor, Received: p.clk.Now()}
	if len(src.Mapping) > 0 {
		if b.Readings, b.Unread, err = p.mapped(r.Context(), id, body); err != nil {
			return Result{}, err
		}
		res, err := p.Accept(r.Context(), b)
		if err != nil {
			return Result{}, err
		}
		return withUnread(res, &b), nil
	}
	return p.takeBody(r.Context(), b, body)
}

// mapped reads what a source posts in its own shape, by its mapping.
func (p *Pipeline) mapped(ctx context.Context, source, body string) ([]sensing.Reading, []Unread, error) {
	p.mu.RLock()
	read := p.pushed
	p.mu.RUnlock()
	if read == nil {
		return nil, nil, errNoReader.With()
	}
	return read(ctx, source, body)
}

// withUnread adds the pieces that could not be read to what was refused,
// behind the readings: whoever sent them is to know why.
func withUnread(res Result, b *Batch) Result {
	for i, u := range b.Unread {
		why := u.Err
		if why == nil {
			why = errUnread.With()
		}
		res.Rejected = append(res.Rejected, Rejection{Index: len(b.Readings) + i, Err: why})
	}
	return res
}

func bearer(r *http.Request) string {
	h := r.Header.Get("Authorization")
	if len(h) > 7 && strings.EqualFold(h[:7], "Bearer ") {
		return strings.TrimSpace(h[7:])
	}
	return ""
}

func bodyFault(err error, encoding string) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return ErrTooLarge.With("limit", mostBody>>20)
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return ErrTooLarge.With("limit", mostUnpacked>>20)
	case encoding == "gzip" || encoding == "zstd":
		return ErrUnpack.With("encoding", encoding).Because(err)
	}
	return ErrSlow.With().Because(err)
}

// takeBody takes the readings of a body in, part by part. A body that is not
// whole JSON to its end is refused before any of it is taken.
func (p *Pipeline) takeBody(ctx context.Context, b Batch, body string) (out Result, err error) {
	r, err := newBodyReader(body)
	if err != nil {
		return out, err
	}
	checked := false
	for first := 0; ; {
		part, done, err := readPart(r)
		if err != nil {
			return out, err
		}
		if !done && !checked {
			rest := *r
			if err := rest.drain(); err != nil {
				return out, err
			}
			checked = true
		}
		part.first = first
		first += part.size
		if err := p.takePart(ctx, b, part, &out); err != nil {
			return out, err
		}
		if done {
			return out, nil
		}
	}
}

// part is some readings of a body.
type part struct {
	first, size int // index of the first reading, how many with the faulty ones
	readings    []sensing.Reading
	index       []int // in the body, of each reading; nil when all of them are there
	faulty      []faulty
}

func readPart(r *bodyReader) (out part, done bool, err error) {
	for out.size < pushReadings {
		reading, bad, done, err := r.next()
		if err != nil || done {
			return out, done, err
		}
		if bad != nil {
			if out.index == nil {
				out.index = make([]int, len(out.readings), len(out.readings)+16)
				for i := range out.index {
					out.index[i] = i
				}
			}
			out.faulty = append(out.faulty, faulty{index: out.size, reading: reading, err: bad})
		} else {
			if out.index != nil {
				out.index = append(out.index, out.size)
			}
			out.readings = append(out.readings, reading)
		}
		out.size++
	}
	return out, false, nil
}

// drain reads to the end and keeps nothing.
func (r *bodyReader) drain() error {
	for {
		if _, _, done, err := r.next(); done || err != nil {
			return err
		}
	}
}

// takePart accepts the readings of a part. What the decoder found wrong with
// a reading is booked like what the checks find.
func (p *Pipeline) takePart(ctx context.Context, b Batch, part part, out *Result) error {
	b.Readings = part.readings
	res, err := p.accept(ctx, b, part.faulty)
	if err != nil {
		return err
	}
	out.Accepted += res.Accepted
	out.Duplicate += res.Duplicate
	out.Quarantined += res.Quarantined
	next := 0
	for _, bad := range part.faulty {
		for ; next < len(res.Rejected) && part.at(res.Rejected[next].Index) < bad.index; next++ {
			out.Rejected = append(out.Rejected, part.shift(res.Rejected[next]))
		}
		out.Rejected = append(out.Rejected, Rejection{Index: part.first + bad.index, Err: bad.err})
	}
	for _, r := range res.Rejected[next:] {
		out.Rejected = append(out.Rejected, part.shift(r))
	}
	return nil
}

func (p *part) at(i int) int {
	if p.index == nil {
		return i
	}
	return p.index[i]
}

func (p *part) shift(r Rejection) Rejection {
	return Rejection{Index: p.first + p.at(r.Index), Err: r.Err}
}

// appendResult writes {"accepted", "duplicate", "rejected", "quarantined"}.
func appendResult(dst []byte, res Result, lang msg.Lang) []byte {
	dst = fmt.Appendf(dst, `{"accepted":%d,"duplicate":%d,"quarantined":%d,"rejected":[`, res.Accepted, res.Duplicate, res.Quarantined)
	for i, r := range res.Rejected {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, `{"index":%d,"code":%q,"detail":`, r.Index, r.Err.Code)
		dst = appendJSONString(dst, r.Err.In(lang))
		dst = append(dst, '}')
	}
	return append(dst, "]}\n"...)
}
