#include "links/links.hpp"

#define CAF_SUITE strangers
#include "caf/test/dsl.hpp"

#include "tests/links/frames.hpp"
#include "tests/links/raw_client.hpp"
#include "tests/links/scene.hpp"

#include <openssl/ssl.h>

#include <list>

using namespace spotter;
using namespace spotter::links;
using namespace spotter::test;

namespace {

using clock = std::chrono::steady_clock;

/// A node, and somebody who has a certificate of its cluster but says what it likes.
struct fixture {
  temporary_folder folder;
  authority ca{folder, "cluster"};
  authority other{folder, "other"};
  test::node a{"node-a", ca.certify("node-a"), [](link_settings& s) {
                 s.handshake = 500ms;
                 s.silence = 700ms;
                 s.ping = 100ms;
               }};
  // Dials us, so that what is sent to it can be looked at.
  domain::uuid incarnation = domain::make_uuid_v7();

  [[nodiscard]] std::uint16_t port() { return a.links().port(); }

  [[nodiscard]] hello greeting() {
    return {{1, 1}, "test", "node-b", incarnation, a.incarnation(), "9.9"};
  }

  /// Through TLS with the certificate of node-b.
  void enter(raw_client& client) {
    CAF_REQUIRE(client.shake_hands(careless_context(ca.certify("node-b")).get()));
  }

  /// Through the hello as well.
  void become_live(raw_client& client) {
    enter(client);
    client.send(frame_kind::hello, encode(greeting()));
    const auto said = client.read();
    CAF_REQUIRE(said && said->first == frame_kind::answer);
    CAF_REQUIRE(decode_answer(said->second)->why == refusal::none);
    client.send(frame_kind::ready, {});
  }

  /// The node still takes part in a cluster.
  void check_alive() {
    test::node b{"node-b", ca.certify("node-b")};
    a.links().want({b.as_peer()});
    b.links().want({a.as_peer()});
    CAF_CHECK(a.told().next_up() == b.incarnation());
  }

  /// Waits until so many were refused for this reason: clients see their end before it is counted.
  void counted(const char* reason, int times) {
    test::node::until([&] { return a.refused(reason) == times; }, reason);
  }

