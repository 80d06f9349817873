#include "config/secret.hpp"

#include <fstream>
#include <iterator>
#include <string_view>

namespace spotter::config {

namespace {

constexpr std::string_view file_scheme = "file:";
constexpr std::string_view env_scheme = "env:";
constexpr std::size_t longest_secret = 64 * 1024;

constexpr std::string_view google_scheme = "gcp-secret-manager:";

bool is_name(std::string_view part) noexcept {
  constexpr std::string_view letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
  return !part.empty() && part.find_first_not_of(letters) == part.npos;
}

/// projects/<project>/secrets/<secret>/versions/<version>
bool is_google_name(std::string_view name) noexcept {
  constexpr std::string_view words[] = {"projects", "", "secrets", "", "versions", ""};
  for (std::size_t i = 0; i < std::size(words); ++i) {
    const auto slash = name.find('/');
    const bool last = i + 1 == std::size(words);
    const auto part = name.substr(0, slash);
    if (last != (slash == name.npos) || !(words[i].empty() ? is_name(part) : part == words[i]))
      return false;
    name.remove_prefix(last ? name.size() : slash + 1);
  }
  return true;
}

domain::expected<std::string, config_errors> ask_google(const std::string& name,
                                                        const secret_source& google) {
  if (!google)
    return config_errors{"Google's Secret Manager can't be asked here"};
  auto secret = google(name);
  if (!secret)
    return config_errors{"the secret " + name + ": " + secret.error().front()};
  if (secret->empty() || secret->size() > longest_secret)
    return config_errors{"the secret " + name + " is empty, or too long"};
  return std::move(*secret);
}

} // namespace

bool is_secret_reference(const std::string& reference) noexcept {
  return reference.empty()
         || (reference.starts_with(file_scheme) && reference.size() > file_scheme.size())
         || (reference.starts_with(env_scheme) && reference.size() > env_scheme.size())
         || (reference.starts_with(google_scheme)
             && is_google_name(std::string_view{reference}.substr(google_scheme.size())));
}

domain::expected<std::string, config_errors> read_secret(const std::string& reference,
                                                         const secret_sources& sources) {
  if (reference.empty())
    return std::string{};
  if (!is_secret_reference(reference))
    return config_errors{"a secret must be named as file:<path>, env:<NAME> or "
                         "gcp-secret-manager:projects/…/secrets/…/versions/…"};
  if (reference.starts_with(google_scheme))
    return ask_google(reference.substr(google_scheme.size()), sources.google);
  if (reference.starts_with(env_scheme)) {
    const auto name = reference.substr(env_scheme.size());
    if (auto value = sources.env(name); value && !value->empty())
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
