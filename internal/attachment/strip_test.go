package attachment

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

// gpsExif is a TIFF structure with orientation 6 and 16°03'36" N 108°13'12" E.
func gpsExif() []byte {
	var b []byte
	be := binary.BigEndian
	b = append(b, "MM\x00*\x00\x00\x00\x08"...)
	entry := func(tag, kind uint16, n uint32, v ...byte) {
		b = be.AppendUint16(b, tag)
		b = be.AppendUint16(b, kind)
		b = be.AppendUint32(b, n)
		b = append(b, v...)
	}
	b = be.AppendUint16(b, 2) // IFD0 at 8: 2 + 24 + 4 = ends at 38
	entry(tagOrientation, 3, 1, 0, 6, 0, 0)
	entry(tagGPS, 4, 1, 0, 0, 0, 38)
	b = append(b, 0, 0, 0, 0)
	b = be.AppendUint16(b, 4) // GPS at 38: 2 + 48 + 4 = ends at 92
	entry(1, 2, 2, 'N', 0, 0, 0)
	entry(2, 5, 3, 0, 0, 0, 92)
	entry(3, 2, 2, 'E', 0, 0, 0)
	entry(4, 5, 3, 0, 0, 0, 116)
	b = append(b, 0, 0, 0, 0)
	for _, v := range []uint32{16, 1, 3, 1, 36, 1, 108, 1, 13, 1, 12, 1} {
		b = be.AppendUint32(b, v)
	}
	return append(b, "GPSSECRET"...)
}

func picture() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 24, 16))
	for x := range 24 {
		for y := range 16 {
			m.Set(x, y, color.RGBA{uint8(x * 10), uint8(y * 15), 90, 255})
		}
	}
	return m
}

func jpegWithEXIF(t testing.TB) (plain, full []byte) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, picture(), nil); err != nil {
		t.Fatal(err)
	}
	plain = buf.Bytes()
	seg := func(m byte, body string) string {
		n := len(body) + 2
		return string([]byte{0xff, m, byte(n >> 8), byte(n)}) + body
	}
	s := "\xff\xd8" + seg(0xe1, "Exif\x00\x00"+string(gpsExif())) + seg(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x>GPSSECRET</x>") +
		seg(0xed, "Photoshop 3.0\x00GPSSECRET") + seg(0xfe, "GPSSECRET") + string(plain[2:]) + "GPSSECRET after the end"
	return plain, []byte(s)
}

func pngChunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func pngWithEXIF(t testing.TB) (plain, full []byte) {
	var buf bytes.Buffer
	if err := png.Encode(&buf, picture()); err != nil {
		t.Fatal(err)
	}
	plain = buf.Bytes()
	full = append(full, plain[:33]...)
	full = append(full, pngChunk("eXIf", gpsExif())...)
	full = append(full, pngChunk("tEXt", []byte("Comment\x00GPSSECRET"))...)
	full = append(full, plain[33:]...)
	return plain, append(full, "GPSSECRET"...)
}

const tinyWebP = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

func webpWithEXIF() []byte {
	chunk := func(name string, body []byte) []byte {
		b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
		b = append(b, body...)
		if len(body)%2 == 1 {
			b = append(b, 0)
		}
		return b
	}
	b := []byte("RIFF\x00\x00\x00\x00WEBP")
	b = append(b, chunk("VP8X", []byte{webpEXIF | webpXMP, 0, 0, 0, 0, 0, 0, 0, 0, 0})...)
	b = append(b, tinyWebP[12:]...)
	b = append(b, chunk("EXIF", gpsExif())...)
	b = append(b, chunk("XMP ", []byte("GPSSECRET"))...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func pixels(t *testing.T, b []byte) image.Image {
	t.Helper()
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPhotosLoseTheirMetadataAndNoPixel(t *testing.T) {
	plainJ, fullJ := jpegWithEXIF(t)
	plainP, fullP := pngWithEXIF(t)
	for _, c := range []struct {
		k           *kind
		plain, full []byte
	}{{kindJPEG, plainJ, fullJ}, {kindPNG, plainP, fullP}, {kindWebP, nil, webpWithEXIF()}} {
		t.Run(c.k.title, func(t *testing.T) {
			s, err := strip(c.k, c.full)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(s.data, []byte("GPSSECRET")) {
				t.Error("metadata stayed")
			}
			if s.exif.orientation != 6 {
				t.Errorf("orientation %d", s.exif.orientation)
			}
			if p := s.exif.position; p == nil || *p != (Position{Lon: 108.22, Lat: 16.06}) {
				t.Errorf("position %+v", p)
			}
			again, err := strip(c.k, s.data)
			if err != nil {
				t.Fatal(err)
			}
			if again.exif.orientation != 6 || again.exif.position != nil || !bytes.Equal(again.data, s.data) {
				t.Errorf("stripping twice: %+v, same %v", again.exif, bytes.Equal(again.data, s.data))
			}
			if c.plain == nil {
				return
			}
			if s.width != 24 || s.height != 16 {
				t.Errorf("%d × %d", s.width, s.height)
			}
			want, got := pixels(t, c.plain), pixels(t, s.data)
			for x := range 24 {
				for y := range 16 {
					if want.At(x, y) != got.At(x, y) {
						t.Fatalf("pixel %d,%d changed", x, y)
					}
				}
			}
			same, err := strip(c.k, c.plain)
			if err != nil || !bytes.Equal(same.data, c.plain) {
				t.Errorf("a clean image was changed: %v", err)
			}
		})
	}
}

func TestVideosLoseTheirPlace(t *testing.T) {
	box := func(name, body string) string {
		return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))) + name + body
	}
	b := box("ftyp", "isom\x00\x00\x00\x00") + box("moov", box("mvhd", "x")+box("udta", box("\xa9xyz", "+16.06+108.22/"))+box("trak", box("meta", "SECRET"))) + box("mdat", "+16.06")
	s, err := strip(kindMP4, []byte(b))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.data) != len(b) || bytes.Contains(s.data, []byte("108.22")) || bytes.Contains(s.data, []byte("SECRET")) || !bytes.HasSuffix(s.data, []byte("+16.06")) {
		t.Errorf("%q", s.data)
	}
}

