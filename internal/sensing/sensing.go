// Package sensing is the shared language of measurements: the entities of OGC
// SensorThings 1.1 (18-088) and what the road carries between them, readings
// (as a source said them) and observations (as we accepted them).
package sensing

import (
	"encoding/json"
	"time"
)

// Thing is what is observed upon: a station, a gauge, a tower.
type Thing struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Properties  map[string]any `json:"properties,omitempty"` // kind, code, unit_code, river, …
}

// Location is where Things are. Geometry is GeoJSON (WGS 84, lon lat).
type Location struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	EncodingType string          `json:"encodingType"` // application/geo+json
	Geometry     json.RawMessage `json:"location"`
	Properties   map[string]any  `json:"properties,omitempty"`
}

// UnitOfMeasurement names a unit; Symbol is UCUM ("mm", "m", "Cel", "%").
type UnitOfMeasurement struct {
	Name       string `json:"name"`
	Symbol     string `json:"symbol"`
	Definition string `json:"definition"`
}

// Datastream is one property that one Sensor measures on one Thing.
type Datastream struct {
	ID                 string
	Name               string
	Description        string
	ObservationType    string // one of the OM_* URIs
	Unit               UnitOfMeasurement
	ThingID            string
	SensorID           string
	ObservedPropertyID string
	Properties         map[string]any
	SourceID           string        // whose readings fill it, "" for none
	Key                string        // its name in that source's messages
	Resolution         float64       // the step of its values (0.01), fixed at creation; 0 stores the float as it is
	Rhythm             time.Duration // how often a reading is expected, 0 unknown
}

// Sensor is the instrument or the procedure.
type Sensor struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Description  string         `json:"description"`
	EncodingType string         `json:"encodingType"`
	Metadata     any            `json:"metadata"`
	Properties   map[string]any `json:"properties,omitempty"`
}

// ObservedProperty is the phenomenon: rain, water level, flood depth.
type ObservedProperty struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Definition  string         `json:"definition"` // a URI
	Description string         `json:"description"`
	Properties  map[string]any `json:"properties,omitempty"`
}

// FeatureOfInterest is what the observation says something about.
type FeatureOfInterest struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	EncodingType string          `json:"encodingType"`
	Feature      json.RawMessage `json:"feature"`
	Properties   map[string]any  `json:"properties,omitempty"`
}

// The observed properties that ship; the id is also the PromQL metric name.
const (
	Rain           = "rain"            // rain fallen since the previous reading, mm
	WaterLevel     = "water_level"     // river or tide level above the gauge's datum, m
	FloodDepth     = "flood_depth"     // depth of water above the street, m
	ReservoirLevel = "reservoir_level" // reservoir level above its datum, m
)

// Reading is what a source said, before anything was checked. Exactly one of
// Value and Text is meant: Text for results that are no number.
type Reading struct {
	Datastream string    `json:"datastream"` // the source's own key, or the datastream's id
	Time       time.Time `json:"time"`       // phenomenon time
	Value      float64   `json:"value"`
	Text       string    `json:"text,omitempty"`
	Unit       string    `json:"unit,omitempty"`    // UCUM symbol if the message says one
	Quality    string    `json:"quality,omitempty"` // "", "good", "estimated", "suspect", "bad", or a TT 10/2021 status "00" "01" "02"
	Raw        string    `json:"-"`                 // the piece of the message it came from, for dead letters
}

// Observation is an accepted reading of a known datastream, in the
// datastream's unit.
type Observation struct {
	Datastream string
	Time       time.Time // phenomenonTime
	Value      float64
	Flags      Flags
	Received   time.Time // when we learned it (resultTime)
	Source     string    // id of the source that brought it
}
