#include "persistence/unit_batch.hpp"

#include "actors/messages/cluster.hpp"
#include "domain/broken.hpp"
#include "domain/json.hpp"
#include "persistence/change_statements.hpp"

#include <algorithm>
#include <bitset>

namespace spotter::persistence {

using namespace messages;

namespace {

constexpr int commit_parameters = 30;

/// `$from, …`, so many of them.
std::string placeholders(int from, int count) {
  std::string out;
  for (int i = from; i < from + count; ++i)
    out.append(i == from ? "$" : ", $").append(std::to_string(i));
  return out;
}

pqxx::bytes_view as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Sets and events need nothing but `commit_units`.
bool is_hot(const change& c) {
  return std::holds_alternative<add_set>(c);
}

} // namespace

struct unit_batch::call {
  const char* name;
  std::string sql;

  static const call& commit() {
    static const call it{"commit_units", "SELECT spotter.commit_units($1, " + epochs() + ", "
                                           + placeholders(3, commit_parameters - 2) + ")"};
    return it;
  }

  static std::string epochs() {
    // Without the guard: whatever the epochs are, they are right.
    if (SPOTTER_BROKEN("epoch_check"))
      return "coalesce(nullif($2::bigint[], $2), (SELECT array_agg(s.epoch ORDER BY f.n) FROM "
             "unnest($1::integer[]) WITH ORDINALITY AS f (shard_id, n) JOIN spotter.shard AS s "
             "USING (shard_id)))";
    return "$2";
  }