  refusal refused_with(const hello& said) {
    raw_client client{port()};
    enter(client);
    client.send(frame_kind::hello, encode(said));
    const auto heard = client.read();
    CAF_REQUIRE(heard && heard->first == frame_kind::answer);
    CAF_CHECK(client.ends());
    return decode_answer(heard->second)->why;
  }
};

bytes of(std::initializer_list<int> values) {
  bytes out;
  for (const int value : values)
    out.push_back(static_cast<std::byte>(value));
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(strangers_tests, fixture)

CAF_TEST(bytes that are no TLS are refused) {
  for (const auto& garbage :
       {bytes(32), bytes(32, std::byte{0xff}), bytes(100'000, std::byte{'G'})}) {
    raw_client client{port()};
    client.send(garbage);
    CAF_CHECK(client.ends());
  }
  test::node::until([&] { return a.refused("malformed") + a.refused("slow") >= 3; }, "counted");
  check_alive();
}

CAF_TEST(anonymous TLS is not spoken) {
  const auto context = careless_context(std::nullopt, TLS1_2_VERSION);
  SSL_CTX_set_security_level(context.get(), 0);
  CAF_REQUIRE(SSL_CTX_set_cipher_list(context.get(), "aNULL") == 1);
  raw_client client{port()};
  CAF_CHECK(!client.shake_hands(context.get()));
  CAF_CHECK(client.ends());
}

CAF_TEST(TLS before 1 point 3 is not spoken) {
  raw_client client{port()};
  CAF_CHECK(!client.shake_hands(careless_context(ca.certify("node-b"), TLS1_2_VERSION).get()));
  CAF_CHECK(client.ends());
}

CAF_TEST(a client without a certificate is refused) {
  raw_client client{port()};
  client.shake_hands(careless_context(std::nullopt).get());
  client.send(frame_kind::hello, encode(greeting()));
  CAF_CHECK(!client.read());
  counted("certificate", 1);
}

CAF_TEST(a certificate of another CA is refused) {
  raw_client client{port()};
  client.shake_hands(careless_context(other.certify("node-b")).get());
  client.send(frame_kind::hello, encode(greeting()));
  CAF_CHECK(!client.read());
  counted("certificate", 1);
}

CAF_TEST(a certificate that has expired is refused) {
  raw_client client{port()};
  client.shake_hands(careless_context(ca.certify("node-b", -7'200, -3'600)).get());
  client.send(frame_kind::hello, encode(greeting()));
  CAF_CHECK(!client.read());
  counted("certificate", 1);
}

CAF_TEST(a node that claims the name of another is refused) {
  auto said = greeting();
  said.node_id = "node-c";
  CAF_CHECK(refused_with(said) == refusal::name);
  counted("name", 1);
}

CAF_TEST(a dialled node with the certificate of another is refused) {
  // Its certificate is of the cluster, but it is not node-b.
  test::node c{"node-c", ca.certify("node-c")};
  auto where = c.as_peer();
  where.node_id = "node-b";
  a.links().want({where});
  a.until_why(c.incarnation(), "hostname mismatch");
}

CAF_TEST(a dialled node with a certificate of another CA is refused) {
  test::node b{"node-b", other.certify("node-b")};
  a.links().want({b.as_peer()});
  a.until_why(b.incarnation(), "the peer's certificate is refused");
  b.links().want({a.as_peer()});
  b.until_why(a.incarnation(), "the peer's certificate is refused");
}

CAF_TEST(a hello for another run or cluster or protocol is answered with the reason) {
  auto said = greeting();
  said.meant = domain::make_uuid_v7();
  CAF_CHECK(refused_with(said) == refusal::incarnation);
  said = greeting();
  said.cluster_id = "production";
  CAF_CHECK(refused_with(said) == refusal::cluster);
  said = greeting();
  said.protocol = {2, 9};
  CAF_CHECK(refused_with(said) == refusal::protocol);
  said = greeting();
  said.incarnation = a.incarnation();
  CAF_CHECK(refused_with(said) == refusal::self);
}

CAF_TEST(a silent connection is closed in time) {
  const auto begin = clock::now();
  raw_client silent{port()};
  raw_client after_tls{port()};
  enter(after_tls);
  raw_client after_hello{port()};
  enter(after_hello);
  after_hello.send(frame_kind::hello, encode(greeting()));
  CAF_CHECK(silent.ends());
  CAF_CHECK(after_tls.ends());
  CAF_CHECK(after_hello.ends());
  CAF_CHECK(clock::now() - begin < 2s);
  counted("slow", 3);
}

CAF_TEST(half a hello is closed in time) {
  raw_client client{port()};
  enter(client);
  bytes frame;
  append_frame(frame, frame_kind::hello, encode(greeting()));
  frame.resize(frame.size() / 2);
  client.send(frame);
  CAF_CHECK(client.ends());
  counted("slow", 1);
}

CAF_TEST(a gigabyte that is announced before the hello is refused at once) {
  raw_client client{port()};
  enter(client);
  client.send(of({0x40, 0, 0, 0, 1}));
  CAF_CHECK(client.ends());
  counted("malformed", 1);
}

CAF_TEST(a message before the hello is refused) {
  raw_client client{port()};
  enter(client);
  client.send(frame_kind::message, payload_of(numbered(1)));
  CAF_CHECK(client.ends());
  CAF_CHECK_EQUAL(a.told().size(), 0u);
}

CAF_TEST(a message before the link is up is refused) {
  raw_client client{port()};
  become_live(client);
  client.send(frame_kind::message, payload_of(numbered(1)));
  CAF_CHECK(client.ends());
  CAF_CHECK_EQUAL(a.told().size(), 0u);
}

CAF_TEST(a known node that breaks the rules is disconnected and the process lives) {
  bytes huge = of({0x40, 0, 0, 0, 7});
  bytes unknown_kind = of({0, 0, 0, 0, 99});
  bytes second_hello;
  append_frame(second_hello, frame_kind::hello, encode(greeting()));
  bytes odd_ping = of({0, 0, 0, 1, 4, 0});
  bytes credit;
  append_frame(credit, frame_kind::credit, 8);
  const auto before = resident_bytes();
  for (const auto& bad : {huge, unknown_kind, second_hello, odd_ping, credit}) {
    raw_client client{port()};
    become_live(client);
    client.send(bad);
    CAF_CHECK(client.ends());
  }
  CAF_CHECK(resident_bytes() < before + 50'000'000);
  CAF_CHECK_EQUAL(a.told().size(), 0u);
  check_alive();
}

CAF_TEST(a known node that falls silent is disconnected) {
  raw_client client{port()};
  become_live(client);
  const auto begin = clock::now();
  CAF_CHECK(client.ends());
  CAF_CHECK(clock::now() - begin >= 600ms);
  CAF_CHECK(clock::now() - begin < 3s);
}

CAF_TEST(strangers are few and the oldest goes first) {
  std::list<raw_client> crowd;
  for (int i = 0; i < 40; ++i)
    crowd.emplace_back(port());
  CAF_CHECK(crowd.front().ends());
  counted("crowded", 8);
  // Honest nodes get through while the crowd waits.
  check_alive();
}

CAF_TEST_FIXTURE_SCOPE_END()
