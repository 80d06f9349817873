#include "bench/load/options.hpp"

#include <stdexcept>

namespace spotter::bench {

options::options(int argc, char** argv, int first) {
  for (int i = first; i < argc; i += 2) {
    const std::string name = argv[i];
    if (name.rfind("--", 0) != 0 || i + 1 == argc)
      throw std::runtime_error("options are pairs of --name and value, not '" + name + "'");
    values_[name.substr(2)] = argv[i + 1];
  }
}

std::string options::text(const std::string& name) {
  const auto it = values_.find(name);
  if (it == values_.end())
    throw std::runtime_error("--" + name + " is missing");
  auto value = it->second;
  values_.erase(it);
  return value;
}

std::string options::text(const std::string& name, const std::string& otherwise) {
  return values_.count(name) > 0 ? text(name) : otherwise;
}

long options::number(const std::string& name) {
  return std::stol(text(name));
}

long options::number(const std::string& name, long otherwise) {
  return values_.count(name) > 0 ? number(name) : otherwise;
}

double options::seconds(const std::string& name, double otherwise) {
  return values_.count(name) > 0 ? std::stod(text(name)) : otherwise;
}

void options::done() const {
  if (!values_.empty())
    throw std::runtime_error("there is no option --" + values_.begin()->first);
}

} // namespace spotter::bench
