// Package flood is the flood watch: rain, rivers, flood towers and
// reservoirs, told in the four words (layers and indicators now; alerts and
// tasks come with their own packages).
//
// It keeps the newest days of every station of its four observed properties
// in memory, fed by the pipeline after each commit and warmed from the series
// at start, and computes everything from there: the same functions answer for
// now and for a past instant. An instant older than the memory is read from
// the series. What was corrected is read again.
//
// Rules that hold everywhere: a reading flagged out of range or bad is not
// counted; a window without readings has no value and says why, never 0; a
// figure that rests on an estimated reading is marked estimated; classes and
// levels are dated rows of data/, judged by the table that held at the time.
package flood
