// Package scenario plays recorded floods through the road. A scenario is a
// set of stations with what each of them read over some days of the past:
//
//   - nhatle-2020: real hourly rain and river levels of the Nhật Lệ basin,
//     both floods of October 2020;
//   - danang-2025-10: the record flood of Đà Nẵng, reconstructed from the
//     readings and totals that were published (docs/scenarios.md).
//
// The demo plays them shifted in time so that the flood happens now, after
// two weeks of history, and in a loop; a replay plays one from its first to
// its last instant at its own times on a virtual clock. What was neither
// measured nor published is marked "estimated", always.
//
// A scenario is a pure function of its files: loading it twice gives the same
// readings to the last bit, so that a restarted demo goes on without doubles.
package scenario
