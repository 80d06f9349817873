#pragma once

#include "actors/messages/inspect_domain.hpp"
#include "actors/messages/shared_text.hpp"

#include <cstdint>
#include <string>
#include <vector>

// What nodes share beside the database: counters that limits use, and a cache. All of it may be lost
// at any time; nothing here decides what is true, only what is let in and what is quick.

namespace spotter::messages {

/// Takes tokens from the bucket `key`, which holds `burst` and refills with `quota` in `window_ms`.
/// Whoever uses a key always gives the same numbers. Answered with `tokens_taken`.
struct take_tokens {
  std::string key;
  std::int32_t quota = 1; // from 1
  std::int32_t window_ms = 60'000;
  std::int32_t burst = 1; // from 1
  std::int32_t cost = 1;  // as many as this if they are there; 0: only look
  std::int32_t least = 1; // but never fewer than this, up to `burst`
};

/// `granted` lies between `least` and `cost`, or is 0.
struct tokens_taken {
  std::int32_t granted = 0;
  std::int32_t limit = 0;          // the bucket's size
  std::int32_t remaining = 0;      // in the bucket now
  std::int32_t reset_ms = 0;       // until it is full, if nobody takes more
  std::int32_t retry_after_ms = 0; // where nothing was granted: until `least` are there
};

/// One counter of attempts that may fail, with growing waits: `free` attempts without, then
/// `first_wait_ms` after the next, twice that after the one after it, up to `longest_wait_ms`; from
/// the `most`th on `rest_ms`. An attempt within the wait is not allowed, and not counted. All is
/// forgotten `forget_ms` after the last one that was allowed, once its wait is over.
struct attempt_counter {
  std::string key;
  std::int32_t free = 0;
  std::int32_t first_wait_ms = 1'000;
  std::int32_t longest_wait_ms = 900'000;
  std::int32_t most = 100;
  std::int32_t rest_ms = 86'400'000;
  std::int32_t forget_ms = 86'400'000;
  bool counts = true; // false: only ask whether there is a wait
};

/// Counts an attempt with each counter before it is made, so that attempts made at once can't slip
/// through together; who then succeeds forgives it. Answered with `attempts_counted`.
struct count_attempts {
  std::vector<attempt_counter> counters;
};

/// How one counter stands.
struct attempt_state {
  bool allowed = true;
  std::int32_t attempts = 0; // with this one
  std::int32_t wait_ms = 0;  // until the next is allowed
};

/// In the order of the counters.
struct attempts_counted {
  std::vector<attempt_state> states;
};

/// Takes back `count` attempts and the wait after them; 0 takes all back.
struct forgive_attempts {
  std::string key;
  std::int32_t count = 0;
};

/// Asks for what was kept under `key`. Answered with `cached_value`.
struct get_cached {
  std::string key;
};

struct cached_value {
  bool found = false;
  shared_text value;
};

/// Keeps a value for so long, or shorter where memory is short; too large ones not at all.
struct keep {
  std::string key;
  shared_text value;
  std::int32_t ttl_ms = 60'000;
};

template <class Inspector>
bool inspect(Inspector& f, take_tokens& x) {
  return f.object(x).fields(f.field("key", x.key), f.field("quota", x.quota),
                            f.field("window_ms", x.window_ms), f.field("burst", x.burst),
                            f.field("cost", x.cost), f.field("least", x.least));
}

template <class Inspector>
bool inspect(Inspector& f, tokens_taken& x) {
  return f.object(x).fields(f.field("granted", x.granted), f.field("limit", x.limit),
                            f.field("remaining", x.remaining), f.field("reset_ms", x.reset_ms),
                            f.field("retry_after_ms", x.retry_after_ms));
}

template <class Inspector>
bool inspect(Inspector& f, attempt_counter& x) {
  return f.object(x).fields(
    f.field("key", x.key), f.field("free", x.free), f.field("first_wait_ms", x.first_wait_ms),
    f.field("longest_wait_ms", x.longest_wait_ms), f.field("most", x.most),
    f.field("rest_ms", x.rest_ms), f.field("forget_ms", x.forget_ms), f.field("counts", x.counts));
}

template <class Inspector>
bool inspect(Inspector& f, count_attempts& x) {
  return f.object(x).fields(f.field("counters", x.counters));
}

template <class Inspector>
bool inspect(Inspector& f, attempt_state& x) {
  return f.object(x).fields(f.field("allowed", x.allowed), f.field("attempts", x.attempts),
                            f.field("wait_ms", x.wait_ms));
}

template <class Inspector>
bool inspect(Inspector& f, attempts_counted& x) {
  return f.object(x).fields(f.field("states", x.states));
}

template <class Inspector>
bool inspect(Inspector& f, forgive_attempts& x) {
  return f.object(x).fields(f.field("key", x.key), f.field("count", x.count));
}

template <class Inspector>
bool inspect(Inspector& f, get_cached& x) {
  return f.object(x).fields(f.field("key", x.key));
}

template <class Inspector>
bool inspect(Inspector& f, cached_value& x) {
  return f.object(x).fields(f.field("found", x.found), f.field("value", x.value));
}

template <class Inspector>
bool inspect(Inspector& f, keep& x) {
  return f.object(x).fields(f.field("key", x.key), f.field("value", x.value),
                            f.field("ttl_ms", x.ttl_ms));
}

} // namespace spotter::messages
