#include "actors/factors/factor_failures.hpp"
#include "actors/factors/factors_state.hpp"
#include "actors/factors/qr_code.hpp"
#include "actors/factors/recovery_code.hpp"
#include "actors/factors/totp.hpp"
#include "domain/json.hpp"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

// Turning a second factor on and off, and proving oneself once more.

namespace spotter::actors::factors {

using messages::failure_code;

namespace {

std::string context_of(const domain::uuid& user_id) {
  return "totp/" + domain::to_string(user_id);
}

std::string codes_text(const std::vector<std::string>& codes) {
  std::string body;
  domain::json_writer json{body};
  json.begin_object().key("recovery_codes").begin_array();
  for (const auto& code : codes)
    json.value(std::string_view{code});
  json.end_array().end_object();
  return body;
}

messages::failure no_factor() {
  return {failure_code::conflict, "There is no second factor. Begin with one.", {}, 0};
}

// Six digits, whatever blanks people put between them.
std::string without_blanks(const std::string& code) {
  std::string out;
  for (const char c : code)
    if (c != ' ')
      out += c;
  return out;
}

} // namespace

void factors_state::begin(asker who) {
  load(who, [this, who](messages::factor_image& image) {
    if (image.totp_confirmed) {
      refuse(who, {failure_code::conflict,
                   "There is an authenticator already. Remove it before you add another.",
                   {},
                   0});
      return;
    }
    if (!image.recent) {
      refuse(who, proof_needed());
      return;
    }
    const auto secret = make_totp_secret();
    const auto uri = totp_uri(secret, image.email);
    store(who, messages::put_totp{parts_.sealer.seal(secret, context_of(who.user_id))},
          [this, who, secret, uri](messages::factor_stored&) {
            std::string body;
            domain::json_writer json{body};
            json.begin_object()
              .member("secret", std::string_view{totp_secret_text(secret)})
              .member("otpauth_uri", std::string_view{uri})
              .member("qr_svg", std::string_view{make_qr_svg(uri)})
              .end_object();
            answer(who, std::move(body));
          });
  });
}

void factors_state::confirm(asker who, std::string code) {
  load(who, [this, who, code = std::move(code)](messages::factor_image& image) {
    if (!image.recent) {
      refuse(who, proof_needed());
      return;
    }
    if (image.totp_secret.empty() || image.totp_confirmed) {
      refuse(who, {failure_code::conflict, "There is no authenticator to confirm.", {}, 0});
      return;
    }
    const auto secret = parts_.sealer.open(image.totp_secret, context_of(who.user_id));
    if (!secret) {
      spdlog::error("the authenticator of user {} does not open: which key sealed it?",
                    domain::to_string(who.user_id));
      refuse(who, {failure_code::internal, "The authenticator can't be read.", {}, 0});
      return;
    }
    const auto step =
      matching_step(*secret, without_blanks(code), parts_.settings.clock(), image.totp_step);
    if (!step) {
      refuse(who, wrong_code());
      return;
    }
    const auto codes = make_recovery_codes();
    hash_codes(who, codes, [this, who, codes, step](std::vector<std::string> hashes) {
      store(who, messages::turn_totp_on{*step, std::move(hashes)},
            [this, who, codes](messages::factor_stored& stored) {
              tell_ended(who.user_id, stored.ended, true);
              answer(who, codes_text(codes));
            });
    });
  });
}

void factors_state::remove(asker who) {
  store(who, messages::turn_totp_off{}, [this, who](messages::factor_stored& stored) {
    tell_ended(who.user_id, stored.ended, true);
    answer(who, {});
  });
}

void factors_state::renew_codes(asker who) {
  load(who, [this, who](messages::factor_image& image) {
    // Asked again where it counts; here it saves ten hashes.
    if (!image.recent) {
      refuse(who, proof_needed());
      return;
    }
    if (!image.totp_confirmed) {
      refuse(who, no_factor());
      return;
    }
    const auto codes = make_recovery_codes();
    hash_codes(who, codes, [this, who, codes](std::vector<std::string> hashes) {
      store(who, messages::put_recovery_codes{std::move(hashes)},
            [this, who, codes](messages::factor_stored& stored) {
              tell_ended(who.user_id, stored.ended, true);
              answer(who, codes_text(codes));
            });
    });
  });
}

// Sign-ins stand in the same queue: an account has one set of codes in the making, and one code of it in
// the queue.
void factors_state::hash_codes(const asker& who, std::vector<std::string> codes, on_hashes then) {
  if (!making_codes_.insert(who.user_id).second) {
    refuse(who, {failure_code::too_many_requests,
                 "Recovery codes of this account are being made already.",
                 {},
                 1'000});
    return;
  }
  const auto until = self_->clock().now() + parts_.settings.codes_patience;
  hash_next(who, {std::move(codes), {}, until}, std::move(then));
}

void factors_state::hash_next(const asker& who, codes_in_the_making work, on_hashes then) {
  const auto give_up = [this, who](messages::failure why) {
    making_codes_.erase(who.user_id);
    refuse(who, std::move(why));
  };
  // Codes must not replace others once whoever asked is gone and will not see them.
  if (self_->clock().now() > work.until) {
    give_up(busy());
    return;
  }
  if (work.hashes.size() == work.codes.size()) {
    making_codes_.erase(who.user_id);
    then(std::move(work.hashes));
    return;
  }
  messages::hash_password job;
  job.password = read_recovery_code(work.codes[work.hashes.size()])->text;
  self_->request(parts_.passwords, caf::infinite, std::move(job))
    .then(
      [this, who, work, then, give_up](messages::password_hashed& hashed) mutable {
        if (hashed.problem) {
          give_up(std::move(*hashed.problem));
          return;
        }
        work.hashes.push_back(std::move(hashed.hash));
        hash_next(who, std::move(work), std::move(then));
      },
      [give_up](const caf::error&) { give_up(busy()); });
}

void factors_state::reauthenticate(asker who, messages::reauthenticate request) {
  count_attempt(
    who.user_id,
    [this, who, request] {
      load(who, [this, who, request](messages::factor_image& image) {
        prove(who, std::move(image), request);
      });
    },
    [this, who](messages::failure why) { refuse(who, std::move(why)); });
}

void factors_state::prove(asker who, messages::factor_image image,
                          messages::reauthenticate request) {
  const auto wrong = [this, who] {
    note("reauthentication_failed", who.user_id, who.device);
    refuse(who, wrong_proof());
  };
  const auto passed = [this, who](std::optional<messages::used_code> code) {
    store(who, messages::pass_reauthentication{code}, [this, who](messages::factor_stored&) {
      forgive_attempts(who.user_id);
      answer(who, {});
    });
  };
  if (image.totp_confirmed) {
    // Whoever has found out the password must not get by with it here.
    if (request.code.empty())
      refuse(who, {failure_code::invalid_credentials,
                   "This account has a second factor: send a code.",
                   {},
                   0});
    else
      check_code(
        who.user_id, image, request.code,
        [passed, wrong](std::optional<messages::used_code> code) { code ? passed(code) : wrong(); },
        [this, who](messages::failure why) { refuse(who, std::move(why)); });
    return;
  }
  if (request.password.empty()) {
    wrong();
    return;
  }
  self_
    ->request(parts_.passwords, caf::infinite,
              messages::check_password{std::move(request.password), image.password_hash})
    .then(
      [this, who, passed, wrong](messages::password_checked& checked) {
        if (checked.problem)
          refuse(who, std::move(*checked.problem));
        else
          checked.matches ? passed(std::nullopt) : wrong();
      },
      [this, who](const caf::error&) { refuse(who, busy()); });
}

void factors_state::check_code(const domain::uuid& user_id, const messages::factor_image& image,
                               const std::string& code, on_code then, on_failure otherwise) {
  if (const auto typed = read_recovery_code(code)) {
    const auto slot = static_cast<std::size_t>(typed->slot);
    if (slot >= image.recovery_codes.size() || image.recovery_codes[slot].empty()) {
      then(std::nullopt);
      return;
    }
    messages::used_code used;
    used.slot = typed->slot;
    self_
      ->request(parts_.passwords, caf::infinite,
                messages::check_password{typed->text, image.recovery_codes[slot]})
      .then(
        [then, otherwise, used](messages::password_checked& checked) {
          if (checked.problem)
            otherwise(std::move(*checked.problem));
          else
            then(checked.matches ? std::optional{used} : std::nullopt);
        },
        [otherwise](const caf::error&) { otherwise(busy()); });
    return;
  }
  const auto secret = image.totp_confirmed
                        ? parts_.sealer.open(image.totp_secret, context_of(user_id))
                        : std::nullopt;
  if (image.totp_confirmed && !secret)
    spdlog::error("the authenticator of user {} does not open: which key sealed it?",
                  domain::to_string(user_id));
  const auto step =
    secret ? matching_step(*secret, without_blanks(code), parts_.settings.clock(), image.totp_step)
           : std::nullopt;
  if (!step) {
    then(std::nullopt);
    return;
  }
  messages::used_code used;
  used.step = *step;
  then(used);
}

} // namespace spotter::actors::factors
