#include "actors/accounts/mail_job.hpp"

#include "actors/accounts/erasure_job.hpp"
#include "actors/accounts/mailed_token.hpp"
#include "tests/actors/fake_account_store.hpp"

#define CAF_SUITE account_jobs
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors::accounts;

namespace {

struct letters_script {
  std::vector<messages::send_letter> sent;
  messages::letter_sent answer{"sent", {}};
};

messages::mailer_actor::behavior_type fake_mailer(messages::mailer_actor::pointer,
                                                  letters_script* script) {
  return {
    [script](const messages::send_letter& letter) {
      script->sent.push_back(letter);
      return script->answer;
    },
    [](messages::get_outbox) { return messages::outbox_page{}; },
  };
}

struct fixture : test_coordinator_fixture<> {
  store_script rows;
  letters_script letters;
  messages::account_store_actor store = sys.spawn(fake_store, &rows);
  messages::mailer_actor mailer = sys.spawn(fake_mailer, &letters);
  messages::job claim;

  fixture() {
    claim.job_id = claim.subject_id = domain::make_uuid_v7();
    claim.user_id = domain::make_uuid_v7();
    claim.attempt = 1;
    rows.mail.found = rows.mail.wanted = true;
    rows.mail.letter.template_name = "recovery";
    rows.mail.letter.recipient = "ada@example.org";
  }

  ~fixture() override {
    caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(mailer, caf::exit_reason::user_shutdown);
  }

  messages::end_job run(const actors::job_spawner& spawn) {
    auto worker = spawn(sys);
    auto pending = self->request(worker, caf::infinite, claim);
    run_all();
    messages::end_job out;
    pending.receive([&out](const messages::end_job& how) { out = how; },
                    [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return out;
  }

  void run_all() {
    do
      consume_messages();
    while (sched.trigger_timeouts() > 0);
  }

  messages::end_job send_mail() { return run(mail_spawner({store, mailer})); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(account_job_tests, fixture)

CAF_TEST(a letter has the token whose hash was kept and each try has another) {
  letters.answer = {"retry", "451 later"};
  const auto first = send_mail();
  CAF_CHECK_EQUAL(first.state, "retry");
  CAF_CHECK_EQUAL(first.reason, "451 later");
  CAF_CHECK(rows.finished.empty());
  letters.answer = {"sent", {}};
  CAF_CHECK_EQUAL(send_mail().state, "finished");
  CAF_REQUIRE_EQUAL(letters.sent.size(), 2u);
  CAF_CHECK_NOT_EQUAL(letters.sent[0].token, letters.sent[1].token);
  for (std::size_t i = 0; i < 2; ++i)
    CAF_CHECK_EQUAL(hash_mailed_token(letters.sent[i].token), rows.token_hashes[i]);
  CAF_REQUIRE_EQUAL(rows.finished.size(), 1u);
  CAF_CHECK_EQUAL(rows.finished[0].state, "sent");
}

CAF_TEST(what the server will never take is a dead letter at once) {
  letters.answer = {"refused", "550 nobody"};
  const auto end = send_mail();
  CAF_CHECK_EQUAL(end.state, "dead");
  CAF_CHECK_EQUAL(end.reason, "550 nobody");
  CAF_CHECK_EQUAL(rows.finished.at(0).state, "dead");
}

CAF_TEST(a mail that nobody waits for is not sent) {
  rows.mail.wanted = false;
  CAF_CHECK_EQUAL(send_mail().state, "dead");
  rows.mail.found = false;
  CAF_CHECK_EQUAL(send_mail().state, "finished");
  CAF_CHECK(letters.sent.empty());
}

CAF_TEST(a store that is away is tried again later) {
  rows.reachable = false;
  CAF_CHECK_EQUAL(send_mail().state, "retry");
}

CAF_TEST(an erasure goes on until nothing comes any more and looks twice) {
  rows.rows = {1'000, 1'000, 12, 0, 3, 0};
  erasure_environment env;
  env.store = store;
  env.shards = [](const domain::uuid&) { return messages::shard_actor{}; };
  CAF_CHECK_EQUAL(run(erasure_spawner(env)).state, "finished");
  CAF_CHECK_EQUAL(rows.asked.size(), 6u);
}

CAF_TEST_FIXTURE_SCOPE_END()
