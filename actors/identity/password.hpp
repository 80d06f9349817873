#pragma once

#include "actors/identity/settings.hpp"

#include <string>
#include <string_view>

namespace spotter::actors::identity {

/// Hashes a password by argon2id with a fresh salt. The result names its own cost. Takes as long as
/// `cost` says; throws std::bad_alloc where the memory for it is not there.
[[nodiscard]] std::string make_password_hash(std::string_view password, const password_cost& cost);

/// Tells whether `password` has this hash. A hash that can't be read matches nothing.
[[nodiscard]] bool password_matches(std::string_view password, const std::string& hash);

/// True where this hash has another cost than `cost`.
[[nodiscard]] bool is_outdated(const std::string& hash, const password_cost& cost);

/// The hash of a password that nobody knows, against which the password for an unknown address is
/// checked so that it costs what a known one costs.
[[nodiscard]] std::string make_dummy_hash(const password_cost& cost);

} // namespace spotter::actors::identity
