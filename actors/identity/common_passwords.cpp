#include "actors/identity/common_passwords.hpp"

#include "embedded/common_passwords.hpp"

#include <algorithm>
#include <vector>

namespace spotter::actors::identity {

namespace {

constexpr std::size_t shortest = 6; // of what is left: shorter words stand in phrases of their own

bool is_letter(char c) noexcept {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The letter that a sign or digit stands for; itself where it stands for none.
char as_letter(char c) noexcept {
  switch (c) {
    case '0':
      return 'o';
    case '1':
    case '!':
    case '|':
      return 'i';
    case '3':
      return 'e';
    case '4':
    case '@':
      return 'a';
    case '5':
    case '$':
      return 's';
    case '7':
    case '+':
      return 't';
    default:
      return c;
  }
}

bool is_kept(char c) noexcept {
  return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

std::string only_kept(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (const char low = lower(c); is_kept(low))
      out += low;
  return out;
}

/// Without digits and signs at both ends.
std::string_view core(std::string_view text) noexcept {
  const auto counts = [](char c) {
    return is_letter(lower(c)) || static_cast<unsigned char>(c) >= 0x80;
  };
  const auto* begin = std::find_if(text.begin(), text.end(), counts);
  const auto end = std::find_if(text.rbegin(), text.rend(), counts).base();
  return begin < end ? std::string_view{begin, static_cast<std::size_t>(end - begin)}
                     : std::string_view{};
}

const std::vector<std::string>& list() {
  static const auto sorted = [] {
    std::vector<std::string> out;
    for (const auto& file : embedded::common_passwords()) {
      std::string_view rest = file.content;
      while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
        if (line.empty() || line.front() == '#')
          continue;
        out.push_back(only_kept(line));
        out.push_back(folded_password(line));
      }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }();
  return sorted;
}

bool listed(const std::string& text) {
  return text.size() >= shortest && std::binary_search(list().begin(), list().end(), text);
}

} // namespace

std::string folded_password(std::string_view password) {
  std::string out;
  for (const char c : core(password))
    if (const char letter = as_letter(lower(c)); is_kept(letter))
      out += letter;
  return out;
}

bool is_common_password(std::string_view password) {
  return listed(only_kept(password)) || listed(only_kept(core(password)))
         || listed(folded_password(password));
}

} // namespace spotter::actors::identity
