package attachment

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
)

// kind is a type of file that is taken.
type kind struct {
	media  string
	ext    []string
	inline bool // a browser may show it in place
	title  string
}

var (
	kindJPEG = &kind{"image/jpeg", []string{".jpg", ".jpeg"}, true, "JPEG"}
	kindPNG  = &kind{"image/png", []string{".png"}, true, "PNG"}
	kindWebP = &kind{"image/webp", []string{".webp"}, true, "WebP"}
	kindPDF  = &kind{"application/pdf", []string{".pdf"}, true, "PDF"}
	kindMP4  = &kind{"video/mp4", []string{".mp4", ".m4v"}, true, "MP4"}
	kindDOCX = &kind{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{".docx"}, false, "DOCX"}
	kindXLSX = &kind{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{".xlsx"}, false, "XLSX"}
	kindText = &kind{"text/plain; charset=utf-8", []string{".txt", ".log", ".md"}, false, "TXT"}
	kindCSV  = &kind{"text/csv; charset=utf-8", []string{".csv"}, false, "CSV"}
)

// inline says whether a browser may show a media type in place.
func inline(media string) bool {
	for _, k := range []*kind{kindJPEG, kindPNG, kindWebP, kindPDF, kindMP4} {
		if k.media == media {
			return true
		}
	}
	return false
}

// refused are the first bytes of what people send by mistake or on purpose,
// and what to call it.
var refused = []struct{ magic, what string }{
	{"MZ", "Windows program (.exe)"},
	{"\x7fELF", "Linux program (ELF)"},
	{"\xcf\xfa\xed\xfe", "macOS program (Mach-O)"},
	{"\xce\xfa\xed\xfe", "macOS program (Mach-O)"},
	{"\xca\xfe\xba\xbe", "Java class or macOS program"},
	{"#!", "script (#!)"},
	{"GIF8", "GIF"},
	{"BM", "BMP"},
	{"II*\x00", "TIFF"}, {"MM\x00*", "TIFF"},
	{"Rar!", "RAR archive"},
	{"7z\xbc\xaf", "7-Zip archive"},
	{"\x1f\x8b", "gzip archive"},
	{"\xd0\xcf\x11\xe0", "old Office document (.doc, .xls)"},
	{"{\\rtf", "RTF"},
	{"%!PS", "PostScript"},
	{"\x1aE\xdf\xa3", "Matroska or WebM"},
	{"L\x00\x00\x00\x01\x14\x02\x00", "Windows shortcut (.lnk)"},
}

// sniff finds what the bytes are. name only tells CSV from text.
func sniff(data []byte, name string) (*kind, error) {
	has := func(magic string) bool { return bytes.HasPrefix(data, []byte(magic)) }
	switch {
	case len(data) == 0:
		return nil, errEmpty.With()
	case has("\xff\xd8\xff"):
		return kindJPEG, nil
	case has(pngMagic):
		return kindPNG, nil
	case len(data) >= 12 && has("RIFF") && string(data[8:12]) == "WEBP":
		return kindWebP, nil
	case has("%PDF-"):
		return kindPDF, nil
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		return sniffFtyp(string(data[8:12]))
	case has("PK\x03\x04"), has("PK\x05\x06"):
		return sniffZip(data)
	}
	for _, r := range refused {
		if has(r.magic) {
			return nil, is(r.what)
		}
	}
	return sniffText(data, name)
}

func is(what string) *fault.Error { return errType.With("what", what) }

func sniffFtyp(brand string) (*kind, error) {
	switch {
	case strings.HasPrefix(brand, "iso"), strings.HasPrefix(brand, "mp4"), strings.HasPrefix(brand, "3g"),
		brand == "avc1", brand == "M4V ", brand == "MSNV", brand == "dash":
		return kindMP4, nil
	case strings.HasPrefix(brand, "he"), strings.HasPrefix(brand, "mif"), strings.HasPrefix(brand, "msf"):
		return nil, is("HEIC")
	case strings.HasPrefix(brand, "avi"):
		return nil, is("AVIF")
	case brand == "qt  ":
		return nil, is("QuickTime (.mov)")
	}
	return nil, is("ISO media, " + printable(brand))
}

// sniffZip tells Office documents from other archives by the names in the
// archive's directory. It reads the directory itself, because it must bound
// what a hostile one may cost.
func sniffZip(data []byte) (*kind, error) {
	names, ok := zipNames(data)
	if !ok {
		return nil, is("ZIP archive")
	}
	if !names["[Content_Types].xml"] {
		return nil, is("ZIP archive")
	}
	for n := range names {
		if strings.HasSuffix(strings.ToLower(n), "vbaproject.bin") {
			return nil, is("Office document with macros")
		}
	}
	switch {
	case names["word/document.xml"]:
		return kindDOCX, nil
	case names["xl/workbook.xml"]:
		return kindXLSX, nil
	}
	return nil, is("Office document of another kind")
}

const mostEntries = 10_000

// zipNames lists the names of an archive's central directory.
func zipNames(data []byte) (map[string]bool, bool) {
	end := bytes.LastIndex(data[max(0, len(data)-65557):], []byte("PK\x05\x06"))
	if end < 0 {
		return nil, false
	}
	end += max(0, len(data)-65557)
	if end+22 > len(data) {
		return nil, false
	}
	n := int(binary.LittleEndian.Uint16(data[end+10:]))
	at := int(binary.LittleEndian.Uint32(data[end+16:]))
	if n > mostEntries {
		return nil, false
	}
	names := make(map[string]bool, n)
	for range n {
		if at < 0 || at+46 > end || string(data[at:at+4]) != "PK\x01\x02" {
			return nil, false
		}
		l := int(binary.LittleEndian.Uint16(data[at+28:]))
		skip := l + int(binary.LittleEndian.Uint16(data[at+30:])) + int(binary.LittleEndian.Uint16(data[at+32:]))
		if at+46+skip > end {
			return nil, false
		}
		names[string(data[at+46:at+46+l])] = true
		at += 46 + skip
	}
	return names, true
}

// sniffText takes UTF-8 without control characters that is not markup a
// browser would run.
func sniffText(data []byte, name string) (*kind, error) {
	if !utf8.Valid(data) {
		return nil, is("binary data of an unknown kind")
	}
	for _, c := range data {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f {
			return nil, is("binary data of an unknown kind")
		}
	}
	head := strings.ToLower(string(data[:min(len(data), 1024)]))
	head = strings.TrimSpace(strings.TrimPrefix(head, "\ufeff"))
	switch {
	case strings.HasPrefix(head, "<?xml"), strings.HasPrefix(head, "<svg"):
		return nil, is("XML or SVG")
	case strings.HasPrefix(head, "<!doctype"), strings.Contains(head, "<html"), strings.Contains(head, "<script"):
		return nil, is("HTML")
	case strings.HasPrefix(head, "#!"):
		return nil, is("script (#!)")
	}
	if strings.HasSuffix(strings.ToLower(name), ".csv") {
		return kindCSV, nil
	}
	return kindText, nil
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
