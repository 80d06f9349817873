#include "config/secret.hpp"

#include <fstream>
#include <iterator>

namespace spotter::config {

namespace {

constexpr std::string_view file_scheme = "file:";
constexpr std::string_view env_scheme = "env:";
constexpr std::size_t longest_secret = 64 * 1024;

} // namespace

bool is_secret_reference(const std::string& reference) noexcept {
  return reference.empty()
         || (reference.starts_with(file_scheme) && reference.size() > file_scheme.size())
         || (reference.starts_with(env_scheme) && reference.size() > env_scheme.size());
}

domain::expected<std::string, config_errors> read_secret(const std::string& reference,
                                                         const environment& env) {
  if (reference.empty())
    return std::string{};
  if (!is_secret_reference(reference))
    return config_errors{"a secret must be named as file:<path> or env:<NAME>"};
  if (reference.starts_with(env_scheme)) {
    const auto name = reference.substr(env_scheme.size());
    if (auto value = env(name); value && !value->empty())
      return std::move(*value);
    return config_errors{"the environment variable " + name + " has no secret"};
  }
  const auto path = reference.substr(file_scheme.size());
  std::ifstream in{path, std::ios::binary};
  std::string out{std::istreambuf_iterator<char>{in}, {}};
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r'))
    out.pop_back();
  if (!in || out.empty() || out.size() > longest_secret)
    return config_errors{"the file " + path + " has no secret that can be read"};
  return out;
}

} // namespace spotter::config
