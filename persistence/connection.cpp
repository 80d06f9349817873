#include "persistence/connection.hpp"

#include <libpq-fe.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace spotter::persistence {

namespace {

struct free_options {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

void append_option(std::string& out, std::string_view key, std::string_view value) {
  if (!out.empty())
    out += ' ';
  out += key;
  out += "='";
  for (char c : value) {
    if (c == '\'' || c == '\\')
      out += '\\';
    out += c;
  }
  out += '\'';
}

// A node that hung in the middle of a commit holds the fences of its shards no longer than this.
constexpr std::chrono::milliseconds writer_idle_limit{2000};

/// What libpq quotes may be a piece of a password that was not quoted well.
std::string without_quoted(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
      out += quoted ? "\"…\"" : "";
    } else if (!quoted) {
      out += c;
    }
  }
  return out;
}

bool is_ours(std::string_view key) {
  return key == "user" || key == "application_name" || key == "options" || key == "connect_timeout";
}

using parsed_options = std::unique_ptr<PQconninfoOption, free_options>;

// libpq takes a URI whole or not at all, so one is taken apart before options are added to it.
parsed_options parse(const std::string& server) {
  char* message = nullptr;
  parsed_options parsed{PQconninfoParse(server.c_str(), &message)};
  if (!parsed) {
    std::string why = message ? message : "out of memory";
    PQfreemem(message);
    throw pqxx::broken_connection{"The database's connection string is wrong: "
                                  + without_quoted(why)};
  }
  return parsed;
}

std::string without_ours(const std::string& server, std::string& options) {
  const auto parsed = parse(server);
  std::string out;
  for (auto* option = parsed.get(); option->keyword; ++option) {
    if (!option->val)
      continue;
    if (std::string_view{option->keyword} == "options")
      options = option->val;
    if (!is_ours(option->keyword))
      append_option(out, option->keyword, option->val);
  }
  return out;
}

/// These two a pooler keeps apart for each of its clients.
void begin_pooled(pqxx::connection& connection) {
  pqxx::nontransaction tx{connection};
  tx.exec("SET TimeZone TO 'UTC'; SET DateStyle TO 'ISO'");
  static std::once_flag told;
  if (tx.query_value<std::string>("SELECT current_setting('statement_timeout')") == "0")
    std::call_once(told, [] {
      spdlog::warn("database.pooled: the roles have no time-outs, and statements through a pooler "
                   "can't bring their own; run migrations/bootstrap.sql again");
    });
}

} // namespace

std::string_view login_name(database_role role) noexcept {
  switch (role) {
    case database_role::reader:
      return "spotter_reader";
    case database_role::writer:
      return "spotter_writer";
    case database_role::migrator:
      return "spotter_migrator";
  }
  return "";
}

std::string with_password(const std::string& server, std::string_view password) {
  const auto parsed = parse(server);
  std::string out;
  for (auto* option = parsed.get(); option->keyword; ++option) {
    if (!option->val)
      continue;
    if (std::string_view{option->keyword} == "password")
      throw std::runtime_error{"The database's connection string has a password already; keep the "
                               "one in the setting database.password."};
    append_option(out, option->keyword, option->val);
  }
  append_option(out, "password", password);
  return out;
}

std::string connection_string(const connection_settings& settings) {
  std::string options;
  auto out = without_ours(settings.server, options);
  append_option(out, "user",
                settings.user ? std::string_view{*settings.user} : login_name(settings.role));
  append_option(out, "application_name", settings.application_name);
  append_option(out, "connect_timeout", std::to_string(settings.connect_timeout.count()));
  const auto patience = settings.answer_timeout.count();
  append_option(out, "keepalives_idle", patience > 0 ? "1" : "10");
  append_option(out, "keepalives_interval", patience > 0 ? "1" : "5");
  append_option(out, "keepalives_count", patience > 0 ? "2" : "4");
  if (patience > 0)
    append_option(out, "tcp_user_timeout", std::to_string(patience));
  append_option(out, "client_encoding", "UTF8");
  if (settings.pooled) {
    if (!options.empty())
      append_option(out, "options", options);
    return out;
  }
  auto add = [&options](std::string_view name, std::string_view value) {
    options += options.empty() ? "-c " : " -c ";
    options += name;
    options += '=';
    options += value;
  };
  add("TimeZone", "UTC");
  add("DateStyle", "ISO");
  add("client_min_messages", "warning");
  add("statement_timeout", std::to_string(settings.statement_timeout.count()));
  add("lock_timeout", std::to_string(settings.lock_timeout.count()));
  if (settings.role == database_role::writer)
    add("idle_in_transaction_session_timeout", std::to_string(writer_idle_limit.count()));
  append_option(out, "options", options);
  return out;
}

pqxx::connection connect(const connection_settings& settings) {
  pqxx::connection made{connection_string(settings)};
  if (settings.pooled)
    begin_pooled(made);
  return made;
}

} // namespace spotter::persistence
