#include "actors/sealing/sealed_rows.hpp"

#include <algorithm>

namespace spotter::actors::sealing {

sealed_row_metrics::sealed_row_metrics(caf::actor_system& system)
  : rows_(system.metrics().gauge_family("spotter", "sealed-rows", {"key"},
                                        "Rows of the database by the key that sealed them.")) {}

void sealed_row_metrics::set(const std::vector<messages::sealed_count>& counts) {
  const std::lock_guard guard{mutex_};
  std::map<std::string, std::int64_t> sums;
  for (const auto& [id, gauge] : seen_)
    sums[id] = 0;
  for (const auto& count : counts)
    sums[count.key_id] += count.rows;
  for (const auto& [id, sum] : sums) {
    auto& gauge = seen_[id];
    if (!gauge)
      gauge = rows_->get_or_add({{"key", shown_id(id)}});
    gauge->value(sum);
  }
}

std::optional<std::string> missing_key(const sealer& keys, const std::vector<std::string>& known,
                                       const std::vector<messages::sealed_count>& counts) {
  for (const auto& count : counts) {
    const auto has = [&count](const sealing_key& key) { return key.id() == count.key_id; };
    if (std::any_of(keys.keys().begin(), keys.keys().end(), has)
        || std::find(known.begin(), known.end(), count.key_id) == known.end())
      continue;
    return "The sealing key " + shown_id(count.key_id)
           + " is missing: " + std::to_string(count.rows) + " rows of " + count.place
           + " are sealed by it and would be lost. Name it in identity.older_sealing_keys until "
             "`spotterd keys status` says that it may be removed.";
  }
  return std::nullopt;
}

bool has_older(const sealer& keys, const std::vector<messages::sealed_count>& counts) {
  const auto& first = keys.keys().front().id();
  return std::any_of(counts.begin(), counts.end(), [&first](const messages::sealed_count& count) {
    return count.rows > 0 && count.key_id != first;
  });
}

} // namespace spotter::actors::sealing
