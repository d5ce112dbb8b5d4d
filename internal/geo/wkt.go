package geo

import (
	"fmt"
	"strconv"
	"strings"
)

// SyntaxError says where a text stops being what it should be.
type SyntaxError struct {
	Pos  int    // bytes from the beginning, from 0
	Want string // what was expected there, in English
	Got  string // the beginning of what stands there; empty at the end
}

// Error gives position, expectation and finding.
func (e *SyntaxError) Error() string {
	got := "the end"
	if e.Got != "" {
		got = strconv.Quote(e.Got)
	}
	return fmt.Sprintf("at %d: want %s, got %s", e.Pos, e.Want, got)
}

// ParseWKT reads POINT, LINESTRING, POLYGON and their MULTI forms, in any
// case, with an optional SRID=4326; before it. Coordinates are longitude and
// latitude; a third one is read over. An error is a *SyntaxError.
func ParseWKT(s string) (Geometry, error) {
	p := wkt{in: s}
	g, err := p.geometry()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.in) {
		return nil, p.want("the end")
	}
	return g, nil
}

type wkt struct {
	in  string
	pos int
}

func (p *wkt) geometry() (Geometry, error) {
	at := p.pos
	word := p.word()
	if word == "SRID" {
		if !p.take('=') {
			return nil, p.want(`"="`)
		}
		at = p.pos
		if n := p.digits(); n != "4326" && n != "4979" {
			p.pos = at
			return nil, p.want("SRID 4326")
		}
		if !p.take(';') {
			return nil, p.want(`";"`)
		}
		p.space()
		at = p.pos
		word = p.word()
	}
	if p.peekWord() == "Z" {
		p.word()
	}
	switch word {
	case "POINT":
		var pt Point
		err := p.list(func() (err error) { pt, err = p.point(); return }, true)
		return pt, err
	case "LINESTRING":
		return wrap[Geometry](p.line())
	case "POLYGON":
		return wrap[Geometry](p.polygon())
	case "MULTIPOINT":
		var m MultiPoint
		err := p.list(func() error {
			p.space()
			var pt Point
			var err error
			if p.at('(') {
				err = p.list(func() (err error) { pt, err = p.point(); return }, true)
			} else {
				pt, err = p.point()
			}
			m = append(m, pt)
			return err
		}, false)
		return m, err
	case "MULTILINESTRING":
		var m MultiLine
		err := p.list(func() error {
			l, err := p.line()
			m = append(m, l)
			return err
		}, false)
		return m, err
	case "MULTIPOLYGON":
		var m MultiPolygon
		err := p.list(func() error {
			poly, err := p.polygon()
			m = append(m, poly)
			return err
		}, false)
		return m, err
	}
	p.pos = at
	p.space()
	return nil, p.want("POINT, LINESTRING, POLYGON or a MULTI form of them")
}

func wrap[G any](g G, err error) (G, error) { return g, err }

func (p *wkt) line() (Line, error) {
	at := p.pos
	var l Line
	err := p.list(func() error {
		pt, err := p.point()
		l = append(l, pt)
		return err
	}, false)
	if err == nil && len(l) < 2 {
		p.pos = at
		return nil, p.want("at least two points")
	}
	return l, err
}

func (p *wkt) polygon() (Polygon, error) {
	var poly Polygon
	err := p.list(func() error {
		p.space()
		at := p.pos
		l, err := p.line()
		if err != nil {
			return err
		}
		if len(l) < 4 || l[0] != l[len(l)-1] {
			p.pos = at
			return p.want("a ring of at least four points that ends where it begins")
		}
		poly = append(poly, Ring(l))
		return nil
	}, false)
	return poly, err
}

// list reads "(" item { "," item } ")", or only one item.
func (p *wkt) list(item func() error, single bool) error {
	p.space()
	if !p.take('(') {
		return p.want(`"("`)
	}
	for {
		if err := item(); err != nil {
			return err
		}
		p.space()
		switch {
		case p.take(')'):
			return nil
		case single:
			return p.want(`")"`)
		case !p.take(','):
			return p.want(`"," or ")"`)
		}
	}
}

