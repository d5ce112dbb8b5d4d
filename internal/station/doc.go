// Package station shows stations and their observations, whatever they
// measure: the list with newest values, one station with its thresholds, a
// chart of any range, the raw table, and exports to CSV and XLSX, streamed
// for small ranges and as jobs with progress for long ones.
//
// What is reconstructed, estimated or shifted in time says so in every one of
// them: flags travel with each value, provenance with each datastream, and
// shifted observations keep their original time.
package station
