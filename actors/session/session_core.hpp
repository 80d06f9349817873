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

  /// A unit that is with the writer, and what to answer to the commands at the front of the queue
  /// once it is stored: those it was made of, and those that were refused or replayed after them.
  struct storing {
    std::shared_ptr<const messages::store_unit> unit;
    std::vector<messages::command_reply> replies;
    std::chrono::steady_clock::time_point since;
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

  std::list<waiting_command> queue; // the front ones are being decided, fetched for, or stored
  loaded_once once;                 // of the front command
  int fetches = 0;                  // of the front command
  bool fetching = false;
  std::optional<need> fetched_for; // what was asked for last

  std::unique_ptr<storing> in_flight;
  std::size_t one_by_one = 0; // so many at the front were rejected together: each alone now

  std::list<waiting_subscription> subscriptions; // waiting for the load
  std::vector<caf::actor> sinks;
  std::vector<messages::event> kept; // the last events, without gaps, ending at the head

  std::vector<domain::uuid> rests; // the sets after which one is under way and will call back

  std::size_t reading = 0; // reads that wait for the reader
  std::vector<page> pages;
  std::uint64_t generation = 0; // counts commits: what was rendered before one is not cached
};

} // namespace spotter::actors
