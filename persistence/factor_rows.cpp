#include "persistence/factor_rows.hpp"

#include "persistence/factor_outcome.hpp"
#include "persistence/repository/cursor.hpp"
#include "persistence/repository/rendering.hpp"
#include "persistence/repository/row_reader.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace spotter::persistence {

namespace {

using messages::factor_stored;

// $1 to $4 name the request, $5 the user; the rest are the statement's own.
#define SPOTTER_IN_REQUEST " WHERE spotter.in_request($1, $2, $3, $4)"

constexpr std::string_view load_sql =
  "SELECT email, password_hash, recent, sealed_secret, confirmed, last_step, slots, code_hashes"
  "  FROM spotter.load_factors($1, NULLIF($2, '')::uuid)";

constexpr std::string_view find_api_key_sql =
  "SELECT api_key_id, scopes, expires_at FROM spotter.use_api_key($5, $6)" SPOTTER_IN_REQUEST;

constexpr std::string_view check_share_sql =
  "SELECT share_id, scopes, ends_at FROM spotter.use_share($5, $6, $7)" SPOTTER_IN_REQUEST;

constexpr std::string_view pass_challenge_sql =
  "SELECT email, display_name, time_zone, unit, role, version, created_at, updated_at,"
  "       spotter.email_verified($5)"
  "  FROM spotter.pass_challenge($5, $6, $7, $8)" SPOTTER_IN_REQUEST;

pqxx::bytes_view binary(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// An array literal, with every element quoted.
std::string text_array(const std::vector<std::string>& texts) {
  std::string out{'{'};
  for (const auto& text : texts) {
    out += out.size() > 1 ? ",\"" : "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\')
        out += '\\';
      out += c;
    }
    out += '"';
  }
  return out += '}';
}

std::optional<std::string> time_or_null(const std::optional<domain::instant>& at) {
  return at ? std::optional{domain::to_rfc3339(*at)} : std::nullopt;
}

std::optional<std::string> id_or_null(const domain::uuid& id) {
  return id.is_nil() ? std::nullopt : std::optional{to_string(id)};
}

bool is_number(const std::string& text) {
  std::int64_t number = 0;
  const auto* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  return error == std::errc{} && end == last;
}

pqxx::params in_request(const messages::device_info& device, const domain::uuid& user) {
  return pqxx::params{device.request_id, device.trace_id, device.address, device.user_agent,
                      to_string(user)};
}

std::vector<domain::uuid> read_ids(row_reader& row) {
  std::vector<domain::uuid> out;
  for (const auto& text : row.texts())
    if (const auto id = domain::parse_uuid(text))
      out.push_back(*id);
  return out;
}

/// Runs one change; each overload knows its statement and what its row looks like.
class change_runner {
public:
  change_runner(pqxx::connection& connection, const messages::store_factor& ask)
    : connection_(connection), ask_(ask) {}

