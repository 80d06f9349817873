#pragma once

#include "actors/messages/failure.hpp"

#include <optional>
#include <string>
#include <vector>

// What the identity actors ask of the password hashers: slow on purpose, so done elsewhere.

namespace spotter::messages {

/// Asks for the salted hash of a new password. Answered with `password_hashed`.
struct hash_password {
  std::string password;
  bool judge = false; // first see whether it is strong enough; a problem has the field /password
  std::vector<std::string> own_words = {}; // of the person: address, name
};

/// `hash` is a self-describing argon2id string, unless there is a `problem`.
struct password_hashed {
  std::string hash;
  std::optional<failure> problem;
};

/// Asks whether a password has this hash. Answered with `password_checked`.
struct check_password {
  std::string password;
  std::string hash;
};

/// `matches` says nothing where there is a `problem`.
struct password_checked {
  bool matches = false;
  std::optional<failure> problem;
  bool outdated = false; // it matches, but costs less than passwords do now
};

/// Asks whether a password is known from breaches. Answered with `breach_checked`.
struct check_breached {
  std::string password;
};

struct breach_checked {
  bool found = false;
};

template <class Inspector>
bool inspect(Inspector& f, hash_password& x) {
  return f.object(x).fields(f.field("password", x.password), f.field("judge", x.judge),
                            f.field("own_words", x.own_words));
}

template <class Inspector>
bool inspect(Inspector& f, password_hashed& x) {
  return f.object(x).fields(f.field("hash", x.hash), f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, check_password& x) {
  return f.object(x).fields(f.field("password", x.password), f.field("hash", x.hash));
}

template <class Inspector>
bool inspect(Inspector& f, password_checked& x) {
  return f.object(x).fields(f.field("matches", x.matches), f.field("problem", x.problem),
                            f.field("outdated", x.outdated));
}

template <class Inspector>
bool inspect(Inspector& f, check_breached& x) {
  return f.object(x).fields(f.field("password", x.password));
}

template <class Inspector>
bool inspect(Inspector& f, breach_checked& x) {
  return f.object(x).fields(f.field("found", x.found));
}

} // namespace spotter::messages