func TestBombsAreRefused(t *testing.T) {
	ihdr := append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 16000), 16000), 8, 2, 0, 0, 0)
	b := append([]byte(pngMagic), pngChunk("IHDR", ihdr)...)
	b = append(b, pngChunk("IEND", nil)...)
	if _, err := strip(kindPNG, b); err == nil || !strings.Contains(err.Error(), "attachment.pixels") {
		t.Errorf("got %v", err)
	}
	if _, err := strip(kindJPEG, []byte("\xff\xd8\xff\xe0\x00")); err == nil || !strings.Contains(err.Error(), "attachment.damaged") {
		t.Errorf("got %v", err)
	}
}

func TestSniff(t *testing.T) {
	zip := func(names ...string) string {
		var dir string
		for _, n := range names {
			h := make([]byte, 46)
			copy(h, "PK\x01\x02")
			binary.LittleEndian.PutUint16(h[28:], uint16(len(n)))
			dir += string(h) + n
		}
		end := make([]byte, 22)
		copy(end, "PK\x05\x06")
		binary.LittleEndian.PutUint16(end[10:], uint16(len(names)))
		binary.LittleEndian.PutUint32(end[16:], 4)
		return "PK\x03\x04" + dir + string(end)
	}
	for _, c := range []struct{ name, data, want string }{
		{"anh.jpg", "MZ\x90\x00\x03", "Windows program (.exe)"},
		{"anh.jpg", "\x7fELF\x02", "Linux program (ELF)"},
		{"a.txt", "#!/bin/sh\nrm", "script (#!)"},
		{"a.svg", "<svg xmlns=", "XML or SVG"},
		{"a.txt", " <!DOCTYPE html>", "HTML"},
		{"a.docx", zip("a.txt"), "ZIP archive"},
		{"a.docx", zip("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "Office document with macros"},
		{"a.heic", "\x00\x00\x00\x18ftypheic\x00\x00", "HEIC"},
		{"a.bin", "\x00\x01\x02", "binary data of an unknown kind"},
		{"a.docx", zip("[Content_Types].xml", "word/document.xml"), kindDOCX.media},
		{"a.xlsx", zip("[Content_Types].xml", "xl/workbook.xml"), kindXLSX.media},
		{"a.csv", "a;b\n1;2\n", kindCSV.media},
		{"a.txt", "Nước rút", kindText.media},
		{"a", "%PDF-1.7\n", kindPDF.media},
		{"a", "\x00\x00\x00\x18ftypmp42\x00\x00", kindMP4.media},
	} {
		k, err := sniff([]byte(c.data), c.name)
		switch {
		case err != nil && !strings.Contains(err.Error(), "is "+c.want):
			t.Errorf("%s %q: %v", c.name, c.data, err)
		case err == nil && k.media != c.want:
			t.Errorf("%s %q is %s", c.name, c.data, k.media)
		}
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		`C:\ảnh\Ngập.JPG`: "Ngập.JPG", "../../etc/passwd": "passwd.jpg", "x.exe": "x.exe.jpg", "": "tep.jpg",
		"a\u202egpj.exe\x00": "agpj.exe.jpg", "a/": "a.jpg", strings.Repeat("ư", 300): strings.Repeat("ư", 146) + ".jpg",
	} {
		if got := cleanName(in, kindJPEG); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzStrip(f *testing.F) {
	_, j := jpegWithEXIF(f)
	_, p := pngWithEXIF(f)
	for _, b := range [][]byte{j, p, webpWithEXIF(), []byte(tinyWebP), []byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\x00\x08moov"), []byte("PK\x05\x06")} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := sniff(b, "x.csv")
		if err != nil {
			return
		}
		s, err := strip(k, b)
		if err != nil {
			return
		}
		// What was stripped is still what it was, and clean.
		again, err := strip(k, s.data)
		if err != nil {
			t.Fatalf("%s: stripped image is refused: %v", k.title, err)
		}
		if again.exif.position != nil {
			t.Fatalf("%s: a position stayed", k.title)
		}
		if !bytes.Equal(again.data, s.data) {
			t.Fatalf("%s: stripping is not stable", k.title)
		}
	})
}

func FuzzExif(f *testing.F) {
	f.Add(gpsExif())
	f.Add([]byte("II*\x00\x08\x00\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := readExif(b)
		if e.orientation < 0 || e.orientation > 8 {
			t.Errorf("orientation %d", e.orientation)
		}
		if p := e.position; p != nil && !(p.Lon >= -180 && p.Lon <= 180 && p.Lat >= -90 && p.Lat <= 90) {
			t.Errorf("position %+v", p)
		}
	})
}
