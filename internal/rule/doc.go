// Package rule keeps the rules of the city, with versions and review, and
// applies those in force to what arrives.
//
// A rule is a Definition: what it watches, over which stations, from which
// level on which severity, for how long, and what people are told. The form
// kinds describe themselves as PromQL; experts write it. A definition is
// written once: each change is a new version, which goes from draft through
// review into force (version.go).
//
// The package eval holds the evaluation without clock or store; the runner
// (run.go) feeds it what is stored, and writes each change of a rule's state
// together with the fact "ioc.rule.condition.<rule>" in one transaction. What
// a rule says depends on the series alone: after a death of the program the
// state is made again from the last change that was written and the
// observations since, so that nothing is lost and nothing doubled. A
// back-test runs the same evaluation over stored observations.
//
// The folder pack holds the rules that ship, their tests and their runbooks.
package rule
