#include "actors/identity/password_pool.hpp"

#include "actors/identity/password.hpp"
#include "actors/identity/password_strength.hpp"
#include "actors/identity/sliced_work.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <sched.h>
#include <sys/resource.h>

namespace spotter::actors::identity {

namespace {

// Linux keeps niceness per thread; a detached actor has its thread to itself until it ends.
void lower_priority(int nice) {
  const sched_param no_priority{};
  if (::sched_setscheduler(0, SCHED_BATCH, &no_priority) != 0)
    spdlog::debug("password worker: SCHED_BATCH was refused: {}", std::strerror(errno));
  if (::setpriority(PRIO_PROCESS, 0, nice) != 0)
    spdlog::warn("password worker: its priority could not be lowered: {}", std::strerror(errno));
}

messages::failure unfit(messages::field_error why) {
  messages::failure out;
  out.code = messages::failure_code::invalid_content;
  out.detail = why.detail;
  out.errors.push_back(std::move(why));
  return out;
}

/// One thread that hashes.
struct password_worker_state {
  static inline const char* name = "spotter.password_worker";

  password_worker_state(messages::password_actor::pointer self, password_cost cost, int nice,
                        crowd_flag crowded)
    : self_(self), cost_(cost), nice_(nice), crowded_(std::move(crowded)) {
    static constexpr std::array bounds{.01, .02, .05, .1, .2, .5, 1., 2., 5.};
    std::array<double, bounds.size()> upper = bounds;
    time_ = self->system().metrics().histogram_singleton<double>(
      "spotter", "password-hash-time", caf::span<double>{upper.data(), upper.size()},
      "Time that one password took on its worker, rests included.", "seconds");
  }

  messages::password_actor::behavior_type make_behavior() {
    return {
      [this](const messages::hash_password& request) {
        const auto work = start();
        messages::password_hashed answer;
        if (request.judge)
          if (auto why = judge_password(request.password, request.own_words)) {
            answer.problem = unfit(std::move(*why));
            return answer;
          }
        answer.hash = make_password_hash(request.password, cost_);
        return answer;
      },
      [this](const messages::check_password& request) {
        const auto work = start();
        messages::password_checked answer;
        answer.matches = password_matches(request.password, request.hash);
        answer.outdated = answer.matches && is_outdated(request.hash, cost_);
        return answer;
      },
    };
  }

private:
  static constexpr int rest = 6;

  /// One password: its time is measured. Where more of them wait, the worker rests in between, so many times as
  /// long as it computes. Priority alone does not keep a storm of sign-ins from live traffic: schedulers
  /// share out the cores among groups of threads first, and let whoever computes finish its turn.
  struct piece_of_work {
    explicit piece_of_work(password_worker_state& on) : timer{on.time_} {
      if (on.crowded_->load())
        slices.emplace(rest);
    }
    caf::telemetry::timer timer;
    std::optional<sliced_work> slices;
  };

  // Its beginning is not in make_behavior: that may run on the thread of the one who spawns.
  piece_of_work start() {
    if (!std::exchange(lowered_, true))
      lower_priority(nice_);
    return piece_of_work{*this};
  }

