package attachment

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// stripped is a file without what it told about its maker.
type stripped struct {
	data          []byte
	width, height int
	exif          exif
}

// strip removes the metadata of an image or a video without encoding it again.
// What is not an image passes as it is.
func strip(k *kind, data []byte) (stripped, error) {
	var s stripped
	ok := true
	switch k {
	case kindJPEG:
		s, ok = stripJPEG(data)
	case kindPNG:
		s, ok = stripPNG(data)
	case kindWebP:
		s, ok = stripWebP(data)
	case kindMP4:
		return stripped{data: blankMP4(data)}, nil
	default:
		return stripped{data: data}, nil
	}
	switch {
	case !ok || s.width <= 0 || s.height <= 0:
		return stripped{}, errDamaged.With("what", k.title)
	case s.width > mostSide || s.height > mostSide || s.width*s.height > mostPixels:
		return stripped{}, errPixels.With("width", s.width, "height", s.height, "limit", mostPixels/1_000_000)
	}
	return s, nil
}

// stripJPEG keeps the segments that make the picture: tables, frames, scans,
// JFIF, the colour profile and Adobe's colour transform. Everything after the
// end of the image goes too: phones hide videos and second photos there.
func stripJPEG(b []byte) (s stripped, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return s, false
	}
	out := make([]byte, 0, len(b))
	var kept []byte // segments after the place of the EXIF
	put := func(p []byte) { kept = append(kept, p...) }
	for at := 2; ; {
		if at+2 > len(b) || b[at] != 0xff {
			return s, false
		}
		m := b[at+1]
		switch {
		case m == 0xff: // a fill byte
			at++
			continue
		case m == 0xd9:
			put([]byte{0xff, 0xd9})
			out = append(out, 0xff, 0xd8)
			if tiff := orientationOnly(s.exif.orientation); tiff != nil {
				n := 2 + 6 + len(tiff)
				out = append(out, 0xff, 0xe1, byte(n>>8), byte(n))
				out = append(out, "Exif\x00\x00"...)
				out = append(out, tiff...)
			}
			s.data = append(out, kept...)
			return s, true
		case m == 0x01 || m >= 0xd0 && m <= 0xd7: // without a length
			put(b[at : at+2])
			at += 2
			continue
		}
		if at+4 > len(b) {
			return s, false
		}
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if n < 2 || at+2+n > len(b) {
			return s, false
		}
		body, seg := b[at+4:at+2+n], b[at:at+2+n]
		at += 2 + n
		switch {
		case m == 0xe1:
			if rest, is := bytes.CutPrefix(body, []byte("Exif\x00\x00")); is {
				s.exif.merge(readExif(rest))
			}
			continue
		case m == 0xe0 && !bytes.HasPrefix(body, []byte("JFIF\x00")),
			m == 0xe2 && !bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")),
			m >= 0xe3 && m <= 0xef && !(m == 0xee && bytes.HasPrefix(body, []byte("Adobe"))),
			m == 0xfe: // a comment
			continue
		case m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc: // a frame
			if len(body) < 5 {
				return s, false
			}
			s.height, s.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
		}
		put(seg)
		if m == 0xda { // a scan: its data runs to the next marker
			end := scanEnd(b, at)
			put(b[at:end])
			at = end
		}
	}
}

func scanEnd(b []byte, at int) int {
	for at+1 < len(b) {
		i := bytes.IndexByte(b[at:len(b)-1], 0xff)
		if i < 0 {
			return len(b)
		}
		at += i
		if m := b[at+1]; m != 0 && m != 0xff && (m < 0xd0 || m > 0xd7) {
			return at
		}
		if b[at+1] == 0xff {
			at++
		} else {
			at += 2
		}
	}
	return len(b)
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// pngKept are the chunks that make the picture or its animation.
var pngKept = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true, "tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true,
	"sBIT": true, "bKGD": true, "hIST": true, "pHYs": true, "acTL": true, "fcTL": true, "fdAT": true, "cICP": true,
}

