#pragma once

#include "actors/limits/gcra.hpp"
#include "actors/messages/shared_text.hpp"

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

namespace spotter::actors {

/// Texts by key, the least recently used ones going first when there is no more room.
class bounded_cache {
public:
  struct bounds {
    std::size_t bytes = std::size_t{16} * 1024 * 1024; // keys and values together
    std::size_t value_bytes = std::size_t{256} * 1024; // larger ones are not kept
  };

  explicit bounded_cache(bounds limits) : limits_(limits) {}

  /// The value, or nullptr where there is none or its time is over.
  [[nodiscard]] const messages::shared_text* find(const std::string& key, limit_time now);

  /// Keeps a value until `until`. False when it is too large.
  bool keep(const std::string& key, messages::shared_text value, limit_time until);

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  struct entry {
    std::string key;
    messages::shared_text value;
    limit_time until;
  };
  using place = std::list<entry>::iterator;

  void drop(place where);

  bounds limits_;
  std::list<entry> entries_; // the last used one first
  std::unordered_map<std::string, place> by_key_;
  std::size_t bytes_ = 0;
};

} // namespace spotter::actors
