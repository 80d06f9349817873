#define CAF_SUITE cluster_relay
#include "tests/actors/cluster_scene.hpp"

#include "actors/cluster/relay.hpp"

using namespace spotter;
using namespace spotter::tests;
namespace cluster = spotter::actors::cluster;

namespace {

/// A switchboard with one node linked, and one shard of this node.
struct fixture : cluster_scene {
  std::shared_ptr<fake_links> links = std::make_shared<fake_links>();
  message_log told_membership;
  message_log told_route;
  message_log told_proxy;
  std::vector<login_revoked> revoked;
  shard_script here;
  shard_actor local;
  cluster::context_ptr at;
  domain::uuid peer = domain::make_uuid_v7();
  domain::uuid user = user_in(7);
  std::uint64_t last_id = 0;

  fixture() {
    cluster::settings how;
    how.peer_requests = 4;
    how.peer_unsent = 2'000;
    cluster::ports with;
    with.login_revoked = [this](const login_revoked& what) { revoked.push_back(what); };
    at = std::make_shared<cluster::context>(sys, how, with);
    at->links.open(links);
    at->membership =
      keep(caf::actor_cast<cluster::membership_actor>(sys.spawn(any_actor, &told_membership)));
    at->routes.push_back(
      keep(caf::actor_cast<cluster::route_actor>(sys.spawn(any_actor, &told_route))));
    at->switchboard = keep(cluster::spawn_switchboard(sys, at));
    local = keep(sys.spawn(fake_shard, &here));
    at->local.open(7, 3, local);
    tell(at->switchboard, peer_up{peer});
  }

  ~fixture() override {
    if (here.session.session)
      keep(here.session.session);
    here.session.session = nullptr;
    at->local.close(7);
    finish();
  }

  void come(peer_frame frame) {
    tell(at->switchboard, peer_received{peer, std::move(frame), nullptr});
  }

