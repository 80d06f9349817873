#include "actors/recommend/engine_pool.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <spdlog/spdlog.h>

namespace spotter::actors {

namespace {

/// Runs the engine. One that throws ends its worker, so that no half-changed state of it stays.
engine_actor::behavior_type run_engine(engine_actor::pointer self, engine_function compute) {
  return {
    [self, compute = std::move(compute)](
      const messages::compute_advice& ask) -> caf::result<messages::advice> {
      std::string why = "something that is not an exception";
      try {
        return compute(ask);
      } catch (const std::exception& thrown) {
        why = thrown.what();
      } catch (...) { // an engine may throw anything, and the caller must hear of it
      }
      auto error = caf::make_error(caf::sec::runtime_error, std::move(why));
      self->quit(error);
      return error;
    },
  };
}

} // namespace

engine_pool_state::engine_pool_state(engine_actor::pointer self, std::string engine_name,
                                     engine_function compute, engine_pool_settings settings)
  : self_(self), name_(std::move(engine_name)), compute_(std::move(compute)), settings_(settings),
    metrics_(self->system()) {}

// Workers must not outlive their pool; a stuck one ends when its engine returns.
engine_pool_state::~engine_pool_state() {
  for (const auto* group : {&staff_, &stuck_})
    for (const auto& address : *group)
      if (auto worker = caf::actor_cast<caf::actor>(address))
        caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
}

engine_actor::behavior_type engine_pool_state::make_behavior() {
  self_->set_down_handler([this](const caf::down_msg& down) { bury(down); });
  for (std::size_t i = 0; i < settings_.workers; ++i)
    hire();
  return {
    [this](messages::compute_advice& ask) -> caf::result<messages::advice> {
      if (staff_.empty() || (idle_.empty() && waiting_.size() >= settings_.queue))
        return caf::make_error(caf::sec::unavailable_or_would_block);
      auto promise = self_->make_response_promise<messages::advice>();
      waiting_.push_back({std::move(ask), promise, self_->clock().now()});
      dispatch();
      return promise;
    },
  };
}

void engine_pool_state::hire() {
  auto worker = settings_.threads ? self_->spawn<caf::detached>(run_engine, compute_)
                                  : self_->spawn(run_engine, compute_);
  self_->monitor(worker);
  staff_.insert(worker.address());
  idle_.push_back(std::move(worker));
}

void engine_pool_state::dispatch() {
  while (!waiting_.empty() && !idle_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    if (self_->clock().now() - next.arrived >= settings_.deadline) {
      next.answer.deliver(caf::make_error(caf::sec::request_timeout));
      continue; // whoever asked has gone; the work would be for nobody
    }
    auto worker = std::move(idle_.back());
    idle_.pop_back();
    give(worker, std::move(next));
  }
}

void engine_pool_state::give(const engine_actor& worker, question next) {
  self_->request(worker, settings_.deadline, std::move(next.ask))
    .then(
      [this, worker, answer = next.answer](messages::advice& found) mutable {
        answer.deliver(std::move(found));
        idle_.push_back(worker);
        dispatch();
      },
      [this, worker, answer = next.answer](caf::error& why) mutable {
        if (why == caf::sec::request_timeout)
          give_up(worker);
        else
          spdlog::error("The engine {} failed: {}", name_, to_string(why));
        answer.deliver(std::move(why));
      });
}

void engine_pool_state::give_up(const engine_actor& worker) {
  spdlog::error("The engine {} did not answer within {} ms", name_, settings_.deadline.count());
  staff_.erase(worker.address());
  stuck_.insert(worker.address());
  metrics_.stuck(name_, static_cast<std::int64_t>(stuck_.size()));
  self_->send_exit(worker, caf::exit_reason::kill);
  if (stuck_.size() <= settings_.most_stuck)
    hire();
  if (staff_.empty()) {
    for (auto& refused : waiting_)
      refused.answer.deliver(caf::make_error(caf::sec::unavailable_or_would_block));
    waiting_.clear();
  }
  dispatch();
}

void engine_pool_state::bury(const caf::down_msg& down) {
  std::erase_if(idle_,
                [&down](const engine_actor& worker) { return worker.address() == down.source; });
  if (staff_.erase(down.source) > 0)
    metrics_.replaced(name_);
  if (stuck_.erase(down.source) > 0)
    metrics_.stuck(name_, static_cast<std::int64_t>(stuck_.size()));
  while (staff_.size() < settings_.workers && stuck_.size() <= settings_.most_stuck)
    hire();
  dispatch();
}

engine_actor spawn_engine_pool(caf::actor_system& system, std::string engine_name,
                               engine_function compute, engine_pool_settings settings) {
  using implementation = engine_actor::stateful_impl<engine_pool_state>;
  return system.spawn<implementation>(std::move(engine_name), std::move(compute), settings);
}

} // namespace spotter::actors
