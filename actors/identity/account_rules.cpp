#include "actors/identity/account_rules.hpp"

#include <algorithm>

namespace spotter::actors::identity {

namespace {

constexpr std::size_t shortest_password = 8;
constexpr std::size_t longest_password = 256;
constexpr std::size_t longest_display_name = 100;
constexpr std::size_t longest_device_text = 256;

// Text from JSON is valid UTF-8, where every byte but a continuation begins a code point.
std::size_t count_code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
  }));
}

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), is_control);
}

// Dot-separated, no part empty.
bool is_dotted(std::string_view text) noexcept {
  return !text.empty() && text.front() != '.' && text.back() != '.'
         && text.find("..") == std::string_view::npos;
}

bool is_domain_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
         || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

std::string printable(std::string_view text) {
  std::string out{text.substr(0, longest_device_text)};
  std::replace_if(
    out.begin(), out.end(), [](char c) { return is_control(c) || (c & 0x80) != 0; }, '?');
  return out;
}

} // namespace

std::string normal_email(std::string_view email) {
  const auto begin = email.find_first_not_of(' ');
  if (begin == std::string_view::npos)
    return {};
  std::string out{email.substr(begin, email.find_last_not_of(' ') - begin + 1)};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_email(std::string_view email) noexcept {
  const auto at = email.find('@');
  if (at == std::string_view::npos || email.size() > 254)
    return false;
  const auto local = email.substr(0, at);
  const auto domain = email.substr(at + 1);
  return local.size() <= 64 && is_dotted(local) && !has_control(local)
         && local.find_first_of(" \"(),:;<>[\\]") == std::string_view::npos && is_dotted(domain)
         && domain.find('.') != std::string_view::npos
         && std::all_of(domain.begin(), domain.end(), is_domain_byte) && domain.front() != '-'
         && domain.back() != '-';
}

bool is_password_length(std::string_view password) noexcept {
  const auto length = count_code_points(password);
  return length >= shortest_password && length <= longest_password;
}

std::vector<messages::field_error> check_account(const messages::register_account& request) {
  std::vector<messages::field_error> errors;
  if (!is_email(normal_email(request.email)))
    errors.push_back({"/email", "invalid_email", "This is not an e-mail address."});
  if (!is_password_length(request.password))
    errors.push_back(
      {"/password", "invalid_length", "A password has 8 to 256 characters; any characters do."});
  if (count_code_points(request.display_name) > longest_display_name)
    errors.push_back({"/display_name", "too_long", "A display name has at most 100 characters."});
  if (has_control(request.display_name))
    errors.push_back(
      {"/display_name", "invalid_character", "A display name has no control characters."});
  return errors;
}

messages::device_info stored_device(const messages::device_info& device) {
  return {printable(device.user_agent), printable(device.address), printable(device.request_id),
          printable(device.trace_id)};
}

} // namespace spotter::actors::identity
