#include "persistence/repository/exercise_repository.hpp"

#include "actors/messages/resource_json.hpp"
#include "persistence/repository/cursor.hpp"
#include "persistence/repository/record_repository.hpp"
#include "persistence/repository/row_reader.hpp"

#include <algorithm>

namespace spotter::persistence {

namespace {

// Muscles of a catalogue exercise in the newest taxonomy, as a JSON array in the file's order.
#define SPOTTER_MUSCLES(role)                                                                      \
  "array_to_json(ARRAY(SELECT m.muscle_slug FROM spotter.exercise_muscle m"                        \
  " WHERE m.exercise_id = e.exercise_id AND m.role = " role                                        \
  "  AND m.taxonomy_version = (SELECT max(t.taxonomy_version) FROM spotter.taxonomy t)"            \
  " ORDER BY m.position, m.muscle_slug))"

// Of what matches a search, shorter names come first: they are what was most likely meant.
#define SPOTTER_SORT(name)                                                                         \
  "(CASE WHEN cardinality($2::text[]) > 0 THEN lpad(char_length(" name ")::text, 4, '0')"          \
  " ELSE '' END || lower(" name "))"

#define SPOTTER_SHARED_COLUMNS                                                                     \
  "e.exercise_id, e.name, e.equipment, e.mechanic, e.force, e.category, " SPOTTER_MUSCLES(         \
    "1") " AS primary_muscles, " SPOTTER_MUSCLES("2") " AS secondary_muscles, false AS own, "      \
                                                      "e.version,"                                 \
                                                      " e.created_at, e.updated_at"

#define SPOTTER_OWN_COLUMNS                                                                        \
  "o.exercise_id, o.name, o.equipment, NULL AS mechanic, NULL AS force, NULL AS category,"         \
  " array_to_json(o.primary_muscles) AS primary_muscles,"                                          \
  " array_to_json(o.secondary_muscles) AS secondary_muscles, true AS own, o.version,"              \
  " o.created_at, o.updated_at"

// Each half is cut to a page before the two are merged. $2: patterns; $3: equipment; $4: muscle; $5, $6: the key before; $7: limit.
const statement page{
  "read_exercises",
  "WITH RECURSIVE wanted(slug) AS ("
  "  SELECT $4::text WHERE $4::text <> ''"
  "  UNION"
  "  SELECT p.slug FROM spotter.muscle_parent p JOIN wanted w ON p.parent_slug = w.slug"
  "  WHERE p.taxonomy_version = (SELECT max(t.taxonomy_version) FROM spotter.taxonomy t))"
  " SELECT * FROM ("
  "  (SELECT " SPOTTER_SHARED_COLUMNS ", " SPOTTER_SORT(
    "e.name") " AS sort FROM spotter.exercise e"
              "   WHERE (" SPOTTER_SORT(
                "e.name") ", e.exercise_id) > ($5::text, $6::uuid)"
                          "    AND e.search LIKE ALL (ARRAY(SELECT lower(x) FROM "
                          "unnest($2::text[]) x))"
                          "    AND ($3::text = '' OR e.equipment = $3::text)"
                          "    AND ($4::text = '' OR EXISTS (SELECT FROM spotter.exercise_muscle m"
                          "     WHERE m.exercise_id = e.exercise_id AND m.muscle_slug IN (SELECT "
                          "slug FROM wanted)"
                          "      AND m.taxonomy_version = (SELECT max(t.taxonomy_version) FROM "
                          "spotter.taxonomy t)))"
                          "   ORDER BY sort, e.exercise_id LIMIT $7::integer)"
                          "  UNION ALL"
                          "  (SELECT " SPOTTER_OWN_COLUMNS ", " SPOTTER_SORT(
                            "o.name") " AS sort FROM spotter.own_exercise o"
                                      "   WHERE o.user_id = $1::uuid AND o.deleted_at IS NULL"
                                      "    AND (" SPOTTER_SORT(
                                        "o.name") ", o.exercise_id) > ($5::text, $6::uuid)"
                                                  "    AND lower(o.name) LIKE ALL (ARRAY(SELECT "
                                                  "lower(x) FROM unnest($2::text[]) x))"
                                                  "    AND ($3::text = '' OR o.equipment = "
                                                  "$3::text)"
                                                  "    AND ($4::text = '' OR (o.primary_muscles || "
                                                  "o.secondary_muscles)"
                                                  "     && ARRAY(SELECT slug FROM wanted))"
                                                  "   ORDER BY sort, o.exercise_id LIMIT "
                                                  "$7::integer)) both_kinds"
                                                  " ORDER BY sort, exercise_id LIMIT $7::integer"};

const statement one{"read_exercise", "SELECT " SPOTTER_SHARED_COLUMNS " FROM spotter.exercise e"
                                     " WHERE e.exercise_id = $2::uuid"
                                     " UNION ALL"
                                     " SELECT " SPOTTER_OWN_COLUMNS " FROM spotter.own_exercise o"
                                     " WHERE o.user_id = $1::uuid AND o.exercise_id = $2::uuid"
                                     "  AND o.deleted_at IS NULL"};

#undef SPOTTER_MUSCLES
#undef SPOTTER_SHARED_COLUMNS
#undef SPOTTER_OWN_COLUMNS
#undef SPOTTER_SORT

const statement muscles{
  "read_muscles",
  "SELECT m.taxonomy_version, m.slug, m.name, array_to_json(ARRAY("
  "  SELECT p.parent_slug FROM spotter.muscle_parent p"
  "  WHERE p.taxonomy_version = m.taxonomy_version AND p.slug = m.slug ORDER BY p.parent_slug))"
  " FROM spotter.muscle m WHERE m.taxonomy_version = CASE WHEN $1::integer > 0 THEN $1::integer"
  "  ELSE (SELECT max(t.taxonomy_version) FROM spotter.taxonomy t) END"
  " ORDER BY m.position, m.slug"};

const statement taxonomies{"read_taxonomies",
                           "SELECT t.taxonomy_version, t.name, t.created_at"
                           " FROM spotter.taxonomy t ORDER BY t.taxonomy_version"};

const statement in_catalogue{"load_shared_exercise",
                             "SELECT FROM spotter.exercise e WHERE e.exercise_id = $1::uuid"};

const statement own{"load_own_exercise",
                    "SELECT o.exercise_id, o.name, o.equipment, o.primary_muscles,"
                    " o.secondary_muscles, o.version, o.created_at, o.updated_at,"
                    " o.deleted_at IS NOT NULL FROM spotter.own_exercise o"
                    " WHERE o.user_id = $1::uuid AND o.exercise_id = $2::uuid"};

const statement names{
  "load_exercise_names",
  "SELECT e.exercise_id, false, e.name, e.equipment,"
  "  ARRAY(SELECT a.alias FROM spotter.exercise_alias a"
  "   WHERE a.exercise_id = e.exercise_id ORDER BY a.alias)"
  " FROM spotter.exercise e"
  " UNION ALL"
  " SELECT o.exercise_id, true, o.name, o.equipment, '{}'::text[] FROM spotter.own_exercise o"
  " WHERE o.user_id = $1::uuid AND o.deleted_at IS NULL"};

void write_text_or_null(domain::json_writer& json, std::string_view key, row_reader& row) {
  json.key(key);
  row.at_null() ? json.null() : json.value(row.peek());
  row.skip(1);
}

/// Writes an exercise, and leaves the reader behind it. Returns its version.
std::int64_t write_exercise(domain::json_writer& json, row_reader& row) {
  json.begin_object().member("id", row.id());
  json.key("name").value(row.view());
  json.key("equipment").value(row.view());
  write_text_or_null(json, "mechanic", row);
  write_text_or_null(json, "force", row);
  write_text_or_null(json, "category", row);
  json.key("primary_muscles").raw(row.view());
  json.key("secondary_muscles").raw(row.view());
  json.member("own", row.flag());
  const auto version = row.bigint();
  json.member("version", version);
  json.member("created_at", row.at());
  json.member("updated_at", row.at());
  json.end_object();
  return version;
}

/// A LIKE pattern for each word of `q`.
std::vector<std::string> patterns(std::string_view q) {
  std::vector<std::string> out;
  constexpr std::string_view blank = " \t\r\n";
  while (true) {
    const auto from = q.find_first_not_of(blank);
    if (from == std::string_view::npos || out.size() == 16)
      return out;
    q.remove_prefix(from);
    const auto word = q.substr(0, q.find_first_of(blank));
    q.remove_prefix(word.size());
    std::string pattern = "%";
    for (const char c : word) {
      if (c == '%' || c == '_' || c == '\\')
        pattern += '\\';
      pattern += c;
    }
    out.push_back(pattern + '%');
  }
}

std::optional<messages::failure> check_text(std::string_view name, std::string_view text) {
  if (is_storable(text) && text.size() <= 512)
    return std::nullopt;
  return messages::failure{
    messages::failure_code::invalid_content,
    "a filter is not a short text",
    {{std::string{name}, "invalid_text", "use at most 512 bytes of UTF-8 without NUL"}},
    0};
}

} // namespace

read_result read_exercises(read_connection& db, const domain::uuid& user,
                           const messages::get_exercises& query) {
  for (const auto& [name, text] :
       {std::pair{"q", &query.q}, {"muscle", &query.muscle}, {"equipment", &query.equipment}})
    if (auto why = check_text(name, *text))
      return std::move(*why);
  std::string after;
  std::string after_id = to_string(domain::uuid{});
  if (!query.window.cursor.empty()) {
    const auto key = read_cursor('x', 2, query.window.cursor);
    if (!key || !domain::parse_uuid((*key)[0]))
      return bad_cursor();
    after_id = (*key)[0];
    after = (*key)[1];
  }
  return db.as(user, [&](auto& tx) -> read_result {
    const auto limit = page_limit(query.window.limit);
    const auto rows =
      tx.query(page, pqxx::params{to_string(user), patterns(query.q), query.equipment, query.muscle,
                                  after, after_id, limit + 1});
    list_writer list{static_cast<std::size_t>(limit)};
    std::string next;
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
      row_reader row{rows[i]};
      const std::string id{row.peek()};
      write_exercise(list.item(), row);
      if (i + 1 == limit && rows.size() > limit)
        next = make_cursor('x', {id, row.view()});
    }
    return list.finish(next);
  });
}

