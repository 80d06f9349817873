// The second wall with the first removed: queries that forget whose rows they want, on every table.
#define CAF_SUITE wall_rows
#include "tests/persistence/wall_fixture.hpp"

#include <algorithm>
#include <optional>

using namespace spotter;
using namespace spotter::persistence;
using namespace spotter::tests;

namespace {

struct fixture : wall_fixture {
  fixture() { fill(); }

  /// The columns that the writer may name in an INSERT or UPDATE of a table, and give any value.
  texts columns(const std::string& table, const std::string& privilege) {
    return column("SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = 'spotter."
                  + table
                  + "'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity <> 'a' "
                    "AND a.attgenerated = '' AND has_column_privilege('spotter_writer', "
                    "a.attrelid, a.attnum, '"
                  + privilege + "') ORDER BY a.attnum");
  }

  /// Runs SQL as the writer of alice's batch, and answers how many rows it reached; none where it
  /// was refused, by a privilege or by what other tables hold.
  pqxx::result::size_type as_writer_of_alice(const std::string& sql) {
    auto connection = database.connect(database_role::writer);
    pqxx::work tx{connection};
    tx.exec(set_writer_users_sql, pqxx::params{array_of(alice)});
    try {
      const auto reached = tx.exec(sql).affected_rows();
      tx.commit();
      return reached;
    } catch (const pqxx::insufficient_privilege&) {
    } catch (const pqxx::integrity_constraint_violation&) {
    }
    return 0;
  }