  static const call& put_and_commit() {
    // What is in FROM runs first: a set refers to an instance of the same batch.
    static const call it{"put_and_commit_units",
                         commit().sql + " FROM spotter.put_units($3, "
                           + placeholders(commit_parameters + 1, row_batch::parameter_count) + ")"};
    return it;
  }
};

void unit_batch::prepare(pqxx::connection& connection, bool pooled) {
  pooled_ = pooled;
  if (pooled)
    return;
  for (const auto* what : {&call::commit(), &call::put_and_commit()})
    connection.prepare(what->name, what->sql);
}

void unit_batch::run(pqxx::transaction_base& tx, const call& what,
                     const pqxx::params& parameters) const {
  if (pooled_)
    tx.exec(what.sql, parameters);
  else
    tx.exec(pqxx::prepped{what.name}, parameters);
}

void unit_batch::commit(pqxx::connection& connection, std::vector<unit_ptr>& units) {
  // One order for all writers: crossing keys in two transactions would deadlock.
  std::sort(units.begin(), units.end(),
            [](const unit_ptr& a, const unit_ptr& b) { return a->user_id < b->user_id; });
  collect(units);
  pqxx::params parameters;
  parameters.reserve(commit_parameters + row_batch::parameter_count);
  append_to(parameters);
  const auto is_hot_unit = [](const unit_ptr& u) {
    return u->answers.empty() && std::all_of(u->changes.begin(), u->changes.end(), is_hot);
  };
  if (std::all_of(units.begin(), units.end(), is_hot_unit)) {
    pqxx::nontransaction tx{connection};
    run(tx, call::commit(), parameters);
    return;
  }
  if (std::all_of(units.begin(), units.end(),
                  [](const unit_ptr& u) { return row_batch::takes(*u); })) {
    rows_.clear();
    for (const auto& unit : units)
      rows_.add(*unit);
    rows_.append_to(parameters);
    pqxx::nontransaction tx{connection};
    run(tx, call::put_and_commit(), parameters);
    return;
  }
  pqxx::work tx{connection};
  set_users(tx, users_.bytes());
  for (const auto& unit : units) {
    for (const auto& c : unit->changes)
      if (!is_hot(c))
        execute(tx, *unit, c);
    for (const auto& answer : unit->answers)
      remember(tx, *unit, answer);
  }
  run(tx, call::commit(), parameters);
  // Records are worked out from the sets, so after them.
  for (const auto& unit : units)
    for (const auto& c : unit->changes)
      if (const auto* records = std::get_if<rebuild_records>(&c))
        rebuild(tx, *unit, *records);
  tx.commit();
}

void unit_batch::collect(const std::vector<unit_ptr>& units) {
  clear();
  std::bitset<256> seen;
  const domain::uuid* last_user = nullptr;
  for (const auto& unit : units) {
    const auto shard = shard_of(unit->user_id);
    if (!seen.test(static_cast<std::size_t>(shard))) {
      seen.set(static_cast<std::size_t>(shard));
      shards_.add(shard);
      epochs_.add(unit->events.front().at_position.epoch);
    }
    if (!last_user || *last_user != unit->user_id)
      users_.add(unit->user_id);
    last_user = &unit->user_id;
    for (const auto& e : unit->events)
      add_event(*unit, e);
    for (const auto& c : unit->changes)
      if (const auto* fresh = std::get_if<messages::add_set>(&c))
        add_set(unit->user_id, fresh->set);
  }
}

void unit_batch::add_event(const store_unit& unit, const event& e) {
  event_user_.add(unit.user_id);
  event_seq_.add(e.at_position.seq);
  event_epoch_.add(e.at_position.epoch);
  event_name_.add(static_cast<std::int16_t>(e.name));
  if (e.workout_id.is_nil())
    event_workout_.add_null();
  else
    event_workout_.add(e.workout_id);
  event_unit_.add(unit.unit_id);
  event_at_.add(e.at);
  event_data_.add(json_text{e.data.view()});
}

void unit_batch::add_set(const domain::uuid& user_id, const domain::set_record& set) {
  set_user_.add(user_id);
  set_workout_.add(set.workout_id);
  set_id_.add(set.set_id);
  set_instance_.add(set.exercise_instance_id);
  set_position_.add(set.position);
  set_kind_.add(static_cast<std::int16_t>(set.kind));
  set_reps_.add(set.actual.reps);
  if (const auto& w = set.actual.weight) {
    set_weight_value_.add(w->value);
    set_weight_unit_.add(static_cast<std::int16_t>(w->unit));
    set_weight_g_.add(w->grams());
  } else {
    set_weight_value_.add_null();
    set_weight_unit_.add_null();
    set_weight_g_.add_null();
  }
  set_rpe_.add(set.actual.rpe);
  set_rir_.add(set.actual.rir);
  set_distance_.add(set.actual.distance_m);
  set_duration_.add(set.actual.duration_ms);
  set_rest_.add(set.actual.rest_ms);
  if (set.target) {
    std::string json;
    domain::json_writer writer{json};
    write(writer, *set.target);
    set_target_.add(jsonb_text{json});
  } else {
    set_target_.add_null();
  }
  set_completed_.add(set.completed_at);
  set_version_.add(set.version);
  set_at_.add(set.created_at);
}

namespace {

/// Calls `f` with each array, in the order of the statement's parameters.
template <class F, class... Arrays>
void each(F&& f, Arrays&... arrays) {
  (f(arrays), ...);
}

} // namespace

#define SPOTTER_BATCH_ARRAYS                                                                       \
  shards_, epochs_, users_, event_user_, event_seq_, event_epoch_, event_name_, event_workout_,    \
    event_unit_, event_at_, event_data_, set_user_, set_workout_, set_id_, set_instance_,          \
    set_position_, set_kind_, set_reps_, set_weight_value_, set_weight_unit_, set_weight_g_,       \
    set_rpe_, set_rir_, set_distance_, set_duration_, set_rest_, set_target_, set_completed_,      \
    set_version_, set_at_

void unit_batch::clear() {
  each([](auto& array) { array.clear(); }, SPOTTER_BATCH_ARRAYS);
}

void unit_batch::append_to(pqxx::params& out) {
  each([&out](auto& array) { out.append(as_bytes(array.bytes())); }, SPOTTER_BATCH_ARRAYS);
}

#undef SPOTTER_BATCH_ARRAYS

} // namespace spotter::persistence