func (p *wkt) point() (Point, error) {
	p.space()
	at := p.pos
	lon, err := p.number("a longitude")
	if err != nil {
		return Point{}, err
	}
	lat, err := p.number("a latitude")
	if err != nil {
		return Point{}, err
	}
	p.space()
	if p.pos < len(p.in) && !p.at(',') && !p.at(')') {
		if _, err := p.number(`a height, "," or ")"`); err != nil {
			return Point{}, err
		}
	}
	pt := Point{lon, lat}
	if !Valid(pt) {
		p.pos = at
		return Point{}, p.want("a longitude within ±180 and a latitude within ±90")
	}
	return pt, nil
}

func (p *wkt) number(what string) (float64, error) {
	p.space()
	end := p.pos
	for end < len(p.in) && strings.IndexByte("+-.0123456789eE", p.in[end]) >= 0 {
		end++
	}
	v, err := strconv.ParseFloat(p.in[p.pos:end], 64)
	if err != nil {
		return 0, p.want(what)
	}
	p.pos = end
	return v, nil
}

func (p *wkt) digits() string {
	start := p.pos
	for p.pos < len(p.in) && '0' <= p.in[p.pos] && p.in[p.pos] <= '9' {
		p.pos++
	}
	return p.in[start:p.pos]
}

func (p *wkt) word() string {
	w := p.peekWord()
	p.space()
	p.pos += len(w)
	return w
}

func (p *wkt) peekWord() string {
	i := p.pos
	for i < len(p.in) && isSpace(p.in[i]) {
		i++
	}
	start := i
	for i < len(p.in) && (p.in[i]|0x20 >= 'a' && p.in[i]|0x20 <= 'z') {
		i++
	}
	return strings.ToUpper(p.in[start:i])
}

func (p *wkt) space() {
	for p.pos < len(p.in) && isSpace(p.in[p.pos]) {
		p.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (p *wkt) at(c byte) bool { return p.pos < len(p.in) && p.in[p.pos] == c }

func (p *wkt) take(c byte) bool {
	if p.at(c) {
		p.pos++
		return true
	}
	return false
}

func (p *wkt) want(what string) error {
	got := strings.ToValidUTF8(p.in[p.pos:min(len(p.in), p.pos+20)], "")
	return &SyntaxError{Pos: p.pos, Want: what, Got: got}
}

// WKT writes g as ParseWKT reads it; a Collection and nil give "".
func WKT(g Geometry) string {
	var b strings.Builder
	switch g := g.(type) {
	case Point:
		b.WriteString("POINT")
		writePoints(&b, []Point{g})
	case MultiPoint:
		b.WriteString("MULTIPOINT")
		writePoints(&b, g)
	case Line:
		b.WriteString("LINESTRING")
		writePoints(&b, g)
	case Ring:
		return WKT(Polygon{g})
	case MultiLine:
		b.WriteString("MULTILINESTRING")
		writeList(&b, len(g), func(i int) { writePoints(&b, g[i]) })
	case Polygon:
		b.WriteString("POLYGON")
		writeList(&b, len(g), func(i int) { writePoints(&b, g[i]) })
	case MultiPolygon:
		b.WriteString("MULTIPOLYGON")
		writeList(&b, len(g), func(i int) {
			writeList(&b, len(g[i]), func(j int) { writePoints(&b, g[i][j]) })
		})
	}
	return b.String()
}

func writePoints(b *strings.Builder, ps []Point) {
	writeList(b, len(ps), func(i int) {
		b.WriteString(strconv.FormatFloat(ps[i][0], 'f', -1, 64))
		b.WriteByte(' ')
		b.WriteString(strconv.FormatFloat(ps[i][1], 'f', -1, 64))
	})
}

func writeList(b *strings.Builder, n int, item func(int)) {
	b.WriteByte('(')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		item(i)
	}
	b.WriteByte(')')
}
