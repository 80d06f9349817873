#include "mail/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace spotter::mail {

namespace {

constexpr std::size_t longest_address = 254;
constexpr std::size_t longest_header = 500; // bytes of a text, before it is encoded
constexpr std::size_t plain_header = 60;    // longer ones are folded, as encoded words
constexpr std::size_t word_bytes = 42;      // of UTF-8 in an encoded word: 75 characters at most
constexpr std::size_t line_bytes = 57;      // of content in a line of base64: 76 characters

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u;
}

bool is_plain(char c) noexcept {
  return c >= 0x20 && c < 0x7f;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) {
      return j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u;
    };
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += digits[group >> 18 & 63u];
    out += digits[group >> 12 & 63u];
    out += i + 1 < bytes.size() ? digits[group >> 6 & 63u] : '=';
    out += i + 2 < bytes.size() ? digits[group & 63u] : '=';
  }
  return out;
}

/// The longest beginning of at most `most` bytes that cuts no character.
std::string_view whole_characters(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most)
    return text;
  while (most > 0 && is_continuation(text[most]))
    --most;
  return text.substr(0, most);
}

// Each part is base64, so that no line is too long, begins with a dot or needs eight bits.
void add_part(std::string& out, std::string_view boundary, std::string_view type,
              std::string_view content) {
  out += fmt::format("--{}\r\nContent-Type: {}; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n",
                     boundary, type);
  for (std::size_t i = 0; i < content.size(); i += line_bytes)
    (out += base64(content.substr(i, line_bytes))) += "\r\n";
}

std::string date_of(domain::instant at) {
  const auto seconds = static_cast<std::time_t>(domain::to_millis(at) / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[parts.tm_wday], parts.tm_mday,
                     months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

bool is_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

} // namespace

bool is_mailbox(std::string_view address) noexcept {
  const auto at = address.find('@');
  return address.size() <= longest_address && at != address.npos && at > 0
         && at + 1 < address.size() && address.find('@', at + 1) == address.npos
         && std::none_of(address.begin(), address.end(), [](char c) {
              const auto byte = static_cast<unsigned char>(c);
              return byte <= 0x20 || byte == 0x7f
                     || std::string_view{"<>()[]\\,;:\""}.find(c) != std::string_view::npos;
            });
}

std::string encode_header(std::string_view given) {
  std::string text{whole_characters(given, longest_header)};
  std::replace_if(
    text.begin(), text.end(),
    [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte < 0x20 || byte == 0x7f;
    },
    ' ');
  // What looks like an encoded word would be decoded.
  if (text.size() <= plain_header && std::all_of(text.begin(), text.end(), is_plain)
      && text.find("=?") == text.npos)
    return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto word = whole_characters(rest, word_bytes);
    if (word.empty())
      break; // not UTF-8
    rest.remove_prefix(word.size());
    if (!out.empty())
      out += "\r\n ";
    out += fmt::format("=?UTF-8?B?{}?=", base64(word));
  }
  return out;
}

std::optional<std::string> to_wire(const message& what) {
  if (!is_mailbox(what.from) || !is_mailbox(what.to) || !is_id(what.id))
    return std::nullopt;
  // A phrase of encoded words needs no quoting; a plain one might.
  const auto phrase = encode_header(what.from_name);
  const auto from =
    what.from_name.empty()
      ? fmt::format("<{}>", what.from)
      : fmt::format("{} <{}>",
                    phrase.starts_with("=?") ? phrase
                                             : fmt::format("=?UTF-8?B?{}?=", base64(phrase)),
                    what.from);
  // Base64 has neither hyphens in pairs nor underscores: no part can hold it.
  const auto boundary = fmt::format("--=_{}", what.id);
  std::string out = fmt::format("Date: {}\r\nFrom: {}\r\nTo: <{}>\r\nSubject: {}\r\n"
                                "Message-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n"
                                "Auto-Submitted: auto-generated\r\n"
                                "X-Auto-Response-Suppress: All\r\n"
                                "Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n",
                                date_of(what.at), from, what.to, encode_header(what.subject),
                                what.id, what.from.substr(what.from.find('@') + 1), boundary);
  add_part(out, boundary, "text/plain", what.text);
  add_part(out, boundary, "text/html", what.html);
  out += fmt::format("--{}--\r\n", boundary);
  return out;
}

} // namespace spotter::mail
