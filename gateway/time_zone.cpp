#include "gateway/time_zone.hpp"

#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_set>

namespace spotter::gateway {

namespace {

constexpr std::size_t most_remembered = 1'024; // there are about 600 names

/// Only what zone names are made of: the name becomes part of a path.
bool is_plausible(std::string_view name) noexcept {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.back() == '/')
    return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                      || c == '_' || c == '-' || c == '+' || c == '/';
    if (!good)
      return false;
  }
  // Other trees of the same database, with leap seconds or without: not names that people mean.
  return !name.starts_with("posix/") && !name.starts_with("right/") && name != "localtime"
         && name != "Factory" && name != "posixrules";
}

bool is_in_database(const std::string& name) {
  auto* file = std::fopen(("/usr/share/zoneinfo/" + name).c_str(), "rb");
  if (!file)
    return false;
  char magic[4] = {};
  const bool good = std::fread(magic, 1, 4, file) == 4 && std::memcmp(magic, "TZif", 4) == 0;
  std::fclose(file);
  return good;
}

} // namespace

bool is_time_zone(std::string_view name) {
  if (!is_plausible(name))
    return false;
  thread_local std::unordered_set<std::string> known;
  std::string key(name);
  if (known.contains(key))
    return true;
  if (!is_in_database(key))
    return false;
  if (known.size() < most_remembered)
    known.insert(std::move(key));
  return true;
}

} // namespace spotter::gateway
