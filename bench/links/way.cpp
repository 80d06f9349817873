#include "bench/links/way.hpp"

#include <algorithm>
#include <thread>

namespace spotter::bench {

void request_load::begin(std::function<void(std::uint64_t)> send) {
  send_ = std::move(send);
  left_ = begun_.size();
  for (std::uint64_t i = 0; i < begun_.size(); ++i)
    next(i);
}

void request_load::next(std::uint64_t number) {
  begun_[number] = clock::now();
  send_(number);
}

void request_load::answered(std::uint64_t number) {
  const auto now = clock::now();
  round_trips_us.push_back(std::chrono::duration<double, std::micro>{now - begun_[number]}.count());
  if (now < end_)
    next(number);
  else if (--left_ == 0)
    over.set_value();
}

void tune(caf::actor_system_config& config) {
  config.set("caf.work-stealing.aggressive-poll-attempts", 10);
  config.set("caf.work-stealing.moderate-poll-attempts", 0);
  config.set("caf.scheduler.max-threads",
             std::max<std::size_t>(1, std::thread::hardware_concurrency() / 2));
}

} // namespace spotter::bench
