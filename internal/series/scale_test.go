package series

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestScale_GivesBackTheDecimalThatWentIn(t *testing.T) {
	f := func(resolution, v, want float64) {
		t.Helper()
		s, ok := newScale(resolution)
		if !ok {
			t.Fatalf("resolution %v refused", resolution)
		}
		n, ok := s.encode(v)
		if !ok {
			t.Fatalf("%v refused at %v", v, resolution)
		}
		if resolution != 0 && n != math.Trunc(n) {
			t.Errorf("%v at %v stored as %v, not whole", v, resolution, n)
		}
		if got := s.decode(n); got != want {
			t.Errorf("%v at %v came back as %v, want %v", v, resolution, got, want)
		}
	}
	f(0.01, 4.88, 4.88)
	f(0.01, 0.07, 0.07)
	f(0.01, -1.1, -1.1)
	f(0.01, 10.144, 10.14)
	f(0.001, 1.005, 1.005)
	f(0.1, 0.3, 0.3)
	f(0.2, 12.6, 12.6)
	f(0.5, 2.7, 2.5)
	f(0.25, 0.75, 0.75)
	f(1, 17, 17)
	f(5, 1013, 1015)
	f(1e-9, 0.123456789, 0.123456789)
	f(0, math.Pi, math.Pi)
}

func TestScale_Refuses(t *testing.T) {
	for _, r := range []float64{-1, math.NaN(), math.Inf(1), 1.0 / 3, 1e-10, 1e10} {
		if _, ok := newScale(r); ok {
			t.Errorf("resolution %v accepted", r)
		}
	}
	s, _ := newScale(0.01)
	if _, ok := s.encode(1e15); ok {
		t.Error("a value that cannot come back exactly was accepted")
	}
}

func TestScale_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decimals := rapid.IntRange(0, 6).Draw(t, "decimals")
		whole := rapid.Int64Range(-1e9, 1e9).Draw(t, "whole")
		s, ok := newScale(math.Pow10(-decimals))
		if !ok {
			t.Fatal("refused")
		}
		// What a decoder would make of the text of that decimal.
		v, err := strconv.ParseFloat(strconv.FormatInt(whole, 10)+"e-"+strconv.Itoa(decimals), 64)
		if err != nil {
			t.Fatal(err)
		}
		n, ok := s.encode(v)
		if !ok || n != float64(whole) || s.decode(n) != v {
			t.Fatalf("%v stored as %v, came back as %v", v, n, s.decode(n))
		}
	})
}