read_result read_exercise(read_connection& db, const domain::uuid& user,
                          const messages::get_exercise& query) {
  return db.as(user, [&](auto& tx) -> read_result {
    const auto rows = tx.query(one, pqxx::params{to_string(user), to_string(query.exercise_id)});
    if (rows.empty())
      return missing("exercise");
    row_reader row{rows[0]};
    std::string body;
    domain::json_writer json{body};
    const auto version = write_exercise(json, row);
    return render(std::move(body), version);
  });
}

read_result read_muscles(read_connection& db, const domain::uuid& user,
                         const messages::get_muscles& query) {
  return db.as(user, [&](auto& tx) -> read_result {
    const auto rows = tx.query(muscles, pqxx::params{query.taxonomy});
    if (rows.empty())
      return missing("taxonomy");
    std::string body;
    domain::json_writer json{body};
    std::int32_t taxonomy = 0;
    json.begin_object().key("items").begin_array();
    for (const auto& found : rows) {
      row_reader row{found};
      taxonomy = row.integer();
      json.begin_object().key("slug").value(row.view());
      json.key("name").value(row.view());
      json.key("parents").raw(row.view()).end_object();
    }
    // A taxonomy is read whole: it has fewer muscles than any page may hold.
    json.end_array().key("next_cursor").null();
    json.member("taxonomy", taxonomy).end_object();
    return render(std::move(body));
  });
}

