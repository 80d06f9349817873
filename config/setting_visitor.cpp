#include "config/setting_visitor.hpp"

#include <cctype>
#include <charconv>

namespace spotter::config {

namespace {

/// The variable of the environment that overrules a key.
std::string variable_of(const std::string& key) {
  std::string out = "SPOTTER_";
  for (const char c : key)
    out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

} // namespace

void setting_visitor::section(const char* name) {
  if (!file_)
    out_ << "[" << name << "]\n\n";
}

void setting_visitor::text(const std::string& key, std::string& value, const char* meaning) {
  known_.push_back(key);
  if (!file_) {
    document(key, '"' + value + '"', meaning);
    return;
  }
  if (const auto node = file_->at_path(key)) {
    if (const auto given = node.value_exact<std::string>())
      value = *given;
    else
      errors_->push_back(key + " must be a text in quotes");
  }
  if (const auto given = from_environment(key))
    value = *given;
}

void setting_visitor::flag(const std::string& key, bool& value, const char* meaning) {
  known_.push_back(key);
  if (!file_) {
    document(key, value ? "true" : "false", meaning);
    return;
  }
  if (const auto node = file_->at_path(key)) {
    if (const auto given = node.value_exact<bool>())
      value = *given;
    else
      errors_->push_back(key + " must be true or false");
  }
  if (const auto given = from_environment(key)) {
    if (*given == "true" || *given == "false")
      value = *given == "true";
    else
      errors_->push_back(variable_of(key) + " must be true or false, not '" + *given + "'");
  }
}

void setting_visitor::texts(const std::string& key, std::vector<std::string>& value,
                            const char* meaning) {
  known_.push_back(key);
  if (!file_) {
    document(key, "[]", meaning); // no list has a default
    return;
  }
  if (const auto node = file_->at_path(key)) {
    value.clear();
    const auto* array = node.as_array();
    if (!array) {
      errors_->push_back(key + " must be a list of texts");
      return;
    }
    for (const auto& item : *array)
      if (const auto given = item.value_exact<std::string>())
        value.push_back(*given);
      else
        errors_->push_back(key + " must hold texts only");
  }
  if (const auto given = from_environment(key)) {
    value.clear();
    std::istringstream parts{*given};
    for (std::string part; std::getline(parts, part, ',');)
      value.push_back(part);
  }
}

void setting_visitor::blocks(const std::string& key, std::vector<address_block>& value,
                             const char* meaning) {
  std::vector<std::string> given;
  texts(key, given, meaning);
  value.clear();
  for (const auto& text : given)
    if (const auto block = address_block::parse(text))
      value.push_back(*block);
    else
      errors_->push_back(key + " must hold addresses and networks, as 10.0.0.0/8, not '" + text
                         + "'");
}

void setting_visitor::refuse_unknown() {
  for (const auto& [name, node] : *file_) {
    if (const auto* table = node.as_table()) {
      for (const auto& [inner, value] : *table)
        check_known(std::string{name.str()} + '.' + std::string{inner.str()});
    } else {
      check_known(std::string{name.str()});
    }
  }
}

void setting_visitor::document(const std::string& key, const std::string& value,
                               const char* meaning) {
  const auto last_part = key.substr(key.rfind('.') + 1); // the section has been named
  out_ << "# " << meaning << '\n' << last_part << " = " << value << "\n\n";
}

std::optional<std::int64_t> setting_visitor::read_number(const std::string& key, std::int64_t least,
                                                         std::int64_t most) {
  std::optional<std::int64_t> given;
  if (const auto node = file_->at_path(key)) {
    given = node.value_exact<std::int64_t>();
    if (!given)
      errors_->push_back(key + " must be a whole number");
  }
  if (const auto text = from_environment(key)) {
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
    if (error != std::errc{} || end != text->data() + text->size())
      errors_->push_back(variable_of(key) + " must be a whole number, not '" + *text + "'");
    else
      given = parsed;
  }
  if (given && (*given < least || *given > most)) {
    errors_->push_back(key + " must lie between " + std::to_string(least) + " and "
                       + std::to_string(most) + ", not " + std::to_string(*given));
    return std::nullopt;
  }
  return given;
}

std::optional<std::string> setting_visitor::from_environment(const std::string& key) const {
  return (*env_)(variable_of(key));
}

void setting_visitor::check_known(const std::string& key) {
  for (const auto& known : known_)
    if (known == key)
      return;
  errors_->push_back("'" + key + "' is not a setting; `spotterd config` lists them all");
}

} // namespace spotter::config
