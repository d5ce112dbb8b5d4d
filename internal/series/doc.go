// Package series keeps the observations: the Prometheus TSDB in this process,
// wrapped so that the city's rules hold.
//
//   - One value per datastream and instant; the first stays. Append says what
//     was new, what was there already and what contradicted it, so that
//     replaying the bus changes nothing.
//   - Values are stored as whole multiples of the datastream's resolution and
//     come back as exactly the decimals that went in.
//   - Quality flags and late receipt ride in sparse companion series.
//   - A correction is an overlay that readers apply, never an overwrite.
//   - Readers of PromQL see real values under the labels of Meta.
//
// Instants are Unix milliseconds. DESIGN.md tells how and why.
package series
