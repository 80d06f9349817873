#pragma once

#include "domain/expected.hpp"
#include "outbound/curl_handle.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spotter::outbound {

/// A GET to be made.
struct http_request {
  std::string url; // http or https
  std::vector<std::string> headers;
  patience limits;
  std::size_t most_bytes = 1024 * 1024;
  std::string authorities; // see curl_handle
};

struct http_answer {
  long status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {}; // names in lower case

  /// The value of a header, empty where there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    for (const auto& [known, value] : headers)
      if (known == name)
        return value;
    return {};
  }
};

/// Makes it, blocking. An error says why there is no whole answer; a status is none.
[[nodiscard]] domain::expected<http_answer, std::string> http_get(const http_request& request);

} // namespace spotter::outbound
