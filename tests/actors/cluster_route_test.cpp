#define CAF_SUITE cluster_route
#include "tests/actors/cluster_scene.hpp"

#include "actors/cluster/remote_session.hpp"
#include "actors/messages/failure_error.hpp"

using namespace spotter;
using namespace spotter::tests;
namespace cluster = spotter::actors::cluster;

namespace {

/// One route, with a shard's actor for when it is here, and links that go nowhere.
struct fixture : cluster_scene {
  std::shared_ptr<fake_links> links = std::make_shared<fake_links>();
  message_log told_membership;
  message_log told_switchboard;
  shard_script here;
  shard_actor local;
  cluster::context_ptr at;
  cluster::route_actor route;
  domain::uuid peer = domain::make_uuid_v7();
  domain::uuid user = user_in(7);
  std::vector<session_found> found;

  fixture() {
    cluster::settings how;
    how.held_requests = 3;
    how.user_requests = 4;
    cluster::ports with;
    at = std::make_shared<cluster::context>(sys, how, with);
    at->links.open(links);
    at->membership =
      keep(caf::actor_cast<cluster::membership_actor>(sys.spawn(any_actor, &told_membership)));
    at->switchboard =
      keep(caf::actor_cast<cluster::switchboard_actor>(sys.spawn(any_actor, &told_switchboard)));
    local = keep(sys.spawn(fake_shard, &here));
    route = keep(cluster::spawn_route(sys, 7, at));
    consume_messages();
  }

  ~fixture() override {
    if (here.session.session)
      keep(here.session.session);
    here.session.session = nullptr;
    finish();
  }

