#include "actors/identity/password_strength.hpp"

#include "actors/identity/common_passwords.hpp"

#define CAF_SUITE password_strength
#include "caf/test/dsl.hpp"

#include <chrono>

using namespace spotter::actors::identity;

namespace {

std::string code_of(std::string_view password, const std::vector<std::string>& words = {}) {
  const auto why = judge_password(password, words);
  return why ? why->code : "";
}

} // namespace

CAF_TEST(words that have nothing to do with each other are good) {
  for (const char* good : {"eight sleepy plates", "correct horse battery", "seven quiet marmots",
                           "x7Kq!mP2vR", "\u00fcber-gro\u00dfe Tomaten im Keller"})
    CAF_CHECK_EQUAL(code_of(good), "");
}

CAF_TEST(what guessers try first is refused) {
  for (const char* bad : {"password", "12345678", "qwertyuiop", "aaaaaaaaaaaa", "abcdefgh1",
                          "iloveyou", "letmein1", "2026-03-01", "Passw0rd"})
    CAF_CHECK(!code_of(bad).empty());
}

CAF_TEST(common phrases are found whatever was changed about them) {
  for (const char* common :
       {"correcthorsebatterystaple", "Correct Horse Battery Staple!", "maytheforcebewithyou2026",
        "MayTheForce-Be-With-You", "1qaz2wsx3edc4rfv", "1QAZ2wsx3EDC", "!!goHardOrGoHome!!",
        "th3quickbr0wnf0x"})
    CAF_CHECK_EQUAL(code_of(common), "common_password");
  CAF_CHECK(!is_common_password("eight sleepy plates"));
  CAF_CHECK(!is_common_password(""));
  CAF_CHECK(!is_common_password("1234"));
}

CAF_TEST(the own name and address are no password) {
  const auto words = own_words("wilhelmina@oosterhout.example", "Wilhelmina Oosterhout");
  CAF_CHECK_EQUAL(code_of("wilhelmina", words), "weak_password");
  CAF_CHECK_EQUAL(code_of("wilhelmina@oosterhout.example", words), "weak_password");
  CAF_CHECK_EQUAL(code_of("Oosterhout1", words), "weak_password");
  CAF_CHECK_EQUAL(code_of("spotter2026", words), "weak_password");
}

CAF_TEST(no password takes long to judge) {
  const auto words = own_words(std::string(64, 'a') + "@example.org", "a b c d e f g h");
  for (const std::string& hostile : {std::string(1'024, 'a'), [] {
                                       std::string out;
                                       for (int i = 0; i < 512; ++i)
                                         out += "p4";
                                       return out;
                                     }()}) {
    const auto began = std::chrono::steady_clock::now();
    static_cast<void>(judge_password(hostile, words));
    CAF_CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{1});
  }
}
