#pragma once

#include "actors/messages/store.hpp"
#include "persistence/binary_array.hpp"
#include "persistence/row_batch.hpp"

#include <pqxx/pqxx>

#include <memory>
#include <vector>

namespace spotter::persistence {

using unit_ptr = std::shared_ptr<const messages::store_unit>;

/// Turns units of work into the parameters of one statement: `spotter.commit_units` for sets and
/// events alone, with `spotter.put_units` before it for what else is common. Rarer changes take a
/// transaction of several statements. Keeps its memory from batch to batch.
class unit_batch {
public:
  /// Prepares its statements on a connection that is new; on a pooler's it will send them whole.
  void prepare(pqxx::connection& connection, bool pooled);

  /// Commits `units` on `connection`, whole or not at all, and returns once the commit is durable.
  /// Throws what libpqxx throws.
  void commit(pqxx::connection& connection, std::vector<unit_ptr>& units);

private:
  struct call; // a statement and the name under which it is prepared

  void run(pqxx::transaction_base& tx, const call& what, const pqxx::params& parameters) const;
  void collect(const std::vector<unit_ptr>& units);
  void add_event(const messages::store_unit& unit, const messages::event& e);
  void add_set(const domain::uuid& user_id, const domain::set_record& set);
  void clear();
  void append_to(pqxx::params& out);

  bool pooled_ = false;
  row_batch rows_;
  binary_array<std::int32_t> shards_;
  binary_array<std::int64_t> epochs_;
  binary_array<domain::uuid> users_;

  binary_array<domain::uuid> event_user_;
  binary_array<std::int64_t> event_seq_;
  binary_array<std::int64_t> event_epoch_;
  binary_array<std::int16_t> event_name_;
  binary_array<domain::uuid> event_workout_;
  binary_array<domain::uuid> event_unit_;
  binary_array<domain::instant> event_at_;
  binary_array<json_text> event_data_;

  binary_array<domain::uuid> set_user_;
  binary_array<domain::uuid> set_workout_;
  binary_array<domain::uuid> set_id_;
  binary_array<domain::uuid> set_instance_;
  binary_array<std::int32_t> set_position_;
  binary_array<std::int16_t> set_kind_;
  binary_array<std::int32_t> set_reps_;
  binary_array<double> set_weight_value_;
  binary_array<std::int16_t> set_weight_unit_;
  binary_array<std::int64_t> set_weight_g_;
  binary_array<float> set_rpe_;
  binary_array<std::int16_t> set_rir_;
  binary_array<double> set_distance_;
  binary_array<std::int64_t> set_duration_;
  binary_array<std::int64_t> set_rest_;
  binary_array<jsonb_text> set_target_;
  binary_array<domain::instant> set_completed_;
  binary_array<std::int64_t> set_version_;
  binary_array<domain::instant> set_at_;
};

} // namespace spotter::persistence
