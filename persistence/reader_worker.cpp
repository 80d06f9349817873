#include "persistence/reader_worker.hpp"

#include "actors/messages/failure_error.hpp"
#include "persistence/repository/event_repository.hpp"
#include "persistence/repository/exercise_repository.hpp"
#include "persistence/repository/import_repository.hpp"
#include "persistence/repository/job_repository.hpp"
#include "persistence/repository/recommendation_repository.hpp"
#include "persistence/repository/record_repository.hpp"
#include "persistence/repository/security_event_repository.hpp"
#include "persistence/repository/session_repository.hpp"
#include "persistence/repository/workout_repository.hpp"
#include "persistence/sqlstate.hpp"

#include <spdlog/spdlog.h>

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace spotter::persistence {

using namespace messages;

namespace {

// Which repository serves which question.

struct asker {
  read_connection& db;
  const domain::uuid& user;

  read_result operator()(const get_workouts& q) const { return read_workouts(db, user, q); }
  read_result operator()(const get_workout& q) const { return read_workout(db, user, q); }
  read_result operator()(const get_set& q) const { return read_set(db, user, q); }
  read_result operator()(const get_changes& q) const { return read_changes(db, user, q); }
  read_result operator()(const get_history& q) const { return read_history(db, user, q); }
  read_result operator()(const get_exercises& q) const { return read_exercises(db, user, q); }
  read_result operator()(const get_exercise& q) const { return read_exercise(db, user, q); }
  read_result operator()(const get_muscles& q) const { return read_muscles(db, user, q); }
  read_result operator()(const get_taxonomies&) const { return read_taxonomies(db, user); }
  read_result operator()(const get_profile&) const { return read_profile(db, user); }
  read_result operator()(const get_records& q) const { return read_records(db, user, q); }
  read_result operator()(const get_security_events& q) const {
    return read_security_events(db, user, q);
  }
  read_result operator()(const get_security_audit& q) const {
    return read_security_audit(db, user, q);
  }
  read_result operator()(const get_jobs& q) const { return read_jobs(db, user, q); }
  read_result operator()(const get_imports& q) const { return read_imports(db, user, q); }
  read_result operator()(const get_import& q) const { return read_import(db, user, q); }
  read_result operator()(const get_import_log& q) const { return read_import_log(db, user, q); }
  read_result operator()(const get_recommendation& q) const {
    return read_recommendation(db, user, q);
  }
};

template <class T>
std::variant<T, failure> as_attempt(T value) {
  return value;
}

template <class T>
std::variant<T, failure> as_attempt(std::variant<T, failure> value) {
  return value;
}

/// What followers may ask for at all. The database would show them no more, but not every question
/// fits their role.
bool is_shared(const query& what) {
  return std::holds_alternative<get_workouts>(what) || std::holds_alternative<get_workout>(what)
         || std::holds_alternative<get_records>(what) || std::holds_alternative<get_exercise>(what);
}

} // namespace

reader_worker::reader_worker(reader_actor::pointer, reader_settings settings)
  : settings_(std::move(settings)), backoff_(settings_.backoff_least),
    jitter_(static_cast<unsigned>(clock::now().time_since_epoch().count())) {
  settings_.connection.role = database_role::reader;
}

failure reader_worker::unavailable() const {
  const auto wait =
    std::chrono::duration_cast<std::chrono::milliseconds>(next_attempt_ - clock::now());
  return {failure_code::unavailable,
          "the database cannot be reached; try again",
          {},
          static_cast<std::int32_t>(std::max<std::int64_t>(wait.count(), 250))};
}

std::optional<failure> reader_worker::ensure_connected() {
  if (connection_)
    return std::nullopt;
  const auto now = clock::now();
  if (now < next_attempt_)
    return unavailable();
  try {
    connection_ = std::make_unique<read_connection>(settings_.connection);
    backoff_ = settings_.backoff_least;
    return std::nullopt;
  } catch (const std::exception& e) {
    spdlog::warn("a reader cannot connect to the database, next attempt in {} ms or more: {}",
                 backoff_.count(), e.what());
  }
  // Jitter, so that the readers of many nodes do not come back all at once.
  std::uniform_int_distribution<std::int64_t> more{0, backoff_.count() / 2};
  next_attempt_ = now + backoff_ + std::chrono::milliseconds{more(jitter_)};
  backoff_ = std::min(backoff_ * 2, settings_.backoff_most);
  return unavailable();
}

std::optional<failure> reader_worker::judge_exception() {
  auto fault = database_fault::defect;
  std::string why;
  try {
    throw;
  } catch (const pqxx::broken_connection& e) {
    fault = database_fault::lost;
    why = e.what();
  } catch (const pqxx::insufficient_privilege& e) {
    // libpqxx keeps no SQLSTATE in some of these.
    fault = database_fault::denied;
    why = e.what();
  } catch (const pqxx::sql_error& e) {
    fault = fault_of(e.sqlstate());
    why = e.what();
  } catch (const std::exception& e) {
    why = e.what();
  }
  if (fault == database_fault::lost || !connection_->is_open()) {
    spdlog::warn("a reader lost its connection: {}", why);
    connection_.reset();
    return std::nullopt;
  }
  if (fault == database_fault::timed_out)
    return failure{
      failure_code::deadline_exceeded, "the query took too long; ask for less or try again", {}, 0};
  if (fault == database_fault::busy)
    return failure{failure_code::unavailable, "the database is busy; try again", {}, 500};
  spdlog::error("a read failed ({}): {}", to_string(fault), why);
  // What state a defect left behind is unknown: the next read begins afresh.
  connection_.reset();
  return failure{failure_code::internal, "the read failed; the log says why", {}, 0};
}

template <class T, class Read>
reader_worker::attempt<T> reader_worker::run(Read&& read) {
  for (int left = 2; left > 0; --left) {
    if (auto why = ensure_connected())
      return std::move(*why);
    try {
      return as_attempt(read(*connection_));
    } catch (...) {
      if (auto why = judge_exception())
        return std::move(*why);
    }
  }
  return unavailable();
}

read_reply reader_worker::answer(const read& what) {
  if (!what.actor_id.is_nil()) {
    if (!is_shared(what.what))
      return {failure{failure_code::forbidden, "this is not shared", {}, 0}};
    auto shared = run<rendered>([&what](read_connection& db) {
      const read_connection::following guard{db, what.actor_id};
      return std::visit(asker{db, what.user_id}, what.what);
    });
    return {std::move(shared)};
  }
  auto result = run<rendered>([&what](read_connection& db) {
    return std::visit(asker{db, what.user_id}, what.what);
  });
  return {std::move(result)};
}

template <class Reply, class Query>
caf::result<Reply> reader_worker::load_or_error(const Query& query) {
  auto result = run<Reply>([&query](read_connection& db) { return load(db, query); });
  if (auto* why = std::get_if<failure>(&result))
    return to_error(std::move(*why));
  return std::move(std::get<Reply>(result));
}

health reader_worker::check() {
  const auto result = run<bool>([](read_connection& db) {
    db.ping();
    return true;
  });
  if (const auto* why = std::get_if<failure>(&result))
    return {"reader", false, why->detail};
  return {"reader", true, {}};
}

reader_actor::behavior_type reader_worker::make_behavior() {
  return {
    [this](const read& what) -> caf::result<read_reply> { return answer(what); },
    [this](const load_session& q) { return load_or_error<session_image>(q); },
    [this](const load_workout& q) { return load_or_error<workout_image>(q); },
    [this](const load_exercise& q) { return load_or_error<exercise_image>(q); },
    [this](const load_events& q) { return load_or_error<event_range>(q); },
    [this](const load_epoch& q) { return load_or_error<event_epoch>(q); },
    [this](const load_sources& q) { return load_or_error<source_matches>(q); },
    [this](const load_answer& q) { return load_or_error<answer_image>(q); },
    [this](const load_import& q) { return load_or_error<import_image>(q); },
    [this](const load_exercise_history& q) { return load_or_error<exercise_history>(q); },
    [this](const load_exercise_names& q) { return load_or_error<exercise_names>(q); },
    [this](const load_import_file& q) { return load_or_error<import_file>(q); },
    [this](get_health) -> caf::result<health> { return check(); },
  };
}

} // namespace spotter::persistence
