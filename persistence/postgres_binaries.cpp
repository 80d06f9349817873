#include "persistence/postgres_binaries.hpp"

#include "persistence/child_process.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace spotter::persistence {

namespace {

namespace fs = std::filesystem;

// "postgres (PostgreSQL) 15.9 (Debian 15.9-0+deb12u1)"
int major_of(const fs::path& folder) {
  for (const char* program : {"postgres", "initdb"})
    if (::access((folder / program).c_str(), X_OK) != 0)
      return 0;
  const auto said = run_command({{(folder / "postgres").string(), "--version"}, {}, {}, {}, -1, 0});
  const std::string_view mark = ") ";
  const auto at = said.output.find(mark);
  int major = 0;
  if (said.status == 0 && at != std::string::npos) {
    const auto* begin = said.output.data() + at + mark.size();
    std::from_chars(begin, said.output.data() + said.output.size(), major);
  }
  return major;
}

void add_versions_of(const fs::path& parent, const fs::path& below, std::vector<fs::path>& out) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{parent, error})
    out.push_back(entry.path() / below);
}

std::vector<fs::path> usual_folders() {
  std::vector<fs::path> out;
  add_versions_of("/usr/lib/postgresql", "bin", out); // Debian
  add_versions_of("/usr", "bin", out);                // /usr/pgsql-16/bin of PGDG's RPMs
  out.emplace_back("/usr/local/pgsql/bin");
  if (const char* path = std::getenv("PATH")) {
    std::string_view rest = path;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(':'), rest.size());
      if (end > 0)
        out.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out;
}

} // namespace

domain::expected<postgres_binaries, std::string> find_postgres(std::optional<int> major) {
  const char* chosen = std::getenv("SPOTTER_PG_BIN");
  const bool is_chosen = chosen && *chosen;
  const auto folders = is_chosen ? std::vector<fs::path>{chosen} : usual_folders();
  postgres_binaries best;
  for (const auto& folder : folders) {
    const int found = major_of(folder);
    if (found >= oldest_postgres && (!major || found == *major) && found > best.major)
      best = {folder, found};
  }
  if (best.major > 0)
    return best;
  const auto wanted = major ? "PostgreSQL " + std::to_string(*major)
                            : "PostgreSQL " + std::to_string(oldest_postgres) + " or newer";
  return wanted + " is not installed"
         + (is_chosen ? " in $SPOTTER_PG_BIN (" + std::string{chosen} + ")"
                      : std::string{" (looked in /usr/lib/postgresql/*/bin and PATH)"})
         + ". Install its server package, or set SPOTTER_PG_BIN to the folder of its programs"
         + (major ? ". The data folder was made by this version." : ".");
}

} // namespace spotter::persistence
