// Package httpapi is the HTTP edge that every domain hangs its routes on:
// huma on the standard mux, problem+json (RFC 9457) with stable codes in the
// caller's language, who is calling (cookie or bearer token), CSRF guard,
// security headers, size and time limits, and one log line per request.
//
// Handlers return faults or plain errors; this package alone turns them into
// a status.
package httpapi
