#pragma once

#include <string>
#include <vector>

namespace spotter::bench {

/// A user that the benchmark made, with a valid access token.
struct person {
  std::string user_id;
  std::string token;
};

/// The id of the benchmark's n-th user, as bench/prepare.sql makes it too.
[[nodiscard]] std::string user_id_of(long n);

/// Users `first` to `first + count - 1`, with tokens signed by the server's own key: logging so
/// many in would measure password hashing.
[[nodiscard]] std::vector<person> make_people(const std::string& key_file, long first, long count);

} // namespace spotter::bench
