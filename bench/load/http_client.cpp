#include "bench/load/http_client.hpp"

#include <charconv>
#include <stdexcept>
#include <strings.h>

namespace spotter::bench {

namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

int to_number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// The length that a head announces; 0 where it names none.
std::size_t length_in(std::string_view head) {
  constexpr std::string_view name = "\r\ncontent-length: ";
  for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2))
    if (head.size() - at > name.size()
        && ::strncasecmp(head.data() + at, name.data(), name.size()) == 0)
      return static_cast<std::size_t>(to_number(head.substr(at + name.size())));
  return 0;
}

} // namespace

http_client::http_client(loop& at, const endpoint& to, on_response handler)
  : stream{at, to}, handler_{std::move(handler)} {}

std::size_t http_client::on_bytes(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    const auto rest = bytes.substr(used);
    const auto end = rest.find(end_of_head);
    if (end == rest.npos)
      break;
    const auto head = rest.substr(0, end + 2);
    if (head.size() < 12 || head.substr(0, 5) != "HTTP/")
      throw std::runtime_error("this is not HTTP: " + std::string{head.substr(0, 80)});
    const auto body_at = end + end_of_head.size();
    const auto length = length_in(head);
    if (rest.size() < body_at + length)
      break;
    used += body_at + length;
    handler_(to_number(head.substr(9, 3)), rest.substr(body_at, length));
  }
  return used;
}

} // namespace spotter::bench
