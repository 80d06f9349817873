#pragma once

#include "config/address_block.hpp"
#include "config/settings.hpp"

#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace spotter::config {

/// Numbers stand for durations in the units of the setting's own type.
template <class T>
constexpr bool is_duration = false;
template <class Rep, class Period>
constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

/// Is shown all keys in order, and reads or documents each.
class setting_visitor {
public:
  /// Reads: what the file gives, overruled by the environment; what neither gives stays as it is.
  /// Errors are put to `errors`, all of them.
  setting_visitor(const toml::table& file, const environment& env, config_errors& errors)
    : file_(&file), env_(&env), errors_(&errors) {}

  /// Documents the values that it is shown.
  setting_visitor() = default;

  /// The keys from here on stand in this table of the file.
  void section(const char* name);

  template <class T>
  void number(const std::string& key, T& value, std::int64_t least, std::int64_t most,
              const char* meaning) {
    known_.push_back(key);
    if (!file_) {
      if constexpr (is_duration<T>)
        document(key, std::to_string(value.count()), meaning);
      else
        document(key, std::to_string(value), meaning);
    } else if (const auto given = read_number(key, least, most)) {
      if constexpr (is_duration<T>)
        value = T{*given};
      else
        value = static_cast<T>(*given);
    }
  }

  void text(const std::string& key, std::string& value, const char* meaning);
  void flag(const std::string& key, bool& value, const char* meaning);
  void texts(const std::string& key, std::vector<std::string>& value, const char* meaning);
  void blocks(const std::string& key, std::vector<address_block>& value, const char* meaning);

  /// Every key of the file must be one that was shown.
  void refuse_unknown();

  /// What was documented: a TOML file.
  [[nodiscard]] std::string documentation() const { return out_.str(); }

private:
  void document(const std::string& key, const std::string& value, const char* meaning);
  [[nodiscard]] std::optional<std::int64_t> read_number(const std::string& key, std::int64_t least,
                                                        std::int64_t most);
  [[nodiscard]] std::optional<std::string> from_environment(const std::string& key) const;
  void check_known(const std::string& key);

  const toml::table* file_ = nullptr; // none: document
  const environment* env_ = nullptr;
  config_errors* errors_ = nullptr;
  std::vector<std::string> known_;
  std::ostringstream out_;
};

} // namespace spotter::config
