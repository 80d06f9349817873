#pragma once

#include <filesystem>
#include <string>

namespace spotter::server {

/// Gives an account a role (member, coach, admin): `spotterd role EMAIL ROLE`. Only who can run
/// migrations may do so; `server` is an external database, or empty for the embedded one in
/// `data_folder`. Returns the exit status: 0; 1 after an error, which is on stderr.
int run_role(const std::string& server, const std::filesystem::path& data_folder,
             const std::string& email, const std::string& role);

} // namespace spotter::server
