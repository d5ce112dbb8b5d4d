package geo_test

import (
	"reflect"
	"testing"

	"openioc.org/ioc/internal/geo"
)

func TestDecodePolyline(t *testing.T) {
	got, err := geo.DecodePolyline("_p~iF~ps|U_ulLnnqC_mqNvxq`@", 5)
	want := geo.Line{{-120.2, 38.5}, {-120.95, 40.7}, {-126.453, 43.252}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, s := range []string{"_", "_p~iF", "\x00\x00", "~~~~~~~~~~~~?", "_p~iF~ps|U_"} {
		if l, err := geo.DecodePolyline(s, 5); err == nil {
			t.Errorf("%q gives %v, want an error", s, l)
		}
	}
	if _, err := geo.DecodePolyline("", 12); err == nil {
		t.Error("12 decimals pass")
	}
}

func FuzzDecodePolyline(f *testing.F) {
	f.Add("_p~iF~ps|U_ulLnnqC_mqNvxq`@", 5)
	f.Add("???", 6)
	f.Fuzz(func(t *testing.T, s string, decimals int) {
		l, err := geo.DecodePolyline(s, decimals)
		if err != nil {
			return
		}
		again, err := geo.DecodePolyline(geo.EncodePolyline(l, decimals), decimals)
		if err != nil || len(again) != len(l) {
			t.Fatalf("%q: %v, again %v, %v", s, l, again, err)
		}
		for i := range l {
			if l[i] != again[i] {
				t.Fatalf("%q: %v, again %v", s, l, again)
			}
		}
	})
}
