#include "persistence/repository/session_repository.hpp"

#include "actors/messages/resource_json.hpp"
#include "persistence/repository/cursor.hpp"
#include "persistence/repository/workout_rows.hpp"

namespace spotter::persistence {

namespace {

constexpr int most_answers = 1000;

constexpr int profile_column_count = 9;

constexpr std::string_view answer_columns = "$key, $fingerprint, $created, $version, $epoch, "
                                            "$seq, $body";

std::string answer_list(std::string_view of) {
  std::string out;
  for (const char c : answer_columns)
    c == '$' ? out.append(of).append(1, '.') : out.append(1, c);
  return out;
}

const std::string session_sql =
  "SELECT r.email, r.display_name, r.time_zone, r.unit, r.role, r.version, r.created_at,"
  " r.updated_at, (SELECT spotter.email_verified($1::uuid)), r.head_seq, r.head_epoch, "
  + answer_list("(r.k)") + ", " + workout_columns("(r.w)") + ", " + instance_columns("(r.i)") + ", "
  + set_columns("(r.s)") + " FROM spotter.read_session($1::uuid, $2::integer) r";
const statement session{"read_session", session_sql.c_str()};

const std::string answer_sql = "SELECT " + answer_list("k")
                               + " FROM spotter.idempotency_key k"
                                 " WHERE k.user_id = $1::uuid AND k.key = $2::text"
                                 "  AND k.created_at > now() - interval '24 hours'";
const statement answer{"load_answer", answer_sql.c_str()};

const statement profile_statement{
  "read_profile",
  "SELECT u.email, u.display_name, u.time_zone, u.unit, u.role, u.version, u.created_at,"
  " u.updated_at, u.email_verified_at IS NOT NULL"
  " FROM spotter.app_user u WHERE u.user_id = $1::uuid AND u.deleted_at IS NULL"};

messages::profile read_profile_row(row_reader& row, const domain::uuid& user) {
  messages::profile out;
  out.user_id = user;
  out.email = row.text();
  out.display_name = row.text();
  out.time_zone = row.text();
  out.unit = static_cast<domain::weight_unit>(row.integer());
  out.role = row.text();
  out.version = row.bigint();
  out.created_at = row.at();
  out.updated_at = row.at();
  out.email_verified = row.flag();
  return out;
}

messages::remembered_answer read_answer_row(row_reader& row) {
  messages::remembered_answer out;
  out.key = row.text();
  out.fingerprint = row.text();
  out.created = row.flag();
  out.version = row.bigint();
  out.at.epoch = row.bigint();
  out.at.seq = row.bigint();
  if (auto body = row.text(); !body.empty())
    out.body = messages::shared_text{std::move(body)};
  return out;
}

constexpr int answer_column_count = 7;

} // namespace

messages::session_image load(read_connection& db, const messages::load_session& query) {
  // One answer more than wanted tells whether that was all.
  const auto rows = db.call(session, pqxx::params{to_string(query.user_id), most_answers + 1});
  messages::session_image out;
  workout_assembly live;
  for (const auto& found : rows) {
    row_reader row{found};
    if (!row.at_null()) {
      out.found = true;
      out.who = read_profile_row(row, query.user_id);
      out.head_seq = row.bigint();
      out.head_epoch = row.bigint();
      continue;
    }
    row.skip(profile_column_count + 2);
    if (row.at_null()) {
      row.skip(answer_column_count);
      live.add_from(row);
    } else if (out.answers.size() < most_answers) {
      out.answers.push_back(read_answer_row(row));
    } else {
      out.answers_complete = false;
    }
  }
  out.live = live.take();
  return out;
}

messages::answer_image load(read_connection& db, const messages::load_answer& query) {
  return db.as(query.user_id, [&](auto& tx) {
    messages::answer_image out;
    if (!is_storable(query.key))
      return out;
    const auto rows = tx.query(answer, pqxx::params{to_string(query.user_id), query.key});
    if (!rows.empty()) {
      row_reader row{rows[0]};
      out.answer = read_answer_row(row);
    }
    return out;
  });
}

read_result read_profile(read_connection& db, const domain::uuid& user) {
  return db.as(user, [&](auto& tx) -> read_result {
    const auto rows = tx.query(profile_statement, pqxx::params{to_string(user)});
    if (rows.empty())
      return missing("user");
    row_reader row{rows[0]};
    const auto who = read_profile_row(row, user);
    std::string body;
    domain::json_writer json{body};
    write(json, who);
    return render(std::move(body), who.version);
  });
}

} // namespace spotter::persistence
