#include "persistence/writer.hpp"

#include "persistence/sqlstate.hpp"

#include <caf/send.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_map>

namespace spotter::persistence {

using namespace messages;

namespace {

constexpr std::chrono::milliseconds first_backoff{50};
constexpr std::chrono::milliseconds last_backoff{1000};
constexpr std::string_view fenced_sqlstate = "SP001";

std::size_t weight_of(const store_unit& unit) {
  std::size_t bytes = 0;
  for (const auto& e : unit.events)
    bytes += 256 + e.data.view().size();
  for (const auto& c : unit.changes)
    if (const auto* import = std::get_if<add_import>(&c))
      bytes += import->content.view().size();
  return bytes;
}

} // namespace

writer_state::writer_state(actor::pointer self, writer_settings settings)
  : self_(self), settings_(std::move(settings)) {
  auto& registry = self_->home_system().metrics();
  committed_units_ = registry.counter_singleton("spotter.writer", "committed-units",
                                                "Units of work that were committed.");
  failed_units_ = registry.counter_singleton("spotter.writer", "failed-units",
                                             "Units of work that were not committed.");
  reconnects_ =
    registry.counter_singleton("spotter.writer", "reconnects", "Connections made anew.");
  backlog_ = registry.gauge_singleton("spotter.writer", "backlog", "Units that wait.");
  const double seconds[] = {.0005, .001, .002, .004, .008, .016, .032, .064, .128, .256, .512, 1};
  commit_seconds_ = registry.histogram_singleton<double>(
    "spotter.writer", "commit-time", seconds, "Time of one committed transaction.", "seconds");
  const std::int64_t sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  batch_sizes_ = registry.histogram_singleton<std::int64_t>("spotter.writer", "batch-size", sizes,
                                                            "Units of one transaction.");
}

writer_state::~writer_state() = default;

writer_state::actor::behavior_type writer_state::make_behavior() {
  return {
    [this](const store& s) { enqueue(s.unit); },
    [this](get_health) -> health {
      const bool ready = connected();
      return {"writer", ready,
              ready ? std::string{} : std::string{"the database can't be reached"}};
    },
    [this](caf::flush_atom) {
      awake_ = false;
      flush();
    },
  };
}

void writer_state::enqueue(unit_ptr unit) {
  entry e{std::move(unit), self_->current_sender(), clock::now(), false};
  if (queue_.size() >= settings_.queued_units) {
    reply(e, store_result::overloaded);
    return;
  }
  queue_.push_back(std::move(e));
  backlog_->inc();
  // The flush lines up behind all that is in the mailbox already: what queued during the last
  // commit becomes one batch.
  wake(std::chrono::milliseconds{0});
}

void writer_state::wake(std::chrono::milliseconds delay) {
  if (awake_)
    return;
  awake_ = true;
  if (delay.count() == 0)
    self_->send(self_, caf::flush_atom_v);
  else
    self_->delayed_send(self_, delay, caf::flush_atom_v);
}

bool writer_state::connected() {
  if (connection_ && connection_->is_open())
    return true;
  connection_.reset();
  if (clock::now() < next_attempt_)
    return false; // whoever asks, be it a unit or a health check
  try {
    connection_.emplace(connect(settings_.connection));
    batch_.prepare(*connection_, settings_.connection.pooled);
    reconnects_->inc();
    backoff_ = std::chrono::milliseconds{0};
    return true;
  } catch (const std::exception& why) {
    spdlog::warn("writer: no connection to the database: {}", why.what());
    connection_.reset();
    backoff_ = std::clamp(backoff_ * 2, first_backoff, last_backoff);
    next_attempt_ = clock::now() + backoff_;
    return false;
  }
}

void writer_state::flush() {
  if (queue_.empty())
    return;
  if (!connected()) {
    expire();
    if (!queue_.empty())
      wake(backoff_);
    return;
  }
  resolve_doubts();
  if (!queue_.empty() && connection_)
    commit(take_batch());
  if (!queue_.empty())
    wake(connection_ ? std::chrono::milliseconds{0} : first_backoff);
}

/// Answers what has waited too long for a connection.
void writer_state::expire() {
  const auto now = clock::now();
  std::erase_if(queue_, [&](const entry& e) {
    const auto limit = e.in_doubt ? settings_.doubt_deadline : settings_.connect_deadline;
    if (now - e.since < limit)
      return false;
    backlog_->dec();
    reply(e, e.in_doubt ? store_result::unknown : store_result::unavailable);
    return true;
  });
}

/// Looks up the units whose commit was cut off: stored ones are done, the others go again.
void writer_state::resolve_doubts() {
  binary_array<domain::uuid> users;
  binary_array<std::int64_t> seqs;
  for (const auto& e : queue_)
    if (e.in_doubt) {
      users.add(e.unit->user_id);
      seqs.add(e.unit->events.front().at_position.seq);
    }
  if (users.size() == 0)
    return;
  std::unordered_map<std::string, std::string> stored_units; // user id → unit id at that seq
  try {
    pqxx::work tx{*connection_};
    const auto bytes = [](std::string_view text) {
      return pqxx::bytes_view{reinterpret_cast<const std::byte*>(text.data()), text.size()};
    };
    tx.exec("SELECT set_config('app.user_ids', $1::uuid[]::text, true)",
            pqxx::params{bytes(users.bytes())});
    const auto rows = tx.exec("SELECT e.user_id::text, e.unit_id::text"
                              "  FROM unnest($1::uuid[], $2::bigint[]) AS v (user_id, seq)"
                              "  JOIN spotter.event AS e"
                              "    ON e.user_id = v.user_id AND e.seq = v.seq",
                              pqxx::params{bytes(users.bytes()), bytes(seqs.bytes())});
    for (const auto& row : rows)
      stored_units.emplace(row[0].c_str(), row[1].c_str());
    tx.commit();
  } catch (const std::exception& why) {
    spdlog::warn("writer: outcomes could not be read back: {}", why.what());
    connection_.reset();
    expire();
    return;
  }
  std::erase_if(queue_, [&](entry& e) {
    if (!e.in_doubt)
      return false;
    const auto found = stored_units.find(domain::to_string(e.unit->user_id));
    if (found == stored_units.end()) {
      e.in_doubt = false; // not there: commit it again
      return false;
    }
    backlog_->dec();
    const bool ours = found->second == domain::to_string(e.unit->unit_id);
    reply(e, ours ? store_result::committed : store_result::superseded);
    return true;
  });
}

std::vector<writer_state::entry> writer_state::take_batch() {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < queue_.size() && count < settings_.batch_units) {
    bytes += weight_of(*queue_[count].unit);
    if (count > 0 && bytes > settings_.batch_bytes)
      break;
    ++count;
  }
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<entry> batch{std::make_move_iterator(queue_.begin()), std::make_move_iterator(end)};
  queue_.erase(queue_.begin(), end);
  backlog_->dec(static_cast<std::int64_t>(count));
  return batch;
}

