#include "persistence/redis/redis_store.hpp"

#include "tests/redis/redis_server.hpp"

#include "actors/limits/gcra.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#define CAF_SUITE redis_store
#include "caf/test/dsl.hpp"

#include <memory>

using namespace spotter;
using namespace spotter::persistence;
using namespace std::chrono_literals;
using messages::attempts_counted;
using messages::cached_value;
using messages::tokens_taken;

namespace {

tests::redis_server& server() {
  static tests::redis_server one;
  return one;
}

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  std::vector<messages::shared_state_actor> opened;

  ~fixture() {
    for (const auto& store : opened)
      self->send_exit(store, caf::exit_reason::user_shutdown);
    (void)server().run("FLUSHALL");
  }

  messages::shared_state_actor open(const std::string& url, const std::string& cluster = "test",
                                    const std::string& ca = {}) {
    redis_settings settings;
    settings.where = *parse_redis_address(url);
    settings.cluster = cluster;
    settings.ca = ca;
    settings.time_out = 2s; // the machine may be busy
    settings.value_bytes = 1'000;
    opened.push_back(spawn_redis_store(system, settings));
    return opened.back();
  }

  template <class Reply, class Request>
  std::optional<Reply> ask(const messages::shared_state_actor& store, const Request& request) {
    std::optional<Reply> out;
    self->request(store, caf::infinite, request)
      .receive([&](Reply& reply) { out = std::move(reply); }, [](const caf::error&) {});
    return out;
  }

  std::int32_t take(const messages::shared_state_actor& store, const std::string& key,
                    std::int32_t cost = 1, std::int32_t quota = 6) {
    return taken(store, key, cost, quota).granted;
  }

  tokens_taken taken(const messages::shared_state_actor& store, const std::string& key,
                     std::int32_t cost, std::int32_t quota) {
    messages::take_tokens what;
    what.key = key;
    what.quota = what.burst = quota;
    what.cost = cost;
    const auto reply = ask<tokens_taken>(store, what);
    if (!reply)
      CAF_FAIL("no answer");
    return *reply;
  }

  messages::attempt_state attempt(const messages::shared_state_actor& store, const std::string& key,
                                  bool counts = true) {
    messages::attempt_counter rule;
    rule.key = key;
    rule.free = 2;
    rule.first_wait_ms = 10'000;
    rule.counts = counts;
    const auto reply = ask<attempts_counted>(store, messages::count_attempts{{rule}});
    if (!reply)
      CAF_FAIL("no answer");
    return reply->states.front();
  }

