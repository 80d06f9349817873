#include "actors/accounts/accounts.hpp"

#include "tests/actors/fake_account_store.hpp"

#define CAF_SUITE accounts
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors::accounts;
using messages::failure_code;

namespace {

messages::password_actor::behavior_type fake_passwords(messages::password_actor::pointer,
                                                       std::vector<messages::hash_password>* seen) {
  return {
    [seen](const messages::hash_password& ask) {
      seen->push_back(ask);
      messages::password_hashed out;
      if (ask.judge && ask.password == "easy to guess") {
        out.problem = messages::failure{failure_code::invalid_content, "weak", {}, 0};
        return out;
      }
      out.hash = "hash of " + ask.password;
      return out;
    },
    [](const messages::check_password& ask) {
      return messages::password_checked{ask.hash == "hash of " + ask.password, {}, false};
    },
  };
}

struct counts_script {
  std::vector<std::string> counted;
  std::vector<std::string> forgiven;
  std::int32_t guesses_left = 100;
};

messages::shared_state_actor::behavior_type fake_counts(messages::shared_state_actor::pointer,
                                                        counts_script* script) {
  return {
    [](const messages::take_tokens&) { return messages::tokens_taken{}; },
    [script](const messages::count_attempts& ask) {
      script->counted.push_back(ask.counters.at(0).key);
      const bool allowed = script->guesses_left-- > 0;
      return messages::attempts_counted{{{allowed, 1, allowed ? 0 : 4'000}}};
    },
    [script](const messages::forgive_attempts& what) { script->forgiven.push_back(what.key); },
    [](const messages::get_cached&) { return messages::cached_value{}; },
    [](const messages::keep&) {},
    [](const messages::get_health&) { return messages::health{}; },
  };
}

struct fixture : test_coordinator_fixture<> {
  store_script rows;
  std::vector<messages::hash_password> hashed;
  std::vector<domain::uuid> revoked;
  std::vector<domain::uuid> announced;
  int woken = 0;
  counts_script counts;
  domain::uuid user = domain::make_uuid_v7();
  domain::uuid login = domain::make_uuid_v7();
  messages::account_store_actor store = sys.spawn(fake_store, &rows);
  messages::password_actor passwords = sys.spawn(fake_passwords, &hashed);
  messages::shared_state_actor limits = sys.spawn(fake_counts, &counts);
  messages::accounts_actor accounts;

  fixture() {
    rows.who.found = true;
    rows.who.password_hash = "hash of old password";
    rows.who.email = "ada@example.org";
    rows.who.display_name = "Ada";
    rows.ended.outcome = "ok";
    rows.ended.user_id = user;
    accounts_parts parts;
    parts.passwords = passwords;
    parts.store = store;
    parts.hooks.on_revoked = [this](const messages::login_revoked& what) {
      revoked.push_back(what.login_id);
    };
    parts.hooks.announce = [this](const domain::uuid&, const messages::announce_revocation& what) {
      announced.push_back(what.login_id);
    };
    parts.jobs_queued = [this] { ++woken; };
    parts.limits = limits;
    accounts = spawn_accounts(sys, std::move(parts));
    consume_messages();
  }

  ~fixture() override {
    for (const auto& one :
         {caf::actor_cast<caf::actor>(accounts), caf::actor_cast<caf::actor>(store),
          caf::actor_cast<caf::actor>(passwords), caf::actor_cast<caf::actor>(limits)})
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  }

  void tick() {
    sched.advance_time(accounts_settings{}.sort_every);
    consume_messages();
  }

  template <class Request>
  std::optional<messages::failure> ask(Request request) {
    auto pending = self->request(accounts, caf::infinite, std::move(request));
    consume_messages();
    std::optional<messages::failure> out;
    pending.receive(
      [&out](const messages::command_reply& reply) {
        if (const auto* why = std::get_if<messages::failure>(&reply.result))
          out = *why;
      },
      [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return out;
  }

  messages::change_password change(std::optional<std::string> current, std::string password) {
    return {user, login, std::move(current), std::move(password), {}};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(accounts_tests, fixture)

CAF_TEST(a wish for a mail is answered before anybody looks whose the address is) {
  auto pending = self->request(accounts, caf::infinite,
                               messages::ask_for_mail{"recovery", " Ada@Example.ORG ", {}});
  while (self->mailbox().empty() && sched.try_run_once())
    continue;
  CAF_REQUIRE(!self->mailbox().empty());
  pending.receive([](const messages::command_reply&) {},
                  [](const caf::error&) { CAF_FAIL("refused"); });
  CAF_CHECK_EQUAL(rows.asked, std::vector<std::string>{"ask_for_mail"});
  consume_messages();
  CAF_CHECK_EQUAL(rows.asked, std::vector<std::string>{"ask_for_mail"});
  CAF_CHECK_EQUAL(woken, 0);
  tick();
  CAF_CHECK_EQUAL(rows.asked, (std::vector<std::string>{"ask_for_mail", "sort"}));
  CAF_CHECK_EQUAL(woken, 1);
  tick();
  CAF_CHECK_EQUAL(rows.asked.size(), 2u);
}

CAF_TEST(what is no address gets the same answer) {
  CAF_CHECK(!ask(messages::ask_for_mail{"recovery", "nobody", {}}));
  CAF_CHECK(rows.asked.empty());
}

CAF_TEST(recovery ends all logins and tells of each before it answers) {
  rows.ended.logins = {domain::make_uuid_v7(), domain::make_uuid_v7()};
  CAF_CHECK(!ask(messages::recover_password{"token", "a new password", {}}));
  CAF_CHECK_EQUAL(revoked, rows.ended.logins);
  CAF_CHECK_EQUAL(announced, rows.ended.logins);
  CAF_REQUIRE_EQUAL(hashed.size(), 1u);
  CAF_CHECK(hashed[0].judge);
  const auto& words = hashed[0].own_words;
  CAF_CHECK(std::find(words.begin(), words.end(), "ada") != words.end());
}

CAF_TEST(a weak password does not use up the token) {
  const auto why = ask(messages::recover_password{"token", "easy to guess", {}});
  CAF_REQUIRE(why);
  CAF_CHECK(why->code == failure_code::invalid_content);
  CAF_CHECK_EQUAL(rows.asked, std::vector<std::string>{"find_recovery"});
}

CAF_TEST(a recovery token that is not good is a wrong field and costs no hash) {
  rows.who.found = false;
  const auto why = ask(messages::recover_password{"token", "a new password", {}});
  CAF_REQUIRE(why);
  CAF_REQUIRE_EQUAL(why->errors.size(), 1u);
  CAF_CHECK_EQUAL(why->errors[0].pointer, "/token");
  CAF_CHECK(hashed.empty());
}

CAF_TEST(a new password needs the old one) {
  rows.who.recent = true;
  auto why = ask(change(std::nullopt, "a new password"));
  CAF_REQUIRE(why);
  CAF_CHECK_EQUAL(why->errors.at(0).pointer, "/current_password");
  CAF_CHECK(rows.set.new_hash.empty());
  why = ask(change("wrong", "a new password"));
  CAF_REQUIRE(why);
  CAF_CHECK_EQUAL(why->errors.at(0).pointer, "/current_password");
  CAF_CHECK(!ask(change("old password", "a new password")));
  CAF_CHECK_EQUAL(rows.set.old_hash, "hash of old password");
  CAF_CHECK_EQUAL(rows.set.new_hash, "hash of a new password");
}

CAF_TEST(a wrong current password is refused even after a recent proof) {
  rows.who.recent = true;
  CAF_CHECK(ask(change("wrong", "a new password")));
  CAF_CHECK(rows.set.new_hash.empty());
}

CAF_TEST(guesses at the current password have to wait and cost no hash then) {
  counts.guesses_left = 1;
  auto why = ask(change("wrong", "a new password"));
  CAF_REQUIRE(why);
  CAF_CHECK_EQUAL(why->errors.at(0).code, "wrong_password");
  CAF_CHECK(counts.forgiven.empty());
  why = ask(change("old password", "a new password"));
  CAF_REQUIRE(why);
  CAF_CHECK(why->code == failure_code::too_many_requests);
  CAF_CHECK_EQUAL(why->retry_after_ms, 4'000);
  CAF_CHECK(rows.set.new_hash.empty());
  counts.guesses_left = 1;
  CAF_CHECK(!ask(change("old password", "a new password")));
  CAF_REQUIRE_EQUAL(counts.counted.size(), 3u);
  CAF_CHECK_EQUAL(counts.counted[0], "current-password/" + to_string(user));
  CAF_CHECK_EQUAL(counts.forgiven, (std::vector<std::string>{counts.counted[0]}));
}

CAF_TEST(outcomes of the store become failures that say what to do) {
  const std::pair<const char*, failure_code> cases[] = {
    {"reauthenticate", failure_code::reauthentication_required},
    {"too_many", failure_code::too_many_requests},
    {"unknown", failure_code::not_found},
    {"forbidden", failure_code::forbidden},
  };
  for (const auto& [outcome, code] : cases) {
    rows.ended.outcome = outcome;
    const auto why = ask(messages::end_login{user, login, login, {}});
    CAF_REQUIRE(why);
    CAF_CHECK(why->code == code);
  }
  rows.reachable = false;
  CAF_CHECK(ask(messages::end_login{user, login, login, {}})->code
            == failure_code::outcome_unknown);
  CAF_CHECK(ask(messages::ask_for_mail{"verify", "ada@example.org", {}})->code
            == failure_code::unavailable);
}

CAF_TEST(what an administrator ends is told of before the answer) {
  const auto administrator = domain::make_uuid_v7();
  const auto key = domain::make_uuid_v7();
  rows.ended.user_id = {};
  rows.ended.logins = {login, key};
  CAF_CHECK(!ask(messages::end_access{administrator, user, {}}));
  CAF_CHECK_EQUAL(revoked, (std::vector<domain::uuid>{login, key}));
  CAF_CHECK_EQUAL(announced, (std::vector<domain::uuid>{login, key}));
}

CAF_TEST(an erasure closes sockets and writes nothing more into the story) {
  rows.ended.logins = {login};
  CAF_CHECK(!ask(messages::erase_account{user, login, {}}));
  CAF_CHECK_EQUAL(revoked, std::vector<domain::uuid>{login});
  CAF_CHECK(announced.empty());
  CAF_CHECK_EQUAL(woken, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
