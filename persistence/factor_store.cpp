#include "persistence/factor_store.hpp"

#include "persistence/factor_rows.hpp"
#include "persistence/sqlstate.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace spotter::persistence {

namespace {

using messages::api_key_checked;
using messages::challenge_answered;
using messages::factor_image;
using messages::factor_store_actor;
using messages::factor_stored;
using messages::failure;
using messages::failure_code;
using messages::share_checked;

constexpr std::int32_t retry_soon_ms = 1'000;

failure problem_of(failure_code code) {
  switch (code) {
    case failure_code::overloaded:
      return {code, "Too much is going on. Try again shortly.", {}, retry_soon_ms};
    case failure_code::unavailable:
      return {code,
              "Accounts can't be reached at the moment; nothing was changed. Try again shortly.",
              {},
              retry_soon_ms};
    case failure_code::outcome_unknown:
      return {code,
              "The database was lost while it worked: this may have happened or not. Try again.",
              {},
              retry_soon_ms};
    default:
      return {code, "It could not be stored.", {}, 0};
  }
}

/// One thread with one connection.
struct factor_worker_state {
  static inline const char* name = "spotter.factor_worker";

  factor_worker_state(factor_store_actor::pointer, connection_settings settings)
    : rows_(std::move(settings)) {}

  factor_store_actor::behavior_type make_behavior() {
    return {
      [this](const messages::load_factors& ask) -> caf::result<factor_image> {
        factor_image image;
        if (attempt([&] { image = rows_.load_factors(ask); }))
          return caf::make_error(caf::sec::runtime_error, "the database could not be asked");
        return image;
      },
      [this](const messages::store_factor& ask) {
        return run<factor_stored>([&] { return rows_.store(ask); });
      },
      [this](const messages::find_api_key& ask) {
        return run<api_key_checked>([&] { return rows_.find_api_key(ask); });
      },
      [this](const messages::check_share& ask) {
        return run<share_checked>([&] { return rows_.check_share(ask); });
      },
      [this](const messages::pass_challenge& ask) {
        return run<challenge_answered>([&] { return rows_.pass_challenge(ask); });
      },
    };
  }

private:
  template <class Answer, class Statement>
  Answer run(Statement statement) {
    Answer answer;
    if (const auto code = attempt([&] { answer = statement(); }))
      answer.problem = problem_of(*code);
    return answer;
  }

  /// Runs a statement, once more where nothing can have happened or a repetition does no harm. The
  /// one place where exceptions of the database become codes.
  template <class Statement>
  std::optional<failure_code> attempt(Statement statement) {
    bool in_doubt = false;
    for (int tries = 1;; ++tries) {
      bool connected = false;
      auto fault = database_fault::defect;
      std::string why;
      try {
        rows_.ensure_connected();
        connected = true;
        statement();
        return std::nullopt;
      } catch (const pqxx::sql_error& error) {
        fault = fault_of(error.sqlstate());
        why = error.what();
      } catch (const pqxx::failure& error) { // broken connections
        fault = database_fault::lost;
        why = error.what();
      } catch (const std::exception& error) {
        why = error.what();
      }
      if (fault == database_fault::lost || fault == database_fault::read_only) {
        rows_.disconnect();
        in_doubt = in_doubt || (connected && fault == database_fault::lost);
        if (connected && tries == 1)
          continue;
      } else if (can_retry(fault) && tries == 1) {
        continue;
      }
      spdlog::warn("the factor store failed ({}): {}", to_string(fault), why);
      if (in_doubt)
        return failure_code::outcome_unknown;
      const bool passes = fault == database_fault::lost || fault == database_fault::read_only
                          || fault == database_fault::timed_out || can_retry(fault);
      return passes ? failure_code::unavailable : failure_code::internal;
    }
  }

  factor_rows rows_;
};

/// Hands each request to the worker that has least to do.
struct factor_store_state {
  static inline const char* name = "spotter.factor_store";

  factor_store_state(factor_store_actor::pointer self, factor_store_settings settings)
    : self_(self), settings_(std::move(settings)) {}
  factor_store_state(const factor_store_state&) = delete;
  factor_store_state& operator=(const factor_store_state&) = delete;

  ~factor_store_state() {
    for (const auto& at : slots_)
      caf::anon_send_exit(at.worker, caf::exit_reason::user_shutdown);
  }

  factor_store_actor::behavior_type make_behavior() {
    self_->set_down_handler([this](const caf::down_msg& down) { replace(down.source); });
    slots_.resize(std::max(settings_.workers, std::size_t{1}));
    for (auto& at : slots_)
      at.worker = spawn_worker();
    return {
      [this](messages::load_factors& ask) { return forward<factor_image>(ask); },
      [this](messages::store_factor& ask) { return forward<factor_stored>(ask); },
      [this](messages::find_api_key& ask) { return forward<api_key_checked>(ask); },
      [this](messages::check_share& ask) { return forward<share_checked>(ask); },
      [this](messages::pass_challenge& ask) { return forward<challenge_answered>(ask); },
    };
  }

private:
  struct slot {
    factor_store_actor worker;
    std::size_t pending = 0;
  };

  factor_store_actor spawn_worker() {
    using worker = factor_store_actor::stateful_impl<factor_worker_state>;
    auto result = self_->spawn<worker, caf::detached>(settings_.connection);
    self_->monitor(result);
    return result;
  }

  void replace(const caf::actor_addr& dead) {
    for (auto& at : slots_) {
      if (at.worker.address() != dead)
        continue;
      spdlog::error("a factor worker died and is replaced");
      at.worker = spawn_worker();
      return;
    }
  }

  template <class Answer, class Request>
  caf::typed_response_promise<Answer> forward(Request& ask) {
    auto to = self_->make_response_promise<Answer>();
    if (pending_ >= settings_.max_backlog) {
      if constexpr (requires(Answer a) { a.problem; }) {
        Answer answer;
        answer.problem = problem_of(failure_code::overloaded);
        to.deliver(std::move(answer));
      } else {
        to.deliver(caf::make_error(caf::sec::unavailable_or_would_block, "too many requests"));
      }
      return to;
    }
    const auto least =
      std::min_element(slots_.begin(), slots_.end(),
                       [](const slot& a, const slot& b) { return a.pending < b.pending; });
    const auto index = static_cast<std::size_t>(least - slots_.begin());
    ++pending_;
    ++least->pending;
    // No time-out: the worker is in this process, and its end is noticed.
    self_->request(least->worker, caf::infinite, std::move(ask))
      .then(
        [this, index, to](Answer& answer) mutable {
          ended(index);
          to.deliver(std::move(answer));
        },
        [this, index, to](caf::error& error) mutable {
          ended(index);
          to.deliver(std::move(error));
        });
    return to;
  }

  void ended(std::size_t index) {
    --pending_;
    --slots_[index].pending;
  }

  factor_store_actor::pointer self_;
  factor_store_settings settings_;
  std::vector<slot> slots_;
  std::size_t pending_ = 0;
};

} // namespace

factor_store_actor spawn_factor_store(caf::actor_system& system, factor_store_settings settings) {
  return system.spawn<factor_store_actor::stateful_impl<factor_store_state>>(std::move(settings));
}

} // namespace spotter::persistence
