#include "domain/time.hpp"
#include "gateway/json/body_reader.hpp"

#include <algorithm>
#include <initializer_list>

namespace spotter::gateway {

namespace {

using namespace json;

constexpr std::size_t longest_email = 254;
constexpr std::size_t longest_password = 1'024; // hashing costs by length
constexpr std::size_t longest_code = 64;
constexpr std::size_t longest_token = 256;
constexpr std::size_t most_scopes = 8;
constexpr std::size_t longest_scope = 16;

/// One or more of `words`, each once.
std::optional<std::vector<std::string>> read_scopes(reader& r, value& v,
                                                    std::initializer_list<std::string_view> words) {
  auto scopes = read_texts(r, v, most_scopes, longest_scope);
  if (!scopes)
    return std::nullopt;
  std::sort(scopes->begin(), scopes->end());
  const bool once = std::adjacent_find(scopes->begin(), scopes->end()) == scopes->end();
  const bool known = std::all_of(scopes->begin(), scopes->end(), [&words](const auto& scope) {
    return std::find(words.begin(), words.end(), scope) != words.end();
  });
  if (!scopes->empty() && once && known)
    return scopes;
  std::string list;
  for (const auto word : words)
    (list += list.empty() ? "" : ", ") += word;
  r.error("invalid_value", "Must be one or more of " + list + ", each once.");
  return std::nullopt;
}

/// A time that is still to come; null means none.
auto future_into(std::optional<domain::instant>& out) {
  return [&out](reader& r, value& v) {
    if (is_null(v))
      return;
    const auto at = read_instant(r, v);
    if (at && *at <= domain::now())
      r.error("out_of_range", "Must be in the future.");
    else
      out = at;
  };
}

} // namespace

parsed<messages::finish_log_in> parse_finish_log_in(padded_text text) {
  messages::finish_log_in out;
  return read_body(text, "", out,
                   {{"mfa_token", text_into(out.mfa_token, longest_token, 1), true},
                    {"code", text_into(out.code, longest_code, 1), true}});
}

parsed<messages::confirm_totp> parse_confirm_totp(padded_text text) {
  messages::confirm_totp out;
  return read_body(text, "", out, {{"code", text_into(out.code, longest_code, 1), true}});
}

parsed<messages::reauthenticate> parse_reauthenticate(padded_text text) {
  messages::reauthenticate out;
  auto result = read_body(text, "", out,
                          {{"password", text_into(out.password, longest_password, 1)},
                           {"code", text_into(out.code, longest_code, 1)}});
  if (result && result->password.empty() == result->code.empty()) {
    body_error error;
    error.errors.push_back({"/password", "required", "Send either a password or a code."});
    return error;
  }
  return result;
}

parsed<messages::create_api_key> parse_create_api_key(padded_text text) {
  messages::create_api_key out;
  const auto read_key_scopes = [&out](reader& r, value& v) {
    put(out.scopes, read_scopes(r, v, {"read", "write", "live", "import"}));
  };
  return read_body(text, "", out,
                   {{"id", id_into(out.api_key_id)},
                    {"name", text_into(out.name, 100, 1), true},
                    {"scopes", read_key_scopes, true},
                    {"expires_at", future_into(out.expires_at)}});
}

parsed<messages::offer_share> parse_offer_share(padded_text text) {
  messages::offer_share out;
  const auto read_share_scopes = [&out](reader& r, value& v) {
    put(out.scopes, read_scopes(r, v, {"live", "history", "notes"}));
  };
  auto result = read_body(text, "", out,
                          {{"id", id_into(out.share_id)},
                           {"email", text_into(out.email, longest_email, 3), true},
                           {"scopes", read_share_scopes, true},
                           {"ends_at", future_into(out.ends_at)}});
  if (result && result->email.find('@') == std::string::npos) {
    body_error error;
    error.errors.push_back({"/email", "invalid_format", "Must be an e-mail address."});
    return error;
  }
  return result;
}

parsed<messages::update_share> parse_update_share(padded_text text) {
  messages::update_share out;
  const auto read_share_scopes = [&out](reader& r, value& v) {
    out.scopes = read_scopes(r, v, {"live", "history", "notes"});
  };
  const auto read_end = [&out](reader& r, value& v) {
    out.sets_end = true;
    future_into(out.ends_at)(r, v);
  };
  return read_body(text, "", out, {{"scopes", read_share_scopes}, {"ends_at", read_end}});
}

} // namespace spotter::gateway
