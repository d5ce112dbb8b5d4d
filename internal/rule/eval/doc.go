// Package eval decides, from observations, whether the conditions of rules
// hold. It is pure: no database, no HTTP, no clock. Live running (Engine),
// back-testing (Backtest) and the answer to "why" (Explain) share one machine
// per rule and series, driven by the time of the data, so that the same data
// give the same transitions however they come. DESIGN.md tells how and why.
package eval
