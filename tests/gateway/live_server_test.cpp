#include "gateway/server.hpp"

#include "tests/gateway/client.hpp"
#include "tests/gateway/scene.hpp"

#include <caf/send.hpp>

#include <thread>

#define CAF_SUITE live_server
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::messages;
using spotter::test::client;
using spotter::test::scene;
using spotter::test::ws_message;
using namespace std::chrono_literals;

namespace {

/// The `seq` in a message, or -1.
std::int64_t seq_of(const ws_message& m) {
  const auto at = m.text.find("\"seq\":");
  return at == m.text.npos ? -1 : std::stoll(m.text.substr(at + 6));
}

struct socket {
  client c;

  explicit socket(scene& s, int receive_buffer = 0) : c(s.port(), receive_buffer) {
    if (c.upgrade(s.token()) != 101)
      CAF_FAIL("no upgrade");
    if (c.read_message().text.find("\"type\":\"hello\"") == std::string::npos)
      CAF_FAIL("no hello");
  }

  ws_message subscribe(std::string_view since = {}) {
    std::string text = R"({"id":1,"type":"subscribe","topic":"me")";
    if (!since.empty())
      (text += ",\"since\":") += since;
    c.send_text(text + "}");
    return c.read_message();
  }

  /// Reads events until `last`; true when each came once and in order after `first`.
  bool sees(std::int64_t first, std::int64_t last) {
    for (auto expected = first; expected <= last; ++expected) {
      const auto m = c.read_until("\"type\":\"event\"");
      if (seq_of(m) != expected) {
        CAF_MESSAGE("expected " << expected << ", got: " << m.text << " code " << m.close_code);
        return false;
      }
    }
    return true;
  }

  std::uint16_t close_code() {
    while (true) {
      const auto m = c.read_message();
      if (m.ended || m.close_code != 0)
        return m.close_code;
    }
  }
};

} // namespace

CAF_TEST(gives a snapshot and then every event once) {
  scene s;
  s.publish(3);
  socket a{s};
  const auto start = a.subscribe();
  CAF_CHECK_EQUAL(
    start.text,
    R"({"id":1,"type":"subscribed","topic":"me","position":{"epoch":1,"seq":3},"recovered":false,)"
    R"("snapshot":{"workouts":[]}})");
  s.publish(50);
  CAF_CHECK(a.sees(4, 53));
}

CAF_TEST(replays what was missed before it goes on) {
  scene s;
  s.publish(10);
  socket a{s};
  const auto start = a.subscribe(R"({"epoch":1,"seq":4})");
  CAF_CHECK(start.text.find("\"recovered\":true") != start.text.npos);
  s.publish(5);
  CAF_CHECK(a.sees(5, 15));
}

CAF_TEST(leaves no gap and repeats nothing for those who join in the middle) {
  scene s;
  s.publish(1);
  std::atomic<bool> stop{false};
  std::thread busy{[&] {
    for (int i = 0; i < 300 && !stop; ++i)
      s.publish(3);
  }};
  std::vector<std::unique_ptr<socket>> sockets;
  for (int i = 0; i < 12; ++i) {
    sockets.push_back(std::make_unique<socket>(s));
    sockets.back()->subscribe(R"({"epoch":1,"seq":0})");
  }
  stop = true;
  busy.join();
  s.publish(1);
  std::int64_t last = 0;
  {
    const std::lock_guard guard{s.known().mutex};
    last = static_cast<std::int64_t>(s.known().events.size());
  }
  for (auto& a : sockets)
    CAF_CHECK(a->sees(1, last));
}

CAF_TEST(goes on without a word when the session ends and comes back) {
  scene s;
  socket a{s};
  a.subscribe();
  socket b{s};
  b.subscribe();
  s.publish(5);
  CAF_CHECK(a.sees(1, 5));
  s.end_session();
  s.publish(5); // by the next session, before or after it has been found again
  CAF_CHECK(a.sees(6, 10));
  CAF_CHECK(b.sees(1, 10));
  s.publish(5);
  CAF_CHECK(a.sees(11, 15));
  CAF_CHECK(b.sees(11, 15));
}

