// Package ingest is the one door for readings. A batch of any source is
// checked reading by reading, put on the bus and, from there, into the
// series:
//
//	Accept: whose datastream → unit → time → range → seen before? → history → bus
//	Run:    bus → series → OnStored
//
// Accept returns when everything it accepted is on disk. What it does not
// accept it either rejects, with a reason for the sender, or quarantines: a
// reading that may be right but not as it stands (dated in the future, a
// level in a field of depths) is kept as a dead letter that a person can
// mend and replay. Rejected readings and pieces that no decoder could read
// are kept too, as samples.
//
// Quality flags come from rules that are data (rules.toml, table
// ingest_rule). Everything is counted exactly (Counts), across restarts and
// kills, and replaying the bus changes nothing.
//
// Tables: ingest_account, ingest_outcome, ingest_day, ingest_cursor,
// ingest_letter, ingest_rule. Bus: stream OBS, subject ioc.obs.batch.
package ingest
