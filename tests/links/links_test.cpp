#include "links/links.hpp"

#define CAF_SUITE links
#include "caf/test/dsl.hpp"

#include "tests/links/scene.hpp"

#include <thread>

using namespace spotter;
using namespace spotter::test;
using messages::frame_sent;

CAF_TEST(two nodes come up for each other and messages go both ways) {
  pair_scene scene;
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::away);
  scene.connect();
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::queued);
  CAF_CHECK(scene.b.links().send(scene.a.incarnation(), numbered(2)) == frame_sent::queued);
  const auto at_b = scene.b.told().next_received();
  CAF_CHECK(at_b.from == scene.a.incarnation());
  CAF_CHECK_EQUAL(number_of(at_b.frame), 1u);
  CAF_CHECK(at_b.credit != nullptr);
  const auto at_a = scene.a.told().next_received();
  CAF_CHECK(at_a.from == scene.b.incarnation());
  CAF_CHECK_EQUAL(number_of(at_a.frame), 2u);
  CAF_CHECK(scene.a.links().send(domain::make_uuid_v7(), numbered(1)) == frame_sent::away);
}

CAF_TEST(a node that is wanted by one side only is not up) {
  pair_scene scene;
  scene.a.links().want({scene.b.as_peer()});
  // The inbound connection is kept for the moment when its peer is wanted.
  scene.a.until_why(scene.b.incarnation(), "");
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::away);
  scene.b.links().want({scene.a.as_peer()});
  CAF_CHECK(scene.a.told().next_up() == scene.b.incarnation());
  CAF_CHECK(scene.b.told().next_up() == scene.a.incarnation());
}

CAF_TEST(a node that is wanted no more is down on both sides) {
  pair_scene scene;
  scene.connect();
  scene.a.links().want({});
  CAF_CHECK_EQUAL(scene.a.told().next_down().why, "it is wanted no more");
  CAF_CHECK_EQUAL(scene.b.told().next_down().why, "the peer closed the connection");
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::away);
  CAF_CHECK(scene.b.links().send(scene.a.incarnation(), numbered(1)) == frame_sent::away);
  scene.a.links().want({scene.b.as_peer()});
  CAF_CHECK(scene.a.told().next_up() == scene.b.incarnation());
}

CAF_TEST(a node does not link to itself) {
  pair_scene scene;
  scene.a.links().want({scene.a.as_peer(), scene.b.as_peer()});
  scene.b.links().want({scene.a.as_peer()});
  CAF_CHECK(scene.a.told().next_up() == scene.b.incarnation());
  CAF_CHECK_EQUAL(scene.a.links().status().size(), 1u);
}

CAF_TEST(messages keep their order under load) {
  pair_scene scene;
  scene.connect();
  constexpr std::uint32_t count = 150'000;
  std::jthread sender{[&] {
    auto result = frame_sent::queued;
    for (std::uint32_t i = 0; i < count && result != frame_sent::away;) {
      result = scene.a.links().send(scene.b.incarnation(), numbered(i));
      if (result == frame_sent::queued)
        ++i;
      else
        std::this_thread::yield();
    }
  }};
  std::uint32_t wrong = 0;
  for (std::uint32_t i = 0; i < count; ++i)
    wrong += number_of(scene.b.told().next_received().frame) == i ? 0 : 1;
  CAF_CHECK_EQUAL(wrong, 0u);
}

CAF_TEST(a receiver that does not keep up makes the sender full and later recovers) {
  const auto small = [](links::link_settings& s) {
    s.window = 256 * 1024;
    s.queue = 128 * 1024;
  };
  pair_scene scene{small, small};
  scene.connect();
  const auto send = [&] { return scene.a.links().send(scene.b.incarnation(), sized(10'000)); };
  // Nobody takes the frames, so their credit does not come back.
  int sent = 0;
  node::until(
    [&] {
      const auto result = send();
      sent += result == frame_sent::queued ? 1 : 0;
      return result == frame_sent::full;
    },
    "full");
  CAF_CHECK(scene.a.counted("full") > 0);
  node::until([&] { return scene.b.told().size() >= 20; }, "a window of frames");
  CAF_CHECK(scene.b.told().size() * 10'000 <= 256 * 1024 + 10'000);
  int received = 0;
  for (; received < sent; ++received)
    scene.b.told().next_received();
  node::until([&] { return send() == frame_sent::queued; }, "room again");
  scene.b.told().next_received();
}

CAF_TEST(credit that comes back long after the links have stopped does no harm) {
  std::shared_ptr<void> kept;
  {
    pair_scene scene;
    scene.connect();
    scene.a.links().send(scene.b.incarnation(), sized(4'000'000));
    kept = scene.b.told().next_received().credit;
  }
  kept = nullptr;
}

CAF_TEST(a frame as large as the largest import goes through) {
  // A sanitizer on a busy machine takes its time for so many bytes.
  const auto patient = [](links::link_settings& s) { s.silence = 20s; };
  pair_scene scene{patient, patient};
  scene.connect();
  constexpr std::size_t size = 64 * 1024 * 1024;
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), sized(size)) == frame_sent::queued);
  // There is no room for more until it is on its way.
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), sized(1)) == frame_sent::full);
  const auto large = scene.b.told().next_received();
  CAF_CHECK_EQUAL(std::get<messages::events_published>(large.frame).events[0].data.view().size(),
                  size);
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::queued);
}

