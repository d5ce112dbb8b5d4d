package mapping

import (
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
)

// Station says what station stands behind a record: the expressions that are
// asked once, when the stations of a source are entered in the register.
type Station struct {
	ID       string `json:"id,omitempty"`       // the source's own code; "" the datastream's key
	Name     string `json:"name,omitempty"`     // "" the id
	Lon      string `json:"lon,omitempty"`      // degrees, WGS 84
	Lat      string `json:"lat,omitempty"`      // degrees, WGS 84
	Kind     string `json:"kind,omitempty"`     // flood_1m5, rain_gauge, water_level, …
	Property string `json:"property,omitempty"` // observed property, where it differs from record to record
}

// Found is a datastream of a station that a message speaks of.
type Found struct {
	Key      string // of the datastream
	Station  string
	Name     string
	Lon, Lat float64
	Placed   bool // Lon and Lat are known
	Kind     string
	Property string
	Unit     string
}

type station struct{ id, name, lon, lat, kind, property *code }

// maxFound is how many datastreams one message may announce.
const maxFound = 5000

// Stations lists the datastreams that raw speaks of, each key once, with or
// without a value now. Records that cannot be read are left out; Read says
// why.
func (p *Program) Stations(raw []byte, m Meta) ([]Found, error) {
	name := m.File
	if name == "" {
		name = m.Topic
	}
	doc, err := decode.Decode(raw, p.options(name))
	if err != nil {
		return nil, err
	}
	if doc.Format == decode.TT10 && p.native != nil {
		p = p.native
	}
	r := newReader(p, doc, m)
	records, _, f := r.records(false)
	if f != nil {
		return nil, f
	}
	var out []Found
	seen := map[string]bool{}
	for i, rec := range records {
		if r.budget.spent() {
			return nil, errBudget.With()
		}
		r.enter(rec, i)
		if keep, f := r.condition("where", p.where); f != nil || !keep {
			continue
		}
		for j := range p.fields {
			found, f := r.found(&p.fields[j])
			if f == nil && found.Key != "" && !seen[found.Key] && len(out) < maxFound {
				seen[found.Key] = true
				out = append(out, found)
			}
		}
	}
	return out, nil
}

func (r *reader) found(x *field) (out Found, f *fault.Error) {
	texts := func(name string, c *code) string {
		s, bad := r.text(name, c)
		if bad != nil && f == nil {
			f = bad
		}
		return s
	}
	s := r.p.station
	out = Found{
		Key: texts("datastream", x.datastream), Unit: texts("unit", x.unit), Station: texts("station.id", s.id),
		Name: texts("station.name", s.name), Kind: texts("station.kind", s.kind), Property: texts("station.property", s.property),
	}
	if out.Station == "" {
		out.Station = out.Key
	}
	if out.Name == "" {
		out.Name = out.Station
	}
	lon, ok1 := r.degrees(s.lon, 180)
	lat, ok2 := r.degrees(s.lat, 90)
	if ok1 && ok2 && (lon != 0 || lat != 0) {
		out.Lon, out.Lat, out.Placed = lon, lat, true
	}
	return out, f
}

func (r *reader) degrees(c *code, most float64) (float64, bool) {
	v, f := r.eval("station", c)
	if f != nil || blankValue(v) {
		return 0, false
	}
	n, f := number(v)
	return n, f == nil && n >= -most && n <= most
}
