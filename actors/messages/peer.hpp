#pragma once

#include "actors/messages/command.hpp"
#include "actors/messages/event.hpp"
#include "actors/messages/identity.hpp"
#include "actors/messages/live.hpp"
#include "actors/messages/read.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What nodes say to each other, and the port by which actors reach the links that carry it.

namespace spotter::messages {

/// Follows a user's story on behalf of a node: as `subscribe`, whose sink is the asking node. The
/// node follows a user once, however many of its connections watch.
struct follow {
  domain::uuid user_id;
  domain::uuid workout_id; // nil: the topic "me"
  std::optional<position> since;
};

/// Ends the asking node's subscription.
struct unfollow {
  domain::uuid user_id;
};

/// Asks the owner of a user's shard. Refused as `moved` when the receiver does not own the shard
/// under `epoch`. Answered with `peer_reply` of the same `id`; dropped by the receiver when
/// `deadline_ms` (from its arrival) is over.
struct peer_request {
  std::uint64_t id = 0; // of the asking node, never reused by one incarnation
  domain::uuid user_id;
  std::int64_t epoch = 0;
  std::int64_t deadline_ms = 0;
  std::variant<command, read, follow> what;
};

/// The answer to a `peer_request`. `epoch` is the one under which the receiver owns the shard, 0 if
/// it does not.
struct peer_reply {
  std::uint64_t id = 0;
  std::int64_t epoch = 0;
  std::variant<command_reply, read_reply, subscribe_reply> result;
};

/// One message between nodes. The order of the alternatives is part of the protocol: append only.
using peer_frame =
  std::variant<peer_request, peer_reply, unfollow, events_published, session_ended, login_revoked>;

/// A frame that came. Frames of one peer come in the order in which it sent them. `credit` gives the
/// frame's bytes back to its sender when the last copy goes: keep it no longer than the frame.
struct peer_received {
  domain::uuid from; // the peer's incarnation
  peer_frame frame;
  std::shared_ptr<void> credit;
};

/// Frames can be sent to and will come from this incarnation.
struct peer_up {
  domain::uuid incarnation;
};

/// The link broke, or the peer has been silent too long: what was sent and not answered may or may
/// not have arrived, and nothing comes from it any more unless `peer_up` is said again.
struct peer_down {
  domain::uuid incarnation;
  std::string why;
};

/// Whom to be linked to.
struct peer_address {
  domain::uuid incarnation;
  std::string node_id; // must be the name in the peer's certificate
  std::string address; // host:port
};

/// What became of a frame handed to the links.
enum class frame_sent : std::uint8_t {
  queued = 1, // it goes out in order, unless the link breaks
  full,       // the peer takes no more for now; the frame is dropped
  away,       // there is no link; the frame is dropped
};

/// The way to the other nodes. All functions may be called from any thread and never block.
class peer_links {
public:
  virtual ~peer_links() = default;

  /// Keeps links to exactly these peers, dialling anew with backoff until told otherwise.
  virtual void want(std::vector<peer_address> peers) = 0;

  virtual frame_sent send(const domain::uuid& incarnation, peer_frame frame) = 0;
};

using peer_links_ptr = std::shared_ptr<peer_links>;

template <class Inspector>
bool inspect(Inspector& f, follow& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("workout_id", x.workout_id),
                            f.field("since", x.since));
}

template <class Inspector>
bool inspect(Inspector& f, unfollow& x) {
  return f.object(x).fields(f.field("user_id", x.user_id));
}

template <class Inspector>
bool inspect(Inspector& f, peer_request& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("user_id", x.user_id),
                            f.field("epoch", x.epoch), f.field("deadline_ms", x.deadline_ms),
                            f.field("what", x.what));
}

template <class Inspector>
bool inspect(Inspector& f, peer_reply& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("epoch", x.epoch),
                            f.field("result", x.result));
}

/// Never crosses a wire itself: the links make it of what came.
template <class Inspector>
bool inspect(Inspector& f, peer_received& x) {
  return f.object(x).fields(f.field("from", x.from), f.field("frame", x.frame));
}

template <class Inspector>
bool inspect(Inspector& f, peer_up& x) {
  return f.object(x).fields(f.field("incarnation", x.incarnation));
}

template <class Inspector>
bool inspect(Inspector& f, peer_down& x) {
  return f.object(x).fields(f.field("incarnation", x.incarnation), f.field("why", x.why));
}

} // namespace spotter::messages