void writer_state::commit(std::vector<entry> batch) {
  std::vector<unit_ptr> units;
  units.reserve(batch.size());
  for (const auto& e : batch)
    units.push_back(e.unit);
  const auto begin = clock::now();
  try {
    batch_.commit(*connection_, units);
  } catch (const pqxx::sql_error& why) {
    if (fault_of(why.sqlstate()) == database_fault::lost) {
      put_in_doubt(batch, 0, why.what());
      return;
    }
    // Nothing of the batch is stored. Each alone: the bad ones fail by themselves.
    if (batch.size() == 1)
      judge(batch.front(), why);
    else
      commit_one_by_one(batch, 0);
    return;
  } catch (const std::exception& why) { // broken_connection, in_doubt_error, …
    put_in_doubt(batch, 0, why.what());
    return;
  }
  commit_seconds_->observe(std::chrono::duration<double>(clock::now() - begin).count());
  batch_sizes_->observe(static_cast<std::int64_t>(batch.size()));
  for (const auto& e : batch)
    reply(e, store_result::committed);
}

void writer_state::commit_one_by_one(std::vector<entry>& batch, std::size_t from) {
  for (std::size_t i = from; i < batch.size(); ++i) {
    std::vector<unit_ptr> one{batch[i].unit};
    try {
      batch_.commit(*connection_, one);
      reply(batch[i], store_result::committed);
    } catch (const pqxx::sql_error& why) {
      if (fault_of(why.sqlstate()) == database_fault::lost) {
        put_in_doubt(batch, i, why.what());
        return;
      }
      judge(batch[i], why);
    } catch (const std::exception& why) {
      put_in_doubt(batch, i, why.what());
      return;
    }
  }
}

/// One unit was refused by the database.
void writer_state::judge(entry& e, const pqxx::sql_error& why) {
  // The first line names the constraint; the others quote our SQL, which is nobody's business.
  const std::string whole = why.what();
  const auto text = whole.substr(0, whole.find('\n'));
  const auto fault = fault_of(why.sqlstate());
  if (why.sqlstate() == fenced_sqlstate) {
    reply(e, store_result::fenced);
  } else if (fault == database_fault::duplicate && text.find("event_pkey") != std::string::npos) {
    // Another unit has its place, or this one itself under an earlier, cut-off commit.
    e.in_doubt = true;
    queue_.insert(queue_.begin(), std::move(e));
    backlog_->inc();
    wake(std::chrono::milliseconds{0});
  } else if (fault == database_fault::busy || fault == database_fault::timed_out
             || fault == database_fault::read_only) {
    spdlog::warn("writer: a unit was not stored: {}", text);
    reply(e, store_result::unavailable, text);
  } else {
    spdlog::error("writer: a unit was rejected: {}", text);
    reply(e, store_result::rejected, text);
  }
}

void writer_state::put_in_doubt(std::vector<entry>& batch, std::size_t from, const char* why) {
  spdlog::warn("writer: the connection broke under a commit of {} units: {}", batch.size() - from,
               why);
  connection_.reset();
  const auto begin = batch.begin() + static_cast<std::ptrdiff_t>(from);
  for (auto it = begin; it != batch.end(); ++it)
    it->in_doubt = true;
  queue_.insert(queue_.begin(), std::make_move_iterator(begin),
                std::make_move_iterator(batch.end()));
  backlog_->inc(static_cast<std::int64_t>(batch.size() - from));
  wake(std::chrono::milliseconds{0});
}

void writer_state::reply(const entry& e, store_result result, std::string detail) {
  (result == store_result::committed ? committed_units_ : failed_units_)->inc();
  if (e.asker)
    caf::anon_send(caf::actor_cast<caf::actor>(e.asker),
                   stored{e.unit->user_id, e.unit->unit_id, result, std::move(detail)});
}

writer_actor spawn_writer(caf::actor_system& system, writer_settings settings) {
  using impl = writer_state::actor::stateful_impl<writer_state>;
  return system.spawn<impl, caf::detached>(std::move(settings));
}

} // namespace spotter::persistence
