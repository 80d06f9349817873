// Keys as all nodes share them.
#include "persistence/key_rows.hpp"

#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE keys
#include "caf/test/dsl.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

using namespace spotter;
using namespace spotter::persistence;

namespace {

struct fixture : tests::pg_fixture {
  key_rows rows{settings(database_role::writer)};
  pqxx::connection admin = database.superuser();

  static signing_key_entry entry(const std::string& key_id, std::int64_t lead_ms = 60'000,
                                 std::int64_t overlap_ms = 30'000) {
    return {key_id, "sealed " + key_id, lead_ms, overlap_ms, 0};
  }

  void run(const std::string& sql) {
    pqxx::nontransaction tx{admin};
    tx.exec(sql);
  }

  /// All that was written lies so much further back.
  void pass(const std::string& interval) {
    run("UPDATE spotter.signing_key SET signs_from = signs_from - interval '" + interval
        + "', signs_until = signs_until - interval '" + interval
        + "', gone_at = gone_at - interval '" + interval + "'");
  }
};

const std::string a = "aaaaaaaaaaaaaaaa";
const std::string b = "bbbbbbbbbbbbbbbb";
const std::string c = "cccccccccccccccc";

} // namespace

CAF_TEST_FIXTURE_SCOPE(key_tests, fixture)

CAF_TEST(the first key signs at once and has no end) {
  CAF_CHECK(rows.load_signing_keys().empty());
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(a)), "made");
  const auto keys = rows.load_signing_keys();
  CAF_REQUIRE_EQUAL(keys.size(), 1u);
  CAF_CHECK_EQUAL(keys[0].key_id, a);
  CAF_CHECK_EQUAL(keys[0].sealed_seed, "sealed " + a);
  CAF_CHECK(keys[0].signs_in_ms <= 0);
  CAF_CHECK(!keys[0].stops_in_ms && !keys[0].gone_in_ms);
}

CAF_TEST(a key goes from next to current to retired and is gone) {
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(a)), "made");
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(b)), "made");
  auto keys = rows.load_signing_keys();
  CAF_REQUIRE_EQUAL(keys.size(), 2u);
  CAF_CHECK(keys[1].signs_in_ms > 0 && keys[1].signs_in_ms <= 60'000);
  CAF_CHECK_EQUAL(keys[0].stops_in_ms.value(), keys[1].signs_in_ms);
  CAF_CHECK_EQUAL(keys[0].gone_in_ms.value() - keys[0].stops_in_ms.value(), 30'000);
  pass("60 seconds");
  keys = rows.load_signing_keys();
  CAF_REQUIRE_EQUAL(keys.size(), 2u);
  CAF_CHECK(keys[1].signs_in_ms <= 0 && keys[0].stops_in_ms.value() <= 0);
  CAF_CHECK(keys[0].gone_in_ms.value() > 0);
  pass("30 seconds");
  keys = rows.load_signing_keys();
  CAF_REQUIRE_EQUAL(keys.size(), 1u);
  CAF_CHECK_EQUAL(keys[0].key_id, b);
  CAF_MESSAGE("the next one takes away what is left of it");
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(c)), "made");
  pqxx::nontransaction tx{admin};
  CAF_CHECK_EQUAL(tx.query_value<int>("SELECT count(*) FROM spotter.signing_key"), 2);
}

CAF_TEST(one key waits at a time and a young one stays) {
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(a)), "made");
  auto by_age = entry(b);
  by_age.least_age_ms = 3'600'000;
  CAF_CHECK_EQUAL(rows.put_signing_key(by_age), "young");
  pass("1 hour");
  CAF_CHECK_EQUAL(rows.put_signing_key(by_age), "made");
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(c)), "waiting");
  CAF_CHECK_EQUAL(rows.load_signing_keys().size(), 2u);
}

CAF_TEST(of many nodes that find a key old one makes its successor) {
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(a)), "made");
  pass("1 hour");
  std::atomic<int> made{0};
  std::vector<std::thread> nodes;
  for (int i = 0; i < 8; ++i)
    nodes.emplace_back([this, i, &made] {
      key_rows own{settings(database_role::writer)};
      auto key = entry(std::string(16, static_cast<char>('0' + i)));
      key.least_age_ms = 60'000;
      if (own.put_signing_key(key) == "made")
        ++made;
    });
  for (auto& node : nodes)
    node.join();
  CAF_CHECK_EQUAL(made.load(), 1);
  CAF_CHECK_EQUAL(rows.load_signing_keys().size(), 2u);
}

CAF_TEST(a connection that was lost in between is made anew) {
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(a)), "made");
  run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = "
      "'spotter_writer'");
  CAF_CHECK_EQUAL(rows.load_signing_keys().size(), 1u);
}

