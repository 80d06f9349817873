#include "gateway/json/claims.hpp"

#include "gateway/json/reader.hpp"

#include <utility>

namespace spotter::gateway {

namespace {

using json::reader;
using json::value;

// Tokens may gain members: those that we do not know are checked and ignored, unlike in bodies.
template <class Read>
bool read_members(std::string& text, Read read) {
  try {
    thread_local simdjson::ondemand::parser parser;
    const padded_text padded{text};
    simdjson::ondemand::document document = parser.iterate(
      simdjson::padded_string_view{text.data(), text.size(), text.size() + json_slack});
    simdjson::ondemand::object object = document.get_object();
    for (auto entry : object) {
      simdjson::ondemand::field member;
      if (std::move(entry).get(member) != simdjson::SUCCESS)
        return false;
      const std::string_view name = member.unescaped_key();
      if (!read(name, member.value()))
        return false;
    }
    return json::at_end(document);
  } catch (const simdjson::simdjson_error&) {
    return false;
  } catch (const json::malformed&) {
    return false;
  }
}

bool take(value& v, std::string& out) {
  std::string_view text;
  // A member that stands twice could be read as either.
  if (!out.empty() || v.get_string().get(text) != simdjson::SUCCESS)
    return false;
  out = text;
  return true;
}

bool take(value& v, std::int64_t& out) {
  return out == 0 && v.get_int64().get(out) == simdjson::SUCCESS && out > 0
         && out < 253'402'300'800; // the year 10000
}

/// How the login was proved (RFC 8176): texts in a list.
bool take_methods(value& v, bool& seen, bool& second_factor) {
  simdjson::ondemand::array methods;
  if (std::exchange(seen, true) || v.get_array().get(methods) != simdjson::SUCCESS)
    return false;
  for (auto method : methods) {
    std::string_view name;
    if (method.get_string().get(name) != simdjson::SUCCESS)
      return false;
    second_factor = second_factor || name == "otp";
  }
  return true;
}

} // namespace

std::optional<token_header> parse_token_header(std::string& text) {
  token_header out;
  std::string type;
  const bool good = read_members(text, [&](std::string_view name, value& v) {
    if (name == "alg")
      return take(v, out.algorithm);
    if (name == "kid")
      return take(v, out.key_id);
    if (name == "typ")
      return take(v, type);
    out.has_critical = out.has_critical || name == "crit";
    json::consume(v);
    return true;
  });
  if (!good || out.algorithm.empty() || out.key_id.empty() || (!type.empty() && type != "JWT"))
    return std::nullopt;
  return out;
}

std::optional<token_claims> parse_token_claims(std::string& text) {
  token_claims out;
  bool methods_seen = false;
  const bool good = read_members(text, [&](std::string_view name, value& v) {
    if (name == "iss")
      return take(v, out.issuer);
    if (name == "sub")
      return take(v, out.subject);
    if (name == "sid")
      return take(v, out.login);
    if (name == "role")
      return take(v, out.role);
    if (name == "iat")
      return take(v, out.issued_at);
    if (name == "exp")
      return take(v, out.expires_at);
    if (name == "amr")
      return take_methods(v, methods_seen, out.second_factor);
    // Ours have neither, but one that has them means something by them.
    if (name == "aud")
      return take(v, out.audience);
    if (name == "nbf")
      return take(v, out.not_before);
    json::consume(v);
    return true;
  });
  if (!good || out.subject.empty() || out.login.empty() || out.issuer.empty() || out.role.empty()
      || out.issued_at == 0 || out.expires_at == 0)
    return std::nullopt;
  return out;
}

} // namespace spotter::gateway
