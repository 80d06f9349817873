#pragma once

#include "gateway/http/request.hpp"
#include "gateway/problem.hpp"

#include <memory>

namespace spotter::gateway {

/// Reads one HTTP/1.x request from bytes as they come. Refuses what proxies read differently: a
/// length and a transfer coding, two lengths, folded header lines, control characters, a second or odd
/// Host, an absolute target of another host, trailers, long chunk headers.
class request_parser {
public:
  enum class step : std::uint8_t {
    need_more = 1, // all bytes that could be used were used
    head,          // the head is complete; decide, then go on with `feed` for the body
    done,          // the request is complete
    failed,        // see `problem`; the connection can't be used further
  };

  request_parser(std::size_t header_limit, std::size_t target_limit);
  ~request_parser();
  request_parser(const request_parser&) = delete;
  request_parser& operator=(const request_parser&) = delete;

  /// Takes bytes and adds to `used` how many; call again with the rest and what follows.
  step feed(std::string_view bytes, std::size_t& used);

  /// The most bytes that the body may have; to be set after `head`. More fails with `too_large`.
  void body_limit(std::uint64_t bytes);

  /// True once any byte of a request was taken or seen.
  [[nodiscard]] bool started() const noexcept;

  /// The request so far: its head after `head`, all of it after `done`.
  [[nodiscard]] request& current() noexcept;

  [[nodiscard]] http_problem problem() const noexcept;

  /// Makes ready for the next request on the same connection.
  void reset();

private:
  class parser;
  std::size_t header_limit_;
  std::size_t target_limit_;
  std::unique_ptr<parser> parser_;
};

} // namespace spotter::gateway
