#include "actors/identity/password_strength.hpp"

#include "actors/identity/common_passwords.hpp"

#include <zxcvbn.h>

#include <algorithm>
#include <memory>

namespace spotter::actors::identity {

namespace {

constexpr double least_bits = 26.575;        // log2 of 10^8 guesses
constexpr std::size_t shortest_own_word = 3; // of a name or an address
constexpr std::size_t most_own_words = 32;
constexpr std::size_t longest_judged = 100; // zxcvbn takes the rest for random, at two bits a byte

struct free_info {
  void operator()(ZxcMatch_t* info) const noexcept { ZxcvbnFreeInfo(info); }
};

/// What the largest part of the password is, in a sentence that helps.
std::string advice(const ZxcMatch_t* parts) {
  const ZxcMatch_t* largest = nullptr;
  for (const auto* part = parts; part; part = part->Next)
    if (!largest || part->Length > largest->Length)
      largest = part;
  const int kind = largest ? largest->Type & ~MULTIPLE_MATCH : BRUTE_MATCH;
  const bool repeated = largest && (largest->Type & MULTIPLE_MATCH) != 0;
  if (repeated)
    return "It repeats the same part. Take several words that have nothing to do with each other.";
  switch (kind) {
    case DICTIONARY_MATCH:
      return "It is one common word, or nearly. Add another word or two that nobody expects.";
    case DICT_LEET_MATCH:
      return "It is a common word with letters replaced, which guessers try as well. Add another "
             "word or two.";
    case USER_MATCH:
    case USER_LEET_MATCH:
      return "It is made of your name, your address or ours. Take words that nobody connects with "
             "you.";
    case REPEATS_MATCH:
      return "It repeats the same characters. Take several words instead.";
    case SEQUENCE_MATCH:
      return "It is a sequence, as abc or 6543. Take several words instead.";
    case SPATIAL_MATCH:
      return "It follows the keys of the keyboard. Take several words instead.";
    case DATE_MATCH:
    case YEAR_MATCH:
      return "It is mostly a date, which is easy to guess. Take several words instead.";
    default:
      return "It is too short for what it is made of. Add another word or two.";
  }
}

messages::field_error weak(std::string why) {
  return {"/password", "weak_password", "This password is easy to guess. " + std::move(why)};
}

} // namespace

std::vector<std::string> own_words(std::string_view email, std::string_view display_name) {
  std::vector<std::string> out{"spotter"};
  const auto add = [&out](std::string_view word) {
    if (word.size() < shortest_own_word || out.size() >= most_own_words)
      return;
    std::string low{word};
    std::transform(low.begin(), low.end(), low.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (std::find(out.begin(), out.end(), low) == out.end())
      out.push_back(std::move(low));
  };
  add(email);
  add(display_name);
  add(email.substr(0, email.find('@')));
  for (auto text : {email, display_name}) {
    while (!text.empty()) {
      const auto end = text.find_first_of(" .@+-_");
      add(text.substr(0, end));
      text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    }
  }
  return out;
}

std::optional<messages::field_error> judge_password(std::string_view password,
                                                    const std::vector<std::string>& own_words) {
  if (is_common_password(password))
    return messages::field_error{"/password", "common_password",
                                 "This password is a common one, which guessers try first. Take "
                                 "several words that have nothing "
                                 "to do with each other."};
  std::vector<const char*> words;
  for (const auto& word : own_words)
    words.push_back(word.c_str());
  words.push_back(nullptr);
  const std::string judged{password.substr(0, longest_judged)};
  ZxcMatch_t* parts = nullptr;
  const double bits = ZxcvbnMatch(judged.c_str(), words.data(), &parts);
  const std::unique_ptr<ZxcMatch_t, free_info> owner{parts};
  if (bits >= least_bits)
    return std::nullopt;
  return weak(advice(parts));
}

} // namespace spotter::actors::identity
