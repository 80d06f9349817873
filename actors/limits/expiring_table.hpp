#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace spotter::actors {

/// States by key, never more than `capacity` of them. When it is full, the entry of the lowest rank
/// makes room for a new one.
///
/// `Rank` says how much would be lost with a state. Where a state's rank grows with what its owner
/// has used up, whoever fills the table with new keys drives out other new keys: to get rid of a
/// state that counts against him, he must make `capacity` others count for as much.
template <class State, class Rank>
class expiring_table {
public:
  explicit expiring_table(std::size_t capacity) : capacity_(capacity) {}

  /// What is known of the key, or nullptr.
  [[nodiscard]] const State* find(std::string_view key) const {
    const auto it = entries_.find(key);
    return it == entries_.end() ? nullptr : &it->second.state;
  }

  /// Keeps the state, making room if it must. True when it drove another out.
  bool put(std::string_view key, const State& state, const Rank& rank) {
    if (const auto it = entries_.find(key); it != entries_.end()) {
      order_.erase({it->second.rank, &it->first});
      it->second = {state, rank};
      order_.insert({rank, &it->first});
      return false;
    }
    bool evicted = false;
    if (entries_.size() >= capacity_ && !order_.empty()) {
      const auto weakest = order_.begin();
      const auto* name = weakest->name;
      order_.erase(weakest);
      entries_.erase(entries_.find(*name));
      evicted = true;
    }
    const auto it = entries_.emplace(std::string{key}, entry{state, rank}).first;
    order_.insert({rank, &it->first});
    return evicted;
  }

  void erase(std::string_view key) {
    if (const auto it = entries_.find(key); it != entries_.end()) {
      order_.erase({it->second.rank, &it->first});
      entries_.erase(it);
    }
  }

  /// Drops every state for which `over` holds.
  template <class Predicate>
  void sweep(Predicate over) {
    for (auto it = entries_.begin(); it != entries_.end();) {
      if (over(it->second.state)) {
        order_.erase({it->second.rank, &it->first});
        it = entries_.erase(it);
      } else {
        ++it;
      }
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  struct entry {
    State state;
    Rank rank;
  };
  struct place {
    Rank rank;
    const std::string* name; // the key in `entries_`, whose nodes stay where they are
    bool operator<(const place& other) const {
      if (rank < other.rank || other.rank < rank)
        return rank < other.rank;
      return std::less<const std::string*>{}(name, other.name);
    }
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::size_t capacity_;
  std::unordered_map<std::string, entry, text_hash, std::equal_to<>> entries_;
  std::set<place> order_;
};

} // namespace spotter::actors