  /// How many rows of alice there are.
  int count(const std::string& table) {
    pqxx::nontransaction tx{admin};
    return tx.query_value<int>("SELECT count(*) FROM spotter." + table
                                 + " WHERE user_id = $1::uuid",
                               pqxx::params{to_string(alice)});
  }
};

std::string joined(const texts& names, const std::string& prefix) {
  std::string out;
  for (const auto& name : names)
    out += (out.empty() ? "" : ", ") + prefix + name;
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(wall_row_tests, fixture)

CAF_TEST(a query that forgets whose rows it wants gets those of the setting) {
  for (const auto& table : user_tables()) {
    if (closed_tables.contains(table)) {
      for (const auto role : {database_role::reader, database_role::writer})
        CAF_CHECK_THROWS_AS(seen(role, "", table), pqxx::insufficient_privilege);
      continue;
    }
    CAF_CHECK_EQUAL(seen(database_role::reader, "", table), texts{});
    if (!only_of_alice(seen(database_role::reader, to_string(alice), table)))
      CAF_ERROR("the reader sees other rows than those of the setting in " << table);
    if (!may("spotter_writer", table, "SELECT"))
      continue;
    CAF_CHECK_EQUAL(seen(database_role::writer, "", table), texts{});
    if (!only_of_alice(seen(database_role::writer, array_of(alice), table)))
      CAF_ERROR("the writer sees other rows than those of the setting in " << table);
  }
}

CAF_TEST(the setting ends with its transaction) {
  auto connection = database.connect(database_role::reader);
  {
    pqxx::work tx{connection};
    tx.exec(set_reader_user_sql, pqxx::params{to_string(alice)});
    tx.commit();
  }
  pqxx::nontransaction after{connection};
  CAF_CHECK_EQUAL(after.query_value<int>("SELECT count(*) FROM spotter.workout"), 0);
}

CAF_TEST(the owner sees nobody) {
  auto connection = database.connect(database_role::migrator);
  pqxx::nontransaction tx{connection};
  tx.exec("SET ROLE spotter_owner");
  for (const auto& table : user_tables())
    CAF_CHECK_EQUAL(tx.query_value<int>("SELECT count(*) FROM spotter." + table), 0);
}

CAF_TEST(a follower sees of the athlete alone and with a share alone) {
  const auto rows = [this](const std::string& table) -> std::optional<texts> {
    auto connection = database.connect(database_role::reader);
    pqxx::work tx{connection};
    tx.exec("SELECT set_config('app.user_id', $1, true), set_config('app.actor_id', $2, true)",
            pqxx::params{to_string(alice), to_string(bob)});
    tx.exec("SET LOCAL ROLE spotter_follower");
    texts out;
    try {
      for (auto [user] : tx.query<std::string>("SELECT user_id FROM spotter." + table))
        out.push_back(user);
    } catch (const pqxx::insufficient_privilege&) {
      return std::nullopt;
    }
    return out;
  };
  const auto share = [this](const std::string& sql) {
    pqxx::nontransaction{admin}.exec("UPDATE spotter.share SET " + sql
                                       + " WHERE user_id = $1::uuid",
                                     pqxx::params{to_string(alice)});
  };
  const auto nothing_is_seen = [&] {
    for (const auto& table : user_tables())
      if (const auto found = rows(table); found && !found->empty())
        CAF_ERROR("a follower sees rows of " << table);
  };
  nothing_is_seen();
  CAF_MESSAGE("a share that lacks what the rows are");
  share("accepted_at = now(), grantee_user_id = '" + to_string(bob) + "'");
  nothing_is_seen();
  CAF_MESSAGE("one that has it");
  share("scopes = '{history}'");
  int open = 0;
  for (const auto& table : user_tables())
    if (const auto found = rows(table); found) {
      ++open;
      if (!only_of_alice(*found))
        CAF_ERROR("a follower sees other rows than the athlete's in " << table);
    }
  CAF_CHECK_EQUAL(open, 5);
  CAF_MESSAGE("one that is over");
  share("ended_at = now()");
  nothing_is_seen();
}

CAF_TEST(a write that forgets whose rows it changes reaches those of the setting) {
  int reaching = 0;
  for (const auto& table : user_tables()) {
    const auto before = rows_of(bob, table);
    const auto reaches_hers = [&](const std::string& sql) {
      const auto most = count(table);
      const auto reached = as_writer_of_alice(sql);
      reaching += reached > 0 ? 1 : 0;
      if (static_cast<int>(reached) > most)
        CAF_ERROR("reached more than her rows: " << sql);
      CAF_CHECK_EQUAL(rows_of(bob, table), before);
    };
    for (const auto& name : columns(table, "UPDATE"))
      if (name != "user_id")
        reaches_hers("UPDATE spotter." + table + " SET " + name + " = " + name);
    reaches_hers("DELETE FROM spotter." + table);
  }
  CAF_CHECK(reaching > 50);
}

CAF_TEST(a row is neither put in for another nor given away) {
  for (const auto& table : user_tables()) {
    const auto refused = [&](const std::string& sql) {
      auto connection = database.connect(database_role::writer);
      pqxx::work tx{connection};
      tx.exec(set_writer_users_sql, pqxx::params{array_of(alice)});
      CAF_CHECK_THROWS_AS(tx.exec(sql), pqxx::insufficient_privilege);
    };
    if (const auto names = columns(table, "INSERT"); !names.empty()) {
      // Exactly a row of his: the policy is asked before any key.
      pqxx::nontransaction tx{admin};
      const auto row =
        tx.query_value<std::string>("SELECT quote_literal(to_jsonb(t)::text) FROM spotter." + table
                                      + " t WHERE user_id = $1::uuid LIMIT 1",
                                    pqxx::params{to_string(bob)});
      refused("INSERT INTO spotter." + table + " (" + joined(names, "") + ") SELECT "
              + joined(names, "r.") + " FROM jsonb_populate_record(NULL::spotter." + table + ", "
              + row + ") r");
    }
    const auto names = columns(table, "UPDATE");
    if (std::find(names.begin(), names.end(), "user_id") != names.end())
      refused("UPDATE spotter." + table + " SET user_id = '" + to_string(bob) + "'");
    else
      CAF_CHECK_EQUAL(
        as_writer_of_alice("UPDATE spotter." + table + " SET user_id = '" + to_string(bob) + "'"),
        0);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
