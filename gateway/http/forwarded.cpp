#include "gateway/http/forwarded.hpp"

#include <algorithm>

namespace spotter::gateway {

namespace {

using boost::asio::ip::address;

// A longer chain is nobody's: what is further left is not looked at.
constexpr int most_hops = 32;

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// IPv4 as IPv4, however it was written.
address from_bytes(const config::address_bytes& bytes) {
  const boost::asio::ip::address_v6 whole{bytes};
  if (whole.is_v4_mapped())
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, whole);
  return whole;
}

config::address_bytes bytes_of(const address& from) noexcept {
  if (from.is_v6())
    return from.to_v6().to_bytes();
  config::address_bytes out{};
  out[10] = out[11] = 0xff;
  const auto four = from.to_v4().to_bytes();
  std::copy(four.begin(), four.end(), out.begin() + 12);
  return out;
}

std::optional<address> parse_address(std::string_view text) {
  const auto bytes = config::parse_address(text);
  return bytes ? std::optional{from_bytes(*bytes)} : std::nullopt;
}

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5
         && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// An address with an optional port: 1.2.3.4, 1.2.3.4:5, ::1 or [::1]:5.
std::optional<address> parse_node(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos)
      return std::nullopt;
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && !(rest.front() == ':' && is_port(rest.substr(1))))
      return std::nullopt;
    const auto out = parse_address(text.substr(1, end - 1));
    return text.substr(1, end - 1).find(':') == text.npos ? std::nullopt : out;
  }
  const auto colon = text.find(':');
  if (colon != text.npos && colon == text.rfind(':')) {
    if (!is_port(text.substr(colon + 1)))
      return std::nullopt;
    text = text.substr(0, colon);
  }
  return parse_address(text);
}

/// One hop: who it was for, and how it came.
struct hop {
  std::optional<address> from;
  bool https = false;
};

/// Takes the last element off a list, at the last comma: also one in quotes, or a quote that the client
/// opened would swallow what the proxy added. What proxies write has no commas.
std::string_view take_last(std::string_view& list) noexcept {
  const auto comma = list.rfind(',');
  const auto out = trim(comma == list.npos ? list : list.substr(comma + 1));
  list = list.substr(0, comma == list.npos ? 0 : comma);
  return out;
}

/// One element of RFC 7239: `for="[2001:db8::1]:47";proto=https`.
hop parse_element(std::string_view element) {
  hop out;
  bool named = false;
  while (!element.empty()) {
    const auto equals = element.find('=');
    if (equals == element.npos)
      return {};
    const auto name = trim(element.substr(0, equals));
    element = trim(element.substr(equals + 1));
    std::string_view value;
    if (element.starts_with('"')) {
      const auto end = element.find('"', 1);
      if (end == element.npos)
        return {};
      value = element.substr(1, end - 1);
      element = trim(element.substr(end + 1));
      if (!element.empty() && element.front() != ';')
        return {};
    } else {
      const auto end = std::min(element.find(';'), element.size());
      value = trim(element.substr(0, end));
      element = element.substr(end);
    }
    if (!element.empty())
      element = trim(element.substr(1));
    if (same_text(name, "for")) {
      if (named)
        return {};
      named = true;
      out.from = parse_node(value);
    } else if (same_text(name, "proto")) {
      out.https = same_text(value, "https");
    }
  }
  return out;
}

} // namespace

bool trusted_proxies::contain(const address& given) const noexcept {
  if (blocks.empty())
    return false;
  const auto bytes = bytes_of(given);
  return std::any_of(blocks.begin(), blocks.end(),
                     [&bytes](const auto& block) { return block.contains(bytes); });
}

request_source source_of(const request& req, const address& peer, const trusted_proxies& trusted) {
  request_source out{peer, false};
  if (!trusted.contain(peer))
    return out;
  const bool standard = trusted.header == forwarded_header::forwarded;
  auto list = req.header(standard ? "forwarded" : "x-forwarded-for");
  if (!standard) {
    auto schemes = req.header("x-forwarded-proto");
    out.https = same_text(take_last(schemes), "https");
  }
  for (int hops = 0; !list.empty() && hops < most_hops; ++hops) {
    hop one;
    const auto element = take_last(list);
    if (standard)
      one = parse_element(element);
    else
      one.from = parse_node(element);
    if (!one.from)
      return {peer, out.https};
    out.client = *one.from;
    if (standard)
      out.https = one.https;
    if (!trusted.contain(out.client))
      break;
  }
  return out;
}

} // namespace spotter::gateway
