#include "links/links.hpp"

#define CAF_SUITE faults
#include "caf/test/dsl.hpp"

#include "tests/links/child_process.hpp"
#include "tests/links/holes.hpp"
#include "tests/links/scene.hpp"

#include <csignal>
#include <list>
#include <sstream>

using namespace spotter;
using namespace spotter::test;
using messages::frame_sent;

namespace {

using clock = std::chrono::steady_clock;

/// A node in a process of its own (echo_node.cpp).
class child_node {
public:
  explicit child_node(const identity_files& files)
    : process_({SPOTTER_ECHO_NODE, "node-b", files.certificate, files.key, files.ca}) {
    std::istringstream in{process_.read_line()};
    std::string incarnation;
    std::string port;
    in >> incarnation >> port;
    self_ = {domain::parse_uuid(incarnation).value(), "node-b", "127.0.0.1:" + port};
  }

  [[nodiscard]] const messages::peer_address& as_peer() const { return self_; }
  void want(const messages::peer_address& peer) {
    process_.write_line(to_string(peer.incarnation) + " " + peer.node_id + " " + peer.address);
  }
  void signal(int number) const { process_.signal(number); }

private:
  child_process process_;
  messages::peer_address self_;
};

struct fixture {
  temporary_folder folder;
  authority ca{folder, "cluster"};
  node a{"node-a", ca.certify("node-a")};

  std::unique_ptr<child_node> start_child() {
    auto out = std::make_unique<child_node>(ca.certify("node-b"));
    out->want(a.as_peer());
    return out;
  }
};

messages::peer_address at(std::string address) {
  return {domain::make_uuid_v7(), "node-x", std::move(address)};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(faults_tests, fixture)

CAF_TEST(peers that do not answer delay nobody) {
  std::list<black_hole> holes(3);
  std::list<silent_port> silent(3);
  std::vector<messages::peer_address> wanted;
  for (const auto& one : holes)
    wanted.push_back(at(one.address()));
  for (const auto& one : silent)
    wanted.push_back(at(one.address()));
  const auto hole = wanted.front().incarnation;
  const auto mute = wanted.back().incarnation;
  a.links().want(wanted);
  a.until_why(hole, "within 1000 ms");
  a.until_why(mute, "TLS and hello were not through within 2000 ms");

  node b{"node-b", ca.certify("node-b")};
  wanted.push_back(b.as_peer());
  const auto begin = clock::now();
  a.links().want(wanted);
  b.links().want({a.as_peer()});
  CAF_CHECK(a.told().next_up() == b.incarnation());
  CAF_CHECK(clock::now() - begin < 500ms);
}

CAF_TEST(a peer that is stopped is down soon and holds no memory of ours) {
  const auto child = start_child();
  const auto peer = child->as_peer().incarnation;
  a.links().want({child->as_peer()});
  CAF_REQUIRE(a.told().next_up() == peer);

  const auto before = resident_bytes();
  child->signal(SIGSTOP);
  const auto begin = clock::now();
  std::size_t queued = 0;
  std::size_t full = 0;
  frame_sent last = frame_sent::queued;
  // Until it counts as down, a writer without patience tries to send it gigabytes.
  node::until(
    [&] {
      for (int i = 0; i < 50 && last != frame_sent::away; ++i) {
        last = a.links().send(peer, sized(100'000));
        queued += last == frame_sent::queued ? 1 : 0;
        full += last == frame_sent::full ? 1 : 0;
      }
      return last == frame_sent::away;
    },
    "away");
  const auto down = a.told().next_down();
  CAF_CHECK(clock::now() - begin < 3s);
  CAF_CHECK(down.incarnation == peer);
  CAF_CHECK_EQUAL(down.why, "the peer has been silent for 1500 ms");
  CAF_CHECK(full > 0);
  // What the sockets take, the window and the queue.
  CAF_CHECK(queued * 100'000 < 40'000'000);
  CAF_CHECK(resident_bytes() < before + 40'000'000);

  child->signal(SIGCONT);
  CAF_CHECK(a.told().next_up() == peer);
  CAF_CHECK(a.links().send(peer, messages::peer_request{5, {}, 0, 0, messages::follow{}})
            == frame_sent::queued);
  // Nothing of before comes through, the answer to this does.
  const auto received = a.told().next_received();
  CAF_CHECK_EQUAL(std::get<messages::peer_reply>(received.frame).id, 5u);
}

CAF_TEST(a peer that dies is down at once) {
  const auto child = start_child();
  a.links().want({child->as_peer()});
  CAF_REQUIRE(a.told().next_up() == child->as_peer().incarnation);
  child->signal(SIGKILL);
  const auto begin = clock::now();
  CAF_CHECK(a.told().next_down().incarnation == child->as_peer().incarnation);
  CAF_CHECK(clock::now() - begin < 1s);
  a.until_why(child->as_peer().incarnation, "Connection refused");
}

CAF_TEST(a cable that is cut is noticed on both sides and comes back as a new link) {
  node b{"node-b", ca.certify("node-b")};
  cable way{b.links().port()};
  auto through = b.as_peer();
  through.address = way.address();
  a.links().want({through});
  b.links().want({a.as_peer()});
  CAF_REQUIRE(a.told().next_up() == b.incarnation());
  CAF_REQUIRE(b.told().next_up() == a.incarnation());
  a.links().send(b.incarnation(), numbered(1));
  CAF_CHECK_EQUAL(number_of(b.told().next_received().frame), 1u);

  way.cut();
  const auto begin = clock::now();
  a.links().send(b.incarnation(), numbered(2));
  CAF_CHECK(a.told().next_down().incarnation == b.incarnation());
  CAF_CHECK(b.told().next_down().incarnation == a.incarnation());
  CAF_CHECK(clock::now() - begin < 3s);
  CAF_CHECK(a.links().send(b.incarnation(), numbered(3)) == frame_sent::away);

  way.mend();
  CAF_CHECK(a.told().next_up() == b.incarnation());
  CAF_CHECK(b.told().next_up() == a.incarnation());
  CAF_CHECK(a.links().send(b.incarnation(), numbered(4)) == frame_sent::queued);
  CAF_CHECK_EQUAL(number_of(b.told().next_received().frame), 4u);
}

CAF_TEST_FIXTURE_SCOPE_END()
