package harness

import (
	"context"
	"fmt"
	"time"
)

// Observation is one element of an ingest body.
type Observation struct {
	Datastream string    `json:"datastream"`
	Time       time.Time `json:"time"`
	Value      float64   `json:"value"`
}

// CreateSource makes an HTTP push source with n water-level datastreams named
// "<name>-0" …, each on a station of its own, and returns its token.
func (c *City) CreateSource(name string, n int, rhythm time.Duration) (string, error) {
	return c.CreateDenseSource(name, n, 1, rhythm)
}

// CreateDenseSource is CreateSource with per datastreams on each station: many
// thousands of datastreams are entered much sooner so. A station is called as
// the first of its datastreams.
func (c *City) CreateDenseSource(name string, n, per int, rhythm time.Duration) (string, error) {
	var made struct {
		Source struct{ ID string }
		Token  string
	}
	err := c.Do("POST", "/api/v1/sources", map[string]any{
		"id": name, "name": name, "kind": "http_push", "provenance": "simulated", "rhythm_seconds": rhythm.Seconds(), "enabled": true,
	}, &made)
	if err != nil {
		return "", fmt.Errorf("create source: %w", err)
	}
	for first := 0; first < n; first += per {
		ids := []string{}
		for i := first; i < min(first+per, n); i++ {
			ids = append(ids, fmt.Sprintf("%s-%d", name, i))
		}
		if err := c.createStation(made.Source.ID, ids, ids, first/per, rhythm); err != nil {
			return "", err
		}
	}
	return made.Token, nil
}

// CreateDatastream makes a station with one water-level datastream, which its
// source calls key; i spreads the stations over the map.
func (c *City) CreateDatastream(source, id, key string, i int, rhythm time.Duration) error {
	return c.createStation(source, []string{id}, []string{key}, i, rhythm)
}

// createStation makes a station with a water-level datastream for each id.
func (c *City) createStation(source string, ids, keys []string, i int, rhythm time.Duration) error {
	streams := []any{}
	for n, id := range ids {
		streams = append(streams, map[string]any{
			"@iot.id": id, "name": id, "description": "",
			"observationType":   "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
			"unitOfMeasurement": map[string]string{"name": "metre", "symbol": "m", "definition": "ucum:m"},
			"properties":        map[string]any{"source": source, "key": keys[n], "resolution": 0.01, "rhythm_seconds": rhythm.Seconds()},
			"ObservedProperty":  map[string]string{"@iot.id": "water_level"},
			"Sensor":            map[string]any{"name": "test", "description": "", "encodingType": "text/html", "metadata": "none"},
		})
	}
	err := c.Do("POST", "/sta/v1.1/Things", map[string]any{
		"@iot.id": ids[0], "name": ids[0], "description": "made by a test",
		"Locations": []any{map[string]any{"@iot.id": ids[0], "name": ids[0], "description": "", "encodingType": "application/geo+json",
			"location": map[string]any{"type": "Point", "coordinates": []float64{108.1 + float64(i%20)/100, 16 + float64(i/20)/100}}}},
		"Datastreams": streams,
	}, nil)
	if err != nil {
		return fmt.Errorf("create %s: %w", ids[0], err)
	}
	return nil
}

// Settle waits until everything accepted is stored and readable.
func (c *City) Settle(ctx context.Context) error {
	for {
		left, err := c.Metric("ioc_ingest_in_flight", "")
		if err != nil {
			return err
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%v observations are still in flight: %w", left, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