CAF_TEST(notices a session that ends without a word) {
  scene s;
  socket a{s};
  a.subscribe();
  s.publish(5);
  CAF_CHECK(a.sees(1, 5));
  s.kill_session();
  s.publish(5);
  CAF_CHECK(a.sees(6, 10));
}

CAF_TEST(closes who does not keep up and loses nothing before the end) {
  scene s{[](auto& config) {
    config.limits.socket_send_buffer = 4'096;
    config.limits.send_queue_bytes = 32'768;
  }};
  socket slow{s, 4'096};
  slow.subscribe();
  socket quick{s};
  quick.subscribe();
  for (int i = 0; i < 40; ++i) {
    s.publish(10, 2'000);
    CAF_CHECK(quick.sees(i * 10 + 1, i * 10 + 10));
  }
  std::int64_t expected = 1;
  while (true) {
    const auto m = slow.c.read_message();
    if (m.close_code != 0 || m.ended) {
      CAF_CHECK_EQUAL(m.close_code, 4001);
      break;
    }
    CAF_CHECK_EQUAL(seq_of(m), expected);
    ++expected;
  }
  CAF_CHECK(expected < 400);
}

CAF_TEST(takes a replay that is larger than the queue for no sign of slowness) {
  scene s{[](auto& config) {
    config.limits.socket_send_buffer = 4'096;
    config.limits.send_queue_bytes = 32'768;
  }};
  s.publish(400, 2'000);
  socket a{s};
  a.subscribe(R"({"epoch":1,"seq":0})");
  CAF_CHECK(a.sees(1, 400));
}

CAF_TEST(makes the id of a command the id of what it makes) {
  scene s;
  socket a{s};
  a.c.send_text(R"({"id":4,"type":"command","command":"set.log",
    "command_id":"01a20378-08a5-779d-b7c3-1af1b2d289b5","data":{
    "workout_id":"01a20378-08a5-779d-b7c3-1af1b2d289b2",
    "exercise_id":"01a20378-08a5-779d-b7c3-1af1b2d289b3"}})");
  CAF_CHECK_EQUAL(a.c.read_message().text,
                  R"({"id":4,"type":"ack","position":{"epoch":1,"seq":1},"data":{"seq":1}})");
  a.c.send_text(R"({"id":5,"type":"command","command":"workout.finish",
    "command_id":"01a20378-08a5-779d-b7c3-1af1b2d289b6","data":{
    "workout_id":"01a20378-08a5-779d-b7c3-1af1b2d289b2"}})");
  a.c.read_message();
  CAF_REQUIRE_EQUAL(s.known().commands.size(), 2u);
  const auto& set = s.known().commands[0];
  CAF_CHECK(!set.once);
  CAF_CHECK_EQUAL(domain::to_string(std::get<log_set>(set.body).entry.set_id.value()),
                  "01a20378-08a5-779d-b7c3-1af1b2d289b5");
  CAF_CHECK_EQUAL(s.known().commands[1].once->key, "01a20378-08a5-779d-b7c3-1af1b2d289b6");
}

CAF_TEST(bounds the commands that one socket has running) {
  scene s{[](auto& config) { config.limits.commands_in_flight = 2; }};
  s.known().silent = true;
  socket a{s};
  for (int i = 1; i <= 3; ++i)
    a.c.send_text(R"({"id":)" + std::to_string(i) + R"(,"type":"command","command":"set.log",
      "command_id":"01a20378-08a5-779d-b7c3-1af1b2d289b)"
                  + std::to_string(i) + R"(","data":{
      "workout_id":"01a20378-08a5-779d-b7c3-1af1b2d289b2",
      "exercise_id":"01a20378-08a5-779d-b7c3-1af1b2d289b3"}})");
  const auto m = a.c.read_message();
  CAF_CHECK(m.text.starts_with(R"({"id":3,"type":"error")"));
  CAF_CHECK(m.text.find("\"code\":\"overloaded\"") != m.text.npos);
}

