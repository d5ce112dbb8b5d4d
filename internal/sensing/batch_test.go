package sensing

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func sampleBatch(n int) []Observation {
	start := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	obs := make([]Observation, n)
	for i := range obs {
		obs[i] = Observation{
			Source:     "danang-water",
			Datastream: fmt.Sprintf("01k9datastream%012d", i%175),
			Time:       start.Add(time.Duration(i/175) * time.Minute),
			Value:      float64(i%300) / 100,
			Received:   start.Add(time.Duration(i) * time.Millisecond),
		}
	}
	return obs
}

func TestBatch_ReturnsWhatWentIn(t *testing.T) {
	cases := map[string][]Observation{
		"empty": nil,
		"many":  sampleBatch(2000),
		"odd values": {
			{Source: "a", Datastream: "x", Time: time.Time{}, Value: math.Inf(-1), Flags: Frozen | Maintenance},
			{Source: "b", Datastream: "x", Time: time.UnixMilli(-1).UTC(), Value: math.Copysign(0, -1), Received: time.UnixMilli(4102444800000).UTC()},
			{Value: math.MaxFloat64, Flags: math.MaxUint32, Time: time.UnixMilli(1).UTC(), Received: time.UnixMilli(0).UTC()},
		},
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeBatch(nil, AppendBatch(nil, want))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestBatch_AppendsToWhatIsThere(t *testing.T) {
	obs := sampleBatch(3)
	data := AppendBatch([]byte("head"), obs)
	if !bytes.HasPrefix(data, []byte("head")) {
		t.Fatalf("the head is gone: %q", data)
	}
	got, err := DecodeBatch(sampleBatch(1), data[4:])
	if err != nil || len(got) != 4 {
		t.Fatalf("got %d observations, %v; want 4", len(got), err)
	}
}

func TestBatch_RoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Observation {
			ms := rapid.Int64Range(-1<<50, 1<<50)
			return Observation{
				Source:     rapid.StringN(0, 6, 30).Draw(t, "source"),
				Datastream: rapid.SampledFrom([]string{"", "a", "b", "tháp-báo-ngập"}).Draw(t, "datastream"),
				Time:       time.UnixMilli(ms.Draw(t, "time")).UTC(),
				Value:      rapid.Float64().Draw(t, "value"),
				Flags:      Flags(rapid.Uint32().Draw(t, "flags")),
				Received:   time.UnixMilli(ms.Draw(t, "received")).UTC(),
			}
		}), 0, 40).Draw(t, "observations")
		got, err := DecodeBatch(nil, AppendBatch(nil, want))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestDecodeBatch_RefusesDamage(t *testing.T) {
	good := AppendBatch(nil, sampleBatch(20))
	for cut := range good {
		if _, err := DecodeBatch(nil, good[:cut]); err == nil {
			t.Errorf("the first %d of %d bytes were taken for a whole batch", cut, len(good))
		}
	}
	for name, data := range map[string][]byte{
		"version":     {9},
		"more behind": append(slices.Clone(good), 0),
		"huge count":  {1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"huge names":  {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"no name":     {1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, err := DecodeBatch(nil, data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add(AppendBatch(nil, nil))
	f.Add(AppendBatch(nil, sampleBatch(5)))
	f.Add([]byte{1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		obs, err := DecodeBatch(nil, data)
		if err != nil {
			return
		}
		again, err := DecodeBatch(nil, AppendBatch(nil, obs))
		if err != nil {
			t.Fatalf("own bytes refused: %v", err)
		}
		if len(again) != len(obs) {
			t.Fatalf("%d observations became %d", len(obs), len(again))
		}
		for i := range obs {
			a, b := obs[i], again[i]
			if math.Float64bits(a.Value) != math.Float64bits(b.Value) {
				t.Fatalf("value %d: %v became %v", i, a.Value, b.Value)
			}
			a.Value, b.Value = 0, 0
			if a != b {
				t.Fatalf("observation %d: %v became %v", i, a, b)
			}
		}
	})
}

func BenchmarkAppendBatch(b *testing.B) {
	obs := sampleBatch(2000)
	var buf []byte
	for b.Loop() {
		buf = AppendBatch(buf[:0], obs)
	}
	b.ReportMetric(float64(len(obs))*float64(b.N)/b.Elapsed().Seconds(), "obs/s")
	b.ReportMetric(float64(len(buf))/float64(len(obs)), "B/obs")
}

func BenchmarkDecodeBatch(b *testing.B) {
	data := AppendBatch(nil, sampleBatch(2000))
	var obs []Observation
	for b.Loop() {
		var err error
		if obs, err = DecodeBatch(obs[:0], data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(obs))*float64(b.N)/b.Elapsed().Seconds(), "obs/s")
}
