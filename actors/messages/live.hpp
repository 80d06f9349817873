#pragma once

#include "actors/messages/event.hpp"
#include "actors/messages/failure.hpp"

#include <caf/actor.hpp>

#include <optional>
#include <variant>
#include <vector>

// How a gateway thread follows a user's story.

namespace spotter::messages {

/// Asks a session to send every committed unit's `events_published` to `sink`, which subscribes
/// once for all its connections. Answered with `subscribe_reply`; from then on nothing is left out
/// and nothing comes twice. Asking again is allowed: each connection that joins needs its own replay
/// or snapshot. A nil `workout_id` means the topic "me".
struct subscribe {
  domain::uuid user_id;
  domain::uuid workout_id;
  std::optional<position> since;
  caf::actor sink;
};

/// Where the subscriber stands. With `recovered`, `replay` holds every event of the topic after
/// `since`; otherwise `snapshot` is the state at `at`, as JSON, and the subscriber must start from it.
struct subscribed {
  position at;
  bool recovered = false;
  std::vector<event> replay;
  shared_text snapshot;
};

/// The answer to `subscribe`: exactly one of the two.
struct subscribe_reply {
  std::variant<subscribed, failure> result;
};

/// Ends the sink's subscription.
struct unsubscribe {
  domain::uuid user_id;
  caf::actor sink;
};

/// Tells a sink that the session has ended or has lost its place: it must subscribe again, from the
/// position that each of its connections has reached.
struct session_ended {
  domain::uuid user_id;
};

/// Asks a shard for the session of a user, made if need be: answered with `session_found`.
struct get_session {
  domain::uuid user_id;
};

struct session_found {
  caf::actor session;
};

/// Asks an idle session to end. It refuses by silence while it has work or subscribers.
struct passivate {};

/// Asks a shard to end all its sessions once what they have in flight is done: their shard is to
/// move. Commands that come after it are refused as `moved`. Answered with `retired` when none is
/// left. The shard sends it on to each session, which answers it to nobody.
struct retire {};

struct retired {};

/// Told by a session to its shard before it ends: no new requester must be sent to it.
struct session_closing {
  domain::uuid user_id;
};

template <class Inspector>
bool inspect(Inspector& f, subscribe& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("workout_id", x.workout_id),
                            f.field("since", x.since), f.field("sink", x.sink));
}

template <class Inspector>
bool inspect(Inspector& f, subscribed& x) {
  return f.object(x).fields(f.field("at", x.at), f.field("recovered", x.recovered),
                            f.field("replay", x.replay), f.field("snapshot", x.snapshot));
}

template <class Inspector>
bool inspect(Inspector& f, subscribe_reply& x) {
  return f.object(x).fields(f.field("result", x.result));
}

template <class Inspector>
bool inspect(Inspector& f, unsubscribe& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("sink", x.sink));
}

template <class Inspector>
bool inspect(Inspector& f, session_ended& x) {
  return f.object(x).fields(f.field("user_id", x.user_id));
}

template <class Inspector>
bool inspect(Inspector& f, get_session& x) {
  return f.object(x).fields(f.field("user_id", x.user_id));
}

template <class Inspector>
bool inspect(Inspector& f, session_found& x) {
  return f.object(x).fields(f.field("session", x.session));
}

template <class Inspector>
bool inspect(Inspector& f, passivate& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, retire& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, retired& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, session_closing& x) {
  return f.object(x).fields(f.field("user_id", x.user_id));
}

} // namespace spotter::messages