  template <class What>
  void request(What what, std::int64_t epoch = 3) {
    come(peer_request{++last_id, user, epoch, 5'000, std::move(what)});
  }

  void send_command() { request(command{user, {}, {}, {}, start_workout{{}, "Push", {}, {}, {}}}); }
  void read_page() { request(messages::read{user, get_workout{domain::make_uuid_v7()}}); }
  void follow_user() { request(follow{user, {}, {}}); }

  template <class Reply>
  Reply reply_to(std::uint64_t id) {
    for (const auto& r : links->of<peer_reply>())
      if (r.id == id)
        return std::get<Reply>(r.result);
    CAF_FAIL("no answer to " << id);
  }

  void publish(std::int64_t seq) {
    for (const auto& sink : here.session.sinks)
      caf::anon_send(sink, events_published{user, {some_event(seq)}});
    consume_messages();
  }

  std::vector<std::int64_t> pushed() {
    std::vector<std::int64_t> out;
    for (const auto& p : links->of<events_published>())
      for (const auto& e : p.events)
        out.push_back(e.at_position.seq);
    return out;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(relay_tests, fixture)

CAF_TEST(requests of another node reach the session and are answered) {
  send_command();
  read_page();
  CAF_CHECK_EQUAL(here.session.commands.size(), 1u);
  CAF_CHECK(std::holds_alternative<outcome>(reply_to<command_reply>(1).result));
  CAF_CHECK_EQUAL(std::get<rendered>(reply_to<read_reply>(2).result).version, 7);
  CAF_CHECK_EQUAL(links->of<peer_reply>()[0].epoch, 3);
}

CAF_TEST(a request under another epoch is refused with the own one) {
  request(command{user, {}, {}, {}, start_workout{}}, 2);
  CAF_CHECK(code_of(reply_to<command_reply>(1)) == failure_code::moved);
  CAF_CHECK_EQUAL(links->of<peer_reply>()[0].epoch, 3);
  at->local.close(7);
  follow_user();
  CAF_CHECK(code_of(reply_to<subscribe_reply>(2)) == failure_code::moved);
  CAF_CHECK_EQUAL(links->of<peer_reply>()[1].epoch, 0);
  CAF_CHECK(here.session.commands.empty());
}

CAF_TEST(a request that names two users is refused) {
  request(command{user_in(7), {}, {}, {}, start_workout{}});
  CAF_CHECK(code_of(reply_to<command_reply>(1)) == failure_code::internal);
}

CAF_TEST(too many requests in work are refused at once) {
  here.session.holds_back = true;
  for (int i = 0; i < 5; ++i)
    send_command();
  CAF_REQUIRE_EQUAL(links->of<peer_reply>().size(), 1u);
  CAF_CHECK(code_of(reply_to<command_reply>(5)) == failure_code::overloaded);
  tell(here.session.session, passivate{});
  here.session.holds_back = false;
  send_command();
  CAF_CHECK(std::holds_alternative<outcome>(reply_to<command_reply>(6).result));
}

CAF_TEST(a session that ends with a command in hand leaves it in doubt) {
  here.session.holds_back = true;
  send_command();
  caf::anon_send_exit(here.session.session, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK(code_of(reply_to<command_reply>(1)) == failure_code::outcome_unknown);
}

CAF_TEST(a session that had ended has done nothing) {
  send_command();
  caf::anon_send_exit(here.session.session, caf::exit_reason::user_shutdown);
  consume_messages();
  send_command();
  read_page();
  CAF_CHECK(code_of(reply_to<command_reply>(2)) == failure_code::moved);
  CAF_CHECK(code_of(reply_to<read_reply>(3)) == failure_code::moved);
}

CAF_TEST(a node follows a user once) {
  follow_user();
  follow_user();
  publish(10);
  CAF_CHECK_EQUAL(here.session.sinks.size(), 1u);
  CAF_CHECK((pushed() == std::vector<std::int64_t>{10}));
}

CAF_TEST(the end of a follow is confirmed) {
  follow_user();
  come(unfollow{user});
  CAF_CHECK(here.session.sinks.empty());
  CAF_CHECK_EQUAL(links->of<session_ended>().size(), 1u);
  come(unfollow{user}); // there is none any more
  CAF_CHECK_EQUAL(links->of<session_ended>().size(), 1u);
}

CAF_TEST(an ended session is told to the node that follows) {
  follow_user();
  tell(here.session.sinks[0], session_ended{user});
  CAF_CHECK_EQUAL(links->of<session_ended>().size(), 1u);
}

CAF_TEST(a crashed session is told to the node that follows) {
  follow_user();
  caf::anon_send_exit(here.session.session, caf::exit_reason::kill);
  consume_messages();
  CAF_CHECK_EQUAL(links->of<session_ended>().size(), 1u);
}

CAF_TEST(events that the link does not take break the follow off and the node is told) {
  follow_user();
  links->result = frame_sent::full;
  publish(10);
  CAF_CHECK(here.session.sinks.empty());
  CAF_CHECK_EQUAL(at->count.follows_broken->value(), 1);
  CAF_CHECK(links->of<session_ended>().empty());
  links->result = frame_sent::queued;
  advance(20ms);
  CAF_CHECK_EQUAL(links->of<session_ended>().size(), 1u);
  CAF_CHECK(pushed().empty());
  follow_user();
  publish(12);
  CAF_CHECK((pushed() == std::vector<std::int64_t>{12}));
}

CAF_TEST(answers that the link does not take wait in order and events do not overtake them) {
  follow_user();
  links->sent.clear();
  links->result = frame_sent::full;
  send_command();
  links->result = frame_sent::queued;
  publish(10);
  CAF_CHECK(links->sent.empty());
  advance(20ms);
  CAF_REQUIRE_EQUAL(links->sent.size(), 2u);
  CAF_CHECK(std::holds_alternative<peer_reply>(links->sent[0].second));
  CAF_CHECK(std::holds_alternative<session_ended>(links->sent[1].second));
}

CAF_TEST(answers for which there is no room become small ones) {
  links->result = frame_sent::full;
  read_page();
  read_page();
  read_page();
  links->result = frame_sent::queued;
  advance(20ms);
  CAF_CHECK(!code_of(reply_to<read_reply>(1)));
  CAF_CHECK(code_of(reply_to<read_reply>(2)) == failure_code::overloaded);
  CAF_CHECK(code_of(reply_to<read_reply>(3)) == failure_code::overloaded);
}

CAF_TEST(a node that takes no answers at all is not served without end) {
  links->result = frame_sent::full;
  for (int i = 0; i < 50; ++i)
    send_command();
  links->result = frame_sent::queued;
  advance(20ms);
  CAF_CHECK_EQUAL(links->of<peer_reply>().size(), 8u);
}

CAF_TEST(a broken link ends the follows of its node) {
  follow_user();
  tell(at->switchboard, peer_down{peer, "cut"});
  CAF_CHECK(here.session.sinks.empty());
  CAF_CHECK_EQUAL(told_route.of<peer_down>().size(), 1u);
  CAF_CHECK_EQUAL(told_membership.of<peer_down>().size(), 1u);
  CAF_CHECK_EQUAL(here.session.unsubscribed, 1);
}

CAF_TEST(a refused follow leaves nothing behind) {
  here.session.refuses_subscriptions = true;
  follow_user();
  CAF_CHECK(code_of(reply_to<subscribe_reply>(1)) == failure_code::not_found);
  come(unfollow{user});
  CAF_CHECK(links->of<session_ended>().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(switchboard_tests, fixture)

CAF_TEST(answers and events go to the remote session that waits) {
  auto proxy = keep(sys.spawn(any_actor, &told_proxy));
  tell(at->switchboard, proxy_opened{5, user, peer, proxy});
  come(peer_reply{(5ULL << 32) | 1, 3, command_reply{}});
  come(peer_reply{(6ULL << 32) | 1, 3, command_reply{}});
  come(events_published{user, {}});
  come(session_ended{user});
  CAF_CHECK_EQUAL(told_proxy.of<peer_received>().size(), 3u);
  CAF_CHECK(links->of<unfollow>().empty());
  tell(at->switchboard, proxy_closed{5, user});
  come(events_published{user, {}});
  CAF_CHECK_EQUAL(told_proxy.of<peer_received>().size(), 3u);
  CAF_CHECK_EQUAL(links->of<unfollow>().size(), 1u);
}

CAF_TEST(events of a former owner do not reach the remote session of the next) {
  auto proxy = keep(sys.spawn(any_actor, &told_proxy));
  tell(at->switchboard, proxy_opened{5, user, domain::make_uuid_v7(), proxy});
  come(events_published{user, {}});
  CAF_CHECK(told_proxy.seen.empty());
}

CAF_TEST(a newer remote session of a user outlives the end of the older) {
  message_log told_second;
  auto first = keep(sys.spawn(any_actor, &told_proxy));
  auto second = keep(sys.spawn(any_actor, &told_second));
  tell(at->switchboard, proxy_opened{5, user, peer, first});
  tell(at->switchboard, proxy_opened{6, user, peer, second});
  come(peer_reply{(5ULL << 32) | 1, 3, command_reply{}});
  tell(at->switchboard, proxy_closed{5, user});
  come(events_published{user, {}});
  CAF_CHECK_EQUAL(told_proxy.of<peer_received>().size(), 1u);
  CAF_CHECK_EQUAL(told_second.of<peer_received>().size(), 1u);
}

CAF_TEST(ended logins are told to all nodes and to those that come later) {
  const login_revoked what{user, domain::make_uuid_v7()};
  tell(at->switchboard, what);
  CAF_CHECK_EQUAL(links->of<login_revoked>().size(), 1u);
  tell(at->switchboard, peer_up{domain::make_uuid_v7()});
  CAF_CHECK_EQUAL(links->of<login_revoked>().size(), 2u);
  links->result = frame_sent::full;
  tell(at->switchboard, what);
  links->result = frame_sent::queued;
  advance(20ms);
  CAF_CHECK_EQUAL(links->of<login_revoked>().size(), 4u);
  come(what);
  CAF_CHECK_EQUAL(revoked.size(), 1u);
}

CAF_TEST(links that end take all nodes with them) {
  follow_user();
  tell(at->switchboard, messages::retire{});
  CAF_CHECK_EQUAL(told_route.of<peer_down>().size(), 1u);
  CAF_CHECK(here.session.sinks.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