  void get() { ask(route, get_session{user}, &found); }
  void be_here(std::int64_t epoch = 3) {
    tell(route, route_shard{domain::make_uuid_v7(), epoch, caf::actor_cast<caf::actor>(local)});
  }
  void be_there(std::int64_t epoch = 3) { tell(route, route_shard{peer, epoch, {}}); }
  void be_nowhere() { tell(route, route_shard{}); }
  void link() { tell(route, peer_up{peer}); }
  failure_code why(std::size_t i) { return to_failure(errors.at(i)).code; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(route_tests, fixture)

CAF_TEST(a shard that is here answers itself) {
  be_here();
  get();
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CAF_CHECK(found[0].session == here.session.session);
}

CAF_TEST(a shard that is there is answered with one remote session for each user) {
  be_there();
  link();
  get();
  get();
  CAF_REQUIRE_EQUAL(found.size(), 2u);
  CAF_CHECK(found[0].session == found[1].session);
  CAF_CHECK_EQUAL(told_switchboard.of<proxy_opened>().size(), 1u);
  user = user_in(7);
  get();
  CAF_CHECK(found[2].session != found[0].session);
}

CAF_TEST(requests wait until the shard has an owner) {
  get();
  CAF_CHECK(found.empty());
  be_here();
  CAF_CHECK_EQUAL(found.size(), 1u);
  be_nowhere();
  get();
  CAF_CHECK_EQUAL(found.size(), 1u);
  be_there();
  CAF_CHECK_EQUAL(found.size(), 1u); // its link is not up
  link();
  CAF_CHECK_EQUAL(found.size(), 2u);
}

CAF_TEST(requests that waited too long are refused as moved) {
  get();
  advance(2'990ms);
  CAF_CHECK(errors.empty());
  get();
  advance(20ms);
  CAF_REQUIRE_EQUAL(errors.size(), 1u);
  CAF_CHECK_EQUAL(why(0), failure_code::moved);
  advance(3'000ms);
  CAF_CHECK_EQUAL(errors.size(), 2u);
  CAF_CHECK_EQUAL(at->count.held_requests->value(), 0);
}

CAF_TEST(too many waiting requests are refused at once) {
  for (int i = 0; i < 4; ++i)
    get();
  CAF_REQUIRE_EQUAL(errors.size(), 1u);
  CAF_CHECK_EQUAL(why(0), failure_code::overloaded);
  CAF_CHECK_EQUAL(at->count.held_requests->value(), 3);
}

CAF_TEST(a doubted owner is not asked until it is sure or some time has passed) {
  be_there();
  link();
  tell(route, route_doubted{3});
  CAF_CHECK_EQUAL(told_membership.of<cluster_changed>().size(), 1u);
  tell(route, route_doubted{3});
  CAF_CHECK_EQUAL(told_membership.of<cluster_changed>().size(), 1u);
  get();
  CAF_CHECK(found.empty());
  advance(410ms);
  CAF_CHECK_EQUAL(found.size(), 1u);
  tell(route, route_doubted{3});
  get();
  be_there(4);
  CAF_CHECK_EQUAL(found.size(), 2u);
  tell(route, route_doubted{3}); // old news
  get();
  CAF_CHECK_EQUAL(found.size(), 3u);
}

CAF_TEST(remote sessions of a former owner are not handed out) {
  be_there();
  link();
  get();
  be_there(4);
  get();
  CAF_CHECK(found[0].session != found[1].session);
  tell(route, peer_down{peer, "cut"});
  get();
  CAF_CHECK_EQUAL(found.size(), 2u);
  link();
  CAF_REQUIRE_EQUAL(found.size(), 3u);
  CAF_CHECK(found[1].session != found[2].session);
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

/// A remote session that the route gave, and what it says to its owner.
struct remote_fixture : fixture {
  sink_log seen;
  caf::actor sink = keep(sys.spawn(fake_sink, &seen));
  caf::actor session;
  std::vector<command_reply> replies;
  std::vector<read_reply> pages;
  std::vector<subscribe_reply> joins;

  remote_fixture() {
    be_there();
    link();
    get();
    session = found.at(0).session;
  }

  ~remote_fixture() override { finish(); }

  command some_command() {
    return command{user, {}, {}, {}, start_workout{{}, "Push", {}, {}, {}}};
  }
  void send_command() { ask(session, some_command(), &replies); }
  void read_page() {
    ask(session, messages::read{user, get_workout{domain::make_uuid_v7()}}, &pages);
  }
  void follow_user() { ask(session, subscribe{user, {}, {}, sink}, &joins); }

  /// As the switchboard does.
  void come(peer_frame frame) { tell(session, peer_received{peer, std::move(frame), nullptr}); }

  std::uint64_t last_id() { return links->of<peer_request>().back().id; }

  template <class Reply>
  void reply(std::uint64_t id, Reply with, std::int64_t epoch = 3) {
    come(peer_reply{id, epoch, std::move(with)});
  }

  void join() {
    follow_user();
    reply(last_id(), subscribe_reply{subscribed{{3, 9}, true, {}, {}}});
  }

  void publish(std::int64_t seq) { come(events_published{user, {some_event(seq)}}); }

  bool ended() { return !told_switchboard.of<proxy_closed>().empty(); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(remote_session_tests, remote_fixture)

CAF_TEST(a command goes to the owner and its answer comes back) {
  send_command();
  const auto asked = links->of<peer_request>();
  CAF_REQUIRE_EQUAL(asked.size(), 1u);
  CAF_CHECK(asked[0].user_id == user);
  CAF_CHECK_EQUAL(asked[0].epoch, 3);
  CAF_CHECK_EQUAL(asked[0].deadline_ms, 10'000);
  CAF_CHECK_EQUAL(asked[0].id >> 32, told_switchboard.of<proxy_opened>()[0].number);
  CAF_CHECK(replies.empty());
  outcome done;
  done.version = 5;
  reply(last_id(), command_reply{done});
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(std::get<outcome>(replies[0].result).version, 5);
}

CAF_TEST(answers find who asked whatever their order) {
  send_command();
  const auto first = last_id();
  read_page();
  reply(last_id(), read_reply{rendered{4, shared_text{"{}"}}});
  CAF_CHECK_EQUAL(pages.size(), 1u);
  CAF_CHECK(replies.empty());
  reply(first, command_reply{failure{failure_code::conflict, {}, {}, 0}});
  CAF_CHECK(code_of(replies.at(0)) == failure_code::conflict);
}

CAF_TEST(an answer of the wrong kind is a defect and no crash) {
  send_command();
  reply(last_id(), read_reply{rendered{}});
  CAF_CHECK(code_of(replies.at(0)) == failure_code::internal);
  reply(last_id(), read_reply{rendered{}}); // and one that nobody waits for is dropped
}

CAF_TEST(events come after the answer to the subscription and once) {
  publish(9);
  CAF_CHECK(seen.events.empty());
  join();
  CAF_CHECK(std::holds_alternative<subscribed>(joins.at(0).result));
  publish(10);
  CAF_CHECK_EQUAL(seen.events.size(), 1u);
  join(); // another connection of the same sink
  publish(11);
  CAF_CHECK_EQUAL(seen.events.size(), 2u);
}

CAF_TEST(the owner is told when the last sink leaves) {
  sink_log others;
  auto second = keep(sys.spawn(fake_sink, &others));
  join();
  ask(session, subscribe{user, {}, {}, second}, &joins);
  reply(last_id(), subscribe_reply{subscribed{{3, 9}, true, {}, {}}});
  tell(session, unsubscribe{user, sink});
  CAF_CHECK(links->of<unfollow>().empty());
  tell(session, unsubscribe{user, second});
  CAF_CHECK_EQUAL(links->of<unfollow>().size(), 1u);
}

CAF_TEST(a follow that is under way is not undone by who leaves) {
  join();
  follow_user();
  tell(session, unsubscribe{user, sink});
  publish(10);
  CAF_CHECK(links->of<unfollow>().empty());
  reply(last_id(), subscribe_reply{subscribed{{3, 10}, true, {}, {}}});
  publish(11);
  CAF_CHECK_EQUAL(seen.events.size(), 1u);
}

CAF_TEST(events that nobody here wants end the follow) {
  publish(10);
  CAF_CHECK_EQUAL(links->of<unfollow>().size(), 1u);
}

CAF_TEST(an ended session sends the sinks to resume) {
  join();
  come(session_ended{user});
  CAF_CHECK_EQUAL(seen.ended, 1);
  join();
  publish(12);
  CAF_CHECK_EQUAL(seen.events.size(), 1u);
}

CAF_TEST(a broken link leaves commands in doubt and nothing else) {
  join();
  send_command();
  read_page();
  follow_user();
  tell(route, peer_down{peer, "cut"});
  CAF_CHECK(code_of(replies.at(0)) == failure_code::outcome_unknown);
  CAF_CHECK(code_of(pages.at(0)) == failure_code::moved);
  CAF_CHECK(code_of(joins.at(1)) == failure_code::moved);
  CAF_CHECK_EQUAL(seen.ended, 1);
  CAF_CHECK(ended());
}

CAF_TEST(where no frame gets through nothing was done) {
  links->result = frame_sent::away;
  send_command();
  CAF_CHECK(code_of(replies.at(0)) == failure_code::moved);
  CAF_CHECK_EQUAL(told_membership.of<cluster_changed>().size(), 1u);
  links->result = frame_sent::full;
  send_command();
  CAF_CHECK(code_of(replies.at(1)) == failure_code::overloaded);
}

CAF_TEST(an owner that denies makes the route look anew) {
  send_command();
  reply(last_id(), command_reply{failure{failure_code::moved, {}, {}, 0}}, 0);
  CAF_CHECK(code_of(replies.at(0)) == failure_code::moved);
  CAF_CHECK_EQUAL(told_membership.of<cluster_changed>().size(), 1u);
}

CAF_TEST(a session that moved within its owner makes no doubt) {
  send_command();
  reply(last_id(), command_reply{failure{failure_code::moved, {}, {}, 0}}, 3);
  CAF_CHECK(told_membership.of<cluster_changed>().empty());
}

CAF_TEST(too many requests of one user are refused at once) {
  for (int i = 0; i < 5; ++i)
    send_command();
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK(code_of(replies[0]) == failure_code::overloaded);
  CAF_CHECK_EQUAL(links->of<peer_request>().size(), 4u);
}

CAF_TEST(a silent owner leaves commands in doubt after the deadline) {
  send_command();
  const auto first = last_id();
  advance(5'000ms, 100ms);
  read_page();
  advance(5'000ms, 100ms);
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK(code_of(replies[0]) == failure_code::outcome_unknown);
  CAF_CHECK(pages.empty());
  advance(5'000ms, 100ms);
  CAF_CHECK(code_of(pages.at(0)) == failure_code::deadline_exceeded);
  reply(first, command_reply{outcome{}}); // too late
  CAF_CHECK_EQUAL(replies.size(), 1u);
}

CAF_TEST(when the shard moves answers under way still come and nothing new is sent) {
  join();
  send_command();
  be_nowhere();
  CAF_CHECK_EQUAL(seen.ended, 1);
  CAF_CHECK(!ended());
  read_page();
  CAF_CHECK(code_of(pages.at(0)) == failure_code::moved);
  reply(links->of<peer_request>()[1].id, command_reply{outcome{}});
  CAF_CHECK(std::holds_alternative<outcome>(replies.at(0).result));
  CAF_CHECK(ended());
}

CAF_TEST(an idle remote session ends and a used one stays) {
  send_command();
  advance(60'000ms, 1'000ms); // given up meanwhile
  CAF_CHECK(!ended());
  advance(120'000ms, 1'000ms);
  CAF_CHECK(ended());
  get();
  session = found.back().session;
  told_switchboard.seen.clear();
  join();
  advance(300'000ms, 1'000ms);
  CAF_CHECK(!ended());
}

CAF_TEST_FIXTURE_SCOPE_END()
