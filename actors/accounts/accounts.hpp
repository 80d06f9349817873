#pragma once

#include "actors/identity/identity.hpp"
#include "actors/messages/handles.hpp"
#include "actors/session_request.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>

namespace spotter::actors::accounts {

/// Bounds and pace of the accounts actor.
struct accounts_settings {
  std::chrono::milliseconds store_timeout{10'000};
  std::chrono::milliseconds export_timeout{300'000};
  std::chrono::milliseconds sort_every{500}; // wishes for mails that have come since
  int ticks_per_look = 120;          // of these, for wishes that a crash or a failure left unsorted
  std::size_t max_in_flight = 1'024; // requests; more are refused
  std::size_t most_exports = 4;      // at a time, on this node
  session_patience patience;
};

/// What the accounts actor is made of.
struct accounts_parts {
  accounts_settings settings;
  messages::password_actor passwords;
  messages::account_store_actor store;
  messages::export_actor exporter;
  identity::hooks hooks; // told of ended logins
  shard_directory shards;
  std::function<void()> jobs_queued;        // wakes whoever runs the jobs; must not block
  messages::shared_state_actor limits = {}; // counts guesses at passwords; may be empty
};

/// Spawns the actor that keeps the promises of `messages::accounts_actor`. It has no state that matters:
/// any number of nodes run one each.
///
/// - The answer to `ask_for_mail` comes before anybody looks whose the address is.
/// - Whatever ends logins tells `hooks` of each, so that sockets close at once, before it answers.
/// - Wrong current passwords have the account wait, longer each time, wherever they come from.
/// - A password that is set was judged (`hash_password::judge`) with the person's own words.
[[nodiscard]] messages::accounts_actor spawn_accounts(caf::actor_system& system,
                                                      accounts_parts parts);

} // namespace spotter::actors::accounts
