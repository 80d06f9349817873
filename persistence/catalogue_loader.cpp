#include "persistence/catalogue_loader.hpp"

#include "embedded/catalogue.hpp"

#include <algorithm>
#include <string_view>

namespace spotter::persistence {

namespace {

using strings = std::vector<std::string>;
using numbers = std::vector<std::int32_t>;

std::string_view file(std::string_view name) {
  for (const auto& candidate : embedded::catalogue())
    if (candidate.name == name)
      return candidate.content;
  return {};
}

std::string wrong(std::string_view name, const domain::catalogue_error& error) {
  return "catalogue/" + std::string{name} + ":" + std::to_string(error.line) + ": " + error.message;
}

constexpr const char* put_muscles = R"(
INSERT INTO spotter.muscle AS m (taxonomy_version, slug, name, region, position)
SELECT $1, v.slug, v.name, v.region, v.position
  FROM unnest($2::text[], $3::text[], $4::boolean[]) WITH ORDINALITY
    AS v (slug, name, region, position)
ON CONFLICT (taxonomy_version, slug) DO UPDATE
   SET name = excluded.name, region = excluded.region, position = excluded.position
 WHERE (m.name, m.region, m.position)
    IS DISTINCT FROM (excluded.name, excluded.region, excluded.position))";

constexpr const char* drop_edges = R"(
DELETE FROM spotter.muscle_parent
 WHERE taxonomy_version = $1
   AND (slug, parent_slug) NOT IN (SELECT * FROM unnest($2::text[], $3::text[])))";

constexpr const char* put_edges = R"(
INSERT INTO spotter.muscle_parent (taxonomy_version, slug, parent_slug)
SELECT $1, v.slug, v.parent_slug FROM unnest($2::text[], $3::text[]) AS v (slug, parent_slug)
ON CONFLICT DO NOTHING)";

// xmax tells an inserted row (0) from an updated one.
constexpr const char* put_exercises = R"(
WITH put AS (
  INSERT INTO spotter.exercise AS e
         (exercise_id, slug, name, equipment, mechanic, force, category, search)
  SELECT v.id, v.slug, v.name, v.equipment, NULLIF(v.mechanic, ''), NULLIF(v.force, ''),
         v.category, lower(v.search)
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[]) AS v (id, slug, name, equipment, mechanic, force, category, search)
  ON CONFLICT (exercise_id) DO UPDATE
     SET slug = excluded.slug, name = excluded.name, equipment = excluded.equipment,
         mechanic = excluded.mechanic, force = excluded.force, category = excluded.category,
         search = excluded.search
   WHERE (e.slug, e.name, e.equipment, e.mechanic, e.force, e.category, e.search)
      IS DISTINCT FROM (excluded.slug, excluded.name, excluded.equipment, excluded.mechanic,
                        excluded.force, excluded.category, excluded.search)
  RETURNING exercise_id, xmax = 0 AS added
)
SELECT exercise_id, added FROM put)";

constexpr const char* sync_trained = R"(
WITH wanted AS (
  SELECT * FROM unnest($2::uuid[], $3::text[], $4::smallint[], $5::integer[])
    AS v (exercise_id, muscle_slug, role, position)
), gone AS (
  DELETE FROM spotter.exercise_muscle m
   WHERE m.taxonomy_version = $1 AND m.exercise_id = ANY ($6::uuid[])
     AND NOT EXISTS (SELECT FROM wanted w
                      WHERE w.exercise_id = m.exercise_id AND w.muscle_slug = m.muscle_slug)
  RETURNING m.exercise_id
), put AS (
  INSERT INTO spotter.exercise_muscle AS m
         (exercise_id, taxonomy_version, muscle_slug, role, position)
  SELECT w.exercise_id, $1, w.muscle_slug, w.role, w.position FROM wanted w
  ON CONFLICT (exercise_id, taxonomy_version, muscle_slug) DO UPDATE
     SET role = excluded.role, position = excluded.position
   WHERE (m.role, m.position) IS DISTINCT FROM (excluded.role, excluded.position)
  RETURNING m.exercise_id
)
SELECT exercise_id FROM gone UNION SELECT exercise_id FROM put)";

constexpr const char* sync_aliases = R"(
WITH wanted AS (
  SELECT * FROM unnest($1::uuid[], $2::text[]) AS v (exercise_id, alias)
), gone AS (
  DELETE FROM spotter.exercise_alias a
   WHERE a.exercise_id = ANY ($3::uuid[])
     AND NOT EXISTS (SELECT FROM wanted w
                      WHERE w.exercise_id = a.exercise_id AND w.alias = a.alias)
)
INSERT INTO spotter.exercise_alias (exercise_id, alias)
SELECT exercise_id, alias FROM wanted ON CONFLICT DO NOTHING)";

