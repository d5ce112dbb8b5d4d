// Package duty knows who answers for what, and who is at their post: what
// each unit of internal/org is responsible for, the shifts of the IOC with
// their people and substitutes, the duty book ("sổ trực ban") and the
// hand-over from shift to shift.
//
// An address is never empty of a reason: each answer says why (Address.Why),
// and a question that no unit answers for ends at the IOC's shift, never with
// nobody. The duty book is append-only: what was wrong is corrected by an
// entry that refers to it.
//
// Tables: duty_responsibility, duty_shift, duty_post,
// duty_substitution, duty_log, duty_handover. Facts: ioc.duty.{planned,
// shift_changed, shift_deleted, shift_substituted, handed_over, accepted,
// logged, responsibilities_changed, contact_seen}.<id>.
package duty
