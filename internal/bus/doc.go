// Package bus is the durable log that everything travels on: NATS JetStream,
// in this process (no port is opened) or a server or cluster named by a URL.
//
// A message is on disk, fsynced, when Publish returns; that is the moment at
// which a sender may be told "accepted". Each message costs one
// fsync (0.13–0.3 ms on the machine measured, 1 ms when its disk is busy), so callers with many small things to
// say put them into one message, as ingest does with observations.
//
// Two ways to read. Consume and ConsumeBatch read a stream in order from a
// sequence that the reader keeps itself, and leave nothing behind on the
// server: the series writer works so, with its cursor in the records store.
// Durable leaves the cursor to the server and acknowledges each message: the
// reactions of domains to facts work so. In both a message can come twice
// (a crash between effect and cursor), so every handler is idempotent.
//
// The wiring sets up two streams: OBS holds batches of observations on
// ioc.obs.<source>, FACT the facts of domains.
//
// Measured on 2 cores: 3,100 batches of 64 KiB a second from one publisher,
// 3,900 from 32; 6,200 and 7,700 messages of 150 bytes; 210,000 messages a
// second read. Resident when idle: 5 MB of its own after 190 MB published.
package bus
