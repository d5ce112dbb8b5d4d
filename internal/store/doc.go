// Package store keeps the city's records: who, what, which rule, which
// correction – everything that is not a stream of numbers. It runs on SQLite
// in the process or on PostgreSQL, with one SQL text for both.
//
// The rules of the portable subset: $1 placeholders; types text, bigint,
// double precision, bytea, integer 0/1 for booleans; instants as bigint
// microseconds UTC (Micros); JSON as text that SQL never looks into. One
// transaction writes at a time on either database, so what a transaction has
// read stays true until it commits. Do not open a transaction inside another:
// there is one writing connection and the inner one would wait for the outer.
// Close (or read to the end) rows before the next statement.
//
// A transaction of Write must Emit at least one Event when it changes a row;
// the hooks hung on OnEmit (outbox, audit) run inside the same transaction, so
// there is no change without its trace. Housekeep is for what needs none:
// cursors, counters, sessions.
//
// Driver errors become faults here and nowhere else.
package store
