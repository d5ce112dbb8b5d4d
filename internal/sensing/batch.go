package sensing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// A batch is what one bus message carries: accepted observations in a compact
// form of about 14 bytes each. All integers are varints, instants are Unix
// milliseconds (finer fractions are cut off), signed differences are zigzag:
//
//	1           version
//	n           names, n times: length, source id; length, datastream id
//	m           observations, m times:
//	            index into the names
//	            time, as the difference to the observation before it
//	            value, 8 bytes IEEE 754, little endian
//	            flags
//	            received, as the difference to the observation before it
const batchVersion = 1

// The fewest bytes that a name and an observation take; a count that promises
// more than the bytes that are left is refused before anything is allocated.
const (
	minNameBytes        = 2
	minObservationBytes = 12
)

type batchName struct{ source, datastream string }

type batchScratch struct {
	index map[batchName]uint64
	names []batchName
	body  []byte
}

var batchScratches = sync.Pool{New: func() any {
	return &batchScratch{index: map[batchName]uint64{}}
}}

// AppendBatch appends the encoded observations to dst and returns it.
func AppendBatch(dst []byte, obs []Observation) []byte {
	s := batchScratches.Get().(*batchScratch)
	body, names := s.body[:0], s.names[:0]
	var at uint64
	var prev batchName
	var prevTime, prevReceived int64
	for i := range obs {
		o := &obs[i]
		if name := (batchName{o.Source, o.Datastream}); i == 0 || name != prev {
			var known bool
			if at, known = s.index[name]; !known {
				at = uint64(len(names))
				s.index[name] = at
				names = append(names, name)
			}
			prev = name
		}
		t, received := o.Time.UnixMilli(), o.Received.UnixMilli()
		body = binary.AppendUvarint(body, at)
		body = binary.AppendVarint(body, t-prevTime)
		body = binary.LittleEndian.AppendUint64(body, math.Float64bits(o.Value))
		body = binary.AppendUvarint(body, uint64(o.Flags))
		body = binary.AppendVarint(body, received-prevReceived)
		prevTime, prevReceived = t, received
	}
	dst = append(dst, batchVersion)
	dst = binary.AppendUvarint(dst, uint64(len(names)))
	for _, n := range names {
		dst = binary.AppendUvarint(dst, uint64(len(n.source)))
		dst = append(dst, n.source...)
		dst = binary.AppendUvarint(dst, uint64(len(n.datastream)))
		dst = append(dst, n.datastream...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(obs)))
	dst = append(dst, body...)

	clear(s.index)
	clear(names)
	s.body, s.names = body, names
	batchScratches.Put(s)
	return dst
}

var errBatchShort = errors.New("batch ends too early")

// DecodeBatch appends the observations encoded in data to dst and returns it.
// The result keeps no reference to data. Bytes that no AppendBatch has made
// are refused with an error that says what is wrong.
func DecodeBatch(dst []Observation, data []byte) ([]Observation, error) {
	if len(data) == 0 {
		return dst, errBatchShort
	}
	if data[0] != batchVersion {
		return dst, fmt.Errorf("batch of unknown version %d", data[0])
	}
	r := batchReader{rest: data[1:]}
	names, err := r.names()
	if err != nil {
		return dst, err
	}
	n, err := r.count(minObservationBytes)
	if err != nil {
		return dst, err
	}
	given := len(dst)
	dst = slices.Grow(dst, n)
	var t, received int64
	for range n {
		at, dt := r.uvarint(), r.varint()
		value := r.fixed64()
		flags, dr := r.uvarint(), r.varint()
		switch {
		case r.short:
			return dst[:given], errBatchShort
		case at >= uint64(len(names)):
			return dst[:given], fmt.Errorf("batch names no datastream %d", at)
		case flags > math.MaxUint32:
			return dst[:given], fmt.Errorf("batch has unknown flags %x", flags)
		}
		t, received = t+dt, received+dr
		dst = append(dst, Observation{
			Source:     names[at].source,
			Datastream: names[at].datastream,
			Time:       time.UnixMilli(t).UTC(),
			Value:      math.Float64frombits(value),
			Flags:      Flags(flags),
			Received:   time.UnixMilli(received).UTC(),
		})
	}
	if len(r.rest) > 0 {
		return dst[:given], fmt.Errorf("batch is followed by %d bytes", len(r.rest))
	}
	return dst, nil
}

// batchReader reads from rest; once something is missing, short stays true
// and every further read gives zero.
type batchReader struct {
	rest  []byte
	short bool
}

func (r *batchReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.short, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *batchReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *batchReader) fixed64() uint64 {
	if len(r.rest) < 8 {
		r.short, r.rest = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return v
}

// count reads a number of things that take at least least bytes each.
func (r *batchReader) count(least int) (int, error) {
	n := r.uvarint()
	if r.short || n > uint64(len(r.rest)/least) {
		return 0, errBatchShort
	}
	return int(n), nil
}

// names reads the dictionary. All names share one copy of its bytes, so that
// a message costs two allocations whatever the number of its datastreams.
func (r *batchReader) names() ([]batchName, error) {
	n, err := r.count(minNameBytes)
	if err != nil {
		return nil, err
	}
	start := *r
	for range 2 * n {
		r.skip()
	}
	if r.short {
		return nil, errBatchShort
	}
	all := string(start.rest[:len(start.rest)-len(r.rest)])
	names := make([]batchName, n)
	off := 0
	next := func() string {
		length, w := binary.Uvarint(start.rest[off:])
		off += w + int(length)
		return all[off-int(length) : off]
	}
	for i := range names {
		names[i] = batchName{source: next(), datastream: next()}
	}
	return names, nil
}

func (r *batchReader) skip() {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.short, r.rest = true, nil
		return
	}
	r.rest = r.rest[n:]
}
