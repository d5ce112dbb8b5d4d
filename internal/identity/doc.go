// Package identity knows the people: their accounts, passwords and sessions,
// and what each may do where, for what, until when and why (grants).
// A session's token is the same thing in the browser's cookie and in a
// program's Authorization header; the records hold only its hash.
//
// Invariants: a wrong name and a wrong password cannot be told apart, neither
// by the answer nor by the work done; no secret reaches an event, a log or an
// answer (but the token, once); the last administrator who can sign in stays
// one; every change and every sign-in, also a failed one, is in the audit
// trail. A right ends at its instant, in the cache too; nobody gives what lies
// outside his own reach, nor to himself; what is lent ends with what it comes
// from; who looks as somebody else changes nothing. A one-time code, a recovery
// code, a ticket and a provider's state work once; a session without the second
// factor that its person has or needs may do nothing; a system's token never
// does what its owner may not do now.
//
// People live in real time: sessions, locks and limits follow Options.Clock,
// which stays the machine's clock while a replay moves the store's.
//
// Tables: user_account, user_password, user_session, user_guard,
// user_grant, user_invitation, user_totp, user_recovery, user_passkey,
// user_ticket, user_link, user_token, user_policy. Facts:
// ioc.identity.{created,changed,invited,accepted,granted,delegated,revoked,
// away,back,view_began,view_ended,password_set,password_changed,signed_in,
// signed_out,sign_in_failed,sessions_ended,totp_begun,totp_added,totp_removed,
// passkey_added,passkey_removed,recovery_made,second_reset,linked}.<user id>,
// ioc.identity.{token_created,token_revoked}.<token id>,
// ioc.identity.policy_set.<day>.
package identity
