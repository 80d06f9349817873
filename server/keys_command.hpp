#pragma once

#include "config/settings.hpp"

#include <string>

namespace spotter::server {

/// What `spotterd keys` is to do, and where.
struct keys_options {
  enum class action {
    list,   // the keys of access tokens, with their times
    rotate, // makes the next one
    status, // the keys that seal, and how much is left under each
  };
  action what = action::list;
  std::string server; // an external database, or empty for the embedded one
};

/// `spotterd keys list|rotate|status`. Only who can run migrations may do so. Returns the exit status: 0; 1
/// after an error, which is on stderr.
int run_keys(const config::settings& settings, const keys_options& options);

} // namespace spotter::server
