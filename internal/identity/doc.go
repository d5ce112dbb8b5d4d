// Package identity knows the people: their accounts, passwords and sessions.
// A session's token is the same thing in the browser's cookie and in a
// program's Authorization header; the records hold only its hash.
//
// Invariants: a wrong name and a wrong password cannot be told apart, neither
// by the answer nor by the work done; no secret reaches an event, a log or an
// answer (but the token, once); the last administrator who can sign in stays
// one; every change and every sign-in, also a failed one, is in the audit
// trail.
//
// People live in real time: sessions, locks and limits follow Options.Clock,
// which stays the machine's clock while a replay moves the store's.
//
// Tables: user_account, user_password, user_session, user_guard. Facts:
// ioc.identity.{created,changed,password_set,password_changed,signed_in,
// signed_out,sign_in_failed}.<user id>.
package identity
