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
// "<name>-0" … and returns its token.
func (c *City) CreateSource(name string, n int, rhythm time.Duration) (string, error) {
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
	for i := range n {
		id := fmt.Sprintf("%s-%d", name, i)
		if err := c.CreateDatastream(made.Source.ID, id, id, i, rhythm); err != nil {
			return "", err
		}
	}
	return made.Token, nil
}

// CreateDatastream makes a station with one water-level datastream, which its
// source calls key; i spreads the stations over the map.
func (c *City) CreateDatastream(source, id, key string, i int, rhythm time.Duration) error {
	err := c.Do("POST", "/sta/v1.1/Things", map[string]any{
		"@iot.id": id, "name": id, "description": "made by a test",
		"Locations": []any{map[string]any{"@iot.id": id, "name": id, "description": "", "encodingType": "application/geo+json",
			"location": map[string]any{"type": "Point", "coordinates": []float64{108.1 + float64(i%20)/100, 16 + float64(i/20)/100}}}},
		"Datastreams": []any{map[string]any{
			"@iot.id": id, "name": id, "description": "",
			"observationType":   "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
			"unitOfMeasurement": map[string]string{"name": "metre", "symbol": "m", "definition": "ucum:m"},
			"properties":        map[string]any{"source": source, "key": key, "resolution": 0.01, "rhythm_seconds": rhythm.Seconds()},
			"ObservedProperty":  map[string]string{"@iot.id": "water_level"},
			"Sensor":            map[string]any{"name": "test", "description": "", "encodingType": "text/html", "metadata": "none"},
		}},
	}, nil)
	if err != nil {
		return fmt.Errorf("create %s: %w", id, err)
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