func stripPNG(b []byte) (s stripped, ok bool) {
	if !bytes.HasPrefix(b, []byte(pngMagic)) {
		return s, false
	}
	type span struct{ from, to int }
	var keep []span
	done := false
	for at := len(pngMagic); !done; {
		if at+12 > len(b) {
			return s, false
		}
		n := int(binary.BigEndian.Uint32(b[at:]))
		name := string(b[at+4 : at+8])
		if n > len(b)-at-12 {
			return s, false
		}
		body := b[at+8 : at+8+n]
		switch {
		case name == "IHDR":
			if n != 13 || len(keep) > 0 {
				return s, false
			}
			s.width, s.height = int(binary.BigEndian.Uint32(body)), int(binary.BigEndian.Uint32(body[4:]))
		case len(keep) == 0:
			return s, false // IHDR comes first
		case name == "eXIf":
			s.exif.merge(readExif(body))
		case name == "IEND":
			done = true
		}
		if pngKept[name] {
			keep = append(keep, span{at, at + 12 + n})
		}
		at += 12 + n
	}
	out := append(make([]byte, 0, len(b)), pngMagic...)
	for i, k := range keep {
		out = append(out, b[k.from:k.to]...)
		if i > 0 {
			continue
		}
		if tiff := orientationOnly(s.exif.orientation); tiff != nil {
			out = binary.BigEndian.AppendUint32(out, uint32(len(tiff)))
			from := len(out)
			out = append(append(out, "eXIf"...), tiff...)
			out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[from:]))
		}
	}
	s.data = out
	return s, true
}

// webpKept are the chunks that make the picture or its animation.
var webpKept = map[string]bool{"VP8 ": true, "VP8L": true, "VP8X": true, "ANIM": true, "ANMF": true, "ALPH": true, "ICCP": true}

const (
	webpXMP  = 0x04
	webpEXIF = 0x08
)

func stripWebP(b []byte) (s stripped, ok bool) {
	if len(b) < 20 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WEBP" {
		return s, false
	}
	end := 8 + int(binary.LittleEndian.Uint32(b[4:]))
	if end > len(b) {
		return s, false
	}
	out := append(make([]byte, 0, len(b)), b[:12]...)
	flags := -1 // where VP8X keeps them
	for at := 12; at+8 <= end; {
		name, n := string(b[at:at+4]), int(binary.LittleEndian.Uint32(b[at+4:]))
		size := 8 + n + n&1
		if n > end-at-8 {
			return s, false
		}
		size = min(size, end-at) // the last padding is often forgotten
		body := b[at+8 : at+8+n]
		switch name {
		case "VP8X":
			if n < 10 || flags >= 0 {
				return s, false
			}
			flags = len(out) + 8
			s.width, s.height = 1+(int(body[4])|int(body[5])<<8|int(body[6])<<16), 1+(int(body[7])|int(body[8])<<8|int(body[9])<<16)
		case "VP8 ":
			if n < 10 || body[3] != 0x9d || body[4] != 0x01 || body[5] != 0x2a {
				return s, false
			}
			if s.width == 0 {
				s.width, s.height = int(binary.LittleEndian.Uint16(body[6:])&0x3fff), int(binary.LittleEndian.Uint16(body[8:])&0x3fff)
			}
		case "VP8L":
			if n < 5 || body[0] != 0x2f {
				return s, false
			}
			if s.width == 0 {
				v := binary.LittleEndian.Uint32(body[1:])
				s.width, s.height = 1+int(v&0x3fff), 1+int(v>>14&0x3fff)
			}
		case "EXIF":
			s.exif.merge(readExif(bytes.TrimPrefix(body, []byte("Exif\x00\x00"))))
		}
		if webpKept[name] {
			out = append(out, b[at:at+size]...)
			if size%2 == 1 {
				out = append(out, 0)
			}
		}
		at += size
	}
	if flags >= 0 {
		out[flags] &^= webpXMP | webpEXIF
		if tiff := orientationOnly(s.exif.orientation); tiff != nil {
			out[flags] |= webpEXIF
			out = append(out, "EXIF"...)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(tiff)))
			out = append(out, tiff...) // its length is even
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	s.data = out
	return s, true
}

// blankMP4 makes the boxes in which phones write place, owner and camera
// (udta, meta under moov) free space of the same length, so that no offset
// changes. A file it cannot walk stays as it is.
func blankMP4(b []byte) []byte {
	out := bytes.Clone(b)
	blankBoxes(out, 0, false)
	return out
}

func blankBoxes(b []byte, depth int, inMovie bool) {
	for at := 0; at+8 <= len(b); {
		n, head := uint64(binary.BigEndian.Uint32(b[at:])), 8
		name := string(b[at+4 : at+8])
		switch n {
		case 0:
			n = uint64(len(b) - at)
		case 1:
			if at+16 > len(b) {
				return
			}
			n, head = binary.BigEndian.Uint64(b[at+8:]), 16
		}
		if n < uint64(head) || n > uint64(len(b)-at) {
			return
		}
		body := b[at+head : at+int(n)]
		switch {
		case inMovie && (name == "udta" || name == "meta"), depth == 0 && (name == "meta" || name == "uuid" || name == "udta"):
			copy(b[at+4:], "free")
			clear(body)
		case depth < 2 && (name == "moov" || name == "trak"):
			blankBoxes(body, depth+1, true)
		}
		at += int(n)
	}
}
