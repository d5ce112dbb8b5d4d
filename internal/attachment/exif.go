package attachment

import (
	"encoding/binary"
	"math"
)

// exif is what is read of a photo's EXIF before it is thrown away.
type exif struct {
	orientation int // 1–8, 0 unknown
	position    *Position
}

// merge keeps what was found first.
func (e *exif) merge(o exif) {
	if e.orientation == 0 {
		e.orientation = o.orientation
	}
	if e.position == nil {
		e.position = o.position
	}
}

const (
	tagOrientation = 0x0112
	tagGPS         = 0x8825
	mostTags       = 512 // of a directory
)

// readExif reads a TIFF structure ("II*\0" or "MM\0*"). What it cannot read it
// leaves out: the EXIF goes in any case.
func readExif(b []byte) (e exif) {
	t, ok := newTiff(b)
	if !ok {
		return e
	}
	first := t.order.Uint32(b[4:])
	gps := uint32(0)
	t.each(first, func(tag, kind uint16, count uint32, value []byte) {
		switch {
		case tag == tagOrientation && kind == 3 && count == 1:
			if o := int(t.order.Uint16(value)); o >= 1 && o <= 8 {
				e.orientation = o
			}
		case tag == tagGPS && kind == 4 && count == 1:
			gps = t.order.Uint32(value)
		}
	})
	if gps != 0 {
		e.position = t.gps(gps)
	}
	return e
}

type tiff struct {
	b     []byte
	order binary.ByteOrder
}

func newTiff(b []byte) (tiff, bool) {
	if len(b) < 8 {
		return tiff{}, false
	}
	t := tiff{b: b}
	switch string(b[:2]) {
	case "II":
		t.order = binary.LittleEndian
	case "MM":
		t.order = binary.BigEndian
	default:
		return tiff{}, false
	}
	return t, t.order.Uint16(b[2:]) == 42
}

// each calls f for each entry of the directory at an offset; value is the
// four bytes of the entry.
func (t tiff) each(at uint32, f func(tag, kind uint16, count uint32, value []byte)) {
	if uint64(at)+2 > uint64(len(t.b)) {
		return
	}
	n := int(t.order.Uint16(t.b[at:]))
	for i := range min(n, mostTags) {
		p := int(at) + 2 + 12*i
		if p+12 > len(t.b) {
			return
		}
		f(t.order.Uint16(t.b[p:]), t.order.Uint16(t.b[p+2:]), t.order.Uint32(t.b[p+4:]), t.b[p+8:p+12])
	}
}

func (t tiff) gps(at uint32) *Position {
	var ns, ew byte
	lat, lon := math.NaN(), math.NaN()
	t.each(at, func(tag, kind uint16, count uint32, value []byte) {
		switch {
		case tag == 1 && kind == 2:
			ns = value[0]
		case tag == 3 && kind == 2:
			ew = value[0]
		case tag == 2 && kind == 5 && count == 3:
			lat = t.degrees(t.order.Uint32(value))
		case tag == 4 && kind == 5 && count == 3:
			lon = t.degrees(t.order.Uint32(value))
		}
	})
	if ns == 'S' {
		lat = -lat
	}
	if ew == 'W' {
		lon = -lon
	}
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) || lat == 0 && lon == 0 { // also NaN; 0,0 is a camera without a fix
		return nil
	}
	return &Position{Lon: math.Round(lon*1e6) / 1e6, Lat: math.Round(lat*1e6) / 1e6}
}

// degrees reads degrees, minutes and seconds as three rationals.
func (t tiff) degrees(at uint32) float64 {
	if uint64(at)+24 > uint64(len(t.b)) {
		return math.NaN()
	}
	sum := 0.0
	for i, per := range []float64{1, 60, 3600} {
		num, den := t.order.Uint32(t.b[int(at)+8*i:]), t.order.Uint32(t.b[int(at)+8*i+4:])
		if den == 0 {
			if num == 0 && i > 0 { // some cameras write 0/0 seconds
				continue
			}
			return math.NaN()
		}
		sum += float64(num) / float64(den) / per
	}
	return sum
}

// orientationOnly is the smallest TIFF structure that says how to turn the
// photo; nil when it need not be turned.
func orientationOnly(orientation int) []byte {
	if orientation < 2 || orientation > 8 {
		return nil
	}
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	b[19] = byte(orientation)
	return b
}
