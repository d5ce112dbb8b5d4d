package basemap

import (
	"fmt"
	"net/http"
	"strings"
)

// The font stacks that are built in.
const (
	regular  = "Be Vietnam Pro Regular"
	semiBold = "Be Vietnam Pro SemiBold"
)

// serveGlyphs answers with the first stack of a list that is built in, or
// with the regular one, so that a style made for other fonts shows text too.
// A range that no font here has is empty: MapLibre leaves its letters out.
func (m *Map) serveGlyphs(assets map[string]*asset) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var from, to int
		file := r.PathValue("file")
		if _, err := fmt.Sscanf(file, "%d-%d.pbf", &from, &to); err != nil || from < 0 || from%256 != 0 || to != from+255 || to > 65535 ||
			file != fmt.Sprintf("%d-%d.pbf", from, to) {
			http.NotFound(w, r)
			return
		}
		stack := regular
		for name := range strings.SplitSeq(r.PathValue("stack"), ",") {
			if name = strings.TrimSpace(name); name == regular || name == semiBold {
				stack = name
				break
			}
		}
		a := assets["/map/glyphs/"+strings.ReplaceAll(stack, " ", "%20")+"/"+file]
		if a == nil {
			a = &asset{contentType: contentTypes[".pbf"], plain: emptyGlyphs(stack, from, to)}
		}
		a.serve(w, r, m.version)
	}
}

// emptyGlyphs is the message glyphs{stacks{name, range}} without a glyph.
func emptyGlyphs(stack string, from, to int) []byte {
	span := fmt.Sprintf("%d-%d", from, to)
	inner := append([]byte{1<<3 | 2, byte(len(stack))}, stack...)
	inner = append(inner, 2<<3|2, byte(len(span)))
	inner = append(inner, span...)
	return append([]byte{1<<3 | 2, byte(len(inner))}, inner...)
}
