// Package city knows the administrative units of the city, each with the
// time in which it was in force, what it came from and what became of it, so
// that a figure of 2024 by district can stand beside one of 2026 by ward.
//
// Đà Nẵng is built in; another city brings a folder of the same files
// (data/ORIGIN.md tells them). A City never changes after loading and may be
// read from any goroutine.
package city
