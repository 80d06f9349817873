#include "persistence/redis/redis_address.hpp"

#include <charconv>
#include <optional>

namespace spotter::persistence {

namespace {

constexpr const char* forms =
  "redis.server must be redis://[user:password@]host[:port][/database], the same with rediss:// "
  "for TLS, or unix:///path/of/the/socket[?db=database]";

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const auto* begin = text.data() + i + 1;
    if (i + 2 >= text.size())
      return std::nullopt;
    const auto [end, error] = std::from_chars(begin, begin + 2, value, 16);
    if (error != std::errc{} || end != begin + 2)
      return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

template <class Number>
bool read(std::string_view text, Number most, Number& out) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most)
    return false;
  out = value;
  return true;
}

/// Takes `user:password@` off the front; false where it can't be read.
bool take_credentials(std::string_view& rest, redis_address& out) {
  const auto at = rest.substr(0, rest.find('/')).rfind('@');
  if (at == rest.npos)
    return true;
  const auto both = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const auto colon = both.find(':');
  const auto user = decoded(both.substr(0, colon));
  const auto password = decoded(colon == both.npos ? std::string_view{} : both.substr(colon + 1));
  if (!user || !password)
    return false;
  out.user = *user;
  out.password = *password;
  return true;
}

bool take_host(std::string_view& rest, redis_address& out) {
  auto where = rest.substr(0, rest.find('/'));
  rest.remove_prefix(where.size());
  if (where.starts_with('[')) { // an IPv6 address
    const auto end = where.find(']');
    if (end == where.npos)
      return false;
    out.host = where.substr(1, end - 1);
    where.remove_prefix(end + 1);
  } else {
    out.host = where.substr(0, where.find(':'));
    where.remove_prefix(out.host.size());
  }
  if (where.empty())
    return !out.host.empty();
  int port = 0;
  if (where.front() != ':' || !read(where.substr(1), 65'535, port) || port == 0)
    return false;
  out.port = static_cast<std::uint16_t>(port);
  return !out.host.empty();
}

} // namespace

std::string redis_address::to_text() const {
  if (host.empty())
    return "unix://" + path;
  return (tls ? "rediss://" : "redis://") + host + ":" + std::to_string(port);
}

domain::expected<redis_address, std::string> parse_redis_address(std::string_view url) {
  redis_address out;
  const auto starts = [&url](std::string_view scheme) {
    if (!url.starts_with(scheme))
      return false;
    url.remove_prefix(scheme.size());
    return true;
  };
  if (starts("unix://")) {
    if (!take_credentials(url, out))
      return std::string{forms};
    const auto query = url.find("?db=");
    if (query != url.npos) {
      if (!read(url.substr(query + 4), 1'000, out.database))
        return std::string{forms};
      url = url.substr(0, query);
    }
    const auto path = decoded(url);
    if (!path || path->size() < 2 || path->front() != '/')
      return std::string{forms};
    out.path = *path;
    return out;
  }
  out.tls = starts("rediss://");
  if (!out.tls && !starts("redis://"))
    return std::string{forms};
  if (!take_credentials(url, out) || !take_host(url, out))
    return std::string{forms};
  if (url.size() > 1 && !read(url.substr(1), 1'000, out.database))
    return std::string{forms};
  return out;
}

} // namespace spotter::persistence
