#include "domain/json.hpp"
#include "gateway/live/commands.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/problem.hpp"
#include "gateway/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <caf/actor_cast.hpp>

// Who a socket speaks for. What this io thread does not know yet it asks for, and then takes the
// message up again.

namespace spotter::gateway {

namespace {

constexpr std::uint8_t most_failed_renewals = 16; // one after the other

/// The keeper has told the node's key set before it answered.
std::optional<messages::failure> learn_of_new_keys(worker&, const std::string&, ask_result answer) {
  if (answer.end != ask_end::answered)
    return keys_unknown();
  return std::nullopt;
}

} // namespace

/// Takes an `auth` up again once what it needed is known.
class live_commands::auth_op final : public ask_op {
public:
  auth_op(live_hub& hub, live_connection::pointer to, const live_message& message, lesson learn)
    : hub_(hub), to_(std::move(to)), message_(message), learn_(learn) {
    message_.data = {}; // its text does not last
  }

  void done(std::unique_ptr<ask_op>, ask_result result) override {
    --to_->in_flight;
    live_commands again{hub_, *to_};
    if (const auto why = learn_(hub_.at(), message_.token, std::move(result)))
      again.refuse(message_.id, *why);
    else
      again.authenticate(message_);
    hub_.flush();
  }

private:
  live_hub& hub_;
  live_connection::pointer to_;
  live_message message_;
  lesson learn_;
};

void live_commands::authenticate(const live_message& message) {
  if (hub_.at().tokens().must_ask(message.token, domain::now())) {
    ask_for_key(message);
    return;
  }
  const auto who = hub_.at().tokens().verify(message.token, domain::now());
  if (!who && from_.in_flight == 0 && hub_.at().common().ports.keeper
      && hub_.at().tokens().must_look_for_keys(domain::now())) {
    look_for_keys(message);
    return;
  }
  if (!who) {
    refuse(message.id, messages::failure{messages::failure_code::invalid_token,
                                         "The access token has expired or is not valid.",
                                         {},
                                         0});
    // A renewal that fails leaves the old token in force until it expires.
    if (!from_.authenticated())
      hub_.doom(from_, close_code::invalid_token);
    else if (++from_.failed_renewals_ >= most_failed_renewals)
      hub_.doom(from_, close_code::bad_message);
    return;
  }
  if (from_.authenticated() && who->user_id != from_.who_.user_id) {
    refuse(message.id,
           messages::failure{
             messages::failure_code::forbidden, "This socket belongs to another account.", {}, 0});
    return;
  }
  if (!has(who->scopes, scope::live)) {
    refuse(message.id,
           messages::failure{
             messages::failure_code::forbidden, "This needs a key with the scope `live`.", {}, 0});
    return;
  }
  from_.who_ = *who;
  from_.failed_renewals_ = 0;
  std::string ack;
  domain::json_writer json{ack};
  json.begin_object();
  json.member_if("id", message.id);
  json.member("type", "ack").key("data").begin_object();
  json.member("user_id", who->user_id).member("expires_at", who->expires_at);
  json.end_object().end_object();
  from_.send_message(ack);
}

void live_commands::ask_for_key(const live_message& message) {
  if (from_.in_flight > 0) {
    refuse(message.id,
           messages::failure{
             messages::failure_code::unavailable, "The key can't be looked up now.", {}, 1'000});
    return;
  }
  ++from_.in_flight;
  auto kept = message;
  kept.data = {}; // its text does not last
  net::co_spawn(hub_.at().io(), learn_key(hub_, live_connection::pointer{&from_}, std::move(kept)),
                net::detached);
}

awaitable<void> live_commands::learn_key(live_hub& hub, live_connection::pointer to,
                                         live_message message) {
  std::string key = message.token;
  messages::device_info device = to->device();
  boost::system::error_code unknown;
  const auto client = net::ip::make_address(device.address, unknown);
  auto whose = address_group(unknown ? to->peer_ : client); // behind a proxy all peers are one
  auto waiting = hub.at().api_keys().ask(std::move(key), std::move(device), std::move(whose));
  const auto verdict = co_await std::move(waiting);
  --to->in_flight;
  live_commands again{hub, *to};
  if (verdict.refusal)
    again.refuse(message.id, *verdict.refusal);
  else
    again.authenticate(message);
  hub.flush();
}

void live_commands::look_for_keys(const live_message& message) {
  authenticate_after(caf::actor_cast<caf::strong_actor_ptr>(hub_.at().common().ports.keeper),
                     caf::make_message(caf::update_atom_v), learn_of_new_keys, message);
}

void live_commands::authenticate_after(const caf::strong_actor_ptr& whom, caf::message question,
                                       lesson learn, const live_message& message) {
  ++from_.in_flight;
  hub_.at().actors().ask(
    whom, std::move(question), hub_.at().common().config.limits.ask_timeout,
    std::make_unique<auth_op>(hub_, live_connection::pointer{&from_}, message, learn));
}

} // namespace spotter::gateway
