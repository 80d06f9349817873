#pragma once

#include "bench/load/options.hpp"

namespace spotter::bench {

// Each measures one thing, prints it as one line of JSON and returns the exit status. All take
// `--port`, and `--key FILE --first N` for whom they act; see people.hpp.

/// Sets acknowledged in a second: `--over rest|live --connections --in_flight --seconds --exercise`.
int measure_sets(options& given);

/// From a set's request to its event at a watcher, at a fixed `--rate` of sets in a second.
int measure_latency(options& given);

/// Deliveries in a second to `--watchers` of one workout, or of an echo server (`--wire echo`), in
/// bursts of `--burst` events, `--window` bursts under way at a time.
int measure_fanout(options& given);

/// Opens `--count` authenticated, subscribed WebSockets, says so, and holds them until standard
/// input ends.
int hold_idle(options& given);

/// Reads of the first page of workouts: `--count` users' pages once each, or (with `--seconds`) the
/// same `--count` pages again and again, which were read once before.
int measure_pages(options& given);

/// The time of one durable 8 KiB write in `--folder`.
int measure_fsync(options& given);

} // namespace spotter::bench
