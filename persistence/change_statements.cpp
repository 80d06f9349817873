#include "persistence/change_statements.hpp"

#include "domain/json.hpp"
#include "persistence/binary_array.hpp"

#include <optional>
#include <string>

namespace spotter::persistence {

using namespace messages;

namespace {

pqxx::bytes_view as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::optional<std::string> time_or_null(const std::optional<domain::instant>& at) {
  return at ? std::optional{domain::to_rfc3339(*at)} : std::nullopt;
}

std::optional<std::string> deleted_at(bool deleted, domain::instant at) {
  return deleted ? std::optional{domain::to_rfc3339(at)} : std::nullopt;
}

std::string text_array(const std::vector<std::string>& items) {
  binary_array<std::string_view> array;
  for (const auto& item : items)
    array.add(item);
  return std::string{array.bytes()};
}

/// One row's statement with its parameters bound in order.
class statement {
public:
  explicit statement(const store_unit& unit) { bind(unit.user_id); }

  statement& bind(const domain::uuid& id) {
    params_.append(domain::to_string(id));
    return *this;
  }

  template <class T>
  statement& bind(const T& x) {
    params_.append(x);
    return *this;
  }

  statement& bind_time(domain::instant at) {
    params_.append(domain::to_rfc3339(at));
    return *this;
  }

  statement& bind_bytes(std::string_view bytes) {
    params_.append(as_bytes(bytes));
    return *this;
  }