CAF_TEST(a frame that no peer would take is dropped) {
  pair_scene scene;
  scene.connect();
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), sized(65 * 1024 * 1024))
            == frame_sent::full);
  CAF_CHECK_EQUAL(scene.a.counted("oversized"), 1);
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::queued);
  CAF_CHECK_EQUAL(number_of(scene.b.told().next_received().frame), 1u);
}

CAF_TEST(a restarted peer is away under its old incarnation and up under its new one) {
  temporary_folder folder;
  authority ca{folder, "cluster"};
  node a{"node-a", ca.certify("node-a")};
  auto b = std::make_unique<node>("node-b", ca.certify("node-b"));
  const auto old = b->as_peer();
  a.links().want({old});
  b->links().want({a.as_peer()});
  CAF_CHECK(a.told().next_up() == old.incarnation);
  b = nullptr;
  CAF_CHECK(a.told().next_down().incarnation == old.incarnation);
  CAF_CHECK(a.links().send(old.incarnation, numbered(1)) == frame_sent::away);

  b = std::make_unique<node>("node-b", ca.certify("node-b"),
                             [&](links::link_settings& s) { s.listen = old.address; });
  b->links().want({a.as_peer()});
  // Until it is told of the new one, it is refused, and says why.
  a.until_why(old.incarnation, "is meant, this is " + to_string(b->incarnation()));
  CAF_CHECK(b->refused("incarnation") > 0);
  a.links().want({b->as_peer()});
  CAF_CHECK(a.told().next_up() == b->incarnation());
  CAF_CHECK(b->told().next_up() == a.incarnation());
  CAF_CHECK(a.links().send(old.incarnation, numbered(1)) == frame_sent::away);
  CAF_CHECK(a.links().send(b->incarnation(), numbered(2)) == frame_sent::queued);
  CAF_CHECK_EQUAL(number_of(b->told().next_received().frame), 2u);
}

CAF_TEST(a peer is found by its name) {
  pair_scene scene;
  auto where = scene.b.as_peer();
  where.address = "localhost:" + std::to_string(scene.b.links().port());
  auto lost = where;
  lost.incarnation = domain::make_uuid_v7();
  lost.address = "no-such-node.invalid:7400";
  scene.a.links().want({lost, where});
  scene.b.links().want({scene.a.as_peer()});
  CAF_CHECK(scene.a.told().next_up() == scene.b.incarnation());
  scene.a.until_why(lost.incarnation, "no-such-node.invalid");
}

CAF_TEST(releases that share a protocol speak it) {
  pair_scene scene{{}, [](links::link_settings& s) {
                     s.protocol = {1, 2};
                     s.release = "0.2.0";
                   }};
  scene.connect();
  CAF_CHECK_EQUAL(scene.a.links().status()[0].release, "0.2.0");
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::queued);
  CAF_CHECK_EQUAL(number_of(scene.b.told().next_received().frame), 1u);
}

CAF_TEST(releases that share no protocol refuse each other and both say why) {
  pair_scene scene{{}, [](links::link_settings& s) {
                     s.protocol = {2, 2};
                     s.release = "0.2.0";
                   }};
  scene.want();
  scene.a.until_why(
    scene.b.incarnation(),
    "the peer refuses: release 0.2.0 speaks protocol 2 to 2, release 0.1.0 speaks 1 "
    "to 1");
  scene.b.until_why(
    scene.a.incarnation(),
    "the peer refuses: release 0.1.0 speaks protocol 1 to 1, release 0.2.0 speaks 2 "
    "to 2");
  CAF_CHECK(scene.a.refused("protocol") > 0);
  CAF_CHECK(scene.b.refused("protocol") > 0);
  CAF_CHECK_EQUAL(scene.a.told().size(), 0u);
  CAF_CHECK_EQUAL(scene.b.told().size(), 0u);
}

CAF_TEST(nodes of another cluster are refused) {
  pair_scene scene{{}, [](links::link_settings& s) { s.cluster_id = "staging"; }};
  scene.want();
  scene.a.until_why(scene.b.incarnation(), "this is cluster staging, not test");
  scene.b.until_why(scene.a.incarnation(), "this is cluster test, not staging");
}

CAF_TEST(nothing comes after stop) {
  pair_scene scene;
  scene.connect();
  scene.a.links().stop();
  scene.a.links().stop();
  CAF_CHECK(scene.a.links().send(scene.b.incarnation(), numbered(1)) == frame_sent::away);
  scene.a.links().want({scene.b.as_peer()});
  CAF_CHECK_EQUAL(scene.b.told().next_down().incarnation, scene.a.incarnation());
  CAF_CHECK_EQUAL(scene.a.told().size(), 0u);
}
