#include "persistence/repository/record_repository.hpp"

#include "persistence/repository/cursor.hpp"
#include "persistence/repository/row_reader.hpp"

#include <algorithm>

namespace spotter::persistence {

namespace {

const statement page{
  "read_records",
  "SELECT r.exercise_id, r.kind, r.value, r.set_id, r.achieved_at FROM spotter.personal_record r"
  " WHERE r.user_id = $1::uuid AND (r.exercise_id, r.kind) > ($2::uuid, $3::smallint)"
  " ORDER BY r.exercise_id, r.kind LIMIT $4::integer"};

const statement of_exercise{
  "load_records",
  "SELECT r.exercise_id, r.kind, r.value, r.set_id, r.achieved_at FROM spotter.personal_record r"
  " WHERE r.user_id = $1::uuid AND r.exercise_id = $2::uuid ORDER BY r.kind"};

domain::personal_record read_record_row(row_reader& row) {
  domain::personal_record out;
  out.exercise_id = row.id();
  out.kind = static_cast<domain::record_kind>(row.integer());
  out.value = row.real();
  out.set_id = row.id();
  out.achieved_at = row.at();
  return out;
}

} // namespace

read_result read_records(read_connection& db, const domain::uuid& user,
                         const messages::get_records& query) {
  std::string after = to_string(domain::uuid{});
  std::string after_kind = "0";
  if (!query.window.cursor.empty()) {
    const auto key = read_cursor('r', 2, query.window.cursor);
    if (!key || !domain::parse_uuid((*key)[0]) || (*key)[1].size() != 1 || (*key)[1] < "1"
        || (*key)[1] > "9")
      return bad_cursor();
    after = (*key)[0];
    after_kind = (*key)[1];
  }
  return db.as(user, [&](auto& tx) -> read_result {
    const auto limit = page_limit(query.window.limit);
    const auto rows = tx.query(page, pqxx::params{to_string(user), after, after_kind, limit + 1});
    list_writer list{static_cast<std::size_t>(limit)};
    std::string next;
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
      row_reader row{rows[i]};
      const auto record = read_record_row(row);
      write(list.item(), record);
      if (i + 1 == limit && rows.size() > limit)
        next = make_cursor(
          'r', {to_string(record.exercise_id), std::to_string(static_cast<int>(record.kind))});
    }
    return list.finish(next);
  });
}

std::vector<domain::personal_record> records_of(read_connection::transaction& tx,
                                                const domain::uuid& user,
                                                const domain::uuid& exercise) {
  std::vector<domain::personal_record> out;
  for (const auto& found :
       tx.query(of_exercise, pqxx::params{to_string(user), to_string(exercise)})) {
    row_reader row{found};
    out.push_back(read_record_row(row));
  }
  return out;
}

} // namespace spotter::persistence
