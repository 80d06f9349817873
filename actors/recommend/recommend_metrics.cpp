#include "actors/recommend/recommend_metrics.hpp"

namespace spotter::actors {

namespace {

caf::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

} // namespace

recommend_metrics::recommend_metrics(caf::actor_system& system) {
  auto& registry = system.metrics();
  answers_ = registry.counter_family("spotter", "recommend-answers", {"engine", "result"},
                                     "How requests for advice ended.", "1", true);
  replaced_ = registry.counter_family("spotter", "engine-workers-replaced", {"engine"},
                                      "Workers replaced because their engine threw.", "1", true);
  stuck_ = registry.gauge_family("spotter", "engine-workers-stuck", {"engine"},
                                 "Workers given up that still hold a thread.");
}

void recommend_metrics::answered(std::string_view engine, std::string_view result) {
  answers_->get_or_add({{"engine", view(engine)}, {"result", view(result)}})->inc();
}

void recommend_metrics::replaced(std::string_view engine) {
  replaced_->get_or_add({{"engine", view(engine)}})->inc();
}

void recommend_metrics::stuck(std::string_view engine, std::int64_t count) {
  stuck_->get_or_add({{"engine", view(engine)}})->value(count);
}

} // namespace spotter::actors
