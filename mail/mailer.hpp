#pragma once

#include "actors/messages/handles.hpp"
#include "mail/smtp.hpp"

#include <caf/actor_system.hpp>

#include <optional>
#include <string>

namespace spotter::mail {

/// How letters leave, and what they say of us.
struct mailer_settings {
  std::optional<smtp_settings> smtp; // none: they go nowhere
  bool keeps_letters = false;        // without one: but stay in the outbox
  std::string from_name = "Spotter";
  std::string from;       // an address
  std::string public_url; // where links lead, without a slash at its end
};

/// Spawns the mailer, which writes and sends one letter at a time on a thread of its own. Without a mail
/// server letters count as sent; where they are kept, the last hundred are there for `get_outbox`.
messages::mailer_actor spawn_mailer(caf::actor_system& system, mailer_settings settings);

} // namespace spotter::mail