  pqxx::result run(pqxx::transaction_base& tx, const char* sql) { return tx.exec(sql, params_); }

private:
  pqxx::params params_;
};

void run(pqxx::transaction_base& tx, const store_unit& unit, const put_workout& c) {
  const auto& w = c.workout;
  const auto sum = [&c](auto member) {
    return c.summary ? std::optional{(*c.summary).*member} : std::nullopt;
  };
  statement s{unit};
  s.bind(w.workout_id)
    .bind(w.title)
    .bind(static_cast<int>(w.state))
    .bind_time(w.started_at)
    .bind(time_or_null(w.finished_at))
    .bind(w.time_zone)
    .bind(w.local_date)
    .bind(w.notes)
    .bind(w.source ? std::optional{w.source->provider} : std::nullopt)
    .bind(w.source ? std::optional{w.source->external_id} : std::nullopt)
    .bind(w.source ? std::optional{w.source->payload_hash} : std::nullopt)
    .bind(w.first_seq)
    .bind(w.version)
    .bind_time(w.created_at)
    .bind_time(w.updated_at)
    .bind(deleted_at(w.deleted, w.updated_at))
    .bind(sum(&domain::workout_summary::sets))
    .bind(sum(&domain::workout_summary::reps))
    .bind(sum(&domain::workout_summary::volume_g))
    .bind(sum(&domain::workout_summary::exercises))
    .run(tx, R"(
      INSERT INTO spotter.workout AS w (
        user_id, workout_id, title, state, started_at, finished_at, time_zone, local_date, notes,
        source_provider, source_external_id, source_hash, first_seq, version, created_at,
        updated_at, deleted_at, set_count, rep_count, volume_g, exercise_count)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
              $20, $21)
      ON CONFLICT (user_id, workout_id) DO UPDATE SET
        title = EXCLUDED.title, state = EXCLUDED.state, started_at = EXCLUDED.started_at,
        finished_at = EXCLUDED.finished_at, time_zone = EXCLUDED.time_zone,
        local_date = EXCLUDED.local_date, notes = EXCLUDED.notes,
        source_provider = coalesce(EXCLUDED.source_provider, w.source_provider),
        source_external_id = coalesce(EXCLUDED.source_external_id, w.source_external_id),
        source_hash = coalesce(EXCLUDED.source_hash, w.source_hash),
        version = EXCLUDED.version, updated_at = EXCLUDED.updated_at,
        deleted_at = EXCLUDED.deleted_at, set_count = EXCLUDED.set_count,
        rep_count = EXCLUDED.rep_count, volume_g = EXCLUDED.volume_g,
        exercise_count = EXCLUDED.exercise_count)");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const put_instance& c) {
  const auto& i = c.instance;
  const auto at = unit.events.front().at;
  const auto id = domain::to_string(i.exercise_id);
  statement s{unit};
  s.bind(i.instance_id)
    .bind(i.workout_id)
    .bind(i.own_exercise ? std::nullopt : std::optional{id})
    .bind(i.own_exercise ? std::optional{id} : std::nullopt)
    .bind(i.position)
    .bind(i.superset)
    .bind(i.notes)
    .bind(i.version)
    .bind_time(at)
    .bind(deleted_at(c.deleted, at))
    .run(tx, R"(
      INSERT INTO spotter.exercise_instance (
        user_id, exercise_instance_id, workout_id, exercise_id, own_exercise_id, position, superset,
        notes, version, created_at, updated_at, deleted_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
      ON CONFLICT (user_id, exercise_instance_id) DO UPDATE SET
        exercise_id = EXCLUDED.exercise_id, own_exercise_id = EXCLUDED.own_exercise_id,
        position = EXCLUDED.position, superset = EXCLUDED.superset, notes = EXCLUDED.notes,
        version = EXCLUDED.version, updated_at = EXCLUDED.updated_at,
        deleted_at = EXCLUDED.deleted_at)");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const change_set& c) {
  const auto& set = c.set;
  const auto& a = set.actual;
  std::optional<std::string> target;
  if (set.target) {
    target.emplace();
    domain::json_writer json{*target};
    write(json, *set.target);
  }
  statement s{unit};
  s.bind(set.workout_id)
    .bind(set.set_id)
    .bind(set.exercise_instance_id)
    .bind(set.position)
    .bind(static_cast<int>(set.kind))
    .bind(a.reps)
    .bind(a.weight ? std::optional{a.weight->value} : std::nullopt)
    .bind(a.weight ? std::optional{static_cast<int>(a.weight->unit)} : std::nullopt)
    .bind(a.weight ? std::optional{a.weight->grams()} : std::nullopt)
    .bind(a.rpe)
    .bind(a.rir)
    .bind(a.distance_m)
    .bind(a.duration_ms)
    .bind(a.rest_ms)
    .bind(target)
    .bind_time(set.completed_at)
    .bind(set.version)
    .bind_time(set.created_at)
    .bind_time(set.updated_at)
    .bind(deleted_at(set.deleted, set.updated_at))
    .run(tx, R"(
      INSERT INTO spotter.workout_set (
        user_id, workout_id, set_id, exercise_instance_id, position, kind, reps, weight_value,
        weight_unit, weight_g, rpe, rir, distance_m, duration_ms, rest_ms, target, completed_at,
        version, created_at, updated_at, deleted_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
              $19, $20, $21)
      ON CONFLICT (user_id, workout_id, set_id) DO UPDATE SET
        exercise_instance_id = EXCLUDED.exercise_instance_id, position = EXCLUDED.position,
        kind = EXCLUDED.kind, reps = EXCLUDED.reps, weight_value = EXCLUDED.weight_value,
        weight_unit = EXCLUDED.weight_unit, weight_g = EXCLUDED.weight_g, rpe = EXCLUDED.rpe,
        rir = EXCLUDED.rir, distance_m = EXCLUDED.distance_m,
        duration_ms = EXCLUDED.duration_ms, rest_ms = EXCLUDED.rest_ms,
        target = EXCLUDED.target, completed_at = EXCLUDED.completed_at,
        version = EXCLUDED.version, updated_at = EXCLUDED.updated_at,
        deleted_at = EXCLUDED.deleted_at)");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const clear_workout& c) {
  statement sets{unit};
  sets.bind(c.workout_id).bind(c.version).bind_time(c.at).run(tx, R"(
      UPDATE spotter.workout_set SET deleted_at = $4, updated_at = $4, version = $3
       WHERE user_id = $1 AND workout_id = $2 AND deleted_at IS NULL)");
  statement instances{unit};
  instances.bind(c.workout_id).bind(c.version).bind_time(c.at).run(tx, R"(
      UPDATE spotter.exercise_instance SET deleted_at = $4, updated_at = $4, version = $3
       WHERE user_id = $1 AND workout_id = $2 AND deleted_at IS NULL)");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const put_record& c) {
  const auto& r = c.record;
  statement s{unit};
  s.bind(r.exercise_id)
    .bind(static_cast<int>(r.kind))
    .bind(r.value)
    .bind(r.set_id)
    .bind_time(r.achieved_at)
    .run(tx, R"(
      INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id, achieved_at)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (user_id, exercise_id, kind) DO UPDATE SET
        value = EXCLUDED.value, set_id = EXCLUDED.set_id, achieved_at = EXCLUDED.achieved_at)");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const put_exercise& c) {
  const auto& e = c.exercise;
  const auto primary = text_array(e.primary_muscles);
  const auto secondary = text_array(e.secondary_muscles);
  statement s{unit};
  s.bind(e.exercise_id)
    .bind(e.name)
    .bind(e.equipment)
    .bind_bytes(primary)
    .bind_bytes(secondary)
    .bind(e.version)
    .bind_time(e.created_at)
    .bind_time(e.updated_at)
    .bind(deleted_at(e.deleted, e.updated_at))
    .run(tx, R"(
      INSERT INTO spotter.own_exercise (
        user_id, exercise_id, name, equipment, primary_muscles, secondary_muscles, version,
        created_at, updated_at, deleted_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      ON CONFLICT (user_id, exercise_id) DO UPDATE SET
        name = EXCLUDED.name, equipment = EXCLUDED.equipment,
        primary_muscles = EXCLUDED.primary_muscles,
        secondary_muscles = EXCLUDED.secondary_muscles, version = EXCLUDED.version,
        updated_at = EXCLUDED.updated_at, deleted_at = EXCLUDED.deleted_at)");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const put_profile& c) {
  const auto& who = c.value;
  statement s{unit};
  s.bind(who.display_name)
    .bind(who.time_zone)
    .bind(static_cast<int>(who.unit))
    .bind(who.version)
    .bind_time(who.updated_at)
    .run(tx, R"(
      UPDATE spotter.app_user
         SET display_name = $2, time_zone = $3, unit = $4, version = $5, updated_at = $6
       WHERE user_id = $1)");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const add_import& c) {
  statement import{unit};
  import.bind(c.state.import_id)
    .bind(c.state.file_name)
    .bind(c.content_hash)
    .bind(c.unit)
    .bind(c.time_zone)
    .bind(c.state.status)
    .bind(c.state.version)
    .bind_time(c.state.created_at)
    .run(tx, R"(
      INSERT INTO spotter.import (
        user_id, import_id, file_name, content_hash, unit, time_zone, status, version, created_at,
        updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9))");
  statement file{unit};
  file.bind(c.state.import_id).bind_bytes(c.content.view()).run(tx, R"(
      INSERT INTO spotter.import_file (user_id, import_id, content) VALUES ($1, $2, $3))");
  statement job{unit};
  job.bind(domain::make_uuid_v7()).bind(c.state.import_id).run(tx, R"(
      INSERT INTO spotter.job (user_id, job_id, kind, subject_id) VALUES ($1, $2, 'import', $3))");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const put_import& c) {
  const auto& state = c.state;
  statement s{unit};
  s.bind(state.import_id)
    .bind(state.provider)
    .bind(state.status)
    .bind(state.counts.created)
    .bind(state.counts.updated)
    .bind(state.counts.unchanged)
    .bind(state.counts.failed)
    .bind(state.total)
    .bind(state.done)
    .bind(state.problem_code)
    .bind(state.problem_detail)
    .bind(state.version)
    .bind_time(state.updated_at)
    .run(tx, R"(
      UPDATE spotter.import
         SET provider = $3, status = $4, created_count = $5, updated_count = $6,
             unchanged_count = $7, failed_count = $8, total = $9, done = $10, problem_code = $11,
             problem_detail = $12, version = $13, updated_at = $14
       WHERE user_id = $1 AND import_id = $2)");
  if (!c.log.empty()) {
    binary_array<std::int32_t> line;
    binary_array<std::string_view> severity;
    binary_array<std::string_view> code;
    binary_array<std::string_view> message;
    for (const auto& entry : c.log) {
      line.add(entry.line);
      severity.add(entry.severity);
      code.add(entry.code);
      message.add(entry.message);
    }
    statement log{unit};
    log.bind(state.import_id)
      .bind_bytes(line.bytes())
      .bind_bytes(severity.bytes())
      .bind_bytes(code.bytes())
      .bind_bytes(message.bytes())
      .run(tx, R"(
        INSERT INTO spotter.import_log (user_id, import_id, line, severity, code, message)
        SELECT $1, $2, v.line, v.severity, v.code, v.message
          FROM unnest($3::int[], $4::text[], $5::text[], $6::text[])
            AS v (line, severity, code, message))");
  }
  if (c.requeue) {
    // A runner that is only about to end the row must not: the next lease fences it off.
    statement job{unit};
    job.bind(state.import_id).run(tx, R"(
        UPDATE spotter.job
           SET state = 'queued', attempt = 0, run_at = clock_timestamp(), reason = '',
               lease = lease + 1, runner_id = NULL, lease_until = NULL
         WHERE user_id = $1 AND subject_id = $2)");
  }
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const add_recommendation& c) {
  const auto& r = c.recommendation;
  statement s{unit};
  s.bind(r.recommendation_id)
    .bind(r.kind)
    .bind(r.engine)
    .bind(r.variant)
    .bind(r.inputs.str())
    .bind(r.output.str())
    .bind(c.version)
    .run(tx, R"(
      INSERT INTO spotter.recommendation (
        user_id, recommendation_id, kind, engine, variant, inputs, output, version)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8))");
}

void run(pqxx::transaction_base& tx, const store_unit& unit, const put_outcome& c) {
  statement s{unit};
  const auto changed = s.bind(c.outcome.recommendation_id)
                         .bind(c.outcome.accepted)
                         .bind(c.outcome.detail.empty() ? "{}" : c.outcome.detail.str())
                         .bind(c.version)
                         .run(tx, R"(
      UPDATE spotter.recommendation SET accepted = $3, outcome = $4, version = $5
       WHERE user_id = $1 AND recommendation_id = $2)");
  if (changed.affected_rows() != 1)
    throw pqxx::check_violation{"recommendation_missing: there is no such row", "", "23514"};
}

/// On the hot path, or after it.
void run(pqxx::transaction_base&, const store_unit&, const add_set&) {}
void run(pqxx::transaction_base&, const store_unit&, const rebuild_records&) {}

} // namespace

