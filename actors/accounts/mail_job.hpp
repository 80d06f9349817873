#pragma once

#include "actors/jobs/job_actor.hpp"

#include <chrono>

namespace spotter::actors::accounts {

/// What a mail's job reaches.
struct mail_environment {
  messages::account_store_actor store;
  messages::mailer_actor mailer;
  std::chrono::milliseconds store_timeout{10'000};
  std::chrono::milliseconds send_timeout{120'000}; // behind other letters
};

/// Makes the actors that do jobs of the kind "mail", whose subject is the mail: each makes the letter's
/// token, has the letter sent, and says so to the store. A mail that does not wait any more is done
/// with; one that would come too late, or that the server will never take, is a dead letter.
[[nodiscard]] job_spawner mail_spawner(mail_environment env);

} // namespace spotter::actors::accounts
