#pragma once

#include "domain/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spotter::mail {

/// A mail as its parts. All texts are UTF-8.
struct message {
  std::string from_name;
  std::string from; // an address
  std::string to;   // an address
  std::string subject;
  std::string text;
  std::string html;
  std::string id; // left of the `@` in Message-ID: ASCII letters, digits and hyphens
  domain::instant at;
};

/// True for what may stand between angle brackets in a header and in an SMTP command: one `@`, no
/// blanks, controls, brackets or quotes, valid UTF-8, at most 254 bytes.
[[nodiscard]] bool is_mailbox(std::string_view address) noexcept;

/// A header's text: as it is where it is short printable ASCII, in encoded words (RFC 2047, UTF-8,
/// base64, each of whole characters) otherwise. Controls, line ends among them, become spaces.
[[nodiscard]] std::string encode_header(std::string_view text);

/// The message on the wire (RFC 5322, MIME), lines ended by CR LF, with a text and an HTML part. Nullopt
/// where an address or the id is not one.
[[nodiscard]] std::optional<std::string> to_wire(const message& what);

} // namespace spotter::mail
