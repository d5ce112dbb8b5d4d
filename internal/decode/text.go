package decode

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"

	"openioc.org/ioc/internal/fault"
)

var errCharset = fault.Define(fault.Invalid, "decode.charset", "the text is not in {charset}", "văn bản không phải bảng mã {charset}")

// Text returns raw as NFC UTF-8 without byte order mark. charset is "" (find
// out), "utf-8", "utf-16" or "windows-1258". Bytes that are neither UTF-8 nor
// UTF-16 are taken for Windows-1258, which old Vietnamese software writes;
// its combining tone marks are composed.
func Text(raw []byte, charset string) ([]byte, error) {
	var enc encoding.Encoding
	switch strings.ToLower(charset) {
	case "":
		enc = guess(raw)
	case "utf-8", "utf8":
		raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(raw) {
			return nil, errCharset.With("charset", charset)
		}
	case "utf-16", "utf16":
		enc = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "windows-1258", "cp1258":
		enc = charmap.Windows1258
	default:
		return nil, errCharset.With("charset", clip(charset))
	}
	if enc != nil {
		out, err := enc.NewDecoder().Bytes(raw)
		if err != nil {
			return nil, errCharset.With("charset", charset).Because(err)
		}
		raw = out
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	// Loggers that lose power leave blocks of NUL behind.
	raw = bytes.TrimRight(raw, "\x00")
	raw = bytes.ToValidUTF8(raw, []byte("\uFFFD")) // a last character that was cut
	if !norm.NFC.IsNormal(raw) {
		raw = norm.NFC.Bytes(raw)
	}
	return raw, nil
}

// guess returns the encoding to decode from, nil for UTF-8.
func guess(raw []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		if utf8.Valid(raw) {
			return nil
		}
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	head := raw[:min(len(raw), 512)]
	var even, odd int
	for i, b := range head {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	switch { // Latin text in UTF-16 has a zero in nearly every second byte
	case odd > len(head)/4 && even == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case even > len(head)/4 && odd == 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case utf8.Valid(raw), cutRune(raw):
		return nil
	}
	return charmap.Windows1258
}

// cutRune reports whether raw is UTF-8 but for a last character that was cut
// in the middle.
func cutRune(raw []byte) bool {
	for n := 1; n < utf8.UTFMax && n < len(raw); n++ {
		tail := raw[len(raw)-n:]
		if utf8.RuneStart(tail[0]) {
			return tail[0] >= 0xC0 && !utf8.FullRune(tail) && utf8.Valid(raw[:len(raw)-n])
		}
	}
	return false
}
