// Package readiness tells how far a source can be trusted: when its
// datastreams last spoke, how regularly they do, how much of what they should
// have sent is there, how much of it is sound, and, from these, the four
// words of văn bản 1709/BKHCN-CĐSQG: đúng, đủ, sạch, sống (right, complete,
// clean, live). docs/readiness.md has the formulas.
//
// Everything is kept in memory, seven days deep: read from the series once per
// datastream, then carried on with what the writer stores. Answering costs no
// query.
package readiness
