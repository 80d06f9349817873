#include "persistence/repository/event_repository.hpp"

#include "actors/messages/resource_json.hpp"
#include "persistence/repository/cursor.hpp"
#include "persistence/repository/row_reader.hpp"

#include <charconv>

namespace spotter::persistence {

using messages::failure;
using messages::failure_code;

namespace {

const statement changes{"read_changes",
                        "SELECT r.head, r.seq, r.epoch, r.name, r.workout_id, r.at, r.data"
                        " FROM spotter.read_changes($1::uuid, $2::bigint, $3::integer) r"};

// A workout's story lies between its first event and its newest version, in the primary key.
const statement bounds{
  "read_history_bounds",
  "SELECT w.first_seq, greatest(w.version,"
  "  (SELECT max(i.version) FROM spotter.exercise_instance i"
  "   WHERE i.user_id = $1::uuid AND i.workout_id = $2::uuid),"
  "  (SELECT max(s.version) FROM spotter.workout_set s"
  "   WHERE s.user_id = $1::uuid AND s.workout_id = $2::uuid))"
  " FROM spotter.workout w WHERE w.user_id = $1::uuid AND w.workout_id = $2::uuid"};

// The event that created an imported workout is that of the import's step, of no single workout.
const statement versions{"read_history",
                         "SELECT e.seq, e.name, e.at, e.data FROM spotter.event e"
                         " WHERE e.user_id = $1::uuid AND e.seq BETWEEN $3::bigint AND $4::bigint"
                         "  AND (e.workout_id = $2::uuid OR e.seq = $3::bigint)"
                         " ORDER BY e.seq DESC LIMIT $5::integer"};

const statement range{"load_events",
                      "SELECT e.seq, e.epoch, e.name, e.workout_id, e.at, e.data"
                      " FROM spotter.event e WHERE e.user_id = $1::uuid"
                      "  AND e.seq > $2::bigint AND e.seq <= $3::bigint ORDER BY e.seq"};

const statement epoch_of{"load_epoch", "SELECT e.epoch FROM spotter.event e"
                                       " WHERE e.user_id = $1::uuid AND e.seq = $2::bigint"};

// `data` may be missing: the head of the story comes without.
messages::event read_event_row(row_reader& row) {
  messages::event out;
  out.at_position.seq = row.bigint();
  out.at_position.epoch = row.bigint();
  out.name = static_cast<messages::event_name>(row.integer());
  out.workout_id = row.optional(&row_reader::id).value_or(domain::uuid{});
  out.at = row.at();
  if (!row.at_null())
    out.data = messages::shared_text{row.text()};
  return out;
}

std::optional<std::int64_t> parse_seq(const std::string& text) noexcept {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || value < 1)
    return std::nullopt;
  return value;
}

} // namespace

read_result read_changes(read_connection& db, const domain::uuid& user,
                         const messages::get_changes& query) {
  const auto rows =
    db.call(changes, pqxx::params{to_string(user), query.since, page_limit(query.limit, 1000)});
  messages::position at; // of an empty story
  std::string body;
  body.reserve(64 + 512 * static_cast<std::size_t>(rows.size()));
  domain::json_writer json{body};
  json.begin_object().key("items").begin_array();
  bool reset = query.since > 0; // an empty story has no place to go on from
  for (const auto& found : rows) {
    row_reader row{found};
    const bool head = row.flag();
    const auto event = read_event_row(row);
    at = event.at_position;
    if (head)
      reset = query.since > at.seq;
    else
      write(json, event, "me");
  }
  json.end_array().key("position");
  write(json, at);
  json.member("reset", reset).end_object();
  return render(std::move(body));
}

read_result read_history(read_connection& db, const domain::uuid& user,
                         const messages::get_history& query) {
  std::optional<std::int64_t> before;
  if (!query.window.cursor.empty()) {
    const auto key = read_cursor('h', 1, query.window.cursor);
    if (key)
      before = parse_seq(key->front());
    if (!before)
      return bad_cursor();
  }
  return db.as(user, [&](auto& tx) -> read_result {
    const auto id = to_string(user), workout = to_string(query.workout_id);
    const auto found = tx.query(bounds, pqxx::params{id, workout});
    if (found.empty())
      return missing("workout");
    row_reader ends{found[0]};
    const auto first = ends.bigint(), newest = ends.bigint();
    const auto last = before ? std::min(newest, *before - 1) : newest;
    const auto limit = page_limit(query.window.limit);
    const auto rows = tx.query(versions, pqxx::params{id, workout, first, last, limit + 1});
    list_writer list{static_cast<std::size_t>(limit)};
    std::string next;
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
      row_reader row{rows[i]};
      const auto seq = row.bigint();
      const auto name = static_cast<messages::event_name>(row.integer());
      const auto at = row.at();
      list.item()
        .begin_object()
        .member("version", seq)
        .member("at", at)
        .member("event", to_string(name))
        .key("data")
        .raw(row.view())
        .end_object();
      if (i + 1 == limit && rows.size() > limit)
        next = make_cursor('h', {std::to_string(seq)});
    }
    return list.finish(next);
  });
}

std::variant<messages::event_range, failure> load(read_connection& db,
                                                  const messages::load_events& query) {
  using result = std::variant<messages::event_range, failure>;
  return db.as(query.user_id, [&](auto& tx) -> result {
    messages::event_range out;
    if (query.to <= query.after)
      return out;
    const auto rows =
      tx.query(range, pqxx::params{to_string(query.user_id), query.after, query.to});
    if (rows.size() != query.to - query.after)
      return failure{failure_code::not_found,
                     "the events after " + std::to_string(query.after) + " up to "
                       + std::to_string(query.to) + " are not all there",
                     {},
                     0};
    out.events.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto& found : rows) {
      row_reader row{found};
      out.events.push_back(read_event_row(row));
    }
    return out;
  });
}

messages::event_epoch load(read_connection& db, const messages::load_epoch& query) {
  return db.as(query.user_id, [&](auto& tx) {
    const auto rows = tx.query(epoch_of, pqxx::params{to_string(query.user_id), query.seq});
    messages::event_epoch out;
    if (!rows.empty()) {
      row_reader row{rows[0]};
      out.epoch = row.bigint();
    }
    return out;
  });
}

} // namespace spotter::persistence
