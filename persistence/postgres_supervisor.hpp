#pragma once

#include "persistence/child_process.hpp"
#include "persistence/cluster_folder.hpp"
#include "persistence/open_file.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace spotter::persistence {

/// How patiently a server is supervised.
struct supervision {
  std::chrono::milliseconds stop_limit{15'000};
  std::chrono::milliseconds first_backoff{100}; // between restarts; doubles, at most 5 s
  std::function<void(const std::string&)> report;
};

/// Keeps a server process running: starts it, waits for it and starts it again when it dies, until
/// told to stop. All of that on one thread of its own, which lives as long as the server, because
/// the kernel ends the server together with the thread that started it.
class postgres_supervisor {
public:
  /// `folder` must live longer.
  postgres_supervisor(const cluster_folder& folder, child_options server, supervision how);

  /// Stops the server.
  ~postgres_supervisor();

  postgres_supervisor(const postgres_supervisor&) = delete;
  postgres_supervisor& operator=(const postgres_supervisor&) = delete;

  /// Begins. Call once.
  void start();

  /// Stops the server, fast and then immediately, and waits until it is gone. Idempotent.
  void stop();

  /// The server's main process, 0 while there is none.
  [[nodiscard]] pid_t process() const noexcept { return process_; }
  /// How often it ended without being told to.
  [[nodiscard]] std::uint64_t deaths() const noexcept { return deaths_; }
  /// How often it was started again.
  [[nodiscard]] std::uint64_t restarts() const noexcept { return restarts_; }

private:
  void report(const std::string& what) const;
  void supervise();
  std::optional<std::string> run_once();
  void end(pid_t child);
  void clear_leftovers() const;
  void wait_for_stop(std::chrono::milliseconds limit, int also = -1) const;

  const cluster_folder& folder_;
  child_options server_;
  supervision how_;
  open_file wake_;
  std::atomic<pid_t> process_{0};
  std::atomic<std::uint64_t> deaths_{0};
  std::atomic<std::uint64_t> restarts_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

} // namespace spotter::persistence
