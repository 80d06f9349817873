#include "config/settings.hpp"

#include "config/setting_checks.hpp"
#include "config/setting_list.hpp"

#include <toml++/toml.h>

#include <cstdlib>
#include <sstream>

namespace spotter::config {

namespace {

std::filesystem::path default_data(const environment& env) {
  if (const auto xdg = env("XDG_DATA_HOME"); xdg && !xdg->empty())
    return std::filesystem::path{*xdg} / "spotter";
  if (const auto home = env("HOME"); home && !home->empty() && *home != "/root")
    return std::filesystem::path{*home} / ".local" / "share" / "spotter";
  return "/var/lib/spotter";
}

} // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>{value} : std::nullopt;
}

std::variant<settings, config_errors> load(const std::string& text, const environment& env) {
  config_errors errors;
  toml::table file;
  try {
    file = toml::parse(text);
  } catch (const toml::parse_error& why) {
    std::ostringstream message;
    message << "the configuration is not TOML: " << why.description() << " in line "
            << why.source().begin.line;
    return config_errors{message.str()};
  }
  // The short forms are aliases of the long ones, which win.
  const environment with_aliases = [&env](const std::string& name) -> std::optional<std::string> {
    if (auto value = env(name))
      return value;
    if (name == "SPOTTER_LISTEN_PORT")
      return env("SPOTTER_PORT");
    if (name == "SPOTTER_DATABASE_SERVER")
      return env("SPOTTER_DATABASE");
    return std::nullopt;
  };
  settings s;
  s.data = default_data(env);
  setting_visitor v{file, with_aliases, errors};
  visit(v, s);
  v.refuse_unknown();
  check(s, errors);
  if (!errors.empty())
    return errors;
  return s;
}

std::string documented_defaults() {
  settings s;
  s.data = "/var/lib/spotter";
  setting_visitor v;
  visit(v, s);
  return v.documentation();
}

} // namespace spotter::config
