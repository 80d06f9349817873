#pragma once

#include "persistence/redis/redis_socket.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct redisReader;
struct redisReply;

namespace spotter::persistence {

/// A command's words, the first of which names it.
using redis_command = std::vector<std::string>;

/// One answer.
struct redis_reply {
  enum class kind : std::uint8_t { nil = 1, integer, text, list, error };

  kind is = kind::nil;
  std::int64_t integer = 0;
  std::string text; // of an error, its code first
  std::vector<redis_reply> items;
};

/// A connection that speaks Redis' protocol (by hiredis). Anything but whole answers in time throws
/// `redis_failure`, after which the object is good for nothing.
class redis_link {
public:
  /// Connects and says who we are and which database we want.
  redis_link(const redis_address& where, const std::string& ca, std::chrono::milliseconds time_out);
  ~redis_link();

  /// Sends all commands at once and reads as many answers, of at most `most_bytes` together.
  [[nodiscard]] std::vector<redis_reply> round_trip(const std::vector<redis_command>& commands,
                                                    std::size_t most_bytes);

private:
  struct free_reader {
    void operator()(redisReader* p) const noexcept;
  };

  std::vector<redis_reply> exchange(const std::vector<redis_command>& commands,
                                    std::size_t most_bytes,
                                    redis_socket::clock::time_point deadline);

  std::chrono::milliseconds time_out_;
  redis_socket socket_;
  std::unique_ptr<redisReader, free_reader> reader_;
  std::string out_;
};

} // namespace spotter::persistence
