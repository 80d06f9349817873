#pragma once

#include <map>
#include <string>

namespace spotter::bench {

/// What follows the name of a measurement: `--name value` pairs, all of which must be used.
class options {
public:
  /// Throws std::runtime_error for anything but pairs.
  options(int argc, char** argv, int first);

  [[nodiscard]] std::string text(const std::string& name);
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise);
  [[nodiscard]] long number(const std::string& name);
  [[nodiscard]] long number(const std::string& name, long otherwise);
  [[nodiscard]] double seconds(const std::string& name, double otherwise);

  /// Throws when an option was given that nobody asked for: a typo must not measure something else.
  void done() const;

private:
  std::map<std::string, std::string> values_;
};

} // namespace spotter::bench
