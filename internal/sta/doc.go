// Package sta answers OGC SensorThings API 1.1 (18-088) at /sta/v1.1: the
// entities come from the catalog's snapshot in memory, the observations from
// series (or, when they are no numbers, from the catalog's records).
//
// A question is read by own parsers (lex.go, expr.go, options.go) that name
// the position of what they do not understand, compiled into functions over
// Go values (compile.go, function.go) and never becomes SQL. What a filter
// says about phenomenonTime, the id or the Datastream narrows what is read
// (narrow.go, scan.go); the rest is asked of each entity, at most maxLooked of
// them in one request.
//
// An Observation's id is "<datastream>@<Unix ms of phenomenonTime>". New ones
// take the whole road through Service.Accept; changing or deleting one lays a
// correction over it and overwrites nothing. Its FeatureOfInterest is the
// place of its Thing, with the Location's id, unless it was posted with one of
// its own.
package sta
