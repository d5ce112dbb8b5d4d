package ingest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/bus/bustest"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

const benchStations = 300

// benchRoad is a road with 300 rain and level stations.
func benchRoad(b *testing.B) *road {
	b.Helper()
	r := newRoad(b)
	var stations []catalog.Station
	for i := range benchStations {
		id := fmt.Sprintf("station-%03d", i)
		stations = append(stations, catalog.Station{
			Thing: sensing.Thing{ID: id, Name: id}, Lon: 108, Lat: 16,
			Datastreams: []sensing.Datastream{{
				ID: "01k9datastream000000000" + fmt.Sprintf("%03d", i), Name: id, Unit: sensing.UnitOfMeasurement{Name: "m", Symbol: "m"},
				SensorID: "s", ObservedPropertyID: sensing.WaterLevel, SourceID: "nuoc", Key: id, Resolution: 0.01, Rhythm: time.Minute,
			}},
		})
	}
	if err := r.catalog.Apply(context.Background(), admin, stations...); err != nil {
		b.Fatal(err)
	}
	r.clk.Set(start.Add(300 * 24 * time.Hour))
	return r
}

// level is a plausible level of a station at its nth minute.
func level(station, n int) float64 {
	return float64((station*37+n*n%17+n/3)%400) / 100
}

// round is the nth minute of all stations.
func minute(n int) []sensing.Reading {
	readings := make([]sensing.Reading, benchStations)
	for i := range readings {
		readings[i] = sensing.Reading{Datastream: fmt.Sprintf("station-%03d", i), Time: start.Add(time.Duration(n) * time.Minute), Value: level(i, n)}
	}
	return readings
}

// BenchmarkAcceptBatch: batches of 3,000 readings, ten minutes of 300
// stations, from Accept until the series can be read: durable, with quality
// control.
func BenchmarkAcceptBatch(b *testing.B) {
	r := benchRoad(b)
	r.run()
	batches := make([][]sensing.Reading, b.N)
	for n := range batches {
		for m := range 10 {
			batches[n] = append(batches[n], minute(10*n+m)...)
		}
	}
	b.ResetTimer()
	for _, readings := range batches {
		if res := r.accept("nuoc", readings...); res.Accepted != len(readings) {
			b.Fatalf("%+v", res)
		}
	}
	r.settle()
	b.ReportMetric(float64(b.N*3000)/b.Elapsed().Seconds(), "obs/s")
}

// BenchmarkPushBatch is the same through the HTTP address, as JSON.
func BenchmarkPushBatch(b *testing.B) {
	r := benchRoad(b)
	r.run()
	srv := r.serve()
	bodies := make([]string, b.N)
	for n := range bodies {
		var s strings.Builder
		s.WriteByte('[')
		for m := range 10 {
			for i, x := range minute(10*n + m) {
				if m+i > 0 {
					s.WriteByte(',')
				}
				fmt.Fprintf(&s, `{"datastream":%q,"time":%q,"value":%g}`, x.Datastream, x.Time.Format(time.RFC3339), x.Value)
			}
		}
		s.WriteByte(']')
		bodies[n] = s.String()
	}
	b.ResetTimer()
	for _, body := range bodies {
		push(b, srv.URL, r.token, body)
	}
	r.settle()
	b.ReportMetric(float64(b.N*3000)/b.Elapsed().Seconds(), "obs/s")
}

func push(b *testing.B, url, token, body string) {
	req, err := http.NewRequest("POST", url+"/api/v1/ingest/nuoc", strings.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	if !strings.Contains(string(raw), `"rejected":[]`) {
		b.Errorf("%d %s", res.StatusCode, raw)
	}
}

// together runs do(0…n-1) on 32 goroutines.
func together(n int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		}()
	}
	all.Wait()
}

// BenchmarkAcceptOne32: one reading a call from 32 callers.
func BenchmarkAcceptOne32(b *testing.B) {
	r := benchRoad(b)
	r.run()
	b.ResetTimer()
	together(b.N, func(i int) {
		res, err := r.p.Accept(context.Background(), ingest.Batch{Source: "nuoc", Readings: []sensing.Reading{
			{Datastream: fmt.Sprintf("station-%03d", i%benchStations), Time: start.Add(time.Duration(i/benchStations) * time.Minute), Value: level(i%benchStations, i)},
		}})
		if err != nil || res.Accepted != 1 {
			b.Errorf("%+v %v", res, err)
		}
	})
	r.settle()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "obs/s")
}

// BenchmarkPushOne32: one reading a request over 32 connections; the client
// runs in the same process.
func BenchmarkPushOne32(b *testing.B) {
	r := benchRoad(b)
	r.run()
	srv := r.serve()
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 32
	b.ResetTimer()
	together(b.N, func(i int) {
		push(b, srv.URL, r.token, fmt.Sprintf(`{"datastream":"station-%03d","time":%q,"value":%g}`,
			i%benchStations, start.Add(time.Duration(i/benchStations)*time.Minute).Format(time.RFC3339), level(i%benchStations, i)))
	})
	r.settle()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "obs/s")
}

// BenchmarkBareBusAndSeries is what the engines alone do with the batches of
// BenchmarkAcceptBatch: encode, publish durably in messages of 1,000, append.
func BenchmarkBareBusAndSeries(b *testing.B) {
	eng := bustest.Open(b)
	db := seriestest.Open(b)
	var ids []string
	for i := range benchStations {
		ids = append(ids, "01k9datastream000000000"+fmt.Sprintf("%03d", i))
		if err := db.Define(series.Meta{ID: ids[i], Metric: "water_level", Resolution: 0.01}); err != nil {
			b.Fatal(err)
		}
	}
	var obs []sensing.Observation
	var samples []series.Sample
	for n := 0; b.Loop(); n++ {
		obs, samples = obs[:0], samples[:0]
		for m := range 10 {
			for i, id := range ids {
				at := start.Add(time.Duration(10*n+m) * time.Minute)
				obs = append(obs, sensing.Observation{Datastream: id, Time: at, Value: level(i, n), Received: at, Source: "nuoc"})
				samples = append(samples, series.Sample{ID: id, T: at.UnixMilli(), V: level(i, n), Received: at.UnixMilli()})
			}
		}
		for from := 0; from < len(obs); from += 1000 {
			if _, err := eng.Publish(context.Background(), "ioc.obs.batch", sensing.AppendBatch(nil, obs[from:from+1000]), ""); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := db.Append(context.Background(), samples); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*3000)/b.Elapsed().Seconds(), "obs/s")
}
