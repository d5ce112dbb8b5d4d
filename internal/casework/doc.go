// Package casework keeps the administrative files (hồ sơ thủ tục hành chính)
// that the one-stop systems of a city tell of, and says at any instant how
// each stands against its promised date.
//
// What a system tells is an Event and is kept as it came. A Case is the fold
// of its events, a pure function of them (Fold): late, repeated, out-of-order
// and contradictory messages end in the same state. What cannot be understood
// – an unknown unit, officer or state, a code of the wrong shape, an end
// before the start – is kept, listed as a problem, and understood later
// without loss when somebody says what the word means.
//
// The promised date is the source's and is never overwritten: the computed one
// stands beside it. Case.Class answers for any instant, past or present.
//
// Personal data of the applicant is masked wherever it is printed or leaves
// as JSON; Reveal shows it for a reason and on record. FindSubject gives all
// that is kept of one person, found by keyed hashes; EraseSubject and the sweep
// of Run take it away where retention allows, for good: what a source tells of
// them again is not kept.
//
// Tables: case_file, case_event, case_word, case_procedure, case_system_name,
// case_subject, case_subject_state, case_erased, case_retention.
// Facts: ioc.case.{imported, refolded, word_changed, procedure_changed,
// system_named, succeeded, revealed, apologised, digitized,
// subject_exported, subject_erased, retention_changed, applicants_expired,
// rejected_expired}.<id>.
package casework