// The triggers see that nothing else changes, and give it a new version.
constexpr const char* touch_exercises = R"(
UPDATE spotter.exercise SET updated_at = clock_timestamp() WHERE exercise_id = ANY ($1::uuid[]))";

std::int64_t put_taxonomy(pqxx::work& tx, const domain::taxonomy& wanted) {
  strings slugs, names, regions, children, parents;
  for (const auto& node : wanted.muscles) {
    slugs.push_back(node.slug);
    names.push_back(node.name);
    regions.emplace_back(node.region ? "t" : "f");
    for (const auto& parent : node.parents) {
      children.push_back(node.slug);
      parents.push_back(parent);
    }
  }
  tx.exec("INSERT INTO spotter.taxonomy (taxonomy_version, name) "
          "VALUES ($1::integer, 'Muscles ' || $1::integer) ON CONFLICT DO NOTHING",
          pqxx::params{wanted.version});
  std::int64_t changed = 0;
  changed +=
    tx.exec(put_muscles, pqxx::params{wanted.version, slugs, names, regions}).affected_rows();
  changed += tx.exec(drop_edges, pqxx::params{wanted.version, children, parents}).affected_rows();
  changed += tx.exec(put_edges, pqxx::params{wanted.version, children, parents}).affected_rows();
  return changed;
}

catalogue_changes put_exercise_rows(pqxx::work& tx, const catalogue& wanted) {
  strings ids, slugs, names, equipment, mechanics, forces, categories, searches;
  strings trained_ids, trained_slugs, alias_ids, aliases;
  numbers roles, positions;
  for (const auto& exercise : wanted.exercises) {
    const auto id = domain::to_string(exercise.id);
    ids.push_back(id);
    slugs.push_back(exercise.slug);
    names.push_back(exercise.name);
    equipment.push_back(exercise.equipment);
    mechanics.push_back(exercise.mechanic);
    forces.push_back(exercise.force);
    categories.push_back(exercise.category);
    auto search = exercise.name;
    for (const auto& alias : exercise.aliases) {
      search += '\n' + alias;
      alias_ids.push_back(id);
      aliases.push_back(alias);
    }
    searches.push_back(std::move(search));
    std::int32_t position = 0;
    auto add = [&](const strings& muscles, std::int32_t role) {
      for (const auto& muscle : muscles) {
        trained_ids.push_back(id);
        trained_slugs.push_back(muscle);
        roles.push_back(role);
        positions.push_back(position++);
      }
    };
    add(exercise.primary, 1);
    add(exercise.secondary, 2);
  }
  catalogue_changes changes;
  strings fresh; // their version tells of the change already
  for (auto row : tx.exec(put_exercises, pqxx::params{ids, slugs, names, equipment, mechanics,
                                                      forces, categories, searches})) {
    ++(row[1].as<bool>() ? changes.exercises_added : changes.exercises_changed);
    fresh.push_back(row[0].as<std::string>());
  }
  strings retrained;
  for (auto row : tx.exec(sync_trained, pqxx::params{wanted.muscles.version, trained_ids,
                                                     trained_slugs, roles, positions, ids})) {
    auto id = row[0].as<std::string>();
    if (std::find(fresh.begin(), fresh.end(), id) == fresh.end())
      retrained.push_back(std::move(id));
  }
  tx.exec(sync_aliases, pqxx::params{alias_ids, aliases, ids});
  if (!retrained.empty())
    tx.exec(touch_exercises, pqxx::params{retrained});
  changes.exercises_changed += static_cast<std::int64_t>(retrained.size());
  return changes;
}

} // namespace

domain::expected<catalogue, std::string> embedded_catalogue() {
  auto muscles = domain::parse_muscles(file("muscles.tsv"));
  if (!muscles)
    return wrong("muscles.tsv", muscles.error());
  auto exercises = domain::parse_catalogue(file("exercises.tsv"), *muscles);
  if (!exercises)
    return wrong("exercises.tsv", exercises.error());
  return catalogue{*std::move(muscles), *std::move(exercises)};
}

domain::expected<catalogue_changes, std::string> load_catalogue(const connection_settings& settings,
                                                                const catalogue& wanted) {
  try {
    auto patient = settings;
    patient.statement_timeout = std::chrono::milliseconds{60'000};
    auto connection = connect(patient);
    pqxx::work tx{connection};
    tx.exec("SET LOCAL ROLE spotter_owner");
    // One at a time; beside the numbers of the migrator's and other locks.
    tx.exec("SELECT pg_advisory_xact_lock(21331, 0)");
    const auto muscles = put_taxonomy(tx, wanted.muscles);
    auto changes = put_exercise_rows(tx, wanted);
    changes.muscles = muscles;
    tx.commit();
    return changes;
  } catch (const pqxx::failure& error) {
    return std::string{"The exercise catalogue could not be loaded: "} + error.what();
  }
}

} // namespace spotter::persistence
