#include "gateway/server.hpp"

#include "tests/gateway/client.hpp"
#include "tests/gateway/scene.hpp"

#define CAF_SUITE http_server
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::messages;
using spotter::test::answer;
using spotter::test::client;
using spotter::test::scene;
using namespace std::chrono_literals;

namespace {

const auto workout = "/v1/workouts/01a20378-08a5-779d-b7c3-1af1b2d289b2";
const auto sets = std::string(workout) + "/sets";
const std::string set = R"({"exercise_id":"01a20378-08a5-779d-b7c3-1af1b2d289b3","reps":5})";

bool says(const answer& a, std::string_view code) {
  return a.body.find("\"code\":\"" + std::string(code) + "\"") != a.body.npos;
}

} // namespace

CAF_TEST(carries a set to the session and the answer back) {
  scene s;
  client c{s.port()};
  const auto a = c.call("POST", sets, s.token(), set, "Idempotency-Key: k1\r\nIf-Match: \"3\"\r\n");
  CAF_CHECK_EQUAL(a.status, 201);
  CAF_CHECK_EQUAL(a.body, R"({"seq":1})");
  CAF_CHECK_EQUAL(a.headers.at("etag"), "\"1\"");
  CAF_CHECK(a.headers.contains("x-request-id"));
  CAF_CHECK(a.headers.contains("server-timing"));
  CAF_REQUIRE_EQUAL(s.known().commands.size(), 1u);
  const auto& cmd = s.known().commands[0];
  CAF_CHECK_EQUAL(cmd.user_id, s.known().user_id);
  CAF_CHECK_EQUAL(cmd.once->key, "k1");
  CAF_CHECK_EQUAL(cmd.if_match.value_or(0), 3);
  CAF_CHECK_EQUAL(std::get<log_set>(cmd.body).entry.actual.reps.value_or(0), 5);
}

CAF_TEST(says nothing new when the version is the one that the client has) {
  scene s;
  client c{s.port()};
  CAF_CHECK_EQUAL(c.call("GET", workout, s.token()).headers.at("etag"), "\"7\"");
  const auto a = c.call("GET", workout, s.token(), {}, "If-None-Match: W/\"6\", \"7\"\r\n");
  CAF_CHECK_EQUAL(a.status, 304);
  CAF_CHECK(a.body.empty());
}

CAF_TEST(answers pipelined requests in their order) {
  scene s;
  client c{s.port()};
  std::string all;
  for (const auto* path : {"/livez", "/v1/nothing", "/livez"})
    all += std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  c.send(all);
  CAF_CHECK_EQUAL(c.read_answer().status, 200);
  CAF_CHECK_EQUAL(c.read_answer().status, 404);
  CAF_CHECK_EQUAL(c.read_answer().status, 200);
}

CAF_TEST(ends requests whose head does not come) {
  scene s{[](auto& config) { config.limits.header_timeout = 50ms; }};
  client c{s.port()};
  c.send("GET /livez HTTP/1.1\r\nHost: a\r\n");
  CAF_CHECK_EQUAL(c.read_answer().status, 408);
  CAF_CHECK(c.at_end());
}

CAF_TEST(ends requests whose body does not come) {
  scene s{[](auto& config) { config.limits.body_timeout = 50ms; }};
  client c{s.port()};
  c.send("POST " + sets + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
         + "Content-Length: 10\r\nAuthorization: Bearer " + s.token() + "\r\n\r\n{");
  CAF_CHECK_EQUAL(c.read_answer().status, 408);
}

CAF_TEST(ends connections that are idle) {
  scene s{[](auto& config) { config.limits.idle_timeout = 50ms; }};
  client c{s.port()};
  CAF_CHECK_EQUAL(c.call("GET", "/livez", {}).status, 200);
  CAF_CHECK(c.at_end());
}

