#pragma once

#include "domain/expected.hpp"
#include "domain/uuid.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::domain {

/// A node of the muscle graph: a muscle that exercises train, or a region that groups some.
struct muscle {
  std::string slug;
  std::string name;
  bool region = false;
  std::vector<std::string>
    parents; // slugs; none for the top regions, several where it belongs twice
};

/// One version of the muscle graph. A parent always stands before its children.
struct taxonomy {
  std::int32_t version = 0;
  std::vector<muscle> muscles;

  /// The node of this slug, or nullptr.
  [[nodiscard]] const muscle* find(std::string_view slug) const noexcept;
};

/// An exercise of the shared catalogue.
struct catalogue_exercise {
  uuid id; // exercise_id(slug)
  std::string slug;
  std::string name;
  std::string equipment;              // one of equipment_slugs()
  std::string mechanic;               // "compound", "isolation" or empty
  std::string force;                  // "push", "pull", "static" or empty
  std::string category;               // one of category_slugs()
  std::vector<std::string> primary;   // muscle slugs, at least one
  std::vector<std::string> secondary; // muscle slugs, none of them in `primary`
  std::vector<std::string> aliases;   // other names; unique in the catalogue, ignoring ASCII case
};

/// What is wrong with a catalogue file.
enum class catalogue_fault : std::uint8_t {
  bad_header = 1, // the first lines are not the ones that the format asks for
  bad_fields,     // a line has too few or too many fields, or an empty one that must not be
  bad_slug,       // not lower-case words joined by - (exercises) or _ (muscles)
  unknown_value,  // equipment, mechanic, force, category or kind that is not in the vocabulary
  unknown_muscle, // a muscle or parent that the graph does not have
  duplicate,      // a slug, name, alias, muscle or parent that is there already
  cycle,          // a muscle that is its own ancestor
};

/// Where a catalogue file is wrong, and how, in words for the one who edits it.
struct catalogue_error {
  catalogue_fault fault;
  std::size_t line; // 1-based
  std::string message;
};

/// The id of the catalogue's exercise of this slug: `named_uuid` in the namespace
/// 5f0be1d4-8c1a-8e70-9a35-0c6f4d1e2b97. It never changes, so a slug must not change either.
[[nodiscard]] uuid exercise_id(std::string_view slug) noexcept;

/// The equipment vocabulary.
[[nodiscard]] const std::vector<std::string_view>& equipment_slugs();

/// The category vocabulary.
[[nodiscard]] const std::vector<std::string_view>& category_slugs();

/// Reads `catalogue/muscles.tsv`; its format is described in the README beside it. The order of the
/// lines is kept, except that a parent moves before its children.
[[nodiscard]] expected<taxonomy, catalogue_error> parse_muscles(std::string_view text);

/// Reads `catalogue/exercises.tsv`, whose muscles must be in `muscles`. Stops at the first error.
[[nodiscard]] expected<std::vector<catalogue_exercise>, catalogue_error> parse_catalogue(
  std::string_view text, const taxonomy& muscles);

} // namespace spotter::domain