CAF_TEST(sealed rows are counted and found by their key and put under another) {
  const std::string first = "\x01"
                            "11111111 sealed by one";
  const std::string second = "\x01"
                             "22222222 sealed by two";
  std::vector<std::string> people;
  for (int i = 0; i < 5; ++i) {
    people.push_back(to_string(database.add_user()));
    pqxx::nontransaction tx{admin};
    tx.exec(
      "INSERT INTO spotter.totp (user_id, sealed_secret) VALUES ($1, $2)",
      pqxx::params{people.back(), pqxx::bytes_view{reinterpret_cast<const std::byte*>(first.data()),
                                                   first.size()}});
  }
  std::sort(people.begin(), people.end());
  auto of_keys = entry(a);
  of_keys.sealed_seed = first;
  CAF_CHECK_EQUAL(rows.put_signing_key(of_keys), "made");
  std::map<std::string, std::int64_t> counts;
  for (const auto& one : rows.count_sealed_rows())
    counts[one.place + " " + one.key_id] += one.rows;
  CAF_CHECK_EQUAL(counts, (std::map<std::string, std::int64_t>{{"signing_key 11111111", 1},
                                                               {"totp 11111111", 5}}));
  auto found = rows.load_sealed_rows("totp", "11111111", "", 3);
  CAF_REQUIRE_EQUAL(found.size(), 3u);
  CAF_CHECK_EQUAL(found[2].row_key, people[2]);
  CAF_CHECK_EQUAL(found[2].sealed, first);
  found = rows.load_sealed_rows("totp", "11111111", people[2], 3);
  CAF_REQUIRE_EQUAL(found.size(), 2u);
  CAF_CHECK_EQUAL(found[0].row_key, people[3]);
  CAF_CHECK(rows.load_sealed_rows("totp", "22222222", "", 3).empty());
  CAF_CHECK_EQUAL(rows.put_resealed_rows(
                    "totp", {{people[0], first, second}, {people[1], "changed meanwhile", second}}),
                  1u);
  CAF_CHECK_EQUAL(rows.load_sealed_rows("totp", "11111111", "", 9).size(), 4u);
  CAF_CHECK_EQUAL(rows.load_sealed_rows("totp", "22222222", "", 9).size(), 1u);
  CAF_CHECK_EQUAL(rows.load_sealed_rows("signing_key", "11111111", "", 9).front().row_key, a);
  CAF_CHECK_EQUAL(rows.put_resealed_rows("signing_key", {{a, first, second}}), 1u);
  CAF_CHECK_EQUAL(rows.load_signing_keys().front().sealed_seed, second);
  CAF_CHECK_THROWS_AS((void)rows.load_sealed_rows("login", "11111111", "", 9), pqxx::sql_error);
}

CAF_TEST(keys that have sealed are known in their order) {
  const std::string sealed = "\x01"
                             "00000000 sealed long ago";
  auto of_keys = entry(a);
  of_keys.sealed_seed = sealed;
  CAF_CHECK_EQUAL(rows.put_signing_key(of_keys), "made");
  CAF_CHECK(rows.note_sealing_key("11111111"));
  CAF_CHECK(rows.note_sealing_key("11111111"));
  CAF_CHECK(rows.note_sealing_key("22222222"));
  CAF_CHECK(!rows.note_sealing_key("11111111"));
  CAF_CHECK_EQUAL(rows.known_sealing_keys(),
                  (std::vector<std::string>{"00000000", "11111111", "22222222"}));
}

CAF_TEST(one job at a time seals anew and belongs to nobody) {
  CAF_CHECK(rows.queue_reseal("11111111"));
  CAF_CHECK(!rows.queue_reseal("11111111"));
  run("UPDATE spotter.job SET state = 'finished'");
  CAF_CHECK(rows.queue_reseal("22222222"));
  run("UPDATE spotter.job SET state = 'dead', reason = 'why'");
  CAF_CHECK(!rows.queue_reseal("22222222"));
  CAF_CHECK(rows.queue_reseal("33333333"));
  key_rows as_migrator{settings(database_role::migrator)};
  CAF_CHECK_EQUAL(as_migrator.last_reseal()->state, "queued");
  pqxx::nontransaction tx{admin};
  CAF_CHECK_EQUAL(tx.query_value<std::string>("SELECT subject_id FROM spotter.job"),
                  "33333333-3333-3333-0000-000000000000");
}

CAF_TEST(nobody reaches keys but through their functions) {
  CAF_CHECK_EQUAL(rows.put_signing_key(entry(a)), "made");
  for (const auto role : {database_role::reader, database_role::writer, database_role::migrator}) {
    auto connection = database.connect(role);
    pqxx::nontransaction tx{connection};
    CAF_CHECK_THROWS_AS((void)tx.exec("SELECT key_id FROM spotter.signing_key"),
                        pqxx::insufficient_privilege);
    CAF_CHECK_THROWS_AS((void)tx.exec("DELETE FROM spotter.signing_key"),
                        pqxx::insufficient_privilege);
  }
  auto connection = database.connect(database_role::reader);
  pqxx::nontransaction tx{connection};
  CAF_CHECK_THROWS_AS((void)tx.exec("SELECT spotter.load_signing_keys()"),
                      pqxx::insufficient_privilege);
}

CAF_TEST_FIXTURE_SCOPE_END()
