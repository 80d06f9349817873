#pragma once

#include "domain/formats/field_values.hpp"
#include "domain/time.hpp"

#include <memory>
#include <optional>
#include <string>

namespace spotter::actors {

/// What happened to a wall-clock time on its way to an instant.
enum class clock_fit : std::uint8_t {
  exact = 1,
  ambiguous,   // the clocks went back: it happened twice, and the earlier is taken
  nonexistent, // the clocks went forward over it: it is taken as if they had not
};

/// The instant that a wall-clock time means.
struct zoned_time {
  domain::instant at;
  clock_fit fit = clock_fit::exact;
};

/// Turns the wall-clock times of one time zone into instants; the same time always gives the same.
class zone_clock {
public:
  /// Nullopt for a name that the time zone database does not have.
  static std::optional<zone_clock> of(const std::string& iana_name);

  [[nodiscard]] zoned_time resolve(domain::local_instant local) const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
  zone_clock(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}

  std::string name_;
  const void* zone_; // date's own type stays out of this header; it lives as long as the program
};

/// The calendar date of a wall-clock time, yyyy-mm-dd.
[[nodiscard]] std::string date_of(domain::local_instant local);

} // namespace spotter::actors
