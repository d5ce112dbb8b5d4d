// Package catalog is the register of what the city measures: the entities of
// OGC SensorThings 1.1 (Things, Locations, Sensors, ObservedProperties,
// Datastreams, FeaturesOfInterest and the history of places), the corrections
// that people make to observations, and the observations whose result is no
// number. Numeric observations live in package series; the catalog declares
// each Datastream there and hands it the corrections.
//
// The register is small beside the observations, so all of it is also held in
// memory as a Snapshot that never changes: readers take one without a lock and
// see one state of the city throughout. A change is one transaction of an
// Edit; after its commit a new Snapshot with the changed rows takes the place
// of the old one, before the changing call returns.
package catalog
