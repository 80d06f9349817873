#include "bench/load/report.hpp"

#include "domain/json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace spotter::bench {

double percentile(std::vector<double>& values, double share) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

report& report::add(std::string_view name, double value) {
  std::array<char, 64> digits{};
  std::snprintf(digits.data(), digits.size(), "%.6g", value);
  text_ += text_.size() > 1 ? "," : "";
  text_.append("\"").append(name).append("\":").append(digits.data());
  return *this;
}

report& report::add(std::string_view name, std::string_view text) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object().member(name, text).end_object();
  text_ += text_.size() > 1 ? "," : "";
  text_.append(out, 1, out.size() - 2);
  return *this;
}

report& report::add_times(const std::string& name, std::vector<double>& milliseconds) {
  add(name + "_p50", percentile(milliseconds, .50));
  add(name + "_p90", percentile(milliseconds, .90));
  add(name + "_p99", percentile(milliseconds, .99));
  return add(name + "_max", percentile(milliseconds, 1));
}

void report::print() const {
  std::printf("%s}\n", text_.c_str());
  std::fflush(stdout);
}

} // namespace spotter::bench
