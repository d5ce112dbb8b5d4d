package geo_test

import (
	"fmt"

	"openioc.org/ioc/internal/geo"
)

func ExampleDistance() {
	station := geo.Point{108.2275, 16.0612}
	gauge := geo.Point{108.2187, 16.0756}
	fmt.Printf("%.0f m\n", geo.Distance(station, gauge))
	// Output: 1857 m
}

func ExampleParseWKT() {
	_, err := geo.ParseWKT("POLYGON((108 16,108.5 16,108.5 x))")
	fmt.Println(err)
	// Output: at 31: want a latitude, got "x))"
}

func ExampleIndex() {
	var wards geo.Index[string]
	wards.Add(geo.Polygon{{{108, 16}, {108.2, 16}, {108.2, 16.2}, {108, 16.2}, {108, 16}}}, "west")
	wards.Add(geo.Polygon{{{108.2, 16}, {108.4, 16}, {108.4, 16.2}, {108.2, 16.2}, {108.2, 16}}}, "east")
	wards.At(geo.Point{108.25, 16.1}, func(name string) bool {
		fmt.Println(name)
		return true
	})
	// Output: east
}
