#pragma once

#include "persistence/cluster_store.hpp"
#include "tests/persistence/read_story.hpp"

#include <caf/event_based_actor.hpp>

#include "caf/test/dsl.hpp"

#include <chrono>
#include <numeric>
#include <string>
#include <vector>

// What the tests of the coordinator share.

namespace spotter::tests {

using persistence::database_role;

inline constexpr std::int64_t lease_ms = 60'000; // ends in a test only when the test says so

/// A database with a coordinator that two stores reach, as two nodes would.
struct cluster_fixture : pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  messages::cluster_store_actor store =
    persistence::spawn_cluster_store(system, settings(database_role::writer));
  messages::cluster_store_actor other_store =
    persistence::spawn_cluster_store(system, settings(database_role::writer));
  story rows{superuser()};

  ~cluster_fixture() {
    self->send_exit(store, caf::exit_reason::user_shutdown);
    self->send_exit(other_store, caf::exit_reason::user_shutdown);
  }

  template <class Answer, class Request>
  Answer ask(const messages::cluster_store_actor& whom, const Request& request) {
    Answer answer;
    self->request(whom, caf::infinite, request)
      .receive([&](Answer& got) { answer = std::move(got); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return answer;
  }

  template <class Request>
  messages::cluster_lease lease(const Request& request) {
    return ask<messages::cluster_lease>(store, request);
  }

  static messages::node_info node(const std::string& name, int protocol_min = 1,
                                  int protocol_max = 1) {
    messages::node_info who;
    who.incarnation = domain::make_uuid_v7();
    who.node_id = name;
    who.address = name + ".example:7400";
    who.http_address = "http://" + name + ".example";
    who.weight = 2;
    who.protocol_min = protocol_min;
    who.protocol_max = protocol_max;
    who.release = "1.2.3 \"quoted\", {braced}";
    return who;
  }

  /// A node that has joined.
  domain::uuid joined(const std::string& name) {
    const auto who = node(name);
    const auto answer = lease(messages::join_cluster{who, lease_ms});
    CAF_REQUIRE_EQUAL(answer.refused, "");
    CAF_REQUIRE(answer.held);
    return who.incarnation;
  }

  /// A node that is up.
  domain::uuid up(const std::string& name) {
    const auto id = joined(name);
    CAF_REQUIRE(lease(messages::change_state{id, messages::node_state::up}).held);
    return id;
  }

  messages::cluster_lease renew(const domain::uuid& id, std::int64_t known = 0) {
    return lease(messages::renew_lease{id, lease_ms, known});
  }

  messages::cluster_view view(const domain::uuid& id) {
    auto answer = renew(id);
    CAF_REQUIRE(answer.view.has_value());
    return *std::move(answer.view);
  }

  static messages::node_state state_of(const messages::cluster_view& view, const domain::uuid& id) {
    for (const auto& n : view.nodes)
      if (n.incarnation == id)
        return n.state;
    CAF_FAIL("the node is not in the view");
  }

  static std::vector<std::int32_t> shards(std::int32_t from, std::int32_t to) {
    std::vector<std::int32_t> out(static_cast<std::size_t>(to - from));
    std::iota(out.begin(), out.end(), from);
    return out;
  }

  /// Has the leader say that `target` is to own these.
  void place(const domain::uuid& leader, const std::vector<std::int32_t>& which,
             const domain::uuid& target) {
    const auto answer = lease(messages::place_shards{
      leader, view(leader).term, which, std::vector<domain::uuid>(which.size(), target)});
    CAF_REQUIRE(answer.leading);
  }

  std::vector<messages::shard_epoch> take(const domain::uuid& id,
                                          const std::vector<std::int32_t>& which) {
    return ask<messages::shards_held>(store, messages::take_shards{id, which}).shards;
  }

  std::vector<messages::shard_epoch> give(const domain::uuid& id,
                                          const std::vector<std::int32_t>& which) {
    return ask<messages::shards_held>(store, messages::give_shards{id, which}).shards;
  }

  /// Places and takes these, and no less.
  std::vector<messages::shard_epoch> own(const domain::uuid& leader, const domain::uuid& id,
                                         const std::vector<std::int32_t>& which) {
    place(leader, which, id);
    auto taken = take(id, which);
    CAF_REQUIRE_EQUAL(taken.size(), which.size());
    return taken;
  }

  void run_out(const domain::uuid& id) {
    rows.sql("UPDATE spotter.node SET lease_until = clock_timestamp() - interval '1 second'"
             " WHERE incarnation = '"
             + to_string(id) + "'");
  }

  std::int64_t epoch_of(std::int32_t shard) {
    return rows
      .sql("SELECT epoch FROM spotter.shard WHERE shard_id = " + std::to_string(shard))[0][0]
      .as<std::int64_t>();
  }

  void subscribe(const messages::cluster_store_actor& to) {
    self->send(to, messages::cluster_changed{});
    // What is answered after it shows that it was heard.
    static_cast<void>(
      ask<messages::cluster_lease>(to, messages::renew_lease{domain::make_uuid_v7(), lease_ms, 0}));
  }

  void expect_notice() {
    self->receive([](messages::cluster_changed) {}, caf::after(std::chrono::seconds{20}) >>
                                                      [] { CAF_FAIL("no notice of a change"); });
  }
};

} // namespace spotter::tests
