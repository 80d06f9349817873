#pragma once

#include "domain/uuid.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spotter::domain {

/// An exercise that names can be matched against.
struct match_entry {
  uuid id;
  std::string name;
  std::string equipment; // a slug of the catalogue's vocabulary, or empty when not known
  std::vector<std::string> aliases;
  bool own = false; // the athlete's own; wins over the catalogue's where both match equally well
};

/// Finds the exercise that another app calls by some name. Built once, then read from any thread.
///
/// A name matches when it is, letter for letter, a name or alias; or else when both have the same
/// normal form: case, punctuation, word order, plurals and a few spellings ("pull-ups", "pullup")
/// do not count, and equipment means the same in brackets and in front ("Bench Press (Barbell)",
/// "barbell bench press"). Equipment that an entry leaves out of its name is taken from the entry.
/// Where two exercises match equally well, neither does: a wrong guess would mix up two histories.
/// The answer does not depend on the order of the entries.
class exercise_index {
public:
  explicit exercise_index(const std::vector<match_entry>& entries);

  /// The exercise that `name` means; nullopt when there is none, or when it could mean several.
  [[nodiscard]] std::optional<uuid> find(std::string_view name) const;

private:
  struct slot {
    uuid id;
    std::uint8_t rank = 0; // smaller is better
    bool ambiguous = false;
  };

  void insert(std::string key, const uuid& id, std::uint8_t rank);
  [[nodiscard]] const slot* look_up(const std::string& key) const;

  std::unordered_map<std::string, slot> slots_;
};

/// The normal form that `exercise_index` compares: the sorted words, then `@` and the equipment
/// that the name mentions. Names of more than 200 bytes have none (empty).
[[nodiscard]] std::string exercise_normal_form(std::string_view name);

} // namespace spotter::domain
