#pragma once

#include "actors/messages/handles.hpp"

// The typed handles by which the cluster's actors of one node know each other.

namespace spotter::actors::cluster {

/// One shard, wherever it is: `route_state`.
using route_actor = messages::shard_actor::extend<
  caf::result<void>(messages::route_shard), caf::result<void>(messages::route_doubted),
  caf::result<void>(messages::peer_up), caf::result<void>(messages::peer_down)>;

/// A user whose shard another node owns: `remote_session_state`.
using proxy_actor = messages::session_actor::extend<caf::result<void>(messages::peer_received),
                                                    caf::result<void>(messages::peer_down)>;

/// What the links deliver to: `switchboard_state`. `login_revoked` from this node is told to all
/// others; `retire` says that the links are gone, with all their peers.
using switchboard_actor =
  caf::typed_actor<caf::result<void>(messages::peer_received), caf::result<void>(messages::peer_up),
                   caf::result<void>(messages::peer_down),
                   caf::result<void>(messages::proxy_opened),
                   caf::result<void>(messages::proxy_closed),
                   caf::result<void>(messages::login_revoked), caf::result<void>(messages::retire)>;

/// Serves one other node: `relay_state`.
using relay_actor = caf::typed_actor<caf::result<void>(messages::peer_received),
                                     caf::result<void>(messages::events_published),
                                     caf::result<void>(messages::session_ended)>;

/// This node's part in the cluster: `membership_state`. Beside what all may ask of it, it is told
/// that something has changed (`cluster_changed`), which nodes are linked, and that it must begin anew
/// (`retire`). It begins with its first tick.
using membership_actor = messages::cluster_actor::extend<
  caf::result<void>(messages::cluster_changed), caf::result<void>(messages::peer_up),
  caf::result<void>(messages::peer_down), caf::result<void>(messages::retire),
  caf::result<void>(caf::tick_atom)>;

} // namespace spotter::actors::cluster