  messages::password_actor::pointer self_;
  password_cost cost_;
  int nice_;
  crowd_flag crowded_;
  bool lowered_ = false;
  caf::telemetry::dbl_histogram* time_ = nullptr;
};

} // namespace

password_pool_state::password_pool_state(messages::password_actor::pointer self,
                                         password_settings settings, worker_factory make_worker)
  : self_(self), settings_(settings), make_worker_(std::move(make_worker)),
    depth_(self->system().metrics().gauge_singleton("spotter", "password-queue",
                                                    "Passwords that wait for a worker.")) {}

password_pool_state::~password_pool_state() {
  for (const auto& at : slots_)
    caf::anon_send_exit(at.worker, caf::exit_reason::user_shutdown);
}

messages::password_actor::behavior_type password_pool_state::make_behavior() {
  self_->set_down_handler([this](const caf::down_msg& down) { lost(down.source); });
  slots_.resize(std::max(settings_.workers, std::size_t{1}));
  for (std::size_t i = 0; i < slots_.size(); ++i)
    replace(i);
  return {
    [this](messages::hash_password& request) {
      auto to = self_->make_response_promise<messages::password_hashed>();
      if (request.judge && settings_.breached && looking_up_ < settings_.most_breach_checks)
        look_up(std::move(request), to);
      else
        accept(std::move(request), to);
      return to;
    },
    [this](messages::check_password& request) {
      auto to = self_->make_response_promise<messages::password_checked>();
      accept(std::move(request), to);
      return to;
    },
  };
}

void password_pool_state::accept(request what, promise to) {
  const auto idle = std::any_of(slots_.begin(), slots_.end(),
                                [](const slot& at) { return !at.current.has_value(); });
  if (!idle && queue_.size() >= settings_.max_queued) {
    refuse_busy(to);
    return;
  }
  queue_.push_back({std::move(what), std::move(to), self_->clock().now()});
  dispatch();
}

void password_pool_state::look_up(messages::hash_password what,
                                  caf::typed_response_promise<messages::password_hashed> to) {
  ++looking_up_;
  self_->request(settings_.breached, settings_.breach_wait, messages::check_breached{what.password})
    .then(
      [this, what, to](const messages::breach_checked& checked) mutable {
        --looking_up_;
        if (!checked.found) {
          accept(std::move(what), to);
          return;
        }
        messages::password_hashed answer;
        answer.problem =
          unfit({"/password", "breached_password",
                 "This password is known from a breach of another service. Take one that you have "
                 "never used."});
        to.deliver(std::move(answer));
      },
      [this, what, to](const caf::error&) mutable {
        --looking_up_;
        accept(std::move(what), to);
      });
}

void password_pool_state::dispatch() {
  // The requester of a job that has waited this long is gone or about to go.
  const auto oldest = self_->clock().now() - settings_.max_wait;
  while (!queue_.empty() && queue_.front().queued_at < oldest) {
    refuse_busy(queue_.front().to);
    queue_.pop_front();
  }
  for (std::size_t i = 0; i < slots_.size() && !queue_.empty(); ++i) {
    if (slots_[i].current)
      continue;
    auto next = std::move(queue_.front());
    queue_.pop_front();
    crowded_->store(!queue_.empty());
    run(i, std::move(next));
  }
  depth_->value(static_cast<std::int64_t>(queue_.size()));
}

void password_pool_state::run(std::size_t index, job next) {
  auto& at = slots_[index];
  at.current = next.to;
  auto ask = [this, index, worker = at.worker]<class Answer>(
               auto& what, caf::typed_response_promise<Answer>& to) {
    // No time-out: the worker is in this process, and its end is noticed.
    self_->request(worker, caf::infinite, std::move(what))
      .then(
        [this, index, worker, to](const Answer& answer) mutable {
          to.deliver(answer);
          finished(index, worker);
        },
        [this, worker](const caf::error&) { lost(worker.address()); });
  };
  if (auto* hash = std::get_if<messages::hash_password>(&next.what))
    ask(*hash, std::get<0>(next.to));
  else
    ask(std::get<messages::check_password>(next.what), std::get<1>(next.to));
}

void password_pool_state::finished(std::size_t index, const messages::password_actor& worker) {
  if (slots_[index].worker == worker)
    slots_[index].current.reset();
  dispatch();
}

// The error of its request and the notice of its end both lead here; the second finds nothing.
void password_pool_state::lost(const caf::actor_addr& worker) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].worker.address() != worker)
      continue;
    spdlog::error("a password worker died and is replaced");
    if (auto current = std::exchange(slots_[i].current, std::nullopt))
      refuse(*current, messages::failure_code::internal, "The password could not be processed.");
    replace(i);
    dispatch();
    return;
  }
}

void password_pool_state::refuse(promise& to, messages::failure_code code, std::string detail) {
  messages::failure why;
  why.code = code;
  why.detail = std::move(detail);
  if (code == messages::failure_code::overloaded)
    why.retry_after_ms = static_cast<std::int32_t>(settings_.retry_after.count());
  std::visit(
    [&why]<class Answer>(caf::typed_response_promise<Answer>& typed) {
      Answer answer;
      answer.problem = std::move(why);
      typed.deliver(std::move(answer));
    },
    to);
}

void password_pool_state::refuse_busy(promise& to) {
  refuse(to, messages::failure_code::overloaded,
         "Too many people are signing in at the moment. Try again shortly.");
}

void password_pool_state::replace(std::size_t index) {
  slots_[index].worker = make_worker_(self_, crowded_);
  self_->monitor(slots_[index].worker);
}

messages::password_actor spawn_password_pool(caf::actor_system& system,
                                             const password_settings& settings) {
  return spawn_password_pool(system, settings, [settings](auto* pool, const crowd_flag& crowded) {
    using worker = messages::password_actor::stateful_impl<password_worker_state>;
    return pool->template spawn<worker, caf::detached>(settings.cost, settings.nice, crowded);
  });
}

messages::password_actor spawn_password_pool(caf::actor_system& system,
                                             const password_settings& settings,
                                             worker_factory make_worker) {
  using pool = messages::password_actor::stateful_impl<password_pool_state>;
  return system.spawn<pool>(settings, std::move(make_worker));
}

} // namespace spotter::actors::identity
