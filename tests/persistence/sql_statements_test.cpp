#include "persistence/sql_statements.hpp"

#include "persistence/connection.hpp"
#include "persistence/migration_files.hpp"
#include "persistence/sqlstate.hpp"

#define CAF_SUITE sql_statements
#include "caf/test/dsl.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace spotter::persistence;

namespace {

std::string split(std::string_view sql) {
  std::string out;
  for (const auto& statement : split_statements(sql))
    out += std::to_string(statement.line) + ":" + statement.text + "|";
  return out;
}

} // namespace

CAF_TEST(splits at the semicolons that end statements) {
  CAF_CHECK_EQUAL(split("a; b ;\n\nc"), "1:a|1:b|3:c|");
  CAF_CHECK_EQUAL(split(""), "");
  CAF_CHECK_EQUAL(split(" ;;\n-- only a comment\n/* and ; another */"), "");
  CAF_CHECK_EQUAL(split("-- why; because\na -- x;y\n, b;c"), "2:a -- x;y\n, b|3:c|");
  CAF_CHECK_EQUAL(split("a /* ; /* nested; */ ; */ b; c"), "1:a /* ; /* nested; */ ; */ b|1:c|");
}

CAF_TEST(leaves semicolons inside quotes alone) {
  CAF_CHECK_EQUAL(split("a ';' b; c"), "1:a ';' b|1:c|");
  CAF_CHECK_EQUAL(split("a 'it''s;' b; c"), "1:a 'it''s;' b|1:c|");
  CAF_CHECK_EQUAL(split("a E'\\';' b; c"), "1:a E'\\';' b|1:c|");
  CAF_CHECK_EQUAL(split("a '\\'; b"), "1:a '\\'|1:b|");
  CAF_CHECK_EQUAL(split("a \"x;\" b; c"), "1:a \"x;\" b|1:c|");
  CAF_CHECK_EQUAL(split("a $$ ; ' $$; b $t$ ; $$ ; $t$; c"),
                  "1:a $$ ; ' $$|1:b $t$ ; $$ ; $t$|1:c|");
  CAF_CHECK_EQUAL(split("a $1; b"), "1:a $1|1:b|");
  CAF_CHECK_EQUAL(split("CREATE RULE r AS ON a DO (b; c); d"),
                  "1:CREATE RULE r AS ON a DO (b; c)|1:d|");
}

CAF_TEST(does not run past the end of what is never closed) {
  for (auto sql : {"a 'x", "a \"x", "a $$x", "a /* x", "a E'x\\", "a $x", "(", "'"})
    CAF_CHECK_EQUAL(split_statements(sql).size(), 1u);
}

CAF_TEST(knows files that ask for no transaction by their first lines only) {
  CAF_CHECK(runs_without_transaction("-- why\n-- spotter: no-transaction\nSELECT 1"));
  CAF_CHECK(runs_without_transaction("-- spotter: no-transaction \r\nSELECT 1"));
  CAF_CHECK(!runs_without_transaction("SELECT 1;\n-- spotter: no-transaction"));
  CAF_CHECK(!runs_without_transaction("-- spotter: no-transactions"));
}

CAF_TEST(reads numbered pairs from a folder and refuses half ones) {
  std::string pattern = "/tmp/spotter-files-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  const auto write = [&folder](const char* name) { std::ofstream{folder / name} << "SELECT 1"; };
  CAF_REQUIRE(write_new_migration(folder, "first_step").has_value());
  CAF_CHECK(std::filesystem::exists(folder / "0001_first_step.down.sql"));
  CAF_CHECK_EQUAL(write_new_migration(folder, "next")->first.filename().string(),
                  "0002_next.up.sql");
  CAF_CHECK(!write_new_migration(folder, "../etc").has_value());
  write("README.md");
  write("bootstrap.sql");
  auto found = read_migrations(folder);
  CAF_REQUIRE(found.has_value());
  CAF_CHECK_EQUAL(found->size(), 2u);
  CAF_CHECK_EQUAL(found->back().stem(), "0002_next");
  write("0003_alone.up.sql");
  CAF_CHECK_EQUAL(read_migrations(folder).error().message,
                  "0003_alone.up.sql has no .down.sql beside it.");
  write("0003_other.down.sql");
  CAF_CHECK(!read_migrations(folder).has_value());
  std::filesystem::remove(folder / "0003_other.down.sql");
  write("0003_alone.down.sql");
  write("4_short.up.sql");
  CAF_CHECK(!read_migrations(folder).has_value());
  std::filesystem::remove_all(folder);
  CAF_CHECK(read_migrations(folder).error().fault == migration_fault::bad_file);
}

CAF_TEST(reads every SQLSTATE that decides what happens next) {
  CAF_CHECK(fault_of("") == database_fault::lost);
  CAF_CHECK(fault_of("08006") == database_fault::lost);
  CAF_CHECK(fault_of("57P01") == database_fault::lost);
  CAF_CHECK(fault_of("57014") == database_fault::timed_out);
  CAF_CHECK(fault_of("40P01") == database_fault::busy);
  CAF_CHECK(fault_of("55P03") == database_fault::busy);
  CAF_CHECK(fault_of("23505") == database_fault::duplicate);
  CAF_CHECK(fault_of("23503") == database_fault::refused);
  CAF_CHECK(fault_of("42501") == database_fault::denied);
  CAF_CHECK(fault_of("25006") == database_fault::read_only);
  CAF_CHECK(fault_of("42601") == database_fault::defect);
}

CAF_TEST(a password goes into a connection string of either form and only once) {
  const std::string odd = R"(it's a \ "word" = 1)";
  for (const auto* server : {"host=db.example dbname=spotter", "postgresql://db.example/spotter"}) {
    connection_settings settings;
    settings.server = with_password(server, odd);
    settings.role = database_role::reader;
    const auto whole = connection_string(settings);
    for (auto part : {"host='db.example'", "dbname='spotter'", "user='spotter_reader'",
                      R"(password='it\'s a \\ "word" = 1')"})
      CAF_CHECK(whole.find(part) != std::string::npos);
  }
  try {
    static_cast<void>(with_password("postgresql://me:hunter2@db.example/spotter", odd));
    CAF_ERROR("two passwords");
  } catch (const std::runtime_error& why) {
    CAF_CHECK(std::string{why.what()}.find("database.password") != std::string::npos);
    CAF_CHECK(std::string{why.what()}.find("hunter2") == std::string::npos);
  }
}

CAF_TEST(a connection string takes a URI and quotes what is odd) {
  connection_settings settings;
  settings.server = "postgresql://someone@db.example:6432/it's%20mine?sslmode=require";
  settings.role = database_role::writer;
  const auto whole = connection_string(settings);
  for (auto part : {"host='db.example'", "port='6432'", "dbname='it\\'s mine'", "sslmode='require'",
                    "user='spotter_writer'", "statement_timeout=10000"})
    CAF_CHECK(whole.find(part) != std::string::npos);
  CAF_CHECK(whole.find("someone") == std::string::npos);
  settings.server = "host=/tmp nonsense";
  CAF_CHECK_THROWS_AS(static_cast<void>(connection_string(settings)), pqxx::broken_connection);
}
