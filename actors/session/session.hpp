#pragma once

#include "actors/lease.hpp"
#include "actors/messages/handles.hpp"
#include "actors/session/decide.hpp"

#include <caf/response_promise.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace spotter::actors {

/// Bounds of a session. Over any of them the answer is a failure, never growth.
struct session_limits {
  std::size_t queued_commands = 256;          // then 503
  std::size_t merged_commands = 32;           // stored as one unit
  std::size_t kept_events = 128;              // replayed from memory
  std::int64_t replayed_events = 1000;        // more than this behind: a snapshot instead
  std::size_t cached_pages = 8;               // rendered reads kept until the next change
  std::size_t cached_page_bytes = 256 * 1024; // all of them together
  std::chrono::milliseconds load_time_out{5000};
  std::chrono::milliseconds store_time_out{20'000}; // then the session ends and reloads
};

/// What all sessions of a shard share. Lives as long as the last of them.
struct session_environment {
  std::int64_t epoch = 0; // of the shard, under which this node may write
  messages::writer_actor writer;
  messages::reader_actor reader;
  session_limits limits;
  std::function<void()> import_queued = [] {};        // called after an import was stored
  std::function<domain::instant()> now = domain::now; // the clock of events
  std::shared_ptr<const lease> may_speak;             // from memory only while it holds; or none
};

using environment_ptr = std::shared_ptr<const session_environment>;

/// Owns one user's live state; the only writer of that user's data.
///
/// States: *unloaded* (nothing known; commands and subscriptions wait for the load), *ready*, and
/// *storing* (one unit of work is with the writer; commands queue, bounded, and become one unit after
/// it). A unit is applied to memory and answered only when the writer says `committed`. Any other
/// outcome that leaves memory in doubt ends the session: its subscribers are told to come again,
/// whoever waits is told to retry. So does `retire`, once the unit with the writer is answered for.
///
/// Where nodes share the shards, it answers from memory only while the node's lease holds: another
/// may have become the user's owner since. What the database is asked for needs no such care.
class session_state {
public:
  static inline const char* name = "spotter.session";

  using actor = messages::session_actor::extend<caf::result<void>(caf::flush_atom)>;

  session_state(actor::pointer self, const domain::uuid& user_id, messages::shard_actor shard,
                environment_ptr env);
  ~session_state();

  actor::behavior_type make_behavior();

private:
  struct core; // made on first use: an idle session is small

  using command_promise = caf::typed_response_promise<messages::command_reply>;
  using subscribe_promise = caf::typed_response_promise<messages::subscribe_reply>;
  using read_promise = caf::typed_response_promise<messages::read_reply>;

  core& active();
  void load();
  void loaded(const messages::session_image& image);
  void load_failed(const caf::error& why);
  void end(const messages::failure& why);
  void passivate();
  void retire();
  void end_retired();
  bool may_speak() const;

  // Commands, in session_commands.cpp.
  void advance();
  void fetch(const need& what);
  void store_with_followers(decided first);
  void answer_front(messages::command_reply reply);
  void handle(const messages::stored& result);
  void committed();
  void publish(const messages::store_unit& unit);
  void rest(const domain::uuid& workout_id);

  // Subscriptions, in session_live.cpp.
  void answer_subscription(const messages::subscribe& what, subscribe_promise promise);
  void resume(const messages::subscribe& what, subscribe_promise promise);
  void snapshot(const messages::subscribe& what, subscribe_promise promise);
  void welcome(const caf::actor& sink, messages::subscribed answer, subscribe_promise promise);
  void join(const caf::actor& sink);
  bool covers(const messages::position& since) const;
  std::vector<messages::event> kept_after(std::int64_t seq, const domain::uuid& topic) const;

  // Rendered reads, in session_pages.cpp.
  void answer_read(messages::read what, read_promise promise);
  void read_ended();

  actor::pointer self_;
  domain::uuid user_id_;
  messages::shard_actor shard_;
  environment_ptr env_;
  std::unique_ptr<core> core_;
  bool used_ = false;     // since the shard last asked it to end
  bool retiring_ = false; // nothing new is begun
  bool awake_ = false;    // told itself to advance
};

/// The actor: `self->spawn<…>(session_impl, …)`.
using session_impl = session_state::actor::stateful_impl<session_state>;

} // namespace spotter::actors
