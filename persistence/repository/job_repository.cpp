#include "persistence/repository/job_repository.hpp"

#include "persistence/repository/cursor.hpp"
#include "persistence/repository/row_reader.hpp"

#include <algorithm>

namespace spotter::persistence {

namespace {

const statement page{
  "read_jobs",
  "SELECT j.job_id, j.created_at, j.kind, j.state, j.user_id, j.subject_id, j.attempt, j.run_at,"
  " j.lease_until, j.runner_id, j.reason, j.updated_at"
  " FROM spotter.read_jobs($1::uuid, NULLIF($2::text, ''), NULLIF($3::text, ''), $4::timestamptz,"
  "  $5::uuid, $6::integer) j"
  " WHERE spotter.in_request($7, $8, $9, $10)"};

struct page_start {
  std::string before = "infinity";
  std::string before_id = to_string(domain::uuid{});
};

std::optional<page_start> start_of(const messages::page_window& window) {
  if (window.cursor.empty())
    return page_start{};
  const auto key = read_cursor('j', 2, window.cursor);
  if (!key || !parse_timestamp((*key)[0]) || !domain::parse_uuid((*key)[1]))
    return std::nullopt;
  return page_start{(*key)[0], (*key)[1]};
}

void write_id(domain::json_writer& json, std::string_view name, row_reader& row) {
  json.key(name);
  if (const auto id = row.optional(&row_reader::id))
    json.value(*id);
  else
    json.null();
}

} // namespace

read_result read_jobs(read_connection& db, const domain::uuid& user,
                      const messages::get_jobs& query) {
  const auto start = start_of(query.window);
  if (!start)
    return bad_cursor();
  const auto limit = page_limit(query.window.limit);
  try {
    const auto& device = query.device;
    const auto rows =
      db.call(page, pqxx::params{to_string(user), query.state, query.kind, start->before,
                                 start->before_id, limit + 1, device.request_id, device.trace_id,
                                 device.address, device.user_agent});
    list_writer list{static_cast<std::size_t>(limit)};
    std::string next;
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
      row_reader row{rows[i]};
      auto& json = list.item();
      const auto id = row.text();
      const auto made = row.text();
      json.begin_object().member("id", std::string_view{id});
      json.key("kind").value(row.view());
      json.key("state").value(row.view());
      write_id(json, "user_id", row);
      write_id(json, "subject_id", row);
      json.member("attempt", row.integer()).member("run_at", row.at());
      json.key("lease_until");
      if (const auto until = row.optional(&row_reader::at))
        json.value(*until);
      else
        json.null();
      write_id(json, "runner_id", row);
      const auto reason = row.view();
      json.key("reason");
      reason.empty() ? json.null() : json.value(reason);
      json.member("created_at", parse_timestamp(made).value_or(domain::instant{}))
        .member("updated_at", row.at())
        .end_object();
      if (i + 1 == limit && rows.size() > limit)
        next = make_cursor('j', {made, id});
    }
    return list.finish(next);
  } catch (const pqxx::insufficient_privilege&) {
    return messages::failure{
      messages::failure_code::forbidden, "This needs the role `admin`.", {}, 0};
  }
}

} // namespace spotter::persistence
