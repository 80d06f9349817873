#include "persistence/repository/workout_repository.hpp"

#include "persistence/repository/cursor.hpp"
#include "persistence/repository/workout_rows.hpp"

namespace spotter::persistence {

using messages::failure;

namespace {

const std::string page_sql =
  "SELECT " + workout_columns("r")
  + ", r.sets, r.reps, r.volume_g, r.exercises, r.started_at"
    " FROM spotter.read_workouts($1::uuid, $2::smallint, $3::timestamptz, $4::timestamptz,"
    " $5::timestamptz, $6::uuid, $7::integer) r";
const statement page{"read_workouts", page_sql.c_str()};

const std::string three_columns = "SELECT " + workout_columns("(r.w)") + ", "
                                  + instance_columns("(r.i)") + ", " + set_columns("(r.s)");

const std::string one_sql = three_columns + " FROM spotter.read_workout($1::uuid, $2::uuid) r";
const statement one{"read_workout", one_sql.c_str()};

const std::string old_sql =
  three_columns + " FROM spotter.read_workout_at($1::uuid, $2::uuid, $3::bigint) r";
const statement old{"read_workout_at", old_sql.c_str()};

const std::string set_sql =
  "SELECT coalesce(i.exercise_id, i.own_exercise_id), " + set_columns("s")
  + " FROM spotter.workout_set s"
    " JOIN spotter.exercise_instance i ON i.user_id = $1::uuid"
    "  AND i.exercise_instance_id = s.exercise_instance_id AND i.deleted_at IS NULL"
    " JOIN spotter.workout w ON w.user_id = $1::uuid AND w.workout_id = s.workout_id"
    "  AND w.deleted_at IS NULL"
    " WHERE s.user_id = $1::uuid AND s.workout_id = $2::uuid AND s.set_id = $3::uuid"
    "  AND s.deleted_at IS NULL";
const statement one_set{"read_set", set_sql.c_str()};

// Deleted workouts count: a file that is imported again must not bring them back.
const statement sources{"load_sources",
                        "SELECT w.source_external_id, w.source_hash, w.workout_id, w.first_seq,"
                        "  w.created_at, w.deleted_at IS NOT NULL FROM spotter.workout w"
                        " WHERE w.user_id = $1::uuid AND w.source_provider = $2::text"
                        "  AND w.source_external_id = ANY ($3::text[])"};

const statement exercise_of_history{
  "load_history_exercise",
  "SELECT e.name, u.unit FROM spotter.app_user u JOIN"
  " (SELECT x.name FROM spotter.exercise x WHERE x.exercise_id = $2::uuid"
  "  UNION ALL"
  "  SELECT o.name FROM spotter.own_exercise o"
  "  WHERE o.user_id = $1::uuid AND o.exercise_id = $2::uuid AND o.deleted_at IS NULL) e ON true"
  " WHERE u.user_id = $1::uuid AND u.deleted_at IS NULL"};

// Working sets are all but warm-ups (2).
const std::string history_sql =
  "WITH latest AS ("
  "  SELECT w.workout_id, w.started_at FROM spotter.workout w"
  "  WHERE w.user_id = $1::uuid AND w.deleted_at IS NULL AND EXISTS ("
  "   SELECT FROM spotter.exercise_instance i"
  "   JOIN spotter.workout_set s ON s.user_id = $1::uuid AND s.workout_id = i.workout_id"
  "    AND s.exercise_instance_id = i.exercise_instance_id"
  "   WHERE i.user_id = $1::uuid AND i.workout_id = w.workout_id AND i.deleted_at IS NULL"
  "    AND coalesce(i.exercise_id, i.own_exercise_id) = $2::uuid"
  "    AND s.deleted_at IS NULL AND s.kind <> 2)"
  "  ORDER BY w.started_at DESC, w.workout_id DESC LIMIT $3::integer)"
  " SELECT l.started_at, "
  + set_columns("s")
  + " FROM latest l"
    " JOIN spotter.exercise_instance i ON i.user_id = $1::uuid AND i.workout_id = l.workout_id"
    "  AND i.deleted_at IS NULL AND coalesce(i.exercise_id, i.own_exercise_id) = $2::uuid"
    " JOIN spotter.workout_set s ON s.user_id = $1::uuid AND s.workout_id = l.workout_id"
    "  AND s.exercise_instance_id = i.exercise_instance_id"
    "  AND s.deleted_at IS NULL AND s.kind <> 2"
    " ORDER BY l.started_at DESC, l.workout_id DESC, i.position, s.position, s.set_id";
const statement history{"load_exercise_history", history_sql.c_str()};

std::vector<domain::workout> assemble(const pqxx::result& rows) {
  workout_assembly assembly;
  for (const auto& row : rows) {
    row_reader columns{row};
    assembly.add_from(columns);
  }
  return assembly.take();
}

std::optional<domain::workout> fetch(read_connection& db, const domain::uuid& user,
                                     const domain::uuid& workout, std::int64_t at_version) {
  const auto rows = at_version > 0
                      ? db.call(old, pqxx::params{to_string(user), to_string(workout), at_version})
                      : db.call(one, pqxx::params{to_string(user), to_string(workout)});
  auto found = assemble(rows);
  if (found.empty())
    return std::nullopt;
  return std::move(found.front());
}

std::string time_or(const std::optional<domain::instant>& at, const char* otherwise) {
  return at ? domain::to_rfc3339(*at) : otherwise;
}

} // namespace

read_result read_workouts(read_connection& db, const domain::uuid& user,
                          const messages::get_workouts& query) {
  std::optional<int> state;
  if (query.state == "live")
    state = 1;
  else if (query.state == "finished")
    state = 2;
  else if (!query.state.empty())
    return failure{messages::failure_code::invalid_content,
                   "a workout's state is live or finished",
                   {{"state", "unknown_value", "use live or finished, or leave it out"}},
                   0};
  // The end of time, and the greatest id: before them is everything.
  std::string before = "infinity";
  std::string before_id = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  if (!query.window.cursor.empty()) {
    const auto key = read_cursor('w', 2, query.window.cursor);
    if (!key || !parse_timestamp((*key)[0]) || !domain::parse_uuid((*key)[1]))
      return bad_cursor();
    before = (*key)[0];
    before_id = (*key)[1];
  }
  const auto limit = page_limit(query.window.limit);
  const auto rows =
    db.call(page, pqxx::params{to_string(user), state, time_or(query.since, "-infinity"),
                               time_or(query.until, "infinity"), before, before_id, limit + 1});
  list_writer list{static_cast<std::size_t>(limit)};
  std::string next;
  for (int i = 0; i < std::min(rows.size(), limit); ++i) {
    row_reader row{rows[i]};
    const auto w = read_workout_row(row);
    const auto sets = row.bigint(), reps = row.bigint(), volume_g = row.bigint();
    const auto exercises = row.bigint();
    auto& json = list.item();
    json.begin_object();
    write_members(json, w, false);
    json.key("summary")
      .begin_object()
      .member("sets", sets)
      .member("reps", reps)
      .member("volume_kg", static_cast<double>(volume_g) / 1000)
      .member("exercises", exercises)
      .end_object()
      .end_object();
    // The time as the database has it, to the microsecond, or rows would be skipped.
    if (i + 1 == limit && rows.size() > limit)
      next = make_cursor('w', {row.view(), to_string(w.workout_id)});
  }
  return list.finish(next);
}

read_result read_workout(read_connection& db, const domain::uuid& user,
                         const messages::get_workout& query) {
  const auto found = fetch(db, user, query.workout_id, 0);
  if (!found || found->deleted)
    return missing("workout");
  std::string body;
  domain::json_writer json{body};
  write(json, *found, true);
  return render(std::move(body), found->version);
}

read_result read_set(read_connection& db, const domain::uuid& user,
                     const messages::get_set& query) {
  return db.as(user, [&](auto& tx) -> read_result {
    const auto rows = tx.query(
      one_set, pqxx::params{to_string(user), to_string(query.workout_id), to_string(query.set_id)});
    if (rows.empty())
      return missing("set");
    row_reader row{rows[0]};
    const auto exercise = row.id();
    const auto set = read_set_row(row);
    std::string body;
    domain::json_writer json{body};
    write(json, set, exercise);
    return render(std::move(body), set.version);
  });
}

messages::workout_image load(read_connection& db, const messages::load_workout& query) {
  return {fetch(db, query.user_id, query.workout_id, query.at_version)};
}

messages::source_matches load(read_connection& db, const messages::load_sources& query) {
  return db.as(query.user_id, [&](auto& tx) {
    messages::source_matches out;
    for (const auto& found : tx.query(
           sources, pqxx::params{to_string(query.user_id), query.provider, query.external_ids})) {
      row_reader row{found};
      auto& match = out.matches.emplace_back();
      match.external_id = row.text();
      match.payload_hash = row.text();
      match.workout_id = row.id();
      match.first_seq = row.bigint();
      match.created_at = row.at();
      match.deleted = row.flag();
    }
    return out;
  });
}

messages::exercise_history load(read_connection& db, const messages::load_exercise_history& query) {
  return db.as(query.user_id, [&](auto& tx) {
    messages::exercise_history out;
    const auto user = to_string(query.user_id);
    const auto exercise = to_string(query.exercise_id);
    const auto named = tx.query(exercise_of_history, pqxx::params{user, exercise});
    if (named.empty())
      return out;
    row_reader name{named[0]};
    out.known = true;
    out.exercise_name = name.text();
    out.unit = static_cast<domain::weight_unit>(name.integer());
    for (const auto& found :
         tx.query(history, pqxx::params{user, exercise, page_limit(query.workouts, 50)})) {
      row_reader row{found};
      const auto started_at = row.at();
      auto set = read_set_row(row);
      if (out.performances.empty() || out.performances.back().workout_id != set.workout_id)
        out.performances.push_back({set.workout_id, started_at, {}});
      out.performances.back().sets.push_back(std::move(set));
    }
    return out;
  });
}

} // namespace spotter::persistence
