#pragma once

#include "actors/messages/mail.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spotter::mail {

/// What a letter says.
struct letter_text {
  std::string subject;
  std::string text;
  std::string html;
};

/// Writes a letter of one of our kinds; links lead below `public_url` (without a slash at its end), and
/// carry their token behind `#`, where no server and no log sees it. What comes from people is put in as
/// text only. Nullopt for a kind that is not known.
[[nodiscard]] std::optional<letter_text> write_letter(const messages::send_letter& about,
                                                      std::string_view public_url);

} // namespace spotter::mail
