#pragma once

#include <cstdint>
#include <string>

// How sealed rows of the database are told of, between those who keep them and those who seal.

namespace spotter::messages {

/// How many rows of a table one key has sealed.
struct sealed_count {
  std::string place;  // the table
  std::string key_id; // bytes
  std::int64_t rows = 0;
};

/// A sealed text of a table, by the row's own key. Its context is `<place>/<row_key>`.
struct sealed_row {
  std::string row_key;
  std::string sealed;
};

/// A row whose content was put under another key.
struct resealed_row {
  std::string row_key;
  std::string before;
  std::string after;
};

} // namespace spotter::messages
