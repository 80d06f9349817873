#include "bench/load/people.hpp"

#include "actors/identity/access_token.hpp"

#include <array>
#include <cstdio>

namespace spotter::bench {

std::string user_id_of(long n) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "01900000-0000-7000-8000-%012lx", n);
  return text.data();
}

std::vector<person> make_people(const std::string& key_file, long first, long count) {
  const auto key = actors::identity::load_or_create_key(key_file);
  const auto now = domain::now();
  std::vector<person> people;
  people.reserve(static_cast<std::size_t>(count));
  for (long n = first; n < first + count; ++n) {
    const auto id = user_id_of(n);
    const auto user = domain::parse_uuid(id).value();
    people.push_back({id, actors::identity::make_access_token(
                            key, {user, user, "member", now, now + std::chrono::hours{12}})});
  }
  return people;
}

} // namespace spotter::bench
