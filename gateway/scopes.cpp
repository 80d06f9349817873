#include "gateway/scopes.hpp"

namespace spotter::gateway {

namespace {

/// What lies at or below a path: what is needed to look at it, and to change it.
struct scope_rule {
  std::string_view path;
  std::optional<scope> to_read;
  std::optional<scope> to_change;
  bool below = true; // what lies below it, too
};

// The one table of what keys may do. What is not here, they may not.
constexpr scope_rule rules[] = {
  {"/v1/me", scope::read, std::nullopt, false}, {"/v1/exercises", scope::read, scope::write},
  {"/v1/muscles", scope::read, std::nullopt},   {"/v1/taxonomies", scope::read, std::nullopt},
  {"/v1/workouts", scope::read, scope::write},  {"/v1/changes", scope::read, std::nullopt},
  {"/v1/records", scope::read, std::nullopt},   {"/v1/recommendations", scope::read, scope::write},
  {"/v1/imports", scope::read, scope::import},  {"/v1/athletes", scope::read, std::nullopt},
  {"/v1/live", scope::live, std::nullopt},
};

bool covers(const scope_rule& rule, std::string_view path) noexcept {
  if (!path.starts_with(rule.path))
    return false;
  return path.size() == rule.path.size() || (rule.below && path[rule.path.size()] == '/');
}

} // namespace

std::string_view to_string(scope what) noexcept {
  switch (what) {
    case scope::read:
      return "read";
    case scope::write:
      return "write";
    case scope::live:
      return "live";
    case scope::import:
      return "import";
  }
  return "";
}

scope_set scopes_of(const std::vector<std::string>& names) noexcept {
  scope_set out = 0;
  for (const auto known : {scope::read, scope::write, scope::live, scope::import})
    for (const auto& name : names)
      if (name == to_string(known))
        out |= static_cast<scope_set>(known);
  return out;
}

std::optional<scope> needed_scope(verb method, std::string_view pattern) noexcept {
  const bool reads = method == verb::get || method == verb::head;
  for (const auto& rule : rules)
    if (covers(rule, pattern))
      return reads ? rule.to_read : rule.to_change;
  return std::nullopt;
}

} // namespace spotter::gateway
