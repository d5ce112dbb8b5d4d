// Package feed brings what one-stop systems know into casework: it reads
// their databases, calls their APIs, takes the national messages they send and
// the files they leave, and turns each row into an event by a mapping that a
// person writes without code. It keeps the words of those systems that nobody
// has explained yet in view.
//
// A page of rows is imported as a whole and only then is the system's mark
// moved, in that order: what breaks in between is read again and recognised
// as repeated. A row that cannot be an event is kept with its reason until
// the mapping is mended and it is retried; nothing is dropped. The secrets of
// a system and the personal data of its rows are never printed, logged or told
// to the audit.
//
// Tables: case_system, case_rejected. Facts: ioc.case.{system_created,
// system_changed, system_deleted, system_token, rejected_retried}.<id>.
package feed
