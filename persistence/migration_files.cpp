#include "persistence/migration_files.hpp"

#include "embedded/migrations.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

namespace spotter::persistence {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view up_suffix = ".up.sql";
constexpr std::string_view down_suffix = ".down.sql";

struct file_name {
  int version = 0;
  std::string name;
  bool up = false;
};

bool is_plain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string stem_of(int version, std::string_view name) {
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%04d_", version);
  return std::string{number.data()}.append(name);
}

// Anything that is not called like a migration is none: README.md, bootstrap.sql.
std::optional<file_name> parse_file_name(std::string_view text) {
  file_name parsed;
  parsed.up = text.ends_with(up_suffix);
  if (!parsed.up && !text.ends_with(down_suffix))
    return std::nullopt;
  text.remove_suffix(parsed.up ? up_suffix.size() : down_suffix.size());
  const auto bar = text.find('_');
  if (bar != 4)
    return std::nullopt;
  const auto number = text.substr(0, bar);
  const auto [end, error] =
    std::from_chars(number.data(), number.data() + number.size(), parsed.version);
  if (error != std::errc{} || end != number.data() + number.size() || parsed.version < 1)
    return std::nullopt;
  parsed.name = text.substr(bar + 1);
  if (!is_plain(parsed.name))
    return std::nullopt;
  return parsed;
}

migration_failure bad_file(std::string message) {
  return {migration_fault::bad_file, std::move(message)};
}

using raw_file = std::pair<std::string, std::string>; // name, content

migration_result<std::vector<migration>> pair_up(const std::vector<raw_file>& files) {
  std::map<int, std::pair<std::optional<raw_file>, std::optional<raw_file>>> by_version;
  for (const auto& file : files) {
    const auto name = parse_file_name(file.first);
    if (!name && file.first.ends_with(".sql") && file.first.size() > 0 && file.first[0] >= '0'
        && file.first[0] <= '9')
      return bad_file(
        file.first + " is not named like a migration: NNNN_lower_case_words.up.sql or .down.sql.");
    if (!name)
      continue;
    auto& pair = by_version[name->version];
    auto& place = name->up ? pair.first : pair.second;
    if (place)
      return bad_file(place->first + " and " + file.first + " have the same number.");
    place = file;
  }
  std::vector<migration> found;
  for (auto& [version, pair] : by_version) {
    const auto& [up, down] = pair;
    if (!up || !down)
      return bad_file((up ? up->first + " has no .down.sql" : down->first + " has no .up.sql")
                      + " beside it.");
    auto up_name = parse_file_name(up->first)->name;
    if (up_name != parse_file_name(down->first)->name)
      return bad_file(up->first + " and " + down->first
                      + " have the same number but not the same name.");
    found.push_back({version, std::move(up_name), up->second, down->second});
  }
  return found;
}

} // namespace

std::string migration::stem() const {
  return stem_of(version, name);
}

migration_result<std::vector<migration>> embedded_migrations() {
  std::vector<raw_file> files;
  for (const auto& file : embedded::migrations())
    files.emplace_back(file.name, file.content);
  return pair_up(files);
}

migration_result<std::vector<migration>> read_migrations(const fs::path& folder) {
  std::error_code error;
  std::vector<raw_file> files;
  for (auto entry = fs::directory_iterator{folder, error};
       !error && entry != fs::directory_iterator{}; entry.increment(error)) {
    if (entry->path().extension() != ".sql")
      continue;
    std::ifstream in{entry->path(), std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{in}, {}};
    if (!in.good() && !in.eof())
      return bad_file("Can't read " + entry->path().string() + ".");
    files.emplace_back(entry->path().filename().string(), std::move(content));
  }
  if (error)
    return bad_file("Can't read the folder " + folder.string() + ": " + error.message() + ".");
  return pair_up(files);
}

migration_result<std::pair<fs::path, fs::path>> write_new_migration(const fs::path& folder,
                                                                    const std::string& name) {
  if (!is_plain(name))
    return bad_file("A migration's name is made of lower-case letters, digits and _, not '" + name
                    + "'.");
  auto existing = read_migrations(folder);
  if (!existing)
    return existing.error();
  const int version = existing->empty() ? 1 : existing->back().version + 1;
  const auto stem = stem_of(version, name);
  auto words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  std::pair paths{folder / (stem + std::string{up_suffix}),
                  folder / (stem + std::string{down_suffix})};
  std::ofstream up{paths.first};
  up << "-- Why: " << words << ".\n";
  std::ofstream down{paths.second};
  down << "-- Takes back: " << words << ".\n";
  if (!up.flush() || !down.flush())
    return bad_file("Can't write " + paths.first.string() + " or its .down.sql.");
  return paths;
}

bool runs_without_transaction(std::string_view sql) {
  while (sql.starts_with("--")) {
    const auto end = std::min(sql.find('\n'), sql.size());
    auto line = sql.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    if (line == "-- spotter: no-transaction")
      return true;
    sql.remove_prefix(std::min(end + 1, sql.size()));
  }
  return false;
}

} // namespace spotter::persistence