read_result read_taxonomies(read_connection& db, const domain::uuid& user) {
  return db.as(user, [&](auto& tx) -> read_result {
    list_writer list{4};
    for (const auto& found : tx.query(taxonomies, {})) {
      row_reader row{found};
      auto& json = list.item();
      json.begin_object().member("version", row.integer());
      json.key("name").value(row.view());
      json.member("created_at", row.at()).end_object();
    }
    return list.finish({});
  });
}

messages::exercise_image load(read_connection& db, const messages::load_exercise& query) {
  return db.as(query.user_id, [&](auto& tx) {
    messages::exercise_image out;
    const auto id = to_string(query.exercise_id);
    out.found = !tx.query(in_catalogue, pqxx::params{id}).empty();
    if (!out.found) {
      const auto rows = tx.query(own, pqxx::params{to_string(query.user_id), id});
      if (!rows.empty()) {
        row_reader row{rows[0]};
        auto& exercise = out.exercise.emplace();
        exercise.exercise_id = row.id();
        exercise.name = row.text();
        exercise.equipment = row.text();
        exercise.primary_muscles = row.texts();
        exercise.secondary_muscles = row.texts();
        exercise.version = row.bigint();
        exercise.created_at = row.at();
        exercise.updated_at = row.at();
        exercise.deleted = row.flag();
        out.own = true;
        out.found = !exercise.deleted;
      }
    }
    out.records = records_of(tx, query.user_id, query.exercise_id);
    return out;
  });
}

messages::exercise_names load(read_connection& db, const messages::load_exercise_names& query) {
  return db.as(query.user_id, [&](auto& tx) {
    messages::exercise_names out;
    const auto rows = tx.query(names, pqxx::params{to_string(query.user_id)});
    out.exercises.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto& found : rows) {
      row_reader row{found};
      auto& name = out.exercises.emplace_back();
      name.exercise_id = row.id();
      name.own = row.flag();
      name.name = row.text();
      name.equipment = row.text();
      name.aliases = row.texts();
    }
    return out;
  });
}

} // namespace spotter::persistence
