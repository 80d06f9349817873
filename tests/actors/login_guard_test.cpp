#include "actors/identity/login_guard.hpp"

#include "actors/identity/identity.hpp"
#include "actors/limits/shared_state.hpp"
#include "tests/actors/fake_identity_store.hpp"

#include <caf/event_based_actor.hpp>

#define CAF_SUITE login_guard
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors::identity;
using namespace std::chrono_literals;
using messages::failure_code;

namespace {

constexpr const char* ada = "ada@example.org";
constexpr const char* nobody = "nobody@example.org";
constexpr const char* home = "192.0.2.7";

/// How a sign-in ended.
struct ending {
  failure_code code{}; // unless it was granted
  bool granted = false;
  std::int32_t wait_ms = 0;
};

struct password_script {
  int checks = 0;
  bool overloaded = false;
};

messages::password_actor::behavior_type fake_passwords(messages::password_actor::pointer,
                                                       password_script* script) {
  return {
    [](const messages::hash_password& ask) {
      messages::password_hashed out;
      out.hash = "hash of " + ask.password;
      return out;
    },
    [script](const messages::check_password& ask) {
      ++script->checks;
      messages::password_checked out;
      out.matches = ask.hash == "hash of " + ask.password;
      if (script->overloaded)
        out.problem = messages::failure{failure_code::overloaded, "busy", {}, 1'000};
      return out;
    },
  };
}

struct fixture : test_coordinator_fixture<> {
  store_script store;
  password_script passwords;
  messages::shared_state_actor counts = actors::spawn_shared_state(sys, {});
  messages::identity_actor identity;
  std::vector<ending> ended;

  fixture() {
    store.now = domain::now();
    settings config;
    config.attempts.counts = counts;
    parts made{
      config,       signing_key{signing_key::seed_bytes{1}}, sys.spawn(fake_passwords, &passwords),
      "dummy hash", sys.spawn(fake_identity_store, &store),  hooks{}};
    identity = spawn(sys, std::move(made));
    // Ada registers at home.
    begin(messages::register_account{ada, "correct horse", "Ada", {}, device_at(home)});
    consume_messages();
    CAF_REQUIRE(ended.size() == 1 && ended[0].granted);
  }

  ~fixture() override {
    caf::anon_send_exit(identity, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(counts, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  static messages::device_info device_at(const std::string& address) {
    messages::device_info out;
    out.address = address;
    return out;
  }

  template <class Request>
  void begin(Request request) {
    sys.spawn([this, request = std::move(request)](caf::event_based_actor* asker) {
      asker->request(identity, caf::infinite, request).then([this](messages::login_reply& reply) {
        ending out;
        if (const auto* why = std::get_if<messages::failure>(&reply.result)) {
          out.code = why->code;
          out.wait_ms = why->retry_after_ms;
        } else {
          out.granted = true;
        }
        ended.push_back(out);
      });
    });
  }

  void begin_log_in(const std::string& email, const std::string& address,
                    const std::string& password) {
    begin(messages::log_in{email, password, device_at(address)});
  }

  ending log_in(const std::string& email, const std::string& address,
                const std::string& password = "a wild guess") {
    begin_log_in(email, address, password);
    consume_messages();
    return ended.back();
  }

  /// Fails until it is told to wait; how often it failed before that.
  int fail_until_slowed(const std::string& email, const std::string& address) {
    for (int n = 0; n < 1'000; ++n)
      if (log_in(email, address).code == failure_code::too_many_requests)
        return n;
    CAF_FAIL("never slowed");
    return 0;
  }

  void pass(std::chrono::milliseconds time) {
    sched.advance_time(time);
    consume_messages();
  }

  /// The attack of a botnet, each of whose members tries as often as nothing makes it wait.
  void attack(const std::string& email, int members) {
    for (int i = 0; i < members; ++i)
      log_in(email, "198.51.100." + std::to_string(i));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(login_guard_tests, fixture)

CAF_TEST(some failures are free and then each wait is twice the last) {
  CAF_CHECK_EQUAL(fail_until_slowed(ada, "203.0.113.1"), 11);
  CAF_CHECK_EQUAL(ended.back().wait_ms, 1'000);
  const auto checks = passwords.checks;
  CAF_CHECK(log_in(ada, "203.0.113.1", "correct horse").code == failure_code::too_many_requests);
  CAF_CHECK_EQUAL(passwords.checks, checks);
  pass(1s);
  CAF_CHECK(log_in(ada, "203.0.113.1").code == failure_code::invalid_credentials);
  CAF_CHECK_EQUAL(log_in(ada, "203.0.113.1").wait_ms, 2'000);
  pass(2s);
  CAF_CHECK(log_in(ada, "203.0.113.1", "correct horse").granted);
  CAF_CHECK_EQUAL(fail_until_slowed(ada, "203.0.113.1"), 11);
}

CAF_TEST(a stranger does not lock the owner out) {
  fail_until_slowed(ada, "203.0.113.1");
  CAF_CHECK(log_in(ada, home, "correct horse").granted);
  attack(ada, 200);
  // Of the account as a whole: unknown networks wait, also the owner's, but not where she has been.
  CAF_CHECK(log_in(ada, "203.0.113.99", "correct horse").code == failure_code::too_many_requests);
  CAF_CHECK(log_in(ada, home, "correct horse").granted);
  CAF_CHECK(log_in(ada, home).code == failure_code::invalid_credentials);
}

CAF_TEST(nobody gets more than a hundred guesses in a day) {
  const auto day = [this](auto address) {
    passwords.checks = 0;
    for (int second = 0; second < 86'400; second += 30) {
      log_in(ada, address(second));
      sched.advance_time(30s);
    }
    return passwords.checks;
  };
  CAF_CHECK(day([](int) { return std::string{"203.0.113.1"}; }) <= 100);
  pass(48h);
  CAF_CHECK(day([](int n) { return "203.0." + std::to_string(n % 250) + "." + std::to_string(n); })
            <= 100);
  pass(48h);
  CAF_CHECK(day([](int) { return std::string{home}; }) <= 100);
}

CAF_TEST(an unknown account is answered like a known one) {
  const auto tries = [this](const std::string& email, const std::string& network) {
    std::vector<std::pair<failure_code, std::int32_t>> out;
    for (int i = 0; i < 60; ++i) {
      const auto end = log_in(email, network + std::to_string(i % 3));
      out.emplace_back(end.code, end.wait_ms);
      if (i % 20 == 19)
        pass(1s);
    }
    return out;
  };
  const auto known = tries(ada, "203.0.113.1");
  const auto checks = passwords.checks;
  CAF_CHECK(known == tries(nobody, "203.0.114.1"));
  CAF_CHECK_EQUAL(passwords.checks, 2 * checks);
}

CAF_TEST(guesses made at once do not slip through together) {
  for (int i = 0; i < 100; ++i)
    begin_log_in(ada, "203.0.113.1", "guess number " + std::to_string(i));
  consume_messages();
  CAF_CHECK_EQUAL(passwords.checks, 11);
}

CAF_TEST(a network that tries many accounts waits whichever it tries) {
  int refused = 0;
  for (int i = 0; i < 150; ++i)
    refused += log_in("user" + std::to_string(i) + "@example.org", "203.0.113.1").code
                   == failure_code::too_many_requests
                 ? 1
                 : 0;
  CAF_CHECK_EQUAL(refused, 49);
  CAF_CHECK(log_in("other@example.org", "203.0.113.2").code == failure_code::invalid_credentials);
  CAF_CHECK(log_in("other@example.org", "203.0.113.1").code == failure_code::too_many_requests);
  pass(11min);
  CAF_CHECK(log_in("other@example.org", "203.0.113.1").code == failure_code::invalid_credentials);
}

CAF_TEST(a known network goes on where strangers share it) {
  for (int i = 0; i < 150; ++i)
    log_in("user" + std::to_string(i) + "@example.org", home);
  CAF_CHECK(log_in(ada, home, "correct horse").granted);
}

CAF_TEST(what was not looked at is not counted) {
  passwords.overloaded = true;
  for (int i = 0; i < 50; ++i)
    CAF_CHECK(log_in(ada, "203.0.113.1").code == failure_code::overloaded);
  passwords.overloaded = false;
  CAF_CHECK(log_in(ada, "203.0.113.1", "correct horse").granted);
  store.reachable = false;
  for (int i = 0; i < 50; ++i)
    CAF_CHECK(log_in(ada, "203.0.113.2").code == failure_code::unavailable);
  store.reachable = true;
  CAF_CHECK(log_in(ada, "203.0.113.2", "correct horse").granted);
}

CAF_TEST(networks are hosts of IPv4 and prefixes of IPv6) {
  CAF_CHECK_EQUAL(network_of("192.0.2.7"), "192.0.2.7");
  CAF_CHECK_EQUAL(network_of("::ffff:192.0.2.7"), "192.0.2.7");
  CAF_CHECK_EQUAL(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::9"));
  CAF_CHECK(network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9"));
  CAF_CHECK_EQUAL(network_of("not an address"), "not an address");
}

CAF_TEST_FIXTURE_SCOPE_END()
