#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spotter::bench {

/// The value below which `share` of `values` lie; 0 for none. Sorts them.
[[nodiscard]] double percentile(std::vector<double>& values, double share);

/// What a measurement found, as one line of JSON.
class report {
public:
  report& add(std::string_view name, double value);
  report& add(std::string_view name, std::string_view text);

  /// Adds `<name>_p50`, `_p90`, `_p99` and `_max`, in milliseconds.
  report& add_times(const std::string& name, std::vector<double>& milliseconds);

  /// Writes the line to standard output.
  void print() const;

private:
  std::string text_ = "{";
};

/// Requests that were not answered as they should be.
struct mistakes {
  long count = 0;
  std::string first;

  void add(std::string_view what) {
    if (count++ == 0)
      first = what.substr(0, 400);
  }
};

} // namespace spotter::bench
