#include "persistence/repository/security_event_repository.hpp"

#include "persistence/repository/cursor.hpp"
#include "persistence/repository/row_reader.hpp"

#include <algorithm>
#include <charconv>

namespace spotter::persistence {

namespace {

#define SPOTTER_EVENT_WHO "e.security_event_id, e.kind, e.user_id, e.actor_user_id, e.login_id"
#define SPOTTER_EVENT_WHAT "e.request_id, e.trace_id, e.detail, e.at"

// A person reads who else it was, and not from where.
const statement own_page{"read_security_events",
                         "SELECT " SPOTTER_EVENT_WHO ","
                         " CASE WHEN e.actor_user_id <> e.user_id THEN '' ELSE e.address END,"
                         " CASE WHEN e.actor_user_id <> e.user_id THEN '' ELSE e.user_agent END,"
                         " " SPOTTER_EVENT_WHAT " FROM spotter.security_event e"
                         " WHERE e.user_id = $1::uuid AND ($2::text = '' OR e.kind = $2::text)"
                         "  AND e.at >= $3::timestamptz AND e.at < $4::timestamptz"
                         "  AND (e.at, e.security_event_id) < ($5::timestamptz, $6::bigint)"
                         " ORDER BY e.at DESC, e.security_event_id DESC LIMIT $7::integer"};

const statement audit_page{
  "read_security_audit",
  "SELECT " SPOTTER_EVENT_WHO ", e.address, e.user_agent, " SPOTTER_EVENT_WHAT
  " FROM spotter.read_security_audit($1::uuid,"
  " NULLIF($2::text, '')::uuid, NULLIF($3::text, ''), $4::timestamptz, $5::timestamptz,"
  " $6::timestamptz, $7::bigint, $8::integer) e WHERE spotter.in_request($9, $10, $11, $12)"};

#undef SPOTTER_EVENT_WHAT
#undef SPOTTER_EVENT_WHO

struct page_start {
  std::string before = "infinity";
  std::string before_id = "0";
};

std::optional<page_start> start_of(const messages::page_window& window) {
  page_start start;
  if (window.cursor.empty())
    return start;
  const auto key = read_cursor('s', 2, window.cursor);
  if (!key || !parse_timestamp((*key)[0]))
    return std::nullopt;
  std::int64_t id = 0;
  const auto& text = (*key)[1];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  start.before = (*key)[0];
  start.before_id = text;
  return start;
}

std::string since_of(const messages::security_event_filter& filter) {
  return filter.since ? domain::to_rfc3339(*filter.since) : "-infinity";
}

std::string until_of(const messages::security_event_filter& filter) {
  return filter.until ? domain::to_rfc3339(*filter.until) : "infinity";
}

void write_id(domain::json_writer& json, std::string_view name, row_reader& row) {
  json.key(name);
  if (const auto id = row.optional(&row_reader::id))
    json.value(*id);
  else
    json.null();
}

void write_text(domain::json_writer& json, std::string_view name, row_reader& row) {
  const auto text = row.view();
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

messages::rendered render_page(const pqxx::result& rows, std::int32_t limit) {
  list_writer list{static_cast<std::size_t>(limit)};
  std::string next;
  for (int i = 0; i < std::min(rows.size(), limit); ++i) {
    row_reader row{rows[i]};
    auto& json = list.item();
    const auto id = row.text();
    // A number that grows with time, but a name to clients: not all hold 64 bits.
    json.begin_object().member("id", std::string_view{id});
    json.key("kind").value(row.view());
    write_id(json, "user_id", row);
    write_id(json, "actor_id", row);
    write_id(json, "session_id", row);
    write_text(json, "address", row);
    write_text(json, "user_agent", row);
    write_text(json, "request_id", row);
    write_text(json, "trace_id", row);
    json.key("detail").raw(row.view());
    const auto at_text = std::string{row.peek()};
    json.member("at", row.at()).end_object();
    if (i + 1 == limit && rows.size() > limit)
      next = make_cursor('s', {at_text, id});
  }
  return list.finish(next);
}

} // namespace

read_result read_security_events(read_connection& db, const domain::uuid& user,
                                 const messages::get_security_events& query) {
  const auto start = start_of(query.window);
  if (!start)
    return bad_cursor();
  const auto limit = page_limit(query.window.limit);
  return db.as(user, [&](auto& tx) -> read_result {
    const auto rows = tx.query(
      own_page, pqxx::params{to_string(user), query.filter.kind, since_of(query.filter),
                             until_of(query.filter), start->before, start->before_id, limit + 1});
    return render_page(rows, limit);
  });
}

read_result read_security_audit(read_connection& db, const domain::uuid& user,
                                const messages::get_security_audit& query) {
  const auto start = start_of(query.window);
  if (!start)
    return bad_cursor();
  const auto limit = page_limit(query.window.limit);
  const auto whose = query.user_id.is_nil() ? std::string{} : to_string(query.user_id);
  try {
    const auto rows = db.call(
      audit_page, pqxx::params{to_string(user), whose, query.filter.kind, since_of(query.filter),
                               until_of(query.filter), start->before, start->before_id, limit + 1,
                               query.device.request_id, query.device.trace_id, query.device.address,
                               query.device.user_agent});
    return render_page(rows, limit);
  } catch (const pqxx::insufficient_privilege&) {
    return messages::failure{
      messages::failure_code::forbidden, "This needs the role `admin`.", {}, 0};
  }
}

} // namespace spotter::persistence