void set_users(pqxx::transaction_base& tx, std::string_view users) {
  tx.exec("SELECT set_config('app.user_ids', $1::uuid[]::text, true)",
          pqxx::params{as_bytes(users)});
}

void execute(pqxx::transaction_base& tx, const store_unit& unit, const change& c) {
  std::visit([&](const auto& x) { run(tx, unit, x); }, c);
}

void remember(pqxx::transaction_base& tx, const store_unit& unit, const remembered_answer& a) {
  // Nobody is told of a key after a day, and then it may be used anew.
  statement expired{unit};
  expired.bind(a.key).run(tx, R"(
      DELETE FROM spotter.idempotency_key
       WHERE user_id = $1 AND key = $2 AND created_at <= now() - interval '24 hours')");
  statement s{unit};
  s.bind(a.key)
    .bind(a.fingerprint)
    .bind(a.created)
    .bind(a.version)
    .bind(a.at.epoch)
    .bind(a.at.seq)
    .bind(a.body.str())
    .run(tx, R"(
      INSERT INTO spotter.idempotency_key (
        user_id, key, fingerprint, created, version, epoch, seq, body)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8))");
}

void rebuild(pqxx::transaction_base& tx, const store_unit& unit, const rebuild_records& c) {
  statement s{unit};
  s.bind(c.exercise_id).run(tx, "SELECT spotter.rebuild_records($1, $2)");
}

} // namespace spotter::persistence
