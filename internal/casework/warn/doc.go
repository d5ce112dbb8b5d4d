// Package warn sees to it that no file goes late unnoticed. It hangs on every
// change of a file and keeps, per open file, the next instant at which
// something happens (table case_watch), so that a sweep touches only what is
// due, however many files are open.
//
// Three conditions are told to the alert engine as facts addressed straight to
// the unit: near its date, overdue, overdue without a letter of apology. A
// condition begins in a sweep, at most a minute after it is true, and ends in
// the very transaction of the change that ends it: after the end of a file, in
// a pause, or under another date nobody is warned. The officer hears once of
// each version of the date, and once more when the clock runs again after a
// pause that had ended a warning; case_warning remembers, whatever is
// restarted and whichever way the clock is set. The unit's leaders have the
// list, and a digest at the set hours of working days; what stays overdue
// climbs by the steps of the settings.
//
// The look-up by code that citizens use lives here too: masked, limited per
// address, and as slow for a code that exists as for one that does not.
//
// Tables: case_watch, case_warning, case_digest, case_warn_settings,
// case_warn_state. Facts: ioc.case.condition.{case-near-due, case-overdue,
// case-no-apology}, ioc.case.warn_settings.<date>, ioc.case.digested.<unit>.
package warn
