package basemap_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// vietnamese is every letter of the language with every tone, and the signs
// that its texts use.
const vietnamese = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệfghiìỉĩíịjklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvwxyỳỷỹýỵz" +
	"0123456789.,;:!?()[]/%&+-–—…“”‘’\"'°²·"

type glyph struct {
	id, width, height, advance int
	bitmap                     []byte
}

// decodeGlyphs reads the protobuf message glyphs{stacks{name, range, glyphs}}.
func decodeGlyphs(t *testing.T, b []byte) (name string, out map[rune]glyph) {
	t.Helper()
	out = map[rune]glyph{}
	each(t, b, func(num int, _ uint64, stack []byte) {
		each(t, stack, func(num int, _ uint64, v []byte) {
			switch num {
			case 1:
				name = string(v)
			case 3:
				var g glyph
				each(t, v, func(num int, n uint64, v []byte) {
					switch num {
					case 1:
						g.id = int(n)
					case 2:
						g.bitmap = v
					case 3:
						g.width = int(n)
					case 4:
						g.height = int(n)
					case 7:
						g.advance = int(n)
					}
				})
				out[rune(g.id)] = g
			}
		})
	})
	return name, out
}

func each(t *testing.T, b []byte, f func(num int, n uint64, v []byte)) {
	t.Helper()
	for len(b) > 0 {
		key, k := binary.Uvarint(b)
		n, l := binary.Uvarint(b[max(k, 0):])
		if k <= 0 || l <= 0 {
			t.Fatal("broken message")
		}
		b = b[k+l:]
		var v []byte
		if key&7 == 2 {
			if n > uint64(len(b)) {
				t.Fatal("broken message")
			}
			v, b = b[:n], b[n:]
		}
		f(int(key>>3), n, v)
	}
}

func TestGlyphs_EachVietnameseLetter(t *testing.T) {
	m := newMap(t, nil)
	for _, stack := range []string{"Be Vietnam Pro Regular", "Be Vietnam Pro SemiBold"} {
		ranges := map[rune]map[rune]glyph{}
		for _, r := range vietnamese + strings.ToUpper(vietnamese) {
			start := r / 256 * 256
			if ranges[start] == nil {
				address := fmt.Sprintf("/map/glyphs/%s/%d-%d.pbf", strings.ReplaceAll(stack, " ", "%20"), start, start+255)
				_, body := get(t, m, address)
				var name string
				if name, ranges[start] = decodeGlyphs(t, body); name != stack {
					t.Fatalf("%s is of %q", address, name)
				}
			}
			g, ok := ranges[start][r]
			if !ok {
				t.Errorf("%s has no %c (%U)", stack, r, r)
				continue
			}
			if len(g.bitmap) != (g.width+6)*(g.height+6) || g.width == 0 || g.advance == 0 || g.advance > 40 {
				t.Errorf("%s: %c is %d×%d, advance %d, with %d bytes", stack, r, g.width, g.height, g.advance, len(g.bitmap))
				continue
			}
			ink := 0
			for _, v := range g.bitmap {
				if v >= 192 {
					ink++
				}
			}
			if ink == 0 || ink > len(g.bitmap)*2/3 {
				t.Errorf("%s: %c has %d of %d inside its edge", stack, r, ink, len(g.bitmap))
			}
		}
	}
}

func TestGlyphs_OtherFontsAndRanges(t *testing.T) {
	m := newMap(t, nil)
	for address, want := range map[string]string{
		"/map/glyphs/Noto%20Sans%20Bold/0-255.pbf":                               "Be Vietnam Pro Regular",
		"/map/glyphs/Noto%20Sans%20Bold,Be%20Vietnam%20Pro%20SemiBold/0-255.pbf": "Be Vietnam Pro SemiBold",
		"/map/glyphs/Be%20Vietnam%20Pro%20SemiBold/19968-20223.pbf":              "Be Vietnam Pro SemiBold", // Chinese: no glyphs
	} {
		res, body := get(t, m, address)
		name, glyphs := decodeGlyphs(t, body)
		if res.StatusCode != 200 || name != want || strings.Contains(address, "19968") != (len(glyphs) == 0) {
			t.Errorf("%s: %d %q with %d glyphs", address, res.StatusCode, name, len(glyphs))
		}
	}
	for _, file := range []string{"0-254.pbf", "1-256.pbf", "0-255", "0-255.pbfx", "65536-65791.pbf", "-256--1.pbf", "00-255.pbf", "x"} {
		if res, _ := get(t, m, "/map/glyphs/Be%20Vietnam%20Pro%20Regular/"+file); res.StatusCode != 404 {
			t.Errorf("%s: %d", file, res.StatusCode)
		}
	}
}
