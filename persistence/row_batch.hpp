#pragma once

#include "actors/messages/store.hpp"
#include "persistence/binary_array.hpp"

#include <pqxx/pqxx>

#include <cstdint>

namespace spotter::persistence {

/// The common rows of a batch that are neither sets nor events, as the parameters of one
/// `spotter.put_units` call, but for the users. Keeps its memory from batch to batch.
class row_batch {
public:
  /// How many parameters `append_to` appends.
  static constexpr int parameter_count = 43;

  /// True where `add` knows all changes of the unit besides its sets, each row at most once.
  [[nodiscard]] static bool takes(const messages::store_unit& unit);

  /// Adds the rows of a unit that it takes.
  void add(const messages::store_unit& unit);

  [[nodiscard]] bool empty() const noexcept;
  void clear();

  /// Appends the arrays, which must not change before the statement has run.
  void append_to(pqxx::params& out);

private:
  void add(const messages::store_unit& unit, const messages::put_workout& c);
  void add(const messages::store_unit& unit, const messages::put_instance& c);
  void add(const messages::store_unit& unit, const messages::put_record& c);
  void add(const messages::store_unit& unit, const messages::remembered_answer& a);

  binary_array<domain::uuid> workout_user_;
  binary_array<domain::uuid> workout_id_;
  binary_array<std::string_view> workout_title_;
  binary_array<std::int16_t> workout_state_;
  binary_array<domain::instant> workout_started_;
  binary_array<domain::instant> workout_finished_;
  binary_array<std::string_view> workout_zone_;
  binary_array<std::string_view> workout_date_;
  binary_array<std::string_view> workout_notes_;
  binary_array<std::int64_t> workout_first_seq_;
  binary_array<std::int64_t> workout_version_;
  binary_array<domain::instant> workout_created_;
  binary_array<domain::instant> workout_updated_;
  binary_array<domain::instant> workout_deleted_;
  binary_array<std::int32_t> workout_sets_;
  binary_array<std::int64_t> workout_reps_;
  binary_array<std::int64_t> workout_volume_;
  binary_array<std::int32_t> workout_exercises_;

  binary_array<domain::uuid> instance_user_;
  binary_array<domain::uuid> instance_id_;
  binary_array<domain::uuid> instance_workout_;
  binary_array<domain::uuid> instance_exercise_;
  binary_array<domain::uuid> instance_own_;
  binary_array<std::int32_t> instance_position_;
  binary_array<std::int32_t> instance_superset_;
  binary_array<std::string_view> instance_notes_;
  binary_array<std::int64_t> instance_version_;
  binary_array<domain::instant> instance_at_;
  binary_array<domain::instant> instance_deleted_;

  binary_array<domain::uuid> record_user_;
  binary_array<domain::uuid> record_exercise_;
  binary_array<std::int16_t> record_kind_;
  binary_array<double> record_value_;
  binary_array<domain::uuid> record_set_;
  binary_array<domain::instant> record_achieved_;

  binary_array<domain::uuid> answer_user_;
  binary_array<std::string_view> answer_key_;
  binary_array<std::string_view> answer_fingerprint_;
  binary_array<bool> answer_created_;
  binary_array<std::int64_t> answer_version_;
  binary_array<std::int64_t> answer_epoch_;
  binary_array<std::int64_t> answer_seq_;
  binary_array<std::string_view> answer_body_;
};

} // namespace spotter::persistence
