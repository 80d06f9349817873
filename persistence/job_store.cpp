#include "persistence/job_store.hpp"

#include "persistence/store_connection.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace spotter::persistence {

namespace {

using messages::claim_jobs;
using messages::claimed_jobs;
using messages::end_job;
using messages::job_ended;
using messages::renew_job;

constexpr std::string_view claim_sql = "SELECT user_id, job_id, kind, subject_id, attempt, lease"
                                       "  FROM spotter.claim_jobs($1, $2, $3)";

constexpr std::string_view claim_kinds_sql =
  "SELECT user_id, job_id, kind, subject_id, attempt, lease"
  "  FROM spotter.claim_jobs($1, $2, $3, string_to_array($4, ','))";

constexpr std::string_view renew_sql =
  "UPDATE spotter.job"
  "   SET lease_until = clock_timestamp() + $4 * interval '1 millisecond'"
  " WHERE user_id = $1 AND job_id = $2 AND lease = $3 AND state = 'running'";

// $5 is 1 where the try must not count.
constexpr std::string_view end_sql =
  "UPDATE spotter.job"
  "   SET state = $4, attempt = greatest(attempt - $5::integer, 0),"
  "       run_at = clock_timestamp() + $6 * interval '1 millisecond', reason = $7,"
  "       runner_id = NULL, lease_until = NULL"
  " WHERE user_id = $1 AND job_id = $2 AND lease = $3 AND state = 'running'";

domain::uuid id_of(const pqxx::field& field) {
  const auto id = domain::parse_uuid(field.view());
  if (!id)
    throw pqxx::conversion_error{"not a UUID: " + std::string{field.view()}};
  return *id;
}

/// The row's state after this end: the store knows only where a job stands, not why.
std::string_view row_state(const std::string& end) {
  if (end == "retry" || end == "snooze")
    return "queued";
  return end;
}

/// The connection and the statements; throws what libpqxx throws.
class job_rows {
public:
  explicit job_rows(connection_settings settings) : connection_(std::move(settings)) {}

  claimed_jobs claim(const claim_jobs& ask) {
    pqxx::nontransaction tx{*connection_};
    pqxx::params values{to_string(ask.runner_id), ask.limit, ask.lease_ms};
    std::string kinds;
    for (const auto& kind : ask.kinds)
      (kinds += kinds.empty() ? "" : ",") += kind;
    if (!kinds.empty())
      values.append(kinds);
    const auto rows = tx.exec(kinds.empty() ? claim_sql : claim_kinds_sql, values);
    claimed_jobs result;
    for (const auto& row : rows)
      result.jobs.push_back({id_of(row[1]), id_of(row[0]), row[2].as<std::string>(), id_of(row[3]),
                             row[4].as<std::int32_t>(), row[5].as<std::int64_t>()});
    return result;
  }

  job_ended renew(const renew_job& ask) {
    return change(ask.claim.user_id, renew_sql,
                  pqxx::params{to_string(ask.claim.user_id), to_string(ask.claim.job_id),
                               ask.claim.lease, ask.lease_ms});
  }

  job_ended end(const end_job& ask) {
    const std::int32_t uncounted = ask.state == "snooze" ? 1 : 0;
    return change(ask.claim.user_id, end_sql,
                  pqxx::params{to_string(ask.claim.user_id), to_string(ask.claim.job_id),
                               ask.claim.lease, row_state(ask.state), uncounted, ask.delay_ms,
                               ask.reason});
  }

  [[nodiscard]] store_connection& connection() noexcept { return connection_; }

private:
  job_ended change(const domain::uuid& user, std::string_view sql, const pqxx::params& values) {
    pqxx::work tx{*connection_};
    tx.exec(set_writer_users_sql, pqxx::params{"{" + to_string(user) + "}"});
    const auto changed = tx.exec(sql, values).affected_rows();
    tx.commit();
    return {changed > 0};
  }

  store_connection connection_;
};

struct job_store_state {
  static inline const char* name = "spotter.job_store";

  job_store_state(messages::job_store_actor::pointer, connection_settings settings)
    : rows_(std::move(settings)) {}

  messages::job_store_actor::behavior_type make_behavior() {
    return {
      [this](const claim_jobs& ask) { return run([&] { return rows_.claim(ask); }); },
      [this](const renew_job& ask) { return run([&] { return rows_.renew(ask); }); },
      [this](const end_job& ask) { return run([&] { return rows_.end(ask); }); },
    };
  }

private:
  template <class Statement>
  auto run(Statement statement) -> caf::result<decltype(statement())> {
    decltype(statement()) answer;
    if (rows_.connection().attempt("the job store", store_connection::repetition::harmless,
                                   [&](bool) { answer = statement(); }))
      return caf::make_error(caf::sec::runtime_error, "the database could not be asked");
    return answer;
  }

  job_rows rows_;
};

} // namespace

messages::job_store_actor spawn_job_store(caf::actor_system& system, connection_settings settings) {
  using implementation = messages::job_store_actor::stateful_impl<job_store_state>;
  return system.spawn<implementation, caf::detached>(std::move(settings));
}

} // namespace spotter::persistence