CAF_TEST(bounds the commands of one account over all its sockets) {
  scene s{[](auto& config) { config.limits.writes_per_minute = 3; }};
  socket a{s};
  socket b{s};
  int acknowledged = 0;
  ws_message refused;
  for (int i = 1; i <= 20 && refused.text.empty(); ++i) {
    auto& from = i % 2 == 0 ? a : b;
    from.c.send_text(R"({"id":1,"type":"command","command":"set.log",
      "command_id":")"
                     + domain::to_string(domain::make_uuid_v7()) + R"(","data":{
      "workout_id":"01a20378-08a5-779d-b7c3-1af1b2d289b2",
      "exercise_id":"01a20378-08a5-779d-b7c3-1af1b2d289b3"}})");
    auto m = from.c.read_message();
    if (m.text.find("\"type\":\"ack\"") != m.text.npos)
      ++acknowledged;
    else
      refused = std::move(m);
  }
  CAF_CHECK(acknowledged >= 3);
  CAF_CHECK(acknowledged <= 6); // one on credit for each thread, and what the second has taken
  CAF_CHECK(refused.text.find("\"code\":\"too_many_requests\"") != refused.text.npos);
  CAF_CHECK(refused.text.find("\"retry_after") != refused.text.npos);
}

CAF_TEST(waits for a token only so long) {
  scene s{[](auto& config) { config.limits.auth_timeout = 50ms; }};
  client c{s.port()};
  CAF_CHECK_EQUAL(c.upgrade({}), 101);
  CAF_CHECK_EQUAL(c.read_until("nothing").close_code, 4500);
}

CAF_TEST(takes the token as the first message and refuses what comes before it) {
  scene s;
  client c{s.port()};
  CAF_CHECK_EQUAL(c.upgrade({}), 101);
  c.read_message();
  c.send_text(R"({"id":1,"type":"subscribe","topic":"me"})");
  CAF_CHECK(c.read_message().text.find("\"status\":401") != std::string::npos);
  c.send_text(R"({"id":2,"type":"auth","token":")" + s.token() + "\"}");
  CAF_CHECK(c.read_message().text.starts_with(R"({"id":2,"type":"ack")"));
  c.send_text(R"({"id":3,"type":"subscribe","topic":"me"})");
  CAF_CHECK(c.read_message().text.starts_with(R"({"id":3,"type":"subscribed")"));
}

CAF_TEST(takes an API key and counts those that nobody has) {
  scene s{[](auto& config) { config.limits.sign_ins_per_minute = 2; }};
  client known{s.port()};
  CAF_CHECK_EQUAL(known.upgrade("spk_good"), 101);
  known.read_message();
  known.send_text(R"({"id":1,"type":"auth","token":"spk_good"})");
  CAF_CHECK(known.read_message().text.starts_with(R"({"id":1,"type":"ack")"));
  CAF_CHECK_EQUAL(s.known().keys_asked, 1);
  int refused = 0;
  for (int i = 0; i < 6; ++i) {
    client c{s.port()};
    c.upgrade({});
    c.read_message();
    c.send_text(R"({"id":2,"type":"auth","token":"spk_)" + std::to_string(i) + "\"}");
    refused += c.read_message().text.find("too_many_requests") != std::string::npos;
  }
  CAF_CHECK_EQUAL(refused, 4);
  CAF_CHECK_EQUAL(s.known().keys_asked, 3);
}