  factor_stored operator()(const messages::put_totp& what) {
    return outcome("SELECT spotter.put_totp($5, $6, $7)" SPOTTER_IN_REQUEST,
                   to_string(ask_.login_id), binary(what.sealed_secret));
  }
  factor_stored operator()(const messages::turn_totp_on& what) {
    return outcome_and_ended(
      "SELECT outcome, ended FROM spotter.turn_totp_on($5, $6, $7, $8)" SPOTTER_IN_REQUEST,
      to_string(ask_.login_id), what.step, text_array(what.recovery_codes));
  }
  factor_stored operator()(const messages::turn_totp_off&) {
    return outcome_and_ended(
      "SELECT outcome, ended FROM spotter.turn_totp_off($5, $6)" SPOTTER_IN_REQUEST,
      to_string(ask_.login_id));
  }
  factor_stored operator()(const messages::put_recovery_codes& what) {
    return outcome_and_ended(
      "SELECT outcome, ended FROM spotter.put_recovery_codes($5, $6, $7)" SPOTTER_IN_REQUEST,
      to_string(ask_.login_id), text_array(what.recovery_codes));
  }
  factor_stored operator()(const messages::pass_reauthentication& what) {
    const auto code = what.code.value_or(messages::used_code{});
    return outcome("SELECT spotter.pass_reauthentication($5, $6, $7, $8, $9)" SPOTTER_IN_REQUEST,
                   to_string(ask_.login_id), what.code.has_value(), code.step, code.slot);
  }
  factor_stored operator()(const messages::put_challenge& what) {
    return outcome("SELECT spotter.put_challenge($5, $6, $7, $8, $9)" SPOTTER_IN_REQUEST,
                   binary(what.token_hash), what.lifetime_s, what.attempts, what.credentials);
  }
  factor_stored operator()(const messages::find_challenge& what) {
    return outcome("SELECT spotter.find_challenge($5, $6)" SPOTTER_IN_REQUEST,
                   binary(what.token_hash));
  }
  factor_stored operator()(const messages::try_challenge& what) {
    return outcome("SELECT spotter.try_challenge($5, $6)" SPOTTER_IN_REQUEST,
                   binary(what.token_hash));
  }
  factor_stored operator()(const messages::put_api_key& what) {
    return made("SELECT outcome, 0::bigint, body"
                "  FROM spotter.put_api_key($5, $6, $7, $8, $9, $10, $11)" SPOTTER_IN_REQUEST,
                "API key", to_string(ask_.login_id), to_string(what.api_key_id), what.name,
                text_array(what.scopes), binary(what.key_hash), time_or_null(what.expires_at));
  }
  factor_stored operator()(const messages::get_api_keys& what) {
    return page(
      "SELECT at_us, id, body FROM spotter.list_api_keys($5, $6, $7, $8)" SPOTTER_IN_REQUEST, 'k',
      what.window);
  }
  factor_stored operator()(const messages::revoke_api_key& what) {
    auto result = outcome("SELECT spotter.revoke_api_key($5, $6)" SPOTTER_IN_REQUEST,
                          to_string(what.api_key_id));
    result.ended.push_back(what.api_key_id);
    return result;
  }
  factor_stored operator()(const messages::offer_share& what) {
    return made("SELECT outcome, version, body"
                "  FROM spotter.offer_share($5, $6, $7, $8, $9)" SPOTTER_IN_REQUEST,
                "share", to_string(*what.share_id), what.email, text_array(what.scopes),
                time_or_null(what.ends_at));
  }
  factor_stored operator()(const messages::get_shares& what) {
    return page(
      "SELECT at_us, id, body FROM spotter.list_shares($5, $9, $6, $7, $8)" SPOTTER_IN_REQUEST, 'h',
      what.window, what.direction);
  }
  factor_stored operator()(const messages::get_share& what) {
    return resource(
      "SELECT outcome, version, body FROM spotter.find_share($5, $6)" SPOTTER_IN_REQUEST, "share",
      to_string(what.share_id));
  }
  factor_stored operator()(const messages::accept_share& what) {
    return resource(
      "SELECT outcome, version, body FROM spotter.accept_share($5, $6)" SPOTTER_IN_REQUEST, "share",
      to_string(what.share_id));
  }
  factor_stored operator()(const messages::update_share& what) {
    const auto scopes = what.scopes ? std::optional{text_array(*what.scopes)} : std::nullopt;
    auto result =
      resource("SELECT outcome, version, body"
               "  FROM spotter.update_share($5, $6, $7, $8, $9, $10)" SPOTTER_IN_REQUEST,
               "share", to_string(what.share_id), scopes, what.sets_end, time_or_null(what.ends_at),
               what.if_match);
    // Who follows begins again, with what is shown from now on.
    result.ended.push_back(what.share_id);
    return result;
  }
  factor_stored operator()(const messages::end_share& what) {
    auto result = outcome("SELECT spotter.end_share($5, $6, $7)" SPOTTER_IN_REQUEST,
                          to_string(what.share_id), what.if_match);
    result.ended.push_back(what.share_id);
    return result;
  }

private:
  template <class... Values>
  pqxx::result run(std::string_view sql, const Values&... values) {
    auto params = in_request(ask_.device, ask_.user_id);
    (params.append(values), ...);
    pqxx::nontransaction statement{connection_};
    return statement.exec(sql, params);
  }

  template <class... Values>
  factor_stored outcome(std::string_view sql, const Values&... values) {
    const auto rows = run(sql, values...);
    return judge(rows.one_field().view(), "thing of this kind");
  }

  template <class... Values>
  factor_stored outcome_and_ended(std::string_view sql, const Values&... values) {
    const auto rows = run(sql, values...);
    row_reader row{rows.one_row()};
    auto result = judge(row.text(), "second factor");
    result.ended = read_ids(row);
    return result;
  }

  template <class... Values>
  factor_stored resource(std::string_view sql, std::string_view what, const Values&... values) {
    return resource_of(run(sql, values...), what);
  }

  /// Of something new (`made`), or of what the same request made before (`ok`).
  template <class... Values>
  factor_stored made(std::string_view sql, std::string_view what, const Values&... values) {
    const auto rows = run(sql, values...);
    auto result = resource_of(rows, what);
    result.repeated = !rows.empty() && rows[0][0].view() == "ok";
    return result;
  }

  static factor_stored resource_of(const pqxx::result& rows, std::string_view what) {
    if (rows.empty())
      return judge("unknown", what);
    row_reader row{rows[0]};
    auto result = judge(row.text(), what);
    if (result.problem)
      return result;
    result.version = row.bigint();
    result.body = row.text();
    return result;
  }

