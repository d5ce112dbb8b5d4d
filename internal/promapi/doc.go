// Package promapi answers the query part of the Prometheus HTTP API at
// /prometheus/api/v1, so that Grafana and other readers of PromQL plug in: a
// metric is an observed property (rain, water_level), a series is a
// datastream with the labels datastream, thing, name, unit, unit_code, kind
// and source.
//
// How far an instant value looks back follows the datastreams that the
// question selects: 2.5 times the slowest of their rhythms, at least five
// minutes. One question has one look-back, so one that joins a gauge of every
// ten minutes with one of every six hours looks back 15 hours for both.
package promapi
