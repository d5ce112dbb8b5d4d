// Package mapping turns messages into readings by a few expressions that a
// person writes in the UI: which list holds the records, and how each record
// gives the datastream's key, the time and the value. The language is
// expr-lang with a small set of functions (Functions lists them).
//
// An expression sees the record's own fields by name, and besides them
// record (the record itself, for names with spaces: record["Mực nước"]), root
// (the whole message), meta (topic, levels, file, source, index) and
// receivedAt. A field that is not there is nil. Evaluation is bounded in
// steps and memory and never panics.
package mapping

import (
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
)

// Mapping is what a person writes. Datastream, Value, Text, Unit, Quality make
// one reading of each record; Fields make several.
type Mapping struct {
	Format    decode.Format `json:"format,omitempty"` // "" finds out
	Charset   string        `json:"charset,omitempty"`
	Delimiter string        `json:"delimiter,omitempty"`
	SkipRows  int           `json:"skip_rows,omitempty"`
	NoHeader  bool          `json:"no_header,omitempty"`
	Sheet     string        `json:"sheet,omitempty"`

	Records string `json:"records,omitempty"` // the list, "" the message itself
	Where   string `json:"where,omitempty"`   // records to keep, "" all
	Zone    string `json:"zone,omitempty"`    // of times without one; Asia/Ho_Chi_Minh
	Time    string `json:"time,omitempty"`    // "" the time of receipt

	Field
	Fields []Field `json:"fields,omitempty"`

	Station Station `json:"station,omitzero"`
}

// Field makes one reading of a record.
type Field struct {
	Datastream string `json:"datastream,omitempty"`
	Value      string `json:"value,omitempty"`   // nil or "" makes no reading
	Text       string `json:"text,omitempty"`    // instead of Value, for results that are no number
	Unit       string `json:"unit,omitempty"`    // UCUM symbol
	Quality    string `json:"quality,omitempty"` // good, estimated, suspect, bad, 00, 01, 02
	At         string `json:"at,omitempty"`      // a time of its own
	If         string `json:"if,omitempty"`      // make the reading only then
}

// Program is a compiled Mapping. It is safe for concurrent use.
type Program struct {
	m       Mapping
	records *code
	where   *code
	time    *code
	fields  []field
	station station
	zone    *time.Location
	native  *Program // for TT 10 files, when no mapping was given
	strict  bool     // a record without value is wrong, not silent: IOC's own format
}

type field struct{ datastream, value, text, unit, quality, at, when *code }

var (
	errMapping = fault.Define(fault.Invalid, "mapping.invalid", "the mapping is not valid", "ánh xạ chưa hợp lệ")
	errZone    = fault.Define(fault.Invalid, "mapping.zone", "there is no time zone {zone}", "không có múi giờ {zone}")
	errNoField = fault.Define(fault.Invalid, "mapping.no_field", "say at least a datastream and a value", "cần ít nhất datastream và value")
)

// ownFormat reads IOC's own message: {"datastream", "time", "value", "unit",
// "quality"}, one or many, as JSON or as CSV columns; over MQTT the
// datastream may stand in the topic and the value alone in the payload.
var ownFormat = Mapping{
	Time: `record.time ?? receivedAt`,
	Field: Field{
		Datastream: `record.datastream ?? meta.datastream`, Value: `record.value`, Text: `record.text`,
		Unit: `record.unit`, Quality: `record.quality`,
	},
}

// ownTT10 reads station files by <station>/<symbol>.
var ownTT10 = Mapping{
	Format: decode.TT10, Time: `record.time`,
	Field: Field{
		Datastream: `record.station + "/" + record.symbol`, Value: `record.value`,
		Unit: `record.unit`, Quality: `record.status`,
	},
}

// Parse compiles a mapping that is stored as JSON. Empty JSON is IOC's own
// format, and station files by <station>/<symbol>.
func Parse(raw json.RawMessage) (*Program, error) {
	var m Mapping
	if err := connector.Parse(raw, &m); err != nil {
		return nil, err
	}
	if m.empty() {
		own := ownFormat
		own.Format, own.Charset, own.Delimiter = m.Format, m.Charset, m.Delimiter
		own.SkipRows, own.NoHeader, own.Sheet, own.Zone = m.SkipRows, m.NoHeader, m.Sheet, m.Zone
		own.Records, own.Where, own.Station = m.Records, m.Where, m.Station
		p, err := Compile(own)
		if err != nil {
			return nil, err
		}
		tt10 := ownTT10
		tt10.Where, tt10.Zone, tt10.Station = m.Where, m.Zone, m.Station
		if tt10.Station == (Station{}) {
			tt10.Station = Station{ID: "record.station", Kind: `"tt10"`}
		}
		p.strict = true
		p.native, err = Compile(tt10)
		return p, err
	}
	return Compile(m)
}

func (m Mapping) empty() bool { return m.Field == Field{} && len(m.Fields) == 0 && m.Time == "" }

// Compile checks every expression and reports all that do not compile, each
// with its position.
func Compile(m Mapping) (*Program, error) {
	p := &Program{m: m, zone: vietnam}
	bad := errMapping.With()
	if m.Zone != "" && m.Zone != "Asia/Ho_Chi_Minh" {
		z, err := time.LoadLocation(m.Zone)
		if err != nil {
			bad.At("zone", errZone.With("zone", m.Zone))
		} else {
			p.zone = z
		}
	}
	one := func(path, src string) *code {
		c, f := compile(src, p.zone)
		if f != nil {
			bad.At(path, f)
		}
		return c
	}
	p.records, p.where, p.time = one("records", m.Records), one("where", m.Where), one("time", m.Time)
	list := m.Fields
	if m.Field != (Field{}) {
		list = append([]Field{m.Field}, list...)
	}
	for i, f := range list {
		prefix := ""
		if m.Field == (Field{}) {
			prefix = fmt.Sprintf("fields[%d].", i)
		} else if i > 0 {
			prefix = fmt.Sprintf("fields[%d].", i-1)
		}
		if f.Datastream == "" || f.Value == "" && f.Text == "" {
			bad.At(prefix+"value", errNoField.With())
		}
		p.fields = append(p.fields, field{
			datastream: one(prefix+"datastream", f.Datastream), value: one(prefix+"value", f.Value), text: one(prefix+"text", f.Text),
			unit: one(prefix+"unit", f.Unit), quality: one(prefix+"quality", f.Quality), at: one(prefix+"at", f.At), when: one(prefix+"if", f.If),
		})
	}
	s := m.Station
	p.station = station{
		id: one("station.id", s.ID), name: one("station.name", s.Name), lon: one("station.lon", s.Lon), lat: one("station.lat", s.Lat),
		kind: one("station.kind", s.Kind), property: one("station.property", s.Property),
	}
	if len(list) == 0 {
		bad.At("fields", errNoField.With())
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return p, nil
}

// options are what decode needs of the mapping.
func (p *Program) options(name string) decode.Options {
	return decode.Options{
		Format: p.m.Format, Name: name, Charset: p.m.Charset, Delimiter: p.m.Delimiter,
		SkipRows: p.m.SkipRows, NoHeader: p.m.NoHeader, Sheet: p.m.Sheet,
	}
}
