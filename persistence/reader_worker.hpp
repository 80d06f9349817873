#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/read_connection.hpp"
#include "persistence/reader_settings.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <variant>

namespace spotter::persistence {

/// One connection and what runs on it, one read at a time; runs detached, for it blocks.
class reader_worker {
public:
  static inline const char* name = "spotter.reader.worker";

  reader_worker(messages::reader_actor::pointer self, reader_settings settings);

  messages::reader_actor::behavior_type make_behavior();

private:
  template <class T>
  using attempt = std::variant<T, messages::failure>;

  /// What `read(read_connection&)` gives. Where the connection breaks, once more on a fresh one:
  /// reads may be repeated.
  template <class T, class Read>
  attempt<T> run(Read&& read);

  template <class Reply, class Query>
  caf::result<Reply> load_or_error(const Query& query);

  messages::read_reply answer(const messages::read& what);
  messages::health check();

  /// Connects if need be; the failure if that is impossible now, or was a moment ago.
  std::optional<messages::failure> ensure_connected();

  /// Says what went wrong, of the exception under way; drops the connection where it is of no more
  /// use, and gives nothing then.
  std::optional<messages::failure> judge_exception();

  [[nodiscard]] messages::failure unavailable() const;

  using clock = std::chrono::steady_clock;

  reader_settings settings_;
  std::unique_ptr<read_connection> connection_;
  std::chrono::milliseconds backoff_;
  clock::time_point next_attempt_{};
  std::minstd_rand jitter_;
};

} // namespace spotter::persistence
