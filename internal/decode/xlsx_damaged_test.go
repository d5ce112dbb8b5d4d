package decode

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"testing"

	"openioc.org/ioc/internal/fault"
)

// A sheet that was damaged on its way would give its first rows and lose the
// others in silence.
func TestXLSX_RefusesDamagedSheet(t *testing.T) {
	sound := workbook(t)
	if _, err := Decode(repacked(t, sound, func(*zip.FileHeader, []byte) {}), Options{Name: "a.xlsx", SkipRows: 2}); err != nil {
		t.Fatalf("the sound one: %v", err)
	}
	for name, damage := range map[string]func(h *zip.FileHeader, packed []byte){
		"declares half its size": func(h *zip.FileHeader, _ []byte) { h.UncompressedSize64 /= 2 },
		"another checksum":       func(h *zip.FileHeader, _ []byte) { h.CRC32 ^= 1 },
		"bytes turned over": func(_ *zip.FileHeader, packed []byte) {
			for i := len(packed) / 2; i < len(packed)/2+10; i++ {
				packed[i] ^= 0x5a
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := Decode(repacked(t, sound, damage), Options{Name: "a.xlsx", SkipRows: 2})
			if f, ok := fault.As(err); !ok || f.Code != "decode.xlsx" {
				t.Fatalf("got %v and %v", err, doc.Root)
			}
		})
	}
}

// repacked is a workbook with damage done to its first sheet.
func repacked(t *testing.T, book []byte, damage func(h *zip.FileHeader, packed []byte)) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		fw, err := flate.NewWriter(&packed, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fw.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := fw.Close(); err != nil {
			t.Fatal(err)
		}
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(data),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(data))}
		if f.Name == "xl/worksheets/sheet1.xml" {
			damage(h, packed.Bytes())
		}
		w, err := z.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(packed.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
