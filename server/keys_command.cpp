#include "server/keys_command.hpp"

#include "server/embedded_access.hpp"
#include "server/keys_part.hpp"
#include "server/secrets.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>

namespace spotter::server {

namespace {

using persistence::signing_key_row;

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

/// "3 d", "12 min", "5 s": what people need of a time.
std::string duration(std::int64_t ms) {
  const auto s = std::abs(ms) / 1000;
  if (s >= 2 * 86'400)
    return std::to_string(s / 86'400) + " d";
  if (s >= 2 * 3'600)
    return std::to_string(s / 3'600) + " h";
  if (s >= 2 * 60)
    return std::to_string(s / 60) + " min";
  return std::to_string(s) + " s";
}

std::string state_of(const signing_key_row& key) {
  if (key.signs_in_ms > 0)
    return "next: signs in " + duration(key.signs_in_ms);
  if (!key.stops_in_ms)
    return "current: signs since " + duration(key.signs_in_ms);
  if (*key.stops_in_ms > 0)
    return "current: signs for another " + duration(*key.stops_in_ms);
  return "retired: verifies for another " + duration(key.gone_in_ms.value_or(0));
}

void list(persistence::key_rows& rows) {
  for (const auto& key : rows.load_signing_keys())
    std::printf("%s  %s\n", key.key_id.c_str(), state_of(key).c_str());
}

int rotate(const config::settings& settings, std::shared_ptr<persistence::key_rows> rows) {
  if (rows->load_signing_keys().empty())
    return fail("There is no signing key yet: the server makes the first one when it starts.");
  const auto how = key_settings_of(settings);
  const auto key = actors::identity::make_new_key(read_sealer(settings, missing_file::fail), how);
  if (key_store_of(rows).put(key) != actors::identity::key_put::made)
    return fail("A key is waiting for its time already; `spotterd keys list` shows it.");
  std::printf("%s signs in %s, when all nodes and readers of the key set know it. Nobody is signed "
              "out.\n",
              key.key_id.c_str(), duration(how.lead.count()).c_str());
  return 0;
}

/// What a key is to this node.
std::string part_of(const actors::sealing::sealer& sealer, const std::string& key_id) {
  const auto& keys = sealer.keys();
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].id() == key_id)
      return i == 0 ? "seals" : "opens only";
  return "not on this node";
}

std::string advice_for(const std::string& part, std::int64_t rows, bool known_here) {
  if (part == "seals")
    return {};
  if (rows == 0)
    return known_here ? "; may be removed, unless older backups are to be read" : "";
  return known_here ? "; must stay" : "; MISSING: name it in identity.older_sealing_keys";
}

void show_status(const config::settings& settings, persistence::key_rows& rows) {
  const auto sealer = read_sealer(settings, missing_file::fail);
  std::map<std::string, std::int64_t> sums;
  for (const auto& key : rows.known_sealing_keys())
    sums[key] = 0;
  for (const auto& key : sealer.keys())
    sums[key.id()] = 0;
  std::map<std::string, std::string> places;
  for (const auto& count : rows.count_sealed_rows()) {
    sums[count.key_id] += count.rows;
    auto& text = places[count.key_id];
    text += (text.empty() ? "" : ", ") + count.place + " " + std::to_string(count.rows);
  }
  for (const auto& [key_id, sum] : sums) {
    const auto part = part_of(sealer, key_id);
    std::printf("%s  %s: %lld rows%s%s\n", actors::sealing::shown_id(key_id).c_str(), part.c_str(),
                static_cast<long long>(sum), sum > 0 ? (" (" + places[key_id] + ")").c_str() : "",
                advice_for(part, sum, part != "not on this node").c_str());
  }
  if (const auto job = rows.last_reseal())
    std::printf("sealing anew: %s%s%s\n", job->state.c_str(), job->reason.empty() ? "" : ": ",
                job->reason.c_str());
}

} // namespace

int run_keys(const config::settings& settings, const keys_options& options) {
  embedded_access embedded; // lives until the work is done
  persistence::connection_settings connection;
  connection.role = persistence::database_role::migrator;
  connection.application_name = "spotterd keys";
  connection.server = options.server;
  if (options.server.empty()) {
    auto opened = open_embedded(settings.data, true);
    if (!opened)
      return fail(opened.error());
    embedded = *std::move(opened);
    connection.server = embedded.server;
  }
  try {
    const auto rows = std::make_shared<persistence::key_rows>(connection);
    if (options.what == keys_options::action::rotate)
      return rotate(settings, rows);
    if (options.what == keys_options::action::status) {
      show_status(settings, *rows);
      return 0;
    }
    list(*rows);
  } catch (const std::exception& why) {
    return fail(why.what());
  }
  return 0;
}

} // namespace spotter::server
