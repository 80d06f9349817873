#pragma once

#include "actors/cluster/context.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace spotter::actors::cluster {

/// Keeps this node a member of the cluster, and its shards what the coordinator says they are.
///
/// *Outside*: it joins under a new incarnation, again and again until the coordinator lets it. A
/// *member* renews its lease with every beat, and compares what it serves with the view: it takes free
/// shards that are meant for it, retires and gives those that are meant for others, and places shards
/// while it leads. When its lease is over or lost it stops serving at once and is outside again. Asked
/// to leave, it gives everything away first; then it is *gone*, for good.
class membership_state {
public:
  static inline const char* name = "spotter.membership";

  membership_state(membership_actor::pointer self, context_ptr at);

  membership_actor::behavior_type make_behavior();

private:
  using time_point = caf::actor_clock::time_point;

  enum class phase : std::uint8_t { outside = 1, member, gone };

  /// How far a shard is on its way to or from this node.
  enum class hold : std::uint8_t {
    none = 1, // not here
    taking,   // the coordinator was asked
    open,     // served
    retiring, // its sessions end
    retired,  // they have; still ours
    giving,   // the coordinator was asked
  };

  struct local_shard {
    hold state = hold::none;
    std::int64_t epoch = 0;
    messages::shard_actor actor;
    time_point since; // of retiring
  };

  // Joining, renewing, leaving: membership.cpp.
  template <class Request, class Done>
  void ask(std::chrono::milliseconds limit, Request what, Done done);
  void reached(const caf::error& why);
  void begin();
  void join();
  void join_later(const std::string& why);
  void joined(std::chrono::milliseconds start, messages::cluster_lease& answer);
  void open_links();
  void renew();
  void tick();
  void learn(messages::cluster_lease& answer);
  void change(messages::node_state to, std::function<void()> then);
  void fence(const std::string& why);
  void leave(std::int64_t limit_ms);
  void leave_now();
  void gone();
  [[nodiscard]] const messages::node_info* own_node() const;
  [[nodiscard]] bool draining() const;

  // For others: membership_status.cpp.
  [[nodiscard]] messages::node_info describe() const;
  [[nodiscard]] messages::cluster_status status() const;
  [[nodiscard]] messages::health health() const;

  // Shards: membership_shards.cpp.
  void reconcile();
  void reconcile(std::int32_t shard, std::vector<std::int32_t>& wanted);
  void lead();
  void take(std::vector<std::int32_t> shards);
  void open(std::int32_t shard, std::int64_t epoch);
  void retire(std::int32_t shard);
  void retired(std::int32_t shard);
  void give();
  void given(const std::vector<std::int32_t>& asked, const messages::shards_held& held);
  void close(std::int32_t shard);
  void close_all();
  void crashed(const caf::actor_addr& actor);
  void tell_routes();
  void tell_links();
  [[nodiscard]] local_shard& local(std::int32_t shard);
  [[nodiscard]] std::int32_t count(hold state) const;
  [[nodiscard]] bool owns_none() const;
  [[nodiscard]] bool is_last() const;

  membership_actor::pointer self_;
  context_ptr at_;
  phase phase_ = phase::outside;
  domain::uuid incarnation_;
  lease_ptr served_; // of this incarnation
  std::string refused_;
  std::chrono::milliseconds join_pause_;
  messages::cluster_view view_; // without shards until something is known
  std::array<local_shard, messages::shard_count> shards_;
  std::vector<messages::route_shard> routed_; // what each route was told
  std::vector<messages::peer_address> wanted_;
  std::vector<domain::uuid> linked_;

  bool begun_ = false;
  bool leading_ = false;
  bool linked_up_ = false;  // the links of this incarnation are open
  bool was_routed_ = false; // every shard had an owner once
  bool renewing_ = false;
  bool renew_again_ = false;
  bool unreachable_ = false; // the coordinator, when asked last
  bool taking_ = false;
  bool giving_ = false;
  bool placing_ = false;
  bool leaving_ = false;
  bool told_drained_ = false;
  int ticks_ = 0;
  std::vector<caf::typed_response_promise<void>> leavers_;
  std::deque<std::int64_t> handoffs_ms_;
};

/// Asks the coordinator on behalf of the present incarnation; what comes for a former one is dropped.
/// `done` gets the answer, or nullptr if there was none.
template <class Request, class Done>
void membership_state::ask(std::chrono::milliseconds limit, Request what, Done done) {
  using answer = std::conditional_t<
    std::is_same_v<Request,
                   messages::take_shards> || std::is_same_v<Request, messages::give_shards>,
    messages::shards_held, messages::cluster_lease>;
  self_->request(at_->with.store, limit, std::move(what))
    .then(
      [this, mine = incarnation_, done](answer& got) mutable {
        if (mine != incarnation_)
          return;
        reached({});
        done(&got);
      },
      [this, mine = incarnation_, done](const caf::error& why) mutable {
        if (mine != incarnation_)
          return;
        reached(why);
        done(static_cast<answer*>(nullptr));
      });
}

/// Starts it; it begins with its first `tick_atom`, when `at` is complete.
[[nodiscard]] membership_actor spawn_membership(caf::actor_system& system, context_ptr at);

} // namespace spotter::actors::cluster