  template <class... Values>
  factor_stored page(std::string_view sql, char kind, const messages::page_window& window,
                     const Values&... values) {
    factor_stored result;
    std::optional<std::string> before_us;
    std::optional<std::string> before;
    if (!window.cursor.empty()) {
      const auto key = read_cursor(kind, 2, window.cursor);
      if (!key || !is_number((*key)[0]) || !domain::parse_uuid((*key)[1])) {
        result.problem = bad_cursor();
        return result;
      }
      before_us = (*key)[0];
      before = (*key)[1];
    }
    const auto limit = page_limit(window.limit);
    const auto rows = run(sql, before_us, before, limit + 1, values...);
    list_writer list{static_cast<std::size_t>(limit)};
    std::string next;
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
      row_reader row{rows[i]};
      const auto made_us = row.text();
      const auto id = row.text();
      list.item().raw(row.view());
      if (i + 1 == limit && rows.size() > limit)
        next = make_cursor(kind, {made_us, id});
    }
    result.body = std::string{list.finish(next).body.view()};
    return result;
  }

  pqxx::connection& connection_;
  const messages::store_factor& ask_;
};

} // namespace

messages::factor_image factor_rows::load_factors(const messages::load_factors& ask) {
  pqxx::nontransaction statement{*connection_};
  const auto rows =
    statement.exec(load_sql, pqxx::params{to_string(ask.user_id), id_or_null(ask.login_id)});
  messages::factor_image image;
  if (rows.empty())
    return image;
  row_reader row{rows[0]};
  image.found = true;
  image.email = row.text();
  image.password_hash = row.text();
  image.recent = row.flag();
  image.totp_secret = row.optional(&row_reader::bytes).value_or(std::string{});
  image.totp_confirmed = row.flag();
  image.totp_step = row.bigint();
  const auto slots = row.optional(&row_reader::texts).value_or(std::vector<std::string>{});
  const auto hashes = row.optional(&row_reader::texts).value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto slot = static_cast<std::size_t>(std::stoi(slots[i]));
    if (slot >= image.recovery_codes.size())
      image.recovery_codes.resize(slot + 1);
    image.recovery_codes[slot] = hashes[i];
  }
  return image;
}

messages::factor_stored factor_rows::store(const messages::store_factor& ask) {
  auto stored = std::visit(change_runner{*connection_, ask}, ask.what);
  if (stored.problem)
    stored.ended.clear();
  return stored;
}

messages::api_key_checked factor_rows::find_api_key(const messages::find_api_key& ask) {
  auto params = in_request(ask.device, ask.user_id);
  params.append(binary(ask.key_hash));
  pqxx::nontransaction statement{*connection_};
  const auto rows = statement.exec(find_api_key_sql, params);
  messages::api_key_checked checked;
  if (rows.empty())
    return checked;
  row_reader row{rows[0]};
  checked.found = true;
  checked.user_id = ask.user_id;
  checked.api_key_id = row.id();
  checked.scopes = row.texts();
  checked.expires_at = row.optional(&row_reader::at);
  return checked;
}

messages::share_checked factor_rows::check_share(const messages::check_share& ask) {
  auto params = in_request(ask.device, ask.athlete_id);
  params.append(to_string(ask.actor_id));
  params.append(ask.scope);
  pqxx::nontransaction statement{*connection_};
  const auto rows = statement.exec(check_share_sql, params);
  messages::share_checked checked;
  if (rows.empty())
    return checked;
  row_reader row{rows[0]};
  checked.allowed = true;
  checked.share_id = row.id();
  checked.scopes = row.texts();
  checked.ends_at = row.optional(&row_reader::at);
  return checked;
}

messages::challenge_answered factor_rows::pass_challenge(const messages::pass_challenge& ask) {
  auto params = in_request(ask.device, ask.user_id);
  params.append(binary(ask.token_hash));
  params.append(ask.code.step);
  params.append(ask.code.slot);
  pqxx::nontransaction statement{*connection_};
  const auto rows = statement.exec(pass_challenge_sql, params);
  messages::challenge_answered answered;
  if (rows.empty())
    return answered;
  row_reader row{rows[0]};
  auto& who = answered.who;
  who.user_id = ask.user_id;
  who.email = row.text();
  who.display_name = row.text();
  who.time_zone = row.text();
  who.unit = static_cast<domain::weight_unit>(row.integer());
  who.role = row.text();
  who.version = row.bigint();
  who.created_at = row.at();
  who.updated_at = row.at();
  who.email_verified = row.flag();
  answered.challenge = ask.token_hash;
  return answered;
}

} // namespace spotter::persistence
