#include "persistence/repository/import_repository.hpp"

#include "actors/messages/resource_json.hpp"
#include "persistence/repository/cursor.hpp"
#include "persistence/repository/row_reader.hpp"

#include <algorithm>
#include <charconv>

namespace spotter::persistence {

namespace {

#define SPOTTER_IMPORT_COLUMNS                                                                     \
  "m.import_id, m.provider, m.file_name, m.status, m.created_count, m.updated_count,"              \
  " m.unchanged_count, m.failed_count, m.total, m.done, m.problem_code, m.problem_detail,"         \
  " m.version, m.updated_at, m.created_at"

const statement page{"read_imports",
                     "SELECT " SPOTTER_IMPORT_COLUMNS " FROM spotter.import m"
                     " WHERE m.user_id = $1::uuid"
                     "  AND (m.created_at, m.import_id) < ($2::timestamptz, $3::uuid)"
                     " ORDER BY m.created_at DESC, m.import_id DESC LIMIT $4::integer"};

const statement one{"read_import", "SELECT " SPOTTER_IMPORT_COLUMNS
                                   ", m.content_hash, m.unit, m.time_zone FROM spotter.import m"
                                   " WHERE m.user_id = $1::uuid AND m.import_id = $2::uuid"};

#undef SPOTTER_IMPORT_COLUMNS

const statement log_page{
  "read_import_log",
  "SELECT l.line, l.severity, l.code, l.message, l.entry_no FROM spotter.import_log l"
  " WHERE l.user_id = $1::uuid AND l.import_id = $2::uuid"
  "  AND (l.line, l.entry_no) > ($3::integer, $4::bigint)"
  " ORDER BY l.line, l.entry_no LIMIT $5::integer"};

const statement file{"load_import_file",
                     "SELECT m.unit, m.time_zone, f.content FROM spotter.import m"
                     " JOIN spotter.import_file f ON f.user_id = $1::uuid"
                     "  AND f.import_id = m.import_id"
                     " WHERE m.user_id = $1::uuid AND m.import_id = $2::uuid"};

// Leaves the reader at `created_at`, whose text is a page's cursor.
messages::import_state read_import_row(row_reader& row) {
  messages::import_state out;
  out.import_id = row.id();
  out.provider = row.text();
  out.file_name = row.text();
  out.status = row.text();
  out.counts.created = row.integer();
  out.counts.updated = row.integer();
  out.counts.unchanged = row.integer();
  out.counts.failed = row.integer();
  out.total = row.integer();
  out.done = row.integer();
  out.problem_code = row.text();
  out.problem_detail = row.text();
  out.version = row.bigint();
  out.updated_at = row.at();
  return out;
}

messages::import_image find(read_connection::transaction& tx, const domain::uuid& user,
                            const domain::uuid& import) {
  messages::import_image out;
  const auto rows = tx.query(one, pqxx::params{to_string(user), to_string(import)});
  if (rows.empty())
    return out;
  row_reader row{rows[0]};
  out.state = read_import_row(row);
  out.state->created_at = row.at();
  out.content_hash = row.text();
  out.unit = row.text();
  out.time_zone = row.text();
  return out;
}

template <class Number>
bool is_number(const std::string& text) noexcept {
  Number value{};
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc{} && result.ptr == end;
}

} // namespace

read_result read_imports(read_connection& db, const domain::uuid& user,
                         const messages::get_imports& query) {
  std::string before = "infinity";
  std::string before_id = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  if (!query.window.cursor.empty()) {
    const auto key = read_cursor('i', 2, query.window.cursor);
    if (!key || !parse_timestamp((*key)[0]) || !domain::parse_uuid((*key)[1]))
      return bad_cursor();
    before = (*key)[0];
    before_id = (*key)[1];
  }
  return db.as(user, [&](auto& tx) -> read_result {
    const auto limit = page_limit(query.window.limit);
    const auto rows = tx.query(page, pqxx::params{to_string(user), before, before_id, limit + 1});
    list_writer list{static_cast<std::size_t>(limit)};
    std::string next;
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
      row_reader row{rows[i]};
      auto state = read_import_row(row);
      const auto created = row.peek();
      state.created_at = row.at();
      write(list.item(), state);
      if (i + 1 == limit && rows.size() > limit)
        next = make_cursor('i', {created, to_string(state.import_id)});
    }
    return list.finish(next);
  });
}

read_result read_import(read_connection& db, const domain::uuid& user,
                        const messages::get_import& query) {
  return db.as(user, [&](auto& tx) -> read_result {
    const auto state = find(tx, user, query.import_id).state;
    if (!state)
      return missing("import");
    std::string body;
    domain::json_writer json{body};
    write(json, *state);
    return render(std::move(body), state->version);
  });
}

read_result read_import_log(read_connection& db, const domain::uuid& user,
                            const messages::get_import_log& query) {
  std::string after = "-1";
  std::string after_entry = "0";
  if (!query.window.cursor.empty()) {
    const auto key = read_cursor('l', 2, query.window.cursor);
    if (!key || !is_number<std::int32_t>((*key)[0]) || !is_number<std::int64_t>((*key)[1]))
      return bad_cursor();
    after = (*key)[0];
    after_entry = (*key)[1];
  }
  return db.as(user, [&](auto& tx) -> read_result {
    if (!find(tx, user, query.import_id).state)
      return missing("import");
    const auto limit = page_limit(query.window.limit);
    const auto rows = tx.query(log_page, pqxx::params{to_string(user), to_string(query.import_id),
                                                      after, after_entry, limit + 1});
    list_writer list{static_cast<std::size_t>(limit)};
    std::string next;
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
      row_reader row{rows[i]};
      const auto line = row.integer();
      auto& json = list.item();
      json.begin_object().member("line", line);
      json.key("severity").value(row.view());
      json.key("code").value(row.view());
      json.key("message").value(row.view());
      json.end_object();
      if (i + 1 == limit && rows.size() > limit)
        next = make_cursor('l', {std::to_string(line), row.view()});
    }
    return list.finish(next);
  });
}

messages::import_image load(read_connection& db, const messages::load_import& query) {
  return db.as(query.user_id, [&](auto& tx) { return find(tx, query.user_id, query.import_id); });
}

messages::import_file load(read_connection& db, const messages::load_import_file& query) {
  return db.as(query.user_id, [&](auto& tx) {
    messages::import_file out;
    const auto rows =
      tx.query(file, pqxx::params{to_string(query.user_id), to_string(query.import_id)});
    if (rows.empty())
      return out;
    row_reader row{rows[0]};
    out.found = true;
    out.unit = row.text();
    out.time_zone = row.text();
    out.content = messages::shared_text{row.bytes()};
    return out;
  });
}

} // namespace spotter::persistence
