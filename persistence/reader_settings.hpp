#pragma once

#include "persistence/connection.hpp"

#include <chrono>
#include <cstddef>

namespace spotter::persistence {

/// How reads are served.
struct reader_settings {
  connection_settings connection;             // as reader; its statement_timeout bounds each query
  std::size_t readers = 2;                    // connections, each with a thread of its own
  std::size_t backlog = 1024;                 // reads that may wait for one; more are refused
  std::chrono::milliseconds deadline{15'000}; // for a read, waiting included
  std::chrono::milliseconds backoff_least{50};
  std::chrono::milliseconds backoff_most{500}; // between attempts to connect
};

} // namespace spotter::persistence