  bool healthy(const messages::shared_state_actor& store) {
    const auto state = ask<messages::health>(store, messages::get_health{});
    return state && state->ready;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(redis_store_tests, fixture)

CAF_TEST(grants a burst and then says when to come back) {
  const auto store = open(server().url());
  for (int i = 0; i < 6; ++i)
    CAF_CHECK_EQUAL(take(store, "a"), 1);
  const auto refused = taken(store, "a", 1, 6);
  CAF_CHECK_EQUAL(refused.granted, 0);
  CAF_CHECK_EQUAL(refused.limit, 6);
  CAF_CHECK_EQUAL(refused.remaining, 0);
  CAF_CHECK(refused.retry_after_ms > 5'000 && refused.retry_after_ms <= 10'000);
  CAF_CHECK(refused.reset_ms > 55'000 && refused.reset_ms <= 60'000);
  CAF_CHECK_EQUAL(take(store, "b"), 1);
}

CAF_TEST(two nodes count together) {
  const auto first = open(server().url());
  const auto second = open(server().url());
  int granted = 0;
  for (int i = 0; i < 6; ++i)
    granted += take(first, "shared", 1, 7) + take(second, "shared", 1, 7);
  CAF_CHECK_EQUAL(granted, 7);
}

CAF_TEST(decides as the algorithm of one process does) {
  const auto store = open(server().url());
  // So slow that no token comes back meanwhile.
  messages::take_tokens what;
  what.key = "same";
  what.quota = 1;
  what.window_ms = 2'000'000'000;
  what.burst = 50;
  const auto rate = actors::token_rate::of(what);
  const actors::limit_time now{1'000'000'000'000};
  auto full_at = now;
  for (const auto& [cost, least] :
       {std::pair{7, 1}, {0, 1}, {20, 20}, {30, 24}, {30, 23}, {1, 1}}) {
    what.cost = cost;
    what.least = least;
    const auto expected = actors::take(rate, full_at, now, cost, least);
    full_at = expected.full_at;
    const auto got = *ask<tokens_taken>(store, what);
    CAF_CHECK_EQUAL(got.granted, expected.taken.granted);
    CAF_CHECK_EQUAL(got.remaining, expected.taken.remaining);
    CAF_CHECK_EQUAL(got.limit, expected.taken.limit);
    CAF_CHECK_EQUAL(got.retry_after_ms > 0, expected.taken.retry_after_ms > 0);
  }
}

CAF_TEST(what waits meanwhile shares a round trip and is decided in order) {
  const auto store = open(server().url());
  messages::take_tokens what;
  what.key = "many";
  what.quota = what.burst = 100;
  std::vector<decltype(self->request(store, caf::infinite, what))> pending;
  for (int i = 0; i < 1'000; ++i)
    pending.push_back(self->request(store, caf::infinite, what));
  int granted = 0;
  int last_granted = 0;
  for (int i = 0; i < 1'000; ++i)
    pending[static_cast<std::size_t>(i)].receive(
      [&](const tokens_taken& taken) {
        granted += taken.granted;
        if (taken.granted > 0)
          last_granted = i;
      },
      [](const caf::error& why) { CAF_FAIL("no answer: " << why); });
  CAF_CHECK(granted >= 100 && granted <= 110);
  CAF_CHECK(last_granted >= 99);
}

CAF_TEST(attempts wait longer and longer on whatever node) {
  const auto first = open(server().url());
  const auto second = open(server().url());
  CAF_CHECK(attempt(first, "login").allowed);
  CAF_CHECK(attempt(second, "login").allowed);
  CAF_CHECK(attempt(first, "login").allowed);
  const auto refused = attempt(second, "login");
  CAF_CHECK(!refused.allowed);
  CAF_CHECK_EQUAL(refused.attempts, 3);
  CAF_CHECK(refused.wait_ms > 5'000 && refused.wait_ms <= 10'000);
  CAF_CHECK(!attempt(second, "login", false).allowed);
  self->send(first, messages::forgive_attempts{"login", 1});
  CAF_CHECK_EQUAL(attempt(first, "login").attempts, 3);
  self->send(first, messages::forgive_attempts{"login", 0});
  CAF_CHECK_EQUAL(attempt(first, "login").attempts, 1);
  CAF_CHECK_EQUAL(attempt(first, "login", false).attempts, 1);
}

CAF_TEST(several counters are counted in one question) {
  const auto store = open(server().url());
  messages::count_attempts both;
  both.counters.resize(2);
  both.counters[0].key = "x";
  both.counters[1].key = "y";
  CAF_CHECK_EQUAL(ask<attempts_counted>(store, both)->states.size(), 2u);
  const auto again = *ask<attempts_counted>(store, both);
  CAF_CHECK(!again.states[0].allowed);
  CAF_CHECK(!again.states[1].allowed);
}

CAF_TEST(values are kept as they are and for their time and not when too large) {
  const auto store = open(server().url());
  const std::string value{"a\0b\r\n\xff", 6};
  self->send(store, messages::keep{"page", value, 60'000});
  self->send(store, messages::keep{"large", std::string(1'001, 'x'), 60'000});
  const auto found = *ask<cached_value>(store, messages::get_cached{"page"});
  CAF_CHECK(found.found);
  CAF_CHECK_EQUAL(found.value.str(), value);
  CAF_CHECK(!ask<cached_value>(store, messages::get_cached{"large"})->found);
  CAF_CHECK(!ask<cached_value>(store, messages::get_cached{"other"})->found);
  CAF_CHECK(std::stoi(server().run("PTTL spotter:test:cache:page")) > 0);
}

CAF_TEST(a value larger than was agreed is refused and not read into memory) {
  const auto store = open(server().url());
  CAF_CHECK(healthy(store));
  (void)server().run("SETRANGE spotter:test:cache:huge 9000000 x");
  CAF_CHECK(!ask<cached_value>(store, messages::get_cached{"huge"}));
}

CAF_TEST(every key belongs to its cluster and expires) {
  const auto ours = open(server().url(), "ours");
  const auto theirs = open(server().url(), "theirs");
  CAF_CHECK_EQUAL(take(ours, "a", 6), 6);
  CAF_CHECK_EQUAL(take(theirs, "a", 6), 6);
  CAF_CHECK(attempt(ours, "a").allowed);
  self->send(ours, messages::forgive_attempts{"a", 7});
  self->send(ours, messages::keep{"a", std::string{"x"}, 60'000});
  CAF_CHECK(attempt(ours, "b").allowed);
  CAF_CHECK(attempt(ours, "b").allowed);
  self->send(ours, messages::forgive_attempts{"b", 1});
  CAF_CHECK(healthy(ours));
  const auto lasting = server().run(
    "EVAL \"local n = 0 for _, k in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', k) < "
    "0 then n = n + 1 end end return {n, #redis.call('KEYS', '*'), #redis.call('KEYS', "
    "'spotter:ours:*')}\" 0");
  CAF_CHECK_EQUAL(lasting, "0\n4\n3\n");
}

CAF_TEST(forgotten scripts are given again) {
  const auto store = open(server().url());
  CAF_CHECK_EQUAL(take(store, "a", 2), 2);
  (void)server().run("SCRIPT FLUSH SYNC");
  CAF_CHECK_EQUAL(take(store, "a", 5), 4);
}

CAF_TEST(a password is needed and is given) {
  tests::redis_server guarded{{"--requirepass", "secret word"}};
  CAF_CHECK(!healthy(open(guarded.url())));
  const auto path = guarded.url().substr(7);
  CAF_CHECK(!healthy(open("unix://:wrong@" + path)));
  CAF_CHECK(healthy(open("unix://:secret%20word@" + path)));
}

CAF_TEST(only the server that its authority vouches for is spoken to) {
  char name[] = "/tmp/spotter-tls-XXXXXX";
  CAF_REQUIRE(::mkdtemp(name) != nullptr);
  const std::filesystem::path folder{name};
  tests::make_certificates(folder);
  const auto port = std::to_string(tests::free_port());
  tests::redis_server tls{{"--tls-port", port, "--tls-auth-clients", "no", "--tls-cert-file",
                           folder / "node.pem", "--tls-key-file", folder / "node.key",
                           "--tls-ca-cert-file", folder / "ca.pem"}};
  const auto ca = (folder / "ca.pem").string();
  const auto trusted = open("rediss://localhost:" + port, "test", ca);
  CAF_CHECK(healthy(trusted));
  CAF_CHECK_EQUAL(take(trusted, "a", 100), 6);
  self->send(trusted, messages::keep{"page", std::string(900, 'x'), 60'000});
  CAF_CHECK(ask<cached_value>(trusted, messages::get_cached{"page"})->found);
  CAF_CHECK(!healthy(open("rediss://127.0.0.1:" + port, "test", ca))); // not in the certificate
  CAF_CHECK(!healthy(open("rediss://localhost:" + port)));             // an unknown authority
  CAF_CHECK(!healthy(open("redis://localhost:" + port)));
  std::filesystem::remove_all(folder);
}

CAF_TEST(what speaks another protocol fails at once) {
  CAF_CHECK(!healthy(open("unix:///nowhere/redis.sock")));
  CAF_CHECK(!healthy(open("redis://127.0.0.1:" + std::to_string(tests::free_port()))));
}

CAF_TEST_FIXTURE_SCOPE_END()
