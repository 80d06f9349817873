// Pages that all sessions of all nodes share.

#define CAF_SUITE session_cache
#include "tests/actors/session_scene.hpp"

#include "actors/limits/shared_state.hpp"

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::messages;

namespace {

struct fixture : tests::session_scene {
  std::vector<read_reply> pages;

  fixture() {
    script.image.head_seq = 7;
    script.image.head_epoch = 2;
    env->cache = spawn_shared_state(sys, {});
  }

  ~fixture() override { caf::anon_send_exit(env->cache, caf::exit_reason::user_shutdown); }

  void read_list(std::int32_t limit = 50) {
    get_workouts list;
    list.window.limit = limit;
    ask(session, messages::read{user_id, list}, &pages);
  }

  /// As after its passivation, or on another node.
  void begin_anew() {
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
    consume_messages();
    session = find();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_cache_tests, fixture)

CAF_TEST(a page outlives its session) {
  read_list();
  CAF_CHECK_EQUAL(script.reads, 1);
  begin_anew();
  read_list();
  CAF_CHECK_EQUAL(script.reads, 1);
  CAF_REQUIRE_EQUAL(pages.size(), 2u);
  const auto& first = std::get<rendered>(pages[0].result);
  const auto& second = std::get<rendered>(pages[1].result);
  CAF_CHECK_EQUAL(first.version, second.version);
  CAF_CHECK_EQUAL(first.body.view(), second.body.view());
}

CAF_TEST(a page of another query or of an older story is not taken) {
  read_list();
  read_list(10);
  CAF_CHECK_EQUAL(script.reads, 2);
  script.image.head_seq = 8;
  begin_anew();
  read_list();
  CAF_CHECK_EQUAL(script.reads, 3);
  script.image.head_epoch = 3;
  begin_anew();
  read_list();
  CAF_CHECK_EQUAL(script.reads, 4);
}

CAF_TEST(a commit makes every page another) {
  read_list();
  commit_one();
  read_list();
  CAF_CHECK_EQUAL(script.reads, 2);
  begin_anew();
  script.image.head_seq = 8;
  script.image.head_epoch = 3;
  read_list();
  CAF_CHECK_EQUAL(script.reads, 2);
}

CAF_TEST(what is read while a unit is with the writer is not shared) {
  start_one();
  read_list(); // may show the unit already
  CAF_CHECK_EQUAL(script.reads, 1);
  begin_anew();
  read_list();
  CAF_CHECK_EQUAL(script.reads, 2);
}

CAF_TEST(a cache that is not there costs a read and no more) {
  caf::anon_send_exit(env->cache, caf::exit_reason::user_shutdown);
  consume_messages();
  read_list();
  begin_anew();
  read_list();
  CAF_CHECK_EQUAL(script.reads, 2);
  CAF_CHECK_EQUAL(pages.size(), 2u);
  CAF_CHECK(errors.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
