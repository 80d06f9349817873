#include "actors/identity/ended_logins.hpp"

#include "tests/actors/fake_identity_store.hpp"

#define CAF_SUITE ended_logins
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors::identity;
using namespace std::chrono_literals;

namespace {

struct fixture : test_coordinator_fixture<> {
  store_script script;
  std::vector<domain::uuid> told;
  domain::uuid user = domain::make_uuid_v7();
  messages::identity_store_actor store = sys.spawn(fake_identity_store, &script);
  caf::actor watch;

  fixture() {
    ended_login_parts parts;
    parts.store = store;
    parts.tell = [this](const messages::login_revoked& what) { told.push_back(what.login_id); };
    parts.every = 5s;
    parts.overlap = 60s;
    watch = spawn_ended_login_watch(sys, std::move(parts));
    consume_messages();
  }

  ~fixture() override {
    for (const auto& one : {watch, caf::actor_cast<caf::actor>(store)})
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  }

  domain::uuid end_one() {
    const auto login = domain::make_uuid_v7();
    script.ended.logins.push_back({user, login});
    return login;
  }

  void pass(std::chrono::seconds time) {
    advance_time(time);
    consume_messages();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ended_login_tests, fixture)

CAF_TEST(what ended elsewhere is told once at the next look) {
  const auto first = end_one();
  CAF_CHECK(script.ages_asked.empty());
  pass(5s);
  CAF_CHECK_EQUAL(told, std::vector<domain::uuid>{first});
  const auto second = end_one();
  pass(5s);
  pass(5s);
  CAF_CHECK_EQUAL(told, (std::vector<domain::uuid>{first, second}));
  CAF_CHECK_EQUAL(script.ages_asked, (std::vector<std::int64_t>{65, 65, 65}));
}

CAF_TEST(a look after failed ones reaches back to the last good one) {
  pass(5s);
  script.reachable = false;
  pass(5s);
  pass(5s);
  script.reachable = true;
  const auto late = end_one();
  pass(5s);
  CAF_CHECK_EQUAL(told, std::vector<domain::uuid>{late});
  CAF_CHECK_EQUAL(script.ages_asked, (std::vector<std::int64_t>{65, 65, 70, 75}));
}

CAF_TEST(what is found no more is forgotten) {
  const auto one = end_one();
  pass(5s);
  const auto rows = std::exchange(script.ended.logins, {});
  pass(5s);
  script.ended.logins = rows;
  pass(5s);
  CAF_CHECK_EQUAL(told, (std::vector<domain::uuid>{one, one}));
}

CAF_TEST_FIXTURE_SCOPE_END()