CAF_TEST(refuses bodies that are too large by their announcement and by their size) {
  scene s{[](auto& config) { config.limits.body_bytes = 1'000; }};
  client announced{s.port()};
  announced.send("POST " + sets + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                 + "Content-Length: 1001\r\nAuthorization: Bearer " + s.token() + "\r\n\r\n");
  CAF_CHECK(says(announced.read_answer(), "too_large"));
  CAF_CHECK(announced.at_end());
  client chunked{s.port()};
  std::string text = "POST " + sets + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                     + "Transfer-Encoding: chunked\r\nAuthorization: Bearer " + s.token()
                     + "\r\n\r\n";
  for (int i = 0; i < 20; ++i)
    text += "64\r\n" + std::string(100, ' ') + "\r\n";
  chunked.send(text);
  CAF_CHECK_EQUAL(chunked.read_answer().status, 413);
}

CAF_TEST(takes short bodies only where no token is needed) {
  scene s;
  const auto post = [&s](std::string_view path, std::string_view token, std::size_t size) {
    client c{s.port()};
    const auto a = c.call("POST", path, token, R"({"email":")" + std::string(size, 'a') + "\"}");
    const bool ended = a.headers.contains("connection") && a.headers.at("connection") == "close";
    return std::pair{a.status, ended};
  };
  using result = std::pair<int, bool>;
  CAF_CHECK(post("/v1/auth/login", {}, 20'000) == result(413, true));
  CAF_CHECK(post("/v1/auth/login", {}, 10'000).first != 413);
  CAF_CHECK(post("/v1/nothing", {}, 10'000) == result(404, false));
  CAF_CHECK(post("/v1/nothing", {}, 20'000) == result(404, true));
  CAF_CHECK(post(sets, {}, 10'000) == result(401, false));
  CAF_CHECK(post(sets, {}, 20'000) == result(401, true));
  CAF_CHECK_EQUAL(post(sets, s.token(), 20'000).first, 422);
}

CAF_TEST(bounds what large bodies hold together) {
  scene s{[](auto& config) { config.limits.body_total_bytes = 300'000; }};
  const auto head = [&s](std::string_view length) {
    return "POST " + sets + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
           + "Expect: 100-continue\r\nAuthorization: Bearer " + s.token() + "\r\n"
           + std::string(length) + "\r\n\r\n";
  };
  const auto filled = set + std::string(200'000 - set.size(), ' ');
  const auto chunks = [&filled](std::size_t size) {
    std::string out;
    for (std::size_t at = 0; at < size; at += 1'000)
      out += "3e8\r\n" + filled.substr(at, 1'000) + "\r\n";
    return out + "0\r\n\r\n";
  };
  client first{s.port()};
  first.send(head("Content-Length: 200000"));
  CAF_CHECK_EQUAL(first.read_answer().status, 100);
  client second{s.port()};
  second.send(head("Content-Length: 200000"));
  CAF_CHECK(says(second.read_answer(), "overloaded"));
  CAF_CHECK(second.at_end());
  client small{s.port()};
  CAF_CHECK_EQUAL(small.call("POST", sets, s.token(), filled.substr(0, 60'000)).status, 201);
  client chunked{s.port()};
  chunked.send(head("Transfer-Encoding: chunked"));
  CAF_CHECK_EQUAL(chunked.read_answer().status, 100);
  chunked.send(chunks(50'000));
  CAF_CHECK_EQUAL(chunked.read_answer().status, 201);
  chunked.send(head("Transfer-Encoding: chunked"));
  CAF_CHECK_EQUAL(chunked.read_answer().status, 100);
  chunked.send(chunks(150'000));
  CAF_CHECK(says(chunked.read_answer(), "overloaded"));
  first.send(filled);
  CAF_CHECK_EQUAL(first.read_answer().status, 201);
  client again{s.port()};
  CAF_CHECK_EQUAL(again.call("POST", sets, s.token(), filled).status, 201);
}

CAF_TEST(says continue only where it will read the body) {
  scene s;
  client c{s.port()};
  const std::string head =
    "POST " + sets + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
    + "Content-Type: application/json\r\nContent-Length: " + std::to_string(set.size()) + "\r\n";
  c.send(head + "Authorization: Bearer " + s.token() + "\r\n\r\n");
  CAF_CHECK_EQUAL(c.read_answer().status, 100);
  c.send(set);
  CAF_CHECK_EQUAL(c.read_answer().status, 201);
  client refused{s.port()};
  refused.send(head + "\r\n");
  CAF_CHECK_EQUAL(refused.read_answer().status, 401);
}

CAF_TEST(keeps the connection after a refusal with a small body) {
  scene s;
  client c{s.port()};
  CAF_CHECK_EQUAL(c.call("POST", sets, {}, set).status, 401);
  CAF_CHECK_EQUAL(c.call("POST", sets, s.token(), set).status, 201);
}

CAF_TEST(asks again when the session had ended before it took the request) {
  scene s;
  client c{s.port()};
  CAF_CHECK_EQUAL(c.call("POST", sets, s.token(), set).status, 201);
  s.kill_session();
  CAF_CHECK_EQUAL(c.call("POST", sets, s.token(), set).status, 201);
  CAF_CHECK_EQUAL(s.known().sessions, 2);
  CAF_CHECK_EQUAL(s.known().commands.size(), 2u);
}

CAF_TEST(does not repeat a request that was taken) {
  scene s;
  client c{s.port()};
  s.known().dies = true;
  const auto a = c.call("POST", sets, s.token(), set);
  CAF_CHECK_EQUAL(a.status, 503);
  CAF_CHECK(says(a, "outcome_unknown"));
  CAF_CHECK(a.headers.contains("retry-after"));
  CAF_CHECK_EQUAL(s.known().commands.size(), 1u);
}

CAF_TEST(asks again when the session says that it has moved) {
  scene s;
  client c{s.port()};
  s.known().decide = [n = 0](const command&) mutable {
    return ++n == 1 ? command_reply{failure{failure_code::moved, "", {}, 0}}
                    : command_reply{outcome{true, false, 2, {1, 2}, std::string{"{}"}, {}}};
  };
  CAF_CHECK_EQUAL(c.call("POST", sets, s.token(), set).status, 201);
  CAF_CHECK_EQUAL(s.known().commands.size(), 2u);
}

CAF_TEST(gives up on an actor that does not answer) {
  scene s{[](auto& config) { config.limits.ask_timeout = 50ms; }};
  client c{s.port()};
  s.known().silent = true;
  CAF_CHECK(says(c.call("POST", sets, s.token(), set), "deadline_exceeded"));
}

CAF_TEST(sheds asks over the limit) {
  scene s{[](auto& config) {
    config.limits.pending_asks = 0;
    config.io_threads = 1;
  }};
  client c{s.port()};
  const auto a = c.call("POST", sets, s.token(), set);
  CAF_CHECK_EQUAL(a.status, 503);
  CAF_CHECK(says(a, "overloaded"));
}

CAF_TEST(refuses connections over the limit) {
  scene s{[](auto& config) { config.limits.connections_per_address = 1; }};
  client first{s.port()};
  CAF_CHECK_EQUAL(first.call("GET", "/livez", {}).status, 200);
  client second{s.port()};
  CAF_CHECK_EQUAL(second.read_answer().status, 503);
  CAF_CHECK(second.at_end());
}

CAF_TEST(bounds sign ins by address) {
  scene s{[](auto& config) { config.limits.sign_ins_per_minute = 2; }};
  client c{s.port()};
  const std::string body = R"({"email":"a@b","password":"x"})";
  for (int i = 0; i < 2; ++i)
    CAF_CHECK(says(c.call("POST", "/v1/auth/login", {}, body), "unavailable"));
  const auto a = c.call("POST", "/v1/auth/login", {}, body);
  CAF_CHECK_EQUAL(a.status, 429);
  CAF_CHECK(a.headers.contains("retry-after"));
  CAF_CHECK(a.headers.contains("ratelimit"));
  CAF_CHECK(a.headers.contains("ratelimit-policy"));
}

CAF_TEST(asks nobody about made up keys once the sign ins of their address are spent) {
  scene s{[](auto& c) { c.limits.sign_ins_per_minute = 3; }};
  client c{s.port()};
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    const auto a = c.call("GET", workout, "spk_" + std::to_string(i));
    CAF_CHECK(a.status == 401 || a.status == 429);
    refused += a.status == 429;
    if (a.status == 429)
      CAF_CHECK(a.headers.contains("retry-after"));
  }
  CAF_CHECK_EQUAL(refused, 7);
  CAF_CHECK_EQUAL(s.known().keys_asked, 3);
}

CAF_TEST(asks nobody about keys where no key is needed) {
  scene s;
  client c{s.port()};
  CAF_CHECK_EQUAL(c.call("GET", "/livez", "spk_a").status, 200);
  CAF_CHECK_EQUAL(c.call("GET", "/v1/nothing", "spk_b").status, 404);
  CAF_CHECK_EQUAL(c.call("PUT", workout, "spk_c").status, 405);
  CAF_CHECK_EQUAL(s.known().keys_asked, 0);
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(c.call("GET", workout, "spk_good").status, 200);
  CAF_CHECK_EQUAL(s.known().keys_asked, 1);
}

CAF_TEST(bounds what one account writes and reads apart) {
  scene s{[](auto& config) {
    config.limits.writes_per_minute = 5;
    config.limits.reads_per_minute = 0;
  }};
  client c{s.port()};
  int granted = 0;
  answer last;
  // A refusal before the fifth says only that who counts has not answered yet.
  for (int i = 0; i < 10'000 && (last.status != 429 || granted < 5); ++i) {
    last = c.call("POST", sets, s.token(), set);
    granted += last.status == 201 ? 1 : 0;
    CAF_CHECK_EQUAL(last.headers.at("ratelimit-policy"), "\"write\";q=5;w=60");
    CAF_CHECK(last.headers.contains("ratelimit"));
  }
  CAF_CHECK(granted >= 5);
  CAF_CHECK(granted <= 6); // one on credit
  CAF_CHECK_EQUAL(last.status, 429);
  CAF_CHECK(says(last, "too_many_requests"));
  CAF_CHECK(std::stoi(last.headers.at("retry-after")) >= 1);
  CAF_CHECK(last.headers.at("ratelimit").starts_with("\"write\";r=0;t="));
  const auto read = c.call("GET", workout, s.token());
  CAF_CHECK_EQUAL(read.status, 200);
  CAF_CHECK(!read.headers.contains("ratelimit"));
}

CAF_TEST(bounds imports by a count of their own) {
  scene s{[](auto& config) { config.limits.imports_per_minute = 1; }};
  client c{s.port()};
  const auto retry = [&] {
    return c.call("POST", "/v1/imports/01a20378-08a5-779d-b7c3-1af1b2d289b3/retry", s.token());
  };
  CAF_CHECK_EQUAL(retry().status, 201);
  const auto refused = retry();
  CAF_CHECK_EQUAL(refused.status, 429);
  CAF_CHECK(refused.headers.at("ratelimit-policy").starts_with("\"import\""));
}

CAF_TEST(lets pages of listed origins in) {
  scene s{[](auto& config) { config.allowed_origins = {"https://app.example"}; }};
  client c{s.port()};
  const auto a = c.call("OPTIONS", sets, {}, {},
                        "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n");
  CAF_CHECK_EQUAL(a.status, 204);
  CAF_CHECK_EQUAL(a.headers.at("access-control-allow-origin"), "https://app.example");
  const auto other = c.call("GET", "/livez", {}, {}, "Origin: https://evil.example\r\n");
  CAF_CHECK(!other.headers.contains("access-control-allow-origin"));
}

CAF_TEST(tells browsers to take an answer for what it is) {
  scene s;
  client c{s.port()};
  for (const auto* path : {"/livez", "/v1/nothing", "/v1/me", "/", "/docs", "/docs/docs.js"}) {
    const auto a = c.call("GET", path, {});
    CAF_CHECK_EQUAL(a.headers.at("x-content-type-options"), "nosniff");
    CAF_CHECK_EQUAL(a.headers.at("referrer-policy"), "no-referrer");
    CAF_CHECK_EQUAL(a.headers.at("cross-origin-resource-policy"), "same-origin");
    const auto& policy = a.headers.at("content-security-policy");
    CAF_CHECK(policy.starts_with("default-src 'none'"));
    CAF_CHECK(policy.find("frame-ancestors 'none'") != policy.npos);
    CAF_CHECK(policy.find("unsafe") == policy.npos);
    const bool page = a.headers.at("content-type").starts_with("text/html");
    CAF_CHECK_EQUAL(a.headers.contains("permissions-policy"), page);
    CAF_CHECK_EQUAL(a.headers.contains("cross-origin-opener-policy"), page);
    CAF_CHECK(!a.headers.contains("strict-transport-security"));
    CAF_CHECK(!a.headers.contains("access-control-allow-origin"));
  }
}

CAF_TEST(believes proxies that it trusts) {
  scene s{[](auto& config) {
    config.trusted.blocks = {*config::address_block::parse("127.0.0.1")};
    config.limits.sign_ins_per_minute = 2;
    config.limits.connections_per_address = 1;
  }};
  client c{s.port()};
  client other{s.port()}; // a proxy's connections are many people's
  const std::string body = R"({"email":"a@b","password":"x"})";
  const auto try_from = [&](const std::string& who) {
    return c.call("POST", "/v1/auth/login", {}, body, "X-Forwarded-For: " + who + "\r\n").status;
  };
  CAF_CHECK_EQUAL(try_from("1.2.3.4"), 503);
  CAF_CHECK_EQUAL(try_from("6.6.6.6, 1.2.3.4"), 503);
  CAF_CHECK_EQUAL(try_from("7.7.7.7, 1.2.3.4"), 429);
  CAF_CHECK_EQUAL(try_from("1.2.3.5"), 503);
  const auto a = other.call("GET", "/livez", {}, {}, "X-Forwarded-Proto: https\r\n");
  CAF_CHECK(a.headers.at("strict-transport-security").find("includeSubDomains")
            != std::string::npos);
}

CAF_TEST(believes nobody else) {
  scene s{[](auto& config) { config.limits.sign_ins_per_minute = 1; }};
  client c{s.port()};
  const std::string body = R"({"email":"a@b","password":"x"})";
  const auto try_from = [&](const std::string& who) {
    return c.call("POST", "/v1/auth/login", {}, body, "X-Forwarded-For: " + who + "\r\n").status;
  };
  CAF_CHECK_EQUAL(try_from("1.2.3.4"), 503);
  CAF_CHECK_EQUAL(try_from("1.2.3.5"), 429);
  const auto a = c.call("GET", "/livez", {}, {}, "X-Forwarded-Proto: https\r\n");
  CAF_CHECK(!a.headers.contains("strict-transport-security"));
}

CAF_TEST(honours the trace that it is part of) {
  scene s;
  client c{s.port()};
  const auto a = c.call("GET", "/v1/nothing", {}, {},
                        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
  CAF_CHECK(a.body.find("0af7651916cd43dd8448eb211c80319c") != a.body.npos);
}

CAF_TEST(lets requests end when it stops and takes no new connections) {
  scene s;
  client idle{s.port()};
  CAF_CHECK_EQUAL(idle.call("GET", "/livez", {}).status, 200);
  CAF_CHECK(s.server().drain(5s));
  CAF_CHECK(idle.at_end());
  const client late{s.port()};
  CAF_CHECK(!late.connected());
}
