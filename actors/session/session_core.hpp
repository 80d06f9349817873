#pragma once

#include "actors/session/session.hpp"

#include <list>
#include <optional>
#include <string>
#include <vector>

namespace spotter::actors {

/// What a session holds while it is in use.
struct session_state::core {
  struct waiting_command {
    messages::command cmd;
    command_promise promise;
  };

  struct waiting_subscription {
    messages::subscribe what;
    subscribe_promise promise;
  };

  struct page {
    std::string key;
    messages::rendered text;
  };

  std::optional<user_state> state; // empty until loaded
  bool loading = false;

  std::list<waiting_command> queue; // the front one is being decided, fetched for, or stored
  loaded_once once;                 // of the front command
  int fetches = 0;                  // of the front command
  bool fetching = false;
  std::optional<need> fetched_for; // what was asked for last

  std::shared_ptr<const messages::store_unit> in_flight; // with the writer
  messages::outcome answer;                              // to give once it is stored
  std::chrono::steady_clock::time_point stored_at;       // when it was handed over

  std::list<waiting_subscription> subscriptions; // waiting for the load
  std::vector<caf::actor> sinks;
  std::vector<messages::event> kept; // the last events, without gaps, ending at the head

  int resting = 0; // rests that will call back

  std::vector<page> pages;
  std::uint64_t generation = 0; // counts commits: what was rendered before one is not cached
};

} // namespace spotter::actors
