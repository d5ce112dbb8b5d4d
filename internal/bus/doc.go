// Package bus is the durable log that everything travels on: NATS JetStream,
// in this process (no port is opened) or a server or cluster named by a URL.
//
// A message is on disk, fsynced, when Publish returns; that is the moment at
// which a sender may be told "accepted". Each message costs one
// fsync (about 0.2 ms on an NVMe disk), so callers with many small things to
// say put them into one message, as ingest does with observations.
//
// Two ways to read. Consume and ConsumeBatch read a stream in order from a
// sequence that the reader keeps itself, and leave nothing behind on the
// server: the series writer works so, with its cursor in the records store.
// Durable leaves the cursor to the server and acknowledges each message: the
// reactions of domains to facts work so. In both a message can come twice
// (a crash between effect and cursor), so every handler is idempotent.
//
// Streams: OBS holds batches of observations on ioc.obs.<source>, FACT holds
// domain facts on ioc.fact.>.
package bus
