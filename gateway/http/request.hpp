#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::gateway {

/// The methods that Spotter knows. `other` is answered with 405.
enum class verb : std::uint8_t { get = 1, head, post, patch, put, del, options, other };

/// "GET" and so on; "OTHER" for `other`.
[[nodiscard]] std::string_view to_string(verb method) noexcept;

/// One HTTP request as it arrived. Views into it live as long as it does and is not moved.
class request {
public:
  verb method = verb::other;
  int minor_version = 1; // of HTTP/1.x
  bool keep_alive = true;
  bool expects_continue = false;
  bool has_body = false;                       // a body is announced, maybe chunked
  std::optional<std::uint64_t> content_length; // absent when chunked or none
  std::string target;                          // origin form: path and query as sent
  std::string body;                            // with room behind it, see json/body.hpp

  /// The path, up to the first '?', as sent (no route has escapes in it).
  [[nodiscard]] std::string_view path() const noexcept;
  /// What follows the first '?', or nothing.
  [[nodiscard]] std::string_view query() const noexcept;

  /// The value of a header by its lower-case name; empty when absent. Several lines of one name are
  /// joined with ", ".
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  [[nodiscard]] bool has_header(std::string_view name) const noexcept;

  /// Adds a header line, in the order of arrival.
  void add_header(std::string_view name, std::string_view value);

private:
  struct line {
    std::string name; // lower case
    std::string value;
  };
  [[nodiscard]] const line* find(std::string_view name) const noexcept;

  std::vector<line> headers_;
};

/// Reads one parameter of a query string, decoded; nullopt when absent. Of several with one name the
/// first counts.
[[nodiscard]] std::optional<std::string> query_parameter(std::string_view query,
                                                         std::string_view name);

/// The decoded names in a query string, in order.
[[nodiscard]] std::vector<std::string> query_names(std::string_view query);

/// True when a comma-separated header value lists `token` (case-insensitive, parameters ignored,
/// `;q=0` counts as absent).
[[nodiscard]] bool lists_token(std::string_view value, std::string_view token) noexcept;

/// Case-insensitive comparison of ASCII.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b) noexcept;

} // namespace spotter::gateway
