#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace spotter::server {

/// Runs psql on the embedded database, as its superuser (the owner of the tables sees no rows: that
/// is what forced row-level security means), with `arguments` handed on, and returns psql's exit
/// status. Joins the database of a running server; without one it is started until psql ends.
int run_psql(const std::filesystem::path& data_folder, const std::vector<std::string>& arguments);

} // namespace spotter::server
