// Package source is the register of sources: who sends readings, by which
// connector, how the messages are mapped, whether they are real,
// reconstructed or simulated, and which secrets let them in.
//
// A source has one token (kept as a SHA-256 hash, shown once); a source of the
// MQTT broker can have devices, each with a password and the topics it may
// use. Tokens and passwords are made here and have at least 128 random bits,
// so that a plain hash is enough and costs nothing on the way of a reading.
//
// The register is small and read on every message: it is kept in memory and
// written through. Secrets inside a connector's config leave the package only
// through Get and All (for the connectors themselves); List, the events and
// the audit trail carry ***.
//
// Tables: source, source_device. Subjects: ioc.source.{created, updated,
// deleted, token_rotated, device_created, device_deleted}.<source id>.
package source
