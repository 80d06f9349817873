#pragma once

#include "actors/messages/handles.hpp"
#include "domain/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

namespace spotter::actors::identity {

/// What one argon2id hash costs. The defaults are OWASP's least: two passes over 19 MiB.
struct password_cost {
  unsigned long long passes = 2;
  std::size_t memory_bytes = std::size_t{19} * 1024 * 1024;
};

/// How passwords are hashed without disturbing anybody.
struct password_settings {
  password_cost cost;
  std::size_t workers = 1;                      // threads, each with `cost.memory_bytes`
  std::size_t max_queued = 64;                  // beyond those at work; more are refused
  std::chrono::milliseconds max_wait{10'000};   // in the queue; later ones are refused
  std::chrono::milliseconds retry_after{2'000}; // what the refused are told
  int nice = 10; // of the worker threads: 10 is about a tenth of a core when all are busy
  messages::breach_actor breached = {};         // asked about new passwords; empty: nobody is
  std::chrono::milliseconds breach_wait{2'000}; // without an answer the password is taken
  std::size_t most_breach_checks = 16;          // at a time; others go unchecked
};

/// How long logins live.
struct login_settings {
  std::chrono::seconds access_lifetime{600};
  std::chrono::seconds absolute_lifetime = std::chrono::days{90};
  std::chrono::seconds idle_lifetime = std::chrono::days{30};
  std::chrono::milliseconds reuse_grace{10'000}; // a spent token gets the same successor
};

/// How attempts to sign in slow down that fail.
struct attempt_settings {
  messages::shared_state_actor counts = {}; // who counts; empty: nobody waits
  std::int32_t most = 100;                  // in a row, then a day's rest; 0: nobody waits
  std::int32_t free = 10;                   // of an account from one network, without a wait
  std::chrono::milliseconds first_wait{1'000};
  std::chrono::milliseconds longest_wait{900'000};
};

/// Everything the identity actors can be told.
struct settings {
  std::filesystem::path key_file; // 32 bytes of seed; made when it is not there
  password_settings passwords;
  login_settings logins;
  attempt_settings attempts;
  std::size_t max_in_flight = 4'096;                    // requests; more are refused
  std::chrono::milliseconds store_timeout{10'000};      // for one answer of the store
  std::function<domain::instant()> clock = domain::now; // for `iat`, `exp` and new logins
};

} // namespace spotter::actors::identity