CAF_TEST(counts made up keys by whom a trusted proxy names) {
  scene s{[](auto& how) {
    how.limits.sign_ins_per_minute = 1;
    how.trusted.blocks = {*config::address_block::parse("127.0.0.1")};
  }};
  const auto refused = [&s](std::string_view from, std::string_view key) {
    client c{s.port()};
    c.upgrade({}, "X-Forwarded-For: " + std::string(from) + "\r\n");
    c.read_message();
    c.send_text(R"({"id":2,"type":"auth","token":")" + std::string(key) + "\"}");
    return c.read_message().text.find("too_many_requests") != std::string::npos;
  };
  CAF_CHECK(!refused("192.0.2.1", "spk_1"));
  CAF_CHECK(refused("192.0.2.1", "spk_2"));
  CAF_CHECK(!refused("192.0.2.2", "spk_3"));
}

CAF_TEST(closes with the expiry of the token unless it is renewed) {
  scene s;
  client c{s.port()};
  CAF_CHECK_EQUAL(c.upgrade(s.token(1s)), 101);
  CAF_CHECK_EQUAL(c.read_until("nothing").close_code, 4004);
}

CAF_TEST(closes the sockets of a login that was ended) {
  scene s;
  socket a{s};
  s.tell_listeners(login_revoked{s.known().user_id, s.login_id()});
  CAF_CHECK_EQUAL(a.close_code(), 4502);
  client c{s.port()};
  CAF_CHECK_EQUAL(c.upgrade(s.token()), 401);
}

CAF_TEST(notices a peer that answers no pings) {
  scene s{[](auto& config) { config.limits.heartbeat = 50ms; }};
  socket a{s};
  CAF_CHECK_EQUAL(a.close_code(), 4005);
}

CAF_TEST(answers pings and a close) {
  scene s;
  socket a{s};
  a.c.send_frame(0x89, "are you there");
  const auto pong = a.c.read_message();
  CAF_CHECK(pong.kind == gateway::websocket::opcode::pong);
  CAF_CHECK_EQUAL(pong.text, "are you there");
  a.c.send_frame(0x88, "\x03\xe8");
  CAF_CHECK_EQUAL(a.close_code(), 1000);
  CAF_CHECK(a.c.at_end());
}

CAF_TEST(refuses pages of other origins) {
  scene s;
  client c{s.port()};
  CAF_CHECK_EQUAL(c.upgrade(s.token(), "Origin: https://evil.example\r\n"), 403);
  client own{s.port()};
  CAF_CHECK_EQUAL(own.upgrade(s.token(), "Origin: http://test\r\n"), 101);
}

CAF_TEST(tells sockets to come back before it stops) {
  scene s;
  socket a{s};
  a.subscribe();
  std::thread stopping{[&s] { CAF_CHECK(s.server().drain(10s)); }};
  CAF_CHECK(a.c.read_message().text.starts_with(R"({"type":"drain","reconnect_after_ms":)"));
  CAF_CHECK_EQUAL(a.close_code(), 4000);
  // The client's half of the goodbye.
  a.c.send_frame(0x88, "\x0f\xa0");
  stopping.join();
}

CAF_TEST(lets the session go when the last one has left) {
  scene s;
  {
    socket a{s};
    a.subscribe();
  }
  while (true) {
    const std::lock_guard guard{s.known().mutex};
    if (s.known().unsubscribed > 0)
      break;
  }
  CAF_CHECK(s.known().sinks.empty());
}

CAF_TEST(streams the same events over SSE and resumes them) {
  scene s;
  s.publish(2);
  client c{s.port()};
  const auto head = c.call("GET", "/v1/live/sse", s.token(), {}, "Last-Event-ID: 1-1\r\n");
  CAF_CHECK_EQUAL(head.status, 200);
  CAF_CHECK_EQUAL(head.headers.at("content-type"), "text/event-stream");
  CAF_CHECK_EQUAL(head.headers.count("content-length"), 0u);
  CAF_CHECK(c.reads("\ndata: {\"type\":\"subscribed\""));
  CAF_CHECK(c.reads("\nid: 1-2\ndata: {\"type\":\"event\""));
  s.publish(1);
  CAF_CHECK(c.reads("\nid: 1-3\ndata: {\"type\":\"event\""));
}
