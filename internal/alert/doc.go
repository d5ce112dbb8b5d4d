// Package alert is the human-facing life of an abnormal condition: from the
// moment it is told to the moment somebody has closed it. It decides what is
// one alert, who has to know, what stays quiet, and how long everybody has.
//
// The road through the package: OnFact takes a condition (raise.go), freezes
// its evidence (evidence.go), asks what keeps it quiet (silence.go,
// inhibit.go, flap.go), puts it into its group (group.go) and saves it. People
// move it on with Step (command.go); every change, theirs and the program's,
// goes through the pure function Apply (life.go) and leaves exactly one entry
// in the timeline. Run (sweep.go) does what is due: first and later
// notifications of a group, repeats, missed times (deadline.go), beginnings
// and ends of silences. Every timer is a column of a row that changes in the
// same transaction as the notification it causes, so that a restart neither
// forgets nor doubles one.
//
// An alert is kept twice in its row: as columns that SQL filters by, and as
// the document that lists hand out as it is (store.go).
//
// Tables: alert, alert_step, alert_file, alert_evidence, alert_condition,
// alert_counter, alert_group, alert_told, alert_inhibition, alert_silence,
// alert_setting. Subjects: ioc.alert.<step>.<id>, ioc.alertsilence.<verb>.<id>,
// ioc.alertsetting.<verb>.<key>.
package alert
