#include "actors/accounts/accounts_state.hpp"
#include "actors/accounts/mailed_token.hpp"
#include "actors/accounts/refusals.hpp"
#include "actors/identity/account_rules.hpp"

#include <spdlog/spdlog.h>

#include <utility>

// Wishes for mails, and what a mailed link proves.

namespace spotter::actors::accounts {

using messages::failure_code;

void accounts_state::ask_for_mail(const messages::ask_for_mail& request, promise to) {
  auto wish = request;
  wish.email = identity::normal_email(request.email);
  wish.device = identity::stored_device(request.device);
  // Nobody can have it, so there is nothing to hide.
  if (!identity::is_email(wish.email)) {
    done(to);
    return;
  }
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(wish))
    .then(
      [this, to](messages::identity_stored& stored) mutable {
        if (stored.problem) {
          refuse(to, std::move(*stored.problem));
          return;
        }
        // Looked after on the next tick: who then asks for something else, and sees how long it
        // takes, learns nothing of what this wish needs.
        wishes_ = true;
        done(to);
      },
      [this, to](const caf::error&) { refuse(to, away()); });
}

void accounts_state::sort_requests() {
  if (sorting_) {
    sort_again_ = true;
    return;
  }
  wishes_ = false;
  constexpr std::int32_t most = 100;
  sorting_ = true;
  sort_again_ = false;
  self_->request(parts_.store, parts_.settings.store_timeout, messages::sort_mail_requests{most})
    .then(
      [this](const messages::mail_requests_sorted& sorted) {
        sorting_ = false;
        if (sorted.queued > 0)
          wake_jobs();
        if (sort_again_)
          sort_requests();
      },
      [this](const caf::error& why) {
        sorting_ = false;
        spdlog::warn("wishes for mails are not sorted yet: {}", to_string(why));
      });
}

void accounts_state::verify_address(const messages::verify_address& request, promise to) {
  if (request.token.size() > longest_mailed_token) {
    refuse(to, wrong_token());
    return;
  }
  messages::use_address_token use{hash_mailed_token(request.token),
                                  identity::stored_device(request.device)};
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(use))
    .then(
      [this, to](messages::address_verified& verified) mutable {
        if (verified.problem) {
          refuse(to, std::move(*verified.problem));
        } else if (verified.outcome == "taken") {
          refuse(to, make_failure(failure_code::email_taken,
                                  "Meanwhile somebody else has an account with this address."));
        } else if (verified.outcome != "ok") {
          refuse(to, wrong_token());
        } else {
          tell_changed(verified.user_id, verified.email);
          wake_jobs();
          done(to);
        }
      },
      [this, to](const caf::error&) { refuse(to, in_doubt()); });
}

} // namespace spotter::actors::accounts
